#include "semantic/load.h"

#include <algorithm>

#include "common/text.h"
#include "semantic/internal/load_parts.h"

namespace neurolake::semantic {
namespace {

Result<Calendar> LoadCalendar(const YamlNode& node) {
  Calendar calendar;
  Fields fields(node, "the calendar");
  calendar.fiscal_year_start_month = int(fields.Whole("fiscal_year_start_month", 1, 1, 12));
  calendar.fiscal_year_known = fields.Flag("fiscal_year_known", true);
  calendar.fiscal_year_named_by_end = fields.Choice("fiscal_year_named_by", {"end", "start"}).value_or(0) == 0;
  calendar.zone = fields.Text("zone", "UTC");
  for (const YamlNode* item : fields.Maps("holidays")) {
    Fields holiday(*item, "a holiday");
    calendar.holidays.push_back({.date = holiday.Required("date"), .name = holiday.Text("name")});
    NL_RETURN_IF_ERROR(holiday.Done());
  }
  NL_RETURN_IF_ERROR(fields.Done());
  return calendar;
}

Result<VerifiedQuestion> LoadVerified(const YamlNode& node) {
  Fields fields(node, "a verified question");
  VerifiedQuestion verified{.question = fields.Required("question"),
                            .intent = fields.Required("intent"),
                            .verified_by = fields.Text("verified_by"),
                            .line = node.line};
  NL_RETURN_IF_ERROR(fields.Done());
  return verified;
}

/// A simple metric for each measure that has none by its name; named with its entity where several have such a measure.
void AddImplicitMetrics(SemanticModel& model) {
  const auto owners = [&](const std::string& name) {
    return std::ranges::count_if(model.entities,
                                 [&](const Entity& entity) { return FindMeasure(entity, name) != nullptr; });
  };
  for (const Entity& entity : model.entities) {
    for (const Measure& measure : entity.measures) {
      if (measure.hidden) continue;
      Metric metric;
      static_cast<Described&>(metric) = measure;
      if (owners(measure.name) > 1) {
        metric.name = entity.name + "_" + measure.name;
        metric.label = entity.label + ": " + measure.label;
      }
      if (FindMetric(model, metric.name) != nullptr) continue;
      metric.implicit = true;
      metric.entity = entity.name;
      metric.measure = measure.name;
      metric.format = measure.format;
      model.metrics.push_back(std::move(metric));
    }
  }
}

}  // namespace

Result<SemanticModel> LoadModel(std::string_view yaml) {
  NL_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(yaml));
  SemanticModel model;
  Fields fields(root, "a semantic model");
  model.name = fields.Required("semantic_model");
  model.label = fields.Text("label", LabelOf(model.name));
  model.description = fields.Text("description");
  model.synonyms = fields.Texts("synonyms");
  model.line = root.line;
  model.format_version = fields.Whole("format_version", 1, 1, 1);
  model.version = fields.Text("version");
  if (const YamlNode* calendar = fields.Map("calendar")) {
    NL_ASSIGN_OR_RETURN(model.calendar, LoadCalendar(*calendar));
  }
  for (const YamlNode* node : fields.Maps("entities")) {
    NL_ASSIGN_OR_RETURN(Entity entity, LoadEntity(*node));
    model.entities.push_back(std::move(entity));
  }
  for (const YamlNode* node : fields.Maps("joins")) {
    NL_ASSIGN_OR_RETURN(Join join, LoadJoin(*node));
    model.joins.push_back(std::move(join));
  }
  for (const YamlNode* node : fields.Maps("metrics")) {
    NL_ASSIGN_OR_RETURN(Metric metric, LoadMetric(*node));
    model.metrics.push_back(std::move(metric));
  }
  for (const YamlNode* node : fields.Maps("verified_questions")) {
    NL_ASSIGN_OR_RETURN(VerifiedQuestion verified, LoadVerified(*node));
    model.verified_questions.push_back(std::move(verified));
  }
  NL_RETURN_IF_ERROR(fields.Done());
  AddImplicitMetrics(model);
  NL_RETURN_IF_ERROR(ValidateModel(model));
  return model;
}

Result<void> CheckExpressions(const SemanticModel& model, const SqlChecker& check) {
  const auto bind = [&](const Entity& entity, const std::string& member, uint32_t line,
                        const SqlExpression& expression) -> Result<void> {
    if (expression.empty()) return {};
    const Result<std::string> type = check(entity.table, expression);
    if (type.has_value()) return {};
    return std::unexpected(Error(
        type.error().code(), fmt::format("{}.{} (line {}): {}", entity.name, member, line, type.error().message())));
  };
  for (const Entity& entity : model.entities) {
    NL_RETURN_IF_ERROR(bind(entity, "filter", entity.line, entity.filter));
    for (const std::string& column : entity.primary_key) {
      NL_RETURN_IF_ERROR(bind(entity, "primary_key", entity.line, QuoteIdentifier(column)));
    }
    for (const Dimension& dimension : entity.dimensions) {
      NL_RETURN_IF_ERROR(bind(entity, dimension.name, dimension.line, dimension.expr));
    }
    for (const Measure& measure : entity.measures) {
      NL_RETURN_IF_ERROR(bind(entity, measure.name, measure.line, measure.expr));
      NL_RETURN_IF_ERROR(bind(entity, measure.name, measure.line, measure.filter));
    }
  }
  for (const Join& join : model.joins) {
    for (const std::string& column : join.from_columns) {
      NL_RETURN_IF_ERROR(bind(*FindEntity(model, join.from), join.name, join.line, QuoteIdentifier(column)));
    }
    for (const std::string& column : join.to_columns) {
      NL_RETURN_IF_ERROR(bind(*FindEntity(model, join.to), join.name, join.line, QuoteIdentifier(column)));
    }
  }
  for (const Metric& metric : model.metrics) {
    if (!metric.filter.empty()) {
      NL_RETURN_IF_ERROR(bind(*FindEntity(model, metric.entity), metric.name, metric.line, metric.filter));
    }
  }
  return {};
}

}  // namespace neurolake::semantic
