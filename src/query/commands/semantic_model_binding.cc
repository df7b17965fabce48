#include "query/commands/semantic_model_binding.h"

#include <algorithm>
#include <set>

#include "common/text.h"
#include "semantic/formula.h"
#include "semantic/load.h"

namespace neurolake::query {
namespace {

using semantic::SemanticModel;

/// Expressions in one query: what binding takes grows with its text.
constexpr size_t kTogether = 256;

std::string TableSql(const std::vector<std::string>& table) {
  std::string sql;
  for (const std::string& part : table) sql += (sql.empty() ? "" : ".") + QuoteIdentifier(part);
  return sql;
}

/// Errors that say nothing of whether an expression binds.
bool IsOfTheMoment(ErrorCode code) {
  return code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded || code == ErrorCode::kUnavailable ||
         code == ErrorCode::kOutOfMemory || code == ErrorCode::kWorkerLost;
}

}  // namespace

Result<void> ModelBinder::BindOnce(const std::vector<std::string>& table, const Expressions& expressions) {
  // A condition takes neither aggregates nor windows, and IS NULL any type: a scalar of one row is left.
  std::string condition = "true";
  for (const std::string& expression : expressions) condition += " AND ((" + expression + "\n) IS NULL)";
  NL_RETURN_IF_ERROR(
      context_.QueryAsUser(fmt::format("SELECT 1 FROM {} WHERE {} LIMIT 0", TableSql(table), condition)));
  return {};
}

Result<void> ModelBinder::BindSome(const std::vector<std::string>& table, Expressions expressions) {
  const auto bound = BindOnce(table, expressions);
  if (!bound && IsOfTheMoment(bound.error().code())) return std::unexpected(bound.error());
  if (bound || expressions.size() <= 1) {
    for (const std::string& one : expressions) bound_[{TableSql(table), one}] = bound.has_value();
    return {};
  }
  const auto half = expressions.begin() + static_cast<std::ptrdiff_t>(expressions.size() / 2);
  NL_RETURN_IF_ERROR(BindSome(table, Expressions(expressions.begin(), half)));
  return BindSome(table, Expressions(half, expressions.end()));
}

Result<void> ModelBinder::BindAll(const SemanticModel& model) {
  std::map<std::vector<std::string>, std::set<std::string>> wanted;
  for (const auto& entity : model.entities) wanted[entity.table];
  NL_RETURN_IF_ERROR(semantic::CheckExpressions(
      model, [&](const std::vector<std::string>& table, const std::string& expression) -> Result<std::string> {
        wanted[table].insert(expression);
        return std::string();
      }));
  for (const auto& [table, expressions] : wanted) {
    // A table that cannot be read has nothing that binds, and is asked for once.
    const auto readable = BindOnce(table, {});
    if (!readable && IsOfTheMoment(readable.error().code())) return std::unexpected(readable.error());
    bound_[{TableSql(table), "true"}] = readable.has_value();
    if (!readable) continue;
    Expressions some;
    for (const std::string& one : expressions) {
      some.push_back(one);
      if (some.size() < kTogether) continue;
      NL_RETURN_IF_ERROR(BindSome(table, std::exchange(some, {})));
    }
    if (!some.empty()) NL_RETURN_IF_ERROR(BindSome(table, std::move(some)));
  }
  return {};
}

bool ModelBinder::Binds(const std::vector<std::string>& table, const std::string& expression) const {
  if (expression.empty()) return true;
  const auto found = bound_.find({TableSql(table), expression});
  return found != bound_.end() && found->second;
}

bool ModelBinder::BindsColumns(const std::vector<std::string>& table, const std::vector<std::string>& columns) const {
  return std::ranges::all_of(columns, [&](const auto& column) { return Binds(table, QuoteIdentifier(column)); });
}

Result<void> ModelBinder::CheckAll(const SemanticModel& model) {
  NL_RETURN_IF_ERROR(BindAll(model));
  for (const auto& entity : model.entities) {
    if (Binds(entity.table, "true")) continue;
    const auto why = BindOnce(entity.table, {});
    if (why) continue;
    return std::unexpected(Error(
        why.error().code(), fmt::format("entity {} (line {}): {}", entity.name, entity.line, why.error().message())));
  }
  return semantic::CheckExpressions(
      model, [&](const std::vector<std::string>& table, const std::string& expression) -> Result<std::string> {
        if (Binds(table, expression)) return std::string();
        NL_RETURN_IF_ERROR(BindOnce(table, {expression}));
        return std::string();
      });
}

void ModelBinder::KeepVisible(semantic::Entity& entity) const {
  std::erase_if(entity.dimensions, [&](const auto& one) { return !Binds(entity.table, one.expr); });
  std::erase_if(entity.measures,
                [&](const auto& one) { return !Binds(entity.table, one.expr) || !Binds(entity.table, one.filter); });
  if (!BindsColumns(entity.table, entity.primary_key)) entity.primary_key.clear();
  for (auto& dimension : entity.dimensions) {
    if (semantic::FindDimension(entity, dimension.parent) == nullptr) dimension.parent.clear();
  }
}

bool ModelBinder::IsVisible(const SemanticModel& visible, const semantic::Metric& metric) const {
  using enum semantic::MetricKind;
  const auto has_metric = [&](const std::string& name) { return semantic::FindMetric(visible, name) != nullptr; };
  if (metric.kind == kRatio) return has_metric(metric.numerator) && has_metric(metric.denominator);
  if (metric.kind == kDerived) {
    const auto formula = semantic::ParseFormula(metric.formula);
    return formula.has_value() && std::ranges::all_of(semantic::MetricsOf(*formula), has_metric);
  }
  const auto has_measure = [&](const std::string& entity_name, const std::string& measure) {
    const auto* entity = semantic::FindEntity(visible, entity_name);
    return entity != nullptr && semantic::FindMeasure(*entity, measure) != nullptr &&
           (metric.filter.empty() || entity_name != metric.entity || Binds(entity->table, metric.filter));
  };
  if (!has_measure(metric.entity, metric.measure)) return false;
  return metric.kind != kConversion || has_measure(metric.target_entity, metric.target_measure);
}

Result<SemanticModel> ModelBinder::Visible(const SemanticModel& model) {
  NL_RETURN_IF_ERROR(BindAll(model));
  SemanticModel visible = model;
  visible.verified_questions.clear();
  std::erase_if(visible.entities, [&](const auto& entity) {
    return !Binds(entity.table, "true") || !Binds(entity.table, entity.filter);
  });
  for (auto& entity : visible.entities) KeepVisible(entity);
  std::erase_if(visible.joins, [&](const auto& join) {
    const auto* from = semantic::FindEntity(visible, join.from);
    const auto* to = semantic::FindEntity(visible, join.to);
    return from == nullptr || to == nullptr || !BindsColumns(from->table, join.from_columns) ||
           !BindsColumns(to->table, join.to_columns);
  });
  // What is made of a metric that goes, goes too.
  std::set<std::string> hidden;
  do {
    hidden.clear();
    for (const auto& metric : visible.metrics) {
      if (!IsVisible(visible, metric)) hidden.insert(metric.name);
    }
    std::erase_if(visible.metrics, [&](const auto& metric) { return hidden.contains(metric.name); });
  } while (!hidden.empty());
  return visible;
}

}  // namespace neurolake::query
