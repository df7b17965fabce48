#include "ask/service/leaving.h"

#include <algorithm>
#include <set>

#include "ask/compile/compile.h"
#include "common/text.h"
#include "query/shown_tables.h"

namespace neurolake::ask {
namespace {

using semantic::SemanticModel;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool EndsTheRequest(const Error& error) {
  return error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kDeadlineExceeded;
}

/// What of one entity is kept here.
struct Kept {
  bool all = false;
  std::vector<std::string> columns;
};

std::string QuotedName(const std::vector<std::string>& parts) {
  std::string name;
  for (const std::string& part : parts) {
    name += name.empty() ? "\"" : ".\"";
    for (const char c : part) name += c == '"' ? "\"\"" : std::string(1, c);
    name += '"';
  }
  return name;
}

/// The query of all that the entity shows.
Result<std::string> RowsOf(const SemanticModel& model, const semantic::Entity& entity) {
  Intent intent;
  intent.output = OutputKind::kRows;
  intent.entity = entity.name;
  if (entity.dimensions.empty()) {
    intent.output = OutputKind::kTable;
    intent.entity.clear();
    intent.metrics = {{.entity = entity.name}};
  }
  for (const auto& dimension : entity.dimensions) {
    intent.dimensions.push_back({.field = {.entity = entity.name, .name = dimension.name}});
  }
  NL_ASSIGN_OR_RETURN(const auto compiled, CompileIntent(intent, model));
  return fmt::format("SELECT * FROM ({}) probe LIMIT 0", compiled.sql);
}

Result<Kept> KeptOf(const RequestContext& ctx, QueryRunner& runner, catalog::TagCatalog& tags,
                    const SemanticModel& model, const semantic::Entity& entity) {
  Kept kept{.all = true, .columns = {}};
  const auto sql = RowsOf(model, entity);
  if (!sql.has_value()) return kept;
  const auto probe = runner.Run(ctx, *sql, 1);
  // Of views it shows the tags that their columns had when they were made.
  const auto shown = runner.Run(ctx, "SHOW TAGS ON " + QuotedName(entity.table), 10'000);
  for (const auto* result : {&probe, &shown}) {
    if (!result->has_value() && EndsTheRequest(result->error())) return std::unexpected(result->error());
  }
  if (!probe.has_value() || !shown.has_value() || probe->shown == nullptr) return kept;
  std::string own = LowerAscii(fmt::format("{}", fmt::join(entity.table, ".")));
  if (entity.table.size() == 1) own = "main." + own;
  for (const auto& [id, name] : probe->shown->names) {
    if (LowerAscii(name) == own) continue;
    NL_ASSIGN_OR_RETURN(const auto records, tags.TagsOf(id.value()));
    const bool tagged = std::any_of(records.begin(), records.end(),
                                    [](const catalog::TagRecord& tag) { return tag.tag == kNoExternalModelTag; });
    if (tagged) return kept;
  }
  kept.all = false;
  const auto column_of = [&](std::string_view name) {
    return std::find(shown->names.begin(), shown->names.end(), name) - shown->names.begin();
  };
  const auto column = static_cast<size_t>(column_of("column_name"));
  const auto tag = static_cast<size_t>(column_of("tag"));
  if (column >= shown->names.size() || tag >= shown->names.size()) return Kept{.all = true, .columns = {}};
  for (const auto& row : shown->rows) {
    const auto* name = std::get_if<std::string>(&row[tag]);
    if (name == nullptr || *name != kNoExternalModelTag) continue;
    const auto* of = std::get_if<std::string>(&row[column]);
    if (of == nullptr || of->empty()) {
      kept.all = true;
      continue;
    }
    kept.columns.push_back(*of);
    // Of a field, "home.street": by which other words an expression reaches it is not to be known, so all of its
    // column.
    if (const size_t dot = of->find('.'); dot != std::string::npos) kept.columns.push_back(of->substr(0, dot));
  }
  return kept;
}

bool MentionsAny(const std::string& expression, const std::vector<std::string>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const std::string& column) { return MentionsColumn(expression, column); });
}

/// What may not be told of; grown until nothing more hangs on it.
class Withheld {
 public:
  Withheld(const SemanticModel& model, const std::map<std::string, Kept>& kept) : model_(model), kept_(kept) {}

  bool Entity(const std::string& name) const {
    const auto found = kept_.find(name);
    return found == kept_.end() || found->second.all;
  }
  bool Dimension(const semantic::Entity& entity, const semantic::Dimension& dimension) const {
    return Entity(entity.name) ||
           MentionsAny(dimension.expr.empty() ? dimension.name : dimension.expr, kept_.at(entity.name).columns);
  }
  bool Metric(const semantic::Metric& metric) const {
    if (metrics_.contains(metric.name)) return true;
    for (const std::string& other : metrics_) {
      if (metric.numerator == other || metric.denominator == other || MentionsColumn(metric.formula, other))
        return true;
    }
    return Measure(metric.entity, metric.measure, metric.filter) ||
           (!metric.target_entity.empty() && Measure(metric.target_entity, metric.target_measure, ""));
  }
  bool GrowMetrics() {
    const size_t before = metrics_.size();
    for (const auto& metric : model_.metrics) {
      if (Metric(metric)) metrics_.insert(metric.name);
    }
    return metrics_.size() > before;
  }

 private:
  bool Measure(const std::string& entity_name, const std::string& measure_name, const std::string& filter) const {
    if (entity_name.empty()) return false;
    const auto* entity = semantic::FindEntity(model_, entity_name);
    if (entity == nullptr || Entity(entity->name)) return true;
    const auto& columns = kept_.at(entity->name).columns;
    if (columns.empty()) return false;
    const auto* measure = semantic::FindMeasure(*entity, measure_name.substr(measure_name.find('.') + 1));
    return measure == nullptr || MentionsAny(filter, columns) || MentionsAny(entity->filter, columns) ||
           MentionsAny(measure->filter, columns) ||
           MentionsAny(measure->expr.empty() ? measure->name : measure->expr, columns);
  }

  const SemanticModel& model_;
  const std::map<std::string, Kept>& kept_;
  std::set<std::string> metrics_;
};

}  // namespace

bool MentionsColumn(std::string_view expression, std::string_view column) {
  const std::string text = LowerAscii(expression);
  const std::string name = LowerAscii(column);
  if (name.empty()) return true;
  const bool is_name = std::all_of(name.begin(), name.end(), IsNameCharacter);
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const bool begins = at == 0 || !IsNameCharacter(text[at - 1]);
    const bool ends = at + name.size() == text.size() || !IsNameCharacter(text[at + name.size()]);
    if (!is_name || (begins && ends)) return true;
  }
  return false;
}

Result<std::shared_ptr<const SemanticModel>> WithoutKeptHere(const RequestContext& ctx, QueryRunner& runner,
                                                             catalog::TagCatalog& tags, const SemanticModel& model) {
  std::map<std::string, Kept> kept;
  for (const auto& entity : model.entities) {
    NL_ASSIGN_OR_RETURN(kept[entity.name], KeptOf(ctx, runner, tags, model, entity));
  }
  Withheld withheld(model, kept);
  while (withheld.GrowMetrics()) {
  }
  auto rest = std::make_shared<SemanticModel>(model);
  std::erase_if(rest->metrics, [&](const auto& metric) { return withheld.Metric(metric); });
  std::erase_if(rest->entities, [&](const auto& entity) { return withheld.Entity(entity.name); });
  for (auto& entity : rest->entities) {
    std::erase_if(entity.dimensions, [&](const auto& one) { return withheld.Dimension(entity, one); });
    const std::string& time = entity.default_time;
    if (time.find('.') == std::string::npos && semantic::FindDimension(entity, time) == nullptr)
      entity.default_time.clear();
  }
  for (auto& entity : rest->entities) {  // Times of other entities.
    const size_t dot = entity.default_time.find('.');
    if (dot == std::string::npos) continue;
    const auto* other = semantic::FindEntity(*rest, std::string_view(entity.default_time).substr(0, dot));
    if (other == nullptr || semantic::FindDimension(*other, entity.default_time.substr(dot + 1)) == nullptr)
      entity.default_time.clear();
  }
  std::erase_if(rest->joins, [&](const semantic::Join& join) {
    if (withheld.Entity(join.from) || withheld.Entity(join.to)) return true;
    const auto keeps = [&](const std::string& entity, const std::vector<std::string>& columns) {
      return std::any_of(columns.begin(), columns.end(),
                         [&](const std::string& column) { return MentionsAny(column, kept.at(entity).columns); });
    };
    return keeps(join.from, join.from_columns) || keeps(join.to, join.to_columns);
  });
  rest->verified_questions.clear();
  return std::shared_ptr<const SemanticModel>(std::move(rest));
}

}  // namespace neurolake::ask
