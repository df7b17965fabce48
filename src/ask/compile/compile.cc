#include "ask/compile/compile.h"

#include <algorithm>

#include "ask/compile/internal/answer.h"
#include "ask/compile/internal/check_intent.h"
#include "ask/compile/internal/rows.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using compile::Answer;
using compile::RowsSql;
using compile::Scope;

bool IsPersonal(const semantic::SemanticModel& model, const FieldRef& field) {
  const semantic::Entity* entity = FindEntity(model, field.entity);
  const semantic::Dimension* dimension = entity == nullptr ? nullptr : FindDimension(*entity, field.name);
  return dimension != nullptr && !dimension->personal.empty();
}

/// Whether anything goes by fiscal years or quarters.
bool IsFiscal(const Intent& intent) {
  const auto is = [](std::optional<TimeGrain> grain) {
    return grain == TimeGrain::kFiscalYear || grain == TimeGrain::kFiscalQuarter;
  };
  return is(intent.time.grain) || std::ranges::any_of(intent.dimensions, is, &DimensionUse::grain) ||
         std::ranges::any_of(
             intent.filters,
             [&](const FilterGroup& group) { return std::ranges::any_of(group.any_of, is, &Filter::grain); }) ||
         std::ranges::any_of(intent.calculations, is, &Calculation::grain);
}

/// The parent of a dimension whose share of it is asked for, as a column of the answer.
Result<void> AddParents(Scope& scope, Intent& intent) {
  for (Calculation& calculation : intent.calculations) {
    if (calculation.kind != CalculationKind::kShareOfParent || !calculation.per.empty()) continue;
    if (intent.dimensions.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "a share of a parent needs a dimension");
    }
    FieldRef parent = intent.dimensions.back().field;
    NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, parent));
    if (dimension->parent.empty()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the dimension has no parent in the model; say per what the share is: {}", dimension->name);
    }
    parent.name = dimension->parent;
    const auto known = std::ranges::find(intent.dimensions, parent, &DimensionUse::field);
    if (known != intent.dimensions.end()) {
      calculation.per.push_back(uint32_t(known - intent.dimensions.begin()));
      continue;
    }
    // Behind the others: what refers to them by index stays right.
    intent.dimensions.push_back({.field = parent});
    calculation.per.push_back(uint32_t(intent.dimensions.size() - 1));
    scope.Assume("dimensions", fmt::format("{} is shown, too: the shares are of it", dimension->parent));
  }
  return {};
}

bool IsMasked(const Intent& intent, const FieldRef& field) {
  return std::ranges::any_of(intent.privacy.masked, [&](const FieldRef& masked) {
    return EqualsIgnoringCase(masked.entity, field.entity) && EqualsIgnoringCase(masked.name, field.name);
  });
}

/// Neither groups of persons nor single values of theirs are an answer where personal data is to be left out or masked.
Result<void> CheckPrivacy(const semantic::SemanticModel& model, const Intent& intent) {
  if (intent.output != OutputKind::kTable || intent.metrics.empty()) return {};
  const auto shown = [&](const FieldRef& field) -> Result<void> {
    const bool removed = intent.privacy.remove_personal && IsPersonal(model, field);
    if (!removed && !IsMasked(intent, field)) return {};
    return MakeError(ErrorCode::kInvalidArgument,
                     "numbers by personal or masked data cannot be shown without it: {}.{}", field.entity, field.name);
  };
  for (const DimensionUse& use : intent.dimensions) NL_RETURN_IF_ERROR(shown(use.field));
  for (const MetricUse& use : intent.metrics) {
    const Aggregation aggregation = use.aggregation.value_or(Aggregation::kCount);
    const bool shows_values = aggregation != Aggregation::kCount && aggregation != Aggregation::kCountDistinct;
    if (!use.field.name.empty() && shows_values) NL_RETURN_IF_ERROR(shown(use.field));
  }
  return {};
}

}  // namespace

Result<CompiledQuery> CompileIntent(const Intent& asked, const semantic::SemanticModel& model) {
  NL_RETURN_IF_ERROR(compile::CheckIntent(asked));
  if (!model.calendar.fiscal_year_known && IsFiscal(asked)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the model's calendar does not say when the fiscal year begins (fiscal_year_known: false)");
  }
  NL_RETURN_IF_ERROR(CheckPrivacy(model, asked));
  Intent intent = asked;
  Scope scope{.model = model, .zone = intent.zone.empty() ? model.calendar.zone : intent.zone};
  CompiledQuery query;
  if (intent.output == OutputKind::kTable && !intent.metrics.empty()) {
    NL_RETURN_IF_ERROR(AddParents(scope, intent));
    Answer answer(scope, intent);
    NL_ASSIGN_OR_RETURN(query.sql, answer.Sql());
    query.columns = answer.columns();
  } else {
    Result<RowsSql> rows = intent.output == OutputKind::kRows     ? ListRows(scope, intent)
                           : intent.output == OutputKind::kExists ? Exists(scope, intent)
                                                                  : DistinctValues(scope, intent);
    if (!rows.has_value()) return std::unexpected(rows.error());
    query.sql = std::move(rows->sql);
    query.columns = std::move(rows->columns);
  }
  query.definitions = compile::DefinitionsOf(scope);
  query.assumptions = std::move(scope.assumptions);
  query.checks = std::move(scope.checks);
  query.tables.assign(scope.tables.begin(), scope.tables.end());
  query.members.assign(scope.members.begin(), scope.members.end());
  return query;
}

}  // namespace neurolake::ask
