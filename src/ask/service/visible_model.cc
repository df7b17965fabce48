#include "ask/service/visible_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ask/compile/compile.h"

namespace neurolake::ask {
namespace {

using semantic::SemanticModel;
using Shown = std::vector<std::shared_ptr<const query::ShownTables>>;

bool HasListedValues(const semantic::Dimension& dimension) {
  return !dimension.hidden && dimension.personal.empty() && dimension.type != semantic::DimensionType::kTime &&
         dimension.value_type == semantic::ValueType::kText;
}

/// All of a principal that what it may see hangs on: whom an agent acts for and the limits of its token, too.
std::string IdentityOf(const Principal& principal) {
  std::string identity = fmt::format("{}\n{}\n{}", principal.id.value(), principal.role, principal.authentication);
  for (const Right right : principal.rights) identity += fmt::format("\nr{}", static_cast<int>(right));
  for (const auto& [id, name] : principal.claimed_groups) identity += "\ng" + id;
  for (const auto& [name, value] : principal.attributes)
    identity += fmt::format("\na{}={}:{}", name, value.size(), value);
  if (principal.schemas.has_value()) {
    identity += "\nlimited";
    for (const auto& schema : *principal.schemas) identity += "\ns" + schema;
  }
  if (principal.on_behalf_of != nullptr) identity += "\nfor " + IdentityOf(*principal.on_behalf_of);
  return identity;
}

/// Errors that say nothing of rights: to leave a member out because of them would make an answer hang on the weather.
bool SaysNothingOfRights(ErrorCode code) {
  return code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded || code == ErrorCode::kUnavailable ||
         code == ErrorCode::kOutOfMemory;
}

std::vector<std::string> SynonymsOf(const semantic::Dimension& dimension, const std::string& value) {
  for (const auto& named : dimension.values) {
    if (named.value != value) continue;
    auto synonyms = named.synonyms;
    if (!named.label.empty()) synonyms.push_back(named.label);
    return synonyms;
  }
  return {};
}

/// Asks the pipeline, as one principal, what can be run.
class Prober {
 public:
  Prober(const RequestContext& ctx, QueryRunner& runner, const SemanticModel& model, Shown& shown)
      : ctx_(ctx), runner_(runner), model_(model), shown_(shown) {}

  /// Whether the query of `intent` binds and may be run; none of its rows are computed.
  Result<bool> CanRun(const Intent& intent) {
    const auto compiled = CompileIntent(intent, model_);
    if (!compiled.has_value()) return false;
    const auto rows = runner_.Run(ctx_, fmt::format("SELECT * FROM ({}) probe LIMIT 0", compiled->sql), 1);
    if (rows.has_value()) {
      if (rows->shown != nullptr) shown_.push_back(rows->shown);
      return true;
    }
    if (SaysNothingOfRights(rows.error().code())) return std::unexpected(rows.error());
    return false;
  }

  /// The values of a dimension; none where there are too many or it may not be read.
  Result<std::vector<std::string>> Values(const FieldRef& field) {
    Intent intent;
    intent.dimensions = {{.field = field}};
    intent.row_limit = static_cast<int64_t>(VisibleModels::kValuesMax);
    std::vector<std::string> values;
    const auto compiled = CompileIntent(intent, model_);
    if (!compiled.has_value()) return values;
    const auto rows = runner_.Run(ctx_, compiled->sql, VisibleModels::kValuesMax + 1);
    if (!rows.has_value() && SaysNothingOfRights(rows.error().code())) return std::unexpected(rows.error());
    if (!rows.has_value() || rows->rows.size() > VisibleModels::kValuesMax) return values;
    if (rows->shown != nullptr) shown_.push_back(rows->shown);
    for (const auto& row : rows->rows) {
      const auto* text = row.empty() ? nullptr : std::get_if<std::string>(&row[0]);
      if (text != nullptr) values.push_back(*text);
    }
    return values;
  }

 private:
  const RequestContext& ctx_;
  QueryRunner& runner_;
  const SemanticModel& model_;
  Shown& shown_;
};

Intent RowsOf(const std::string& entity, const std::vector<semantic::Dimension>& dimensions) {
  Intent intent;
  intent.output = OutputKind::kRows;
  intent.entity = entity;
  for (const auto& dimension : dimensions) intent.dimensions.push_back({.field = {entity, dimension.name}});
  return intent;
}

/// Removes the dimensions that may not be read; false if that leaves nothing of the entity.
Result<bool> KeepVisible(Prober& prober, semantic::Entity& entity) {
  if (entity.dimensions.empty()) {
    Intent count;
    count.metrics = {{.entity = entity.name}};
    return prober.CanRun(count);
  }
  NL_ASSIGN_OR_RETURN(const bool all, prober.CanRun(RowsOf(entity.name, entity.dimensions)));
  if (all) return true;
  std::vector<semantic::Dimension> visible;
  for (const auto& dimension : entity.dimensions) {
    NL_ASSIGN_OR_RETURN(const bool can, prober.CanRun(RowsOf(entity.name, {dimension})));
    if (can) visible.push_back(dimension);
  }
  entity.dimensions = std::move(visible);
  return !entity.dimensions.empty();
}

/// Metrics go with what they are made of: of a ratio, for one, both sides.
Result<void> KeepVisibleMetrics(Prober& prober, SemanticModel& model) {
  std::vector<semantic::Metric> visible;
  for (const auto& metric : model.metrics) {
    Intent intent;
    intent.metrics = {{.metric = metric.name}};
    // A cumulative metric needs a time axis.
    if (metric.kind == semantic::MetricKind::kCumulative) intent.time.grain = TimeGrain::kYear;
    NL_ASSIGN_OR_RETURN(const bool can, prober.CanRun(intent));
    if (can) visible.push_back(metric);
  }
  model.metrics = std::move(visible);
  return {};
}

void DropJoinsOfHiddenEntities(SemanticModel& model) {
  std::erase_if(model.joins, [&](const semantic::Join& join) {
    return semantic::FindEntity(model, join.from) == nullptr || semantic::FindEntity(model, join.to) == nullptr;
  });
}

}  // namespace

Result<VisibleModel> VisibleModels::For(const RequestContext& ctx, QueryRunner& runner, const std::string& purpose,
                                        const FoundModel& found_model) {
  const auto& model = found_model.model;
  const std::string principal = IdentityOf(ctx.principal());
  if (const auto kept = Kept(principal, purpose, found_model.key)) {
    const bool holds = std::all_of(kept->shown.begin(), kept->shown.end(),
                                   [&](const auto& shown) { return service_.CheckShown(ctx, *shown).has_value(); });
    if (holds) return kept->visible;
  }
  Entry entry{.principal = principal,
              .purpose = purpose,
              .key = found_model.key,
              .read_at = clock_.SteadyNow(),
              .shown = {},
              .visible = {}};
  Prober prober(ctx, runner, *model, entry.shown);
  auto visible = std::make_shared<SemanticModel>(*model);
  visible->entities.clear();
  for (semantic::Entity entity : model->entities) {
    NL_ASSIGN_OR_RETURN(const bool is_visible, KeepVisible(prober, entity));
    if (is_visible) visible->entities.push_back(std::move(entity));
  }
  DropJoinsOfHiddenEntities(*visible);
  NL_RETURN_IF_ERROR(KeepVisibleMetrics(prober, *visible));
  visible->verified_questions.clear();  // Their words may name what is hidden.
  std::vector<IndexedValue> values;
  for (auto& entity : visible->entities) {
    for (auto& dimension : entity.dimensions) {
      if (!HasListedValues(dimension)) continue;
      NL_ASSIGN_OR_RETURN(const auto found, prober.Values({entity.name, dimension.name}));
      for (const auto& text : found) {
        values.push_back({.field = {entity.name, dimension.name},
                          .value = text,
                          .shown = text,
                          .synonyms = SynonymsOf(dimension, text)});
      }
      // What the model's author wrote of values goes for those that this principal may see.
      const std::set<std::string> seen(found.begin(), found.end());
      std::erase_if(dimension.values, [&](const semantic::NamedValue& named) { return !seen.contains(named.value); });
    }
  }
  entry.visible.values = NewMemoryValueIndex(std::move(values));
  entry.visible.linker = std::make_shared<const Linker>(*visible, entry.visible.values.get());
  entry.visible.model = std::move(visible);
  const VisibleModel result = entry.visible;
  Keep(std::move(entry));
  return result;
}

std::optional<VisibleModels::Entry> VisibleModels::Kept(const std::string& principal, const std::string& purpose,
                                                        const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.SteadyNow();
  entries_.remove_if([&](const Entry& entry) { return now - entry.read_at > kAgeMax; });
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->principal != principal || entry->purpose != purpose || entry->key != key) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return entries_.front();
  }
  return std::nullopt;
}

void VisibleModels::Keep(Entry entry) {
  const std::scoped_lock lock(mutex_);
  entries_.remove_if([&](const Entry& other) {
    return other.principal == entry.principal && other.purpose == entry.purpose && other.key == entry.key;
  });
  entries_.push_front(std::move(entry));
  if (entries_.size() > kEntriesMax) entries_.pop_back();
}

}  // namespace neurolake::ask
