#include "query/erase_models.h"

#include <algorithm>

#include "catalog/semantic_models.h"
#include "common/text.h"
#include "query/audit_trail.h"
#include "semantic/load.h"

namespace neurolake::query {
namespace {

using catalog::SemanticModelRecord;
using catalog::SemanticModelVersion;

constexpr size_t kPlacesShown = 5;

/// Goes over the parts of one model, and takes out what can go.
class ModelEraser {
 public:
  ModelEraser(const SubjectMentions& mentions, const std::vector<std::string>& table_names, std::string schema)
      : mentions_(mentions), table_names_(table_names), schema_(std::move(schema)) {}

  void Erase(semantic::SemanticModel& model) {
    OfDescribed(model, "");
    Fixed(model.name, "semantic_model");
    Text(model.version);
    for (semantic::Holiday& holiday : model.calendar.holidays) Text(holiday.name);
    for (semantic::Entity& entity : model.entities) OfEntity(entity);
    for (semantic::Join& join : model.joins) {
      const std::string place = OfDescribed(join, "joins");
      for (const auto* columns : {&join.from_columns, &join.to_columns}) FixedOnes(*columns, place + ".on");
    }
    for (semantic::Metric& metric : model.metrics) {
      if (metric.implicit) continue;
      const std::string place = OfDescribed(metric, "metrics");
      Fixed(metric.filter, place + ".filter");
      Fixed(metric.formula, place + ".formula");
      Fixed(metric.format.unit, place + ".unit");
    }
    taken_ += std::erase_if(model.verified_questions, [&](const auto& one) {
      return mentions_.HoldsInQuestion(one.question) || mentions_.HoldsInQuestion(one.intent) ||
             mentions_.HoldsInModel(one.verified_by);
    });
  }

  size_t taken() const { return taken_; }
  const std::vector<std::string>& places() const { return places_; }

 private:
  bool Holds(std::string_view text) const {
    return mentions_.HoldsInModel(text) || (over_subject_ && mentions_.IsIdentifier(text));
  }
  void Text(std::string& text) {
    if (!Holds(text)) return;
    text = AuditTrail::kErased;
    ++taken_;
  }
  void Words(std::vector<std::string>& words) {
    taken_ += std::erase_if(words, [&](const std::string& word) { return Holds(word); });
  }
  void Fixed(const std::string& text, const std::string& place) {
    if (mentions_.HoldsInModel(text)) places_.push_back(place);
  }
  void FixedOnes(const std::vector<std::string>& texts, const std::string& place) {
    for (const std::string& text : texts) Fixed(text, place);
  }
  /// Returns where it is: "metrics.revenue".
  std::string OfDescribed(semantic::Described& described, const std::string& list) {
    const bool named = mentions_.HoldsInModel(described.name);
    std::string place = list + "." + (named ? std::string(AuditTrail::kErased) : described.name);
    if (Holds(described.label)) {
      described.label.clear();  // Then it is made of the name.
      ++taken_;
    }
    Text(described.description);
    Words(described.synonyms);
    if (named && !list.empty()) places_.push_back(place);
    return place;
  }

  void OfEntity(semantic::Entity& entity) {
    std::string table =
        entity.table.size() == 1 ? schema_ + "." + entity.table[0] : fmt::format("{}", fmt::join(entity.table, "."));
    over_subject_ = std::ranges::any_of(table_names_, [&](const auto& one) { return EqualsIgnoringCase(one, table); });
    const std::string place = OfDescribed(entity, "entities");
    FixedOnes(entity.table, place + ".table");
    FixedOnes(entity.primary_key, place + ".primary_key");
    Fixed(entity.filter, place + ".filter");
    for (semantic::Dimension& dimension : entity.dimensions) {
      const std::string inside = OfDescribed(dimension, place + ".dimensions");
      Fixed(dimension.expr, inside + ".expr");
      Fixed(dimension.role, inside + ".role");
      Fixed(dimension.format.unit, inside + ".unit");
      taken_ += std::erase_if(dimension.values, [&](const semantic::NamedValue& one) {
        return Holds(one.value) || Holds(one.label) ||
               std::ranges::any_of(one.synonyms, [&](const auto& word) { return Holds(word); });
      });
    }
    for (semantic::Measure& measure : entity.measures) {
      const std::string inside = OfDescribed(measure, place + ".measures");
      Fixed(measure.expr, inside + ".expr");
      Fixed(measure.filter, inside + ".filter");
      Fixed(measure.format.unit, inside + ".unit");
    }
    over_subject_ = false;
  }

  const SubjectMentions& mentions_;
  const std::vector<std::string>& table_names_;
  const std::string schema_;
  bool over_subject_ = false;  ///< The entity's table is one of the subject's.
  size_t taken_ = 0;
  std::vector<std::string> places_;
};

/// What one version's text becomes.
struct ErasedText {
  bool holds = false;               ///< It names the subject, anywhere.
  std::optional<std::string> body;  ///< Without what can be taken out; empty where there is no such thing.
  std::vector<std::string> places;  ///< What stays.
};

ErasedText EraseText(const std::string& body, const SubjectMentions& mentions,
                     const std::vector<std::string>& table_names, const std::string& schema) {
  const bool anywhere = mentions.HoldsInModel(body);
  auto model = semantic::LoadModel(body);
  if (!model) {
    ErasedText text{.holds = anywhere, .body = {}, .places = {}};
    if (anywhere) text.places.emplace_back("a text that does not load any more");
    return text;
  }
  ModelEraser eraser(mentions, table_names, schema);
  eraser.Erase(*model);
  ErasedText text{.holds = anywhere || eraser.taken() > 0, .body = {}, .places = eraser.places()};
  // What no part has is in a comment, which goes when it is written anew.
  const bool in_comment = anywhere && eraser.taken() == 0 && eraser.places().empty();
  if (eraser.taken() == 0 && !in_comment) return text;
  std::string without = semantic::SaveModel(*model);
  if (mentions.HoldsInModel(without) && text.places.empty()) text.places.emplace_back("its text");
  if (!semantic::LoadModel(without)) {
    text.places.emplace_back("a text that would not load without it");
  } else if (without != body) {
    text.body = std::move(without);
  }
  return text;
}

std::string Shown(const std::vector<std::string>& places) {
  const size_t shown = std::min(places.size(), kPlacesShown);
  std::string text = fmt::format("{}", fmt::join(places.begin(), places.begin() + static_cast<ptrdiff_t>(shown), ", "));
  return shown < places.size() ? text + ", …" : text;
}

class ModelsOfLake {
 public:
  ModelsOfLake(const RequestContext& ctx, catalog::SemanticModels& models, const SubjectMentions& mentions,
               const std::vector<std::string>& table_names, bool erase)
      : ctx_(ctx), models_(models), mentions_(mentions), table_names_(table_names), erase_(erase) {}

  Result<ModelTraces> Run() {
    NL_ASSIGN_OR_RETURN(const auto all, models_.List());
    for (const SemanticModelRecord& model : all) {
      NL_RETURN_IF_ERROR(ctx_.CheckAlive());
      NL_RETURN_IF_ERROR(OfModel(model));
    }
    return std::move(traces_);
  }

 private:
  Result<void> OfModel(const SemanticModelRecord& model) {
    if (mentions_.HoldsInModel(model.comment)) {
      ++traces_.texts;
      if (erase_) NL_RETURN_IF_ERROR(models_.SetComment(model.id, std::string(AuditTrail::kErased)));
    }
    std::vector<int64_t> going;
    std::vector<std::string> places;
    NL_ASSIGN_OR_RETURN(const auto versions, models_.ListVersions(model.id));
    for (const SemanticModelVersion& one : versions) {
      NL_ASSIGN_OR_RETURN(const auto version, models_.FindVersion(model.id, one.version));
      if (!version) continue;
      ErasedText text = EraseText(version->body, mentions_, table_names_, model.schema_name);
      const bool is_current = one.version == model.current.version;
      if (is_current) places = std::move(text.places);
      if (!text.holds || (is_current && !text.body)) continue;
      ++traces_.texts;
      going.push_back(one.version);
      if (is_current && erase_) NL_RETURN_IF_ERROR(Replace(model, *version, *text.body));
    }
    if (erase_) {
      for (const int64_t version : going) NL_RETURN_IF_ERROR(models_.ForgetVersion(model.id, version));
    }
    if (mentions_.HoldsInModel(model.name)) places.emplace_back("its name");
    if (places.empty()) return {};
    traces_.left.push_back({.model = mentions_.HoldsInModel(model.name) ? model.id : model.name,
                            .places = Shown(places),
                            .count = static_cast<int64_t>(places.size())});
    return {};
  }

  Result<void> Replace(const SemanticModelRecord& model, SemanticModelVersion version, const std::string& body) {
    const int64_t before = version.version;
    version.body = body;
    version.digest = Sha256Hex(body);
    version.created_by = ctx_.principal().name;
    version.created = ctx_.clock().Now();
    version.restored.reset();
    NL_RETURN_IF_ERROR(models_.AddVersion(model.id, before, version));
    return {};
  }

  const RequestContext& ctx_;
  catalog::SemanticModels& models_;
  const SubjectMentions& mentions_;
  const std::vector<std::string>& table_names_;
  const bool erase_;
  ModelTraces traces_;
};

}  // namespace

Result<ModelTraces> EraseInModels(const RequestContext& ctx, catalog::Catalog& catalog, const SubjectMentions& mentions,
                                  const std::vector<std::string>& table_names, bool erase) {
  return ModelsOfLake(ctx, catalog.semantic_models(), mentions, table_names, erase).Run();
}

}  // namespace neurolake::query
