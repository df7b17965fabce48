#include "engine/duckdb/internal/read_conditions.h"

#include <cmath>

#include "duckdb/common/types/timestamp.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/dynamic_filter.hpp"
#include "duckdb/planner/filter/in_filter.hpp"
#include "duckdb/planner/filter/null_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExpressionClass;
using native::ExpressionType;
using native::Value;
using tables::delta::ColumnCondition;
using tables::delta::DataType;
using tables::delta::ReadPredicate;
using tables::delta::StructField;
using Kind = DataType::Kind;

/// Longer lists and texts are not worth their way to the commit.
constexpr size_t kRangesMax = 1000;
constexpr size_t kTextBytesMax = 1000;

/// `value` as statistics and partition values write it; nullopt for what has no order there.
std::optional<std::string> TextOf(const Value& value, const StructField& field) {
  if (value.IsNull() || value.type() != ToDuckDbType(field.type)) return std::nullopt;
  switch (field.type.kind) {
    case Kind::kString: {
      const auto& text = native::StringValue::Get(value);
      return text.size() > kTextBytesMax ? std::nullopt : std::optional<std::string>(text);
    }
    case Kind::kTimestamp:
    case Kind::kTimestampNtz: {
      const native::timestamp_t stamp(value.GetValueUnsafe<int64_t>());
      if (!native::Timestamp::IsFinite(stamp)) return std::nullopt;
      return native::Timestamp::ToString(stamp);
    }
    case Kind::kFloat:
    case Kind::kDouble: {
      const double number = field.type.kind == Kind::kFloat ? static_cast<double>(value.GetValueUnsafe<float>())
                                                            : value.GetValueUnsafe<double>();
      return std::isfinite(number) ? std::optional(fmt::format("{}", number)) : std::nullopt;
    }
    case Kind::kLong:
    case Kind::kInteger:
    case Kind::kShort:
    case Kind::kByte:
    case Kind::kDecimal:
    case Kind::kBoolean:
    case Kind::kDate: return value.ToString();
    default: return std::nullopt;
  }
}

/// The rows for which `column comparison constant` is true; nullopt where that cannot be said.
std::optional<ColumnCondition> Comparison(const StructField& field, ExpressionType comparison, const Value& constant) {
  ColumnCondition condition{.column = field.physical_name(), .ranges = {}, .or_null = false};
  if (constant.IsNull()) {
    if (comparison == ExpressionType::COMPARE_DISTINCT_FROM) return std::nullopt;
    condition.or_null = comparison == ExpressionType::COMPARE_NOT_DISTINCT_FROM;
    return condition;  // Otherwise of no row.
  }
  const auto text = TextOf(constant, field);
  if (!text.has_value()) return std::nullopt;
  switch (comparison) {
    case ExpressionType::COMPARE_EQUAL:
    case ExpressionType::COMPARE_NOT_DISTINCT_FROM: condition.ranges = {{text, text}}; return condition;
    case ExpressionType::COMPARE_GREATERTHAN:
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: condition.ranges = {{text, std::nullopt}}; return condition;
    case ExpressionType::COMPARE_LESSTHAN:
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: condition.ranges = {{std::nullopt, text}}; return condition;
    default: return std::nullopt;
  }
}

/// Rows of any of `parts`; nullopt unless all are about one column.
std::optional<ColumnCondition> AnyOf(std::vector<std::optional<ColumnCondition>> parts) {
  std::optional<ColumnCondition> all;
  for (auto& part : parts) {
    if (!part.has_value()) return std::nullopt;
    if (!all.has_value()) {
      all = std::move(part);
      continue;
    }
    if (all->column != part->column || all->ranges.size() + part->ranges.size() > kRangesMax) return std::nullopt;
    all->ranges.insert(all->ranges.end(), part->ranges.begin(), part->ranges.end());
    all->or_null = all->or_null || part->or_null;
  }
  return all;
}

ColumnCondition NullOf(const StructField& field) {
  return {.column = field.physical_name(), .ranges = {}, .or_null = true};
}
ColumnCondition NotNullOf(const StructField& field) {
  return {.column = field.physical_name(), .ranges = {{std::nullopt, std::nullopt}}, .or_null = false};
}

/// Conditions of the expressions of one scan.
class ExpressionConditions {
 public:
  ExpressionConditions(native::idx_t table_index, const native::vector<native::column_t>& column_ids,
                       const DataType& schema)
      : table_index_(table_index), column_ids_(column_ids), schema_(schema) {}

  /// The conditions that all rows of `expression` fulfil.
  void Add(const native::Expression& expression, ReadPredicate& predicate) const {
    if (expression.GetExpressionType() == ExpressionType::CONJUNCTION_AND) {
      for (const auto& child : expression.Cast<native::BoundConjunctionExpression>().children) Add(*child, predicate);
      return;
    }
    if (expression.GetExpressionClass() == ExpressionClass::BOUND_BETWEEN) {
      const auto& between = expression.Cast<native::BoundBetweenExpression>();
      for (auto& one : {Compare(*between.input, between.LowerComparisonType(), *between.lower),
                        Compare(*between.input, between.UpperComparisonType(), *between.upper)}) {
        if (one.has_value()) predicate.push_back(*one);
      }
      return;
    }
    if (auto one = OneColumn(expression); one.has_value()) predicate.push_back(*std::move(one));
  }

 private:
  const StructField* FieldOf(const native::Expression& expression) const {
    const auto column = ColumnOf(expression, table_index_, column_ids_);
    return column.has_value() && *column < schema_.fields.size() ? &schema_.fields[*column] : nullptr;
  }

  std::optional<ColumnCondition> Compare(const native::Expression& left, ExpressionType kind,
                                         const native::Expression& right) const {
    const StructField* field = FieldOf(left);
    if (field == nullptr) return std::nullopt;
    const auto constant = ConstantOf(right);
    return constant.has_value() ? Comparison(*field, kind, *constant) : std::nullopt;
  }

  /// The condition on a single column that says all of `expression`, or more.
  std::optional<ColumnCondition> OneColumn(const native::Expression& expression) const {
    const auto kind = expression.GetExpressionType();
    switch (expression.GetExpressionClass()) {
      case ExpressionClass::BOUND_CONJUNCTION: {
        if (kind != ExpressionType::CONJUNCTION_OR) return std::nullopt;
        std::vector<std::optional<ColumnCondition>> parts;
        for (const auto& child : expression.Cast<native::BoundConjunctionExpression>().children) {
          parts.push_back(OneColumn(*child));
        }
        return AnyOf(std::move(parts));
      }
      case ExpressionClass::BOUND_COMPARISON: {
        const auto& comparison = expression.Cast<native::BoundComparisonExpression>();
        auto condition = Compare(*comparison.left, kind, *comparison.right);
        if (condition.has_value()) return condition;
        return Compare(*comparison.right, native::FlipComparisonExpression(kind), *comparison.left);
      }
      case ExpressionClass::BOUND_OPERATOR: {
        const auto& children = expression.Cast<native::BoundOperatorExpression>().children;
        const StructField* field = children.empty() ? nullptr : FieldOf(*children[0]);
        if (field == nullptr) return std::nullopt;
        if (kind == ExpressionType::OPERATOR_IS_NULL) return NullOf(*field);
        if (kind == ExpressionType::OPERATOR_IS_NOT_NULL) return NotNullOf(*field);
        if (kind != ExpressionType::COMPARE_IN) return std::nullopt;
        std::vector<std::optional<ColumnCondition>> parts;
        for (size_t i = 1; i < children.size(); ++i) {
          parts.push_back(Compare(*children[0], ExpressionType::COMPARE_EQUAL, *children[i]));
        }
        return AnyOf(std::move(parts));
      }
      default: return std::nullopt;
    }
  }

  native::idx_t table_index_;
  const native::vector<native::column_t>& column_ids_;
  const DataType& schema_;
};

/// As OneColumn above, of a filter that is on `field` anyway.
std::optional<ColumnCondition> OneFilter(const StructField& field, const native::TableFilter& filter) {
  switch (filter.filter_type) {
    case native::TableFilterType::CONSTANT_COMPARISON: {
      const auto& constant = filter.Cast<native::ConstantFilter>();
      return Comparison(field, constant.comparison_type, constant.constant);
    }
    case native::TableFilterType::IS_NULL: return NullOf(field);
    case native::TableFilterType::IS_NOT_NULL: return NotNullOf(field);
    case native::TableFilterType::CONJUNCTION_OR: {
      std::vector<std::optional<ColumnCondition>> parts;
      for (const auto& child : filter.Cast<native::ConjunctionOrFilter>().child_filters) {
        parts.push_back(OneFilter(field, *child));
      }
      return AnyOf(std::move(parts));
    }
    case native::TableFilterType::IN_FILTER: {
      std::vector<std::optional<ColumnCondition>> parts;
      for (const Value& value : filter.Cast<native::InFilter>().values) {
        parts.push_back(Comparison(field, ExpressionType::COMPARE_EQUAL, value));
      }
      return AnyOf(std::move(parts));
    }
    case native::TableFilterType::OPTIONAL_FILTER: {
      const auto& optional = filter.Cast<native::OptionalFilter>();
      return optional.child_filter == nullptr ? std::nullopt : OneFilter(field, *optional.child_filter);
    }
    case native::TableFilterType::DYNAMIC_FILTER: {
      const auto& data = filter.Cast<native::DynamicFilter>().filter_data;
      if (data == nullptr) return std::nullopt;
      std::lock_guard lock(data->lock);
      if (!data->initialized || data->filter == nullptr) return std::nullopt;
      return OneFilter(field, *data->filter);
    }
    default: return std::nullopt;
  }
}

}  // namespace

void AddConditions(const native::vector<native::unique_ptr<native::Expression>>& filters, native::idx_t table_index,
                   const native::vector<native::column_t>& column_ids, const DataType& schema,
                   ReadPredicate& predicate) {
  const ExpressionConditions conditions(table_index, column_ids, schema);
  for (const auto& filter : filters) conditions.Add(*filter, predicate);
}

void AddConditions(uint64_t column, const native::TableFilter& filter, const DataType& schema,
                   ReadPredicate& predicate) {
  if (column >= schema.fields.size()) return;
  if (filter.filter_type == native::TableFilterType::CONJUNCTION_AND) {
    for (const auto& child : filter.Cast<native::ConjunctionAndFilter>().child_filters) {
      AddConditions(column, *child, schema, predicate);
    }
    return;
  }
  auto one = OneFilter(schema.fields[column], filter);
  if (one.has_value()) predicate.push_back(*std::move(one));
}

}  // namespace neurolake::engine::duckdb
