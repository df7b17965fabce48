#include "ask/compile/internal/conditions.h"

#include <algorithm>

#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

using semantic::DimensionType;
using semantic::ValueType;

std::unexpected<Error> WrongCount(const Filter& filter, std::string_view wanted) {
  return MakeError(ErrorCode::kInvalidArgument, "a condition has another number of values: on {}.{}, {}",
                   filter.field.entity, filter.field.name, wanted);
}

/// What is compared: the field, its period or its part, with the type of the values.
Result<std::pair<std::string, ValueType>> Operand(Scope& scope, Relation& relation, const Filter& filter) {
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, filter.field));
  const bool is_time = dimension->type == DimensionType::kTime;
  if (!is_time) {
    if (filter.grain || filter.part) {
      return MakeError(ErrorCode::kInvalidArgument, "grain and part belong to times, this is none: {}.{}",
                       filter.field.entity, filter.field.name);
    }
    NL_ASSIGN_OR_RETURN(std::string column, relation.Field(filter.field));
    return std::pair(std::move(column), dimension->value_type);
  }
  NL_ASSIGN_OR_RETURN(const std::string local, relation.LocalTimeOf(filter.field));
  if (filter.grain && filter.part) {
    return MakeError(ErrorCode::kInvalidArgument, "a condition has a grain or a part, not both: {}.{}",
                     filter.field.entity, filter.field.name);
  }
  if (filter.part) return std::pair(PartSql(local, *filter.part), ValueType::kInteger);
  if (filter.grain) {
    const ValueType type = IsDateGrain(*filter.grain) ? ValueType::kDate : ValueType::kTimestamp;
    return std::pair(TruncateSql(local, *filter.grain, scope.model.calendar), type);
  }
  return std::pair(local, dimension->value_type == ValueType::kDate ? ValueType::kDate : ValueType::kTimestamp);
}

std::string_view OrderSymbol(FilterOperator op) {
  switch (op) {
    case FilterOperator::kLess: return "<";
    case FilterOperator::kLessOrEqual: return "<=";
    case FilterOperator::kGreater: return ">";
    case FilterOperator::kGreaterOrEqual: return ">=";
    default: return {};
  }
}

std::string_view TextFunction(FilterOperator op) {
  switch (op) {
    case FilterOperator::kStartsWith: return "starts_with";
    case FilterOperator::kEndsWith: return "suffix";
    case FilterOperator::kContains:
    case FilterOperator::kNotContains: return "contains";
    default: return {};
  }
}

Result<std::string> TextCondition(const Filter& filter, const std::string& column, ValueType type) {
  if (type != ValueType::kText) {
    return MakeError(ErrorCode::kInvalidArgument, "this condition is for texts, and the dimension is none: {}.{}",
                     filter.field.entity, filter.field.name);
  }
  std::vector<std::string> parts;
  for (const Literal& value : filter.values) {
    NL_ASSIGN_OR_RETURN(const std::string text, LiteralSql(value, type, filter.field.name));
    parts.push_back(fmt::format("{}(lower({}), lower({}))", TextFunction(filter.op), column, text));
  }
  if (parts.empty()) return WrongCount(filter, "it takes one or more");
  const std::string any = "(" + JoinText(parts, " OR ") + ")";
  return filter.op == FilterOperator::kNotContains ? "(NOT " + any + ")" : any;
}

Result<std::string> CoreCondition(const Filter& filter, const std::string& column, ValueType type) {
  const FilterOperator op = filter.op;
  if (op == FilterOperator::kIsNull || op == FilterOperator::kIsNotNull) {
    if (!filter.values.empty()) return WrongCount(filter, "it takes none");
    return column + (op == FilterOperator::kIsNull ? " IS NULL" : " IS NOT NULL");
  }
  if (!TextFunction(op).empty()) return TextCondition(filter, column, type);
  std::vector<std::string> values;
  for (const Literal& value : filter.values) {
    NL_ASSIGN_OR_RETURN(std::string text, LiteralSql(value, type, filter.field.name));
    values.push_back(std::move(text));
  }
  if (op == FilterOperator::kIn || op == FilterOperator::kNotIn) {
    if (values.empty()) return WrongCount(filter, "it takes one or more");
    const bool negated = op == FilterOperator::kNotIn;
    if (values.size() == 1) return column + (negated ? " <> " : " = ") + values.front();
    return column + (negated ? " NOT IN (" : " IN (") + JoinText(values, ", ") + ")";
  }
  if (op == FilterOperator::kBetween) {
    if (values.size() != 2) return WrongCount(filter, "it takes two");
    return fmt::format("{} BETWEEN {} AND {}", column, values[0], values[1]);
  }
  if (values.size() != 1) return WrongCount(filter, "it takes one");
  return fmt::format("{} {} {}", column, OrderSymbol(op), values.front());
}

bool IsNegative(FilterOperator op) {
  return op == FilterOperator::kNotIn || op == FilterOperator::kNotContains || op == FilterOperator::kIsNull;
}

/// The entity on the root's many side that a group's condition is about; null if the root's rows have one such value
/// each.
Result<const semantic::Entity*> ManySide(Scope& scope, const Relation& relation, const FilterGroup& group) {
  const semantic::Entity* many = nullptr;
  for (const Filter& filter : group.any_of) {
    NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, filter.field.entity));
    if (!ToOnePaths(scope.model, relation.root(), *entity).empty()) continue;
    const auto sides = ManySidesOf(scope.model, relation.root(), *entity);
    if (sides.empty()) continue;
    if (sides.size() > 1 || group.any_of.size() > 1 || IsNegative(filter.op) || filter.or_null) {
      return MakeError(ErrorCode::kBindError,
                       "a condition is on what a row has several of, so it can be read in two ways; ask for those with "
                       "or without such rows (sets): {}.{}",
                       filter.field.entity, filter.field.name);
    }
    many = sides.front();
  }
  return many;
}

}  // namespace

Result<std::string> FilterSql(Scope& scope, Relation& relation, const Filter& filter) {
  NL_ASSIGN_OR_RETURN(const auto operand, Operand(scope, relation, filter));
  NL_ASSIGN_OR_RETURN(const std::string core, CoreCondition(filter, operand.first, operand.second));
  return filter.or_null ? fmt::format("({} OR {} IS NULL)", core, operand.first) : "(" + core + ")";
}

Result<std::vector<std::string>> FiltersSql(Scope& scope, Relation& relation, const std::vector<FilterGroup>& groups) {
  std::vector<std::string> conditions;
  std::vector<std::pair<const semantic::Entity*, std::vector<FilterGroup>>> elsewhere;
  for (const FilterGroup& group : groups) {
    if (group.any_of.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "a filter group has at least one condition");
    }
    NL_ASSIGN_OR_RETURN(const semantic::Entity* many, ManySide(scope, relation, group));
    if (many != nullptr) {
      auto known =
          std::ranges::find(elsewhere, many, &std::pair<const semantic::Entity*, std::vector<FilterGroup>>::first);
      if (known == elsewhere.end()) known = elsewhere.insert(elsewhere.end(), {many, {}});
      known->second.push_back(group);
      continue;
    }
    std::vector<std::string> parts;
    for (const Filter& filter : group.any_of) {
      NL_ASSIGN_OR_RETURN(std::string part, FilterSql(scope, relation, filter));
      parts.push_back(std::move(part));
    }
    conditions.push_back(parts.size() == 1 ? parts.front() : "(" + JoinText(parts, " OR ") + ")");
  }
  for (const auto& [entity, filters] : elsewhere) {
    scope.Assume("filters", fmt::format("{} with at least one of {} that meets all the conditions on it",
                                        relation.root().label, entity->label));
    NL_ASSIGN_OR_RETURN(
        std::string exists,
        SetSql(scope, relation, {.subject = relation.root().name, .related = entity->name, .filters = filters}));
    conditions.push_back(std::move(exists));
  }
  return conditions;
}

Result<bool> NeedsExists(Scope& scope, const Relation& relation, const std::vector<FilterGroup>& groups) {
  for (const FilterGroup& group : groups) {
    NL_ASSIGN_OR_RETURN(const semantic::Entity* many, ManySide(scope, relation, group));
    if (many != nullptr) return true;
  }
  return false;
}

std::vector<std::string> RangeConditions(const std::string& column, const semantic::Dimension& dimension,
                                         const TimeRange& range, const std::string& zone) {
  std::vector<std::string> conditions;
  if (range.from) conditions.push_back(column + " >= " + BoundSql(*range.from, dimension.value_type, zone));
  if (range.to) conditions.push_back(column + " < " + BoundSql(*range.to, dimension.value_type, zone));
  return conditions;
}

Result<std::vector<std::string>> RangeSql(Scope& scope, Relation& relation, const FieldRef& field,
                                          const TimeRange& range) {
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, field));
  NL_RETURN_IF_ERROR(relation.LocalTimeOf(field));
  NL_ASSIGN_OR_RETURN(const std::string column, relation.Field(field));
  return RangeConditions(column, *dimension, range, scope.zone);
}

std::string CompareSql(const std::string& value, CompareOperator op, double operand, double upper) {
  const std::string number = NumberSql(operand);
  switch (op) {
    case CompareOperator::kEqual: return value + " = " + number;
    case CompareOperator::kNotEqual: return value + " <> " + number;
    case CompareOperator::kLess: return value + " < " + number;
    case CompareOperator::kLessOrEqual: return value + " <= " + number;
    case CompareOperator::kGreater: return value + " > " + number;
    case CompareOperator::kGreaterOrEqual: return value + " >= " + number;
    case CompareOperator::kBetween: return fmt::format("{} BETWEEN {} AND {}", value, number, NumberSql(upper));
  }
  return value;
}

}  // namespace neurolake::ask::compile
