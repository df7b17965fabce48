#include "engine/duckdb/internal/named_conversions.h"

#include "duckdb/planner/operator/logical_expression_get.hpp"
#include "duckdb/planner/operator/logical_insert.hpp"
#include "duckdb/planner/operator/logical_update.hpp"
#include "engine/duckdb/internal/error_translation.h"

namespace neurolake::engine::duckdb {
namespace {

// A cast, and the column that it is for.
struct NamedCast final : public native::BoundCastData {
  NamedCast(native::BoundCastInfo cast, std::string column) : cast(std::move(cast)), column(std::move(column)) {}
  native::unique_ptr<native::BoundCastData> Copy() const override {
    return native::make_uniq<NamedCast>(cast.Copy(), column);
  }
  native::BoundCastInfo cast;
  std::string column;
};

Error FailedConversion(const native::LogicalType& from, const native::LogicalType& to, const std::string& column) {
  if (from.IsNumeric() && to.IsNumeric()) {
    return Error(ErrorCode::kNumericOutOfRange,
                 fmt::format("a number is out of the range of {}: column {}", to.ToString(), column));
  }
  const bool text = from.id() == native::LogicalTypeId::VARCHAR;
  return Error(ErrorCode::kConversionFailed, fmt::format("a {} cannot be converted to {}: column {}",
                                                         text ? "text" : "value", to.ToString(), column));
}

bool RunNamedCast(native::Vector& source, native::Vector& result, native::idx_t count,
                  native::CastParameters& parameters) {
  const auto& named = parameters.cast_data->Cast<NamedCast>();
  native::CastParameters inner(parameters, named.cast.cast_data.get(), parameters.local_state);
  inner.cast_source = parameters.cast_source;
  inner.cast_target = parameters.cast_target;
  inner.nullify_parent = parameters.nullify_parent;
  try {
    return named.cast.function(source, result, count, inner);
  } catch (const std::exception& exception) {
    const auto kind = native::ErrorData(exception).Type();
    if (kind != native::ExceptionType::CONVERSION && kind != native::ExceptionType::OUT_OF_RANGE) throw;
    ThrowLakeError(FailedConversion(source.GetType(), result.GetType(), named.column));
  }
}

native::unique_ptr<native::FunctionLocalState> InitNamedCast(native::CastLocalStateParameters& parameters) {
  const auto& named = parameters.cast_data->Cast<NamedCast>();
  native::CastLocalStateParameters inner(parameters, named.cast.cast_data.get());
  return named.cast.init_local_state(inner);
}

void NameCast(native::Expression& expression, const std::string& column) {
  if (expression.GetExpressionClass() != native::ExpressionClass::BOUND_CAST) return;
  auto& cast = expression.Cast<native::BoundCastExpression>();
  // What gives NULL instead of an error has none to tell of.
  if (cast.try_cast || cast.bound_cast.function == RunNamedCast) return;
  const auto init = cast.bound_cast.init_local_state == nullptr ? nullptr : InitNamedCast;
  auto named = native::make_uniq<NamedCast>(std::move(cast.bound_cast), column);
  cast.bound_cast = native::BoundCastInfo(RunNamedCast, std::move(named), init);
}

// The cast that gives column `index` of `source`, through projections that only pass it on and the rows of VALUES.
void NameSource(native::LogicalOperator& source, native::idx_t table_index, native::idx_t index,
                const std::string& column) {
  if (source.type == native::LogicalOperatorType::LOGICAL_EXPRESSION_GET) {
    auto& values = source.Cast<native::LogicalExpressionGet>();
    if (values.table_index != table_index) return;
    for (auto& row : values.expressions) NameCast(*row.at(index), column);
    return;
  }
  if (source.type != native::LogicalOperatorType::LOGICAL_PROJECTION) return;
  auto& projection = source.Cast<native::LogicalProjection>();
  if (projection.table_index != table_index) return;
  native::Expression& expression = *projection.expressions.at(index);
  NameCast(expression, column);
  if (expression.GetExpressionClass() != native::ExpressionClass::BOUND_COLUMN_REF) return;
  const auto& binding = expression.Cast<native::BoundColumnRefExpression>().binding;
  NameSource(*projection.children.at(0), binding.table_index, binding.column_index, column);
}

void NameInsert(native::LogicalInsert& insert) {
  if (insert.children.empty()) return;
  native::LogicalOperator& source = *insert.children[0];
  const auto bindings = source.GetColumnBindings();
  for (const auto& column : insert.table.GetColumns().Physical()) {
    const native::idx_t place = column.Physical().index;
    const native::idx_t from = insert.column_index_map.empty() ? place : insert.column_index_map[column.Physical()];
    if (from >= bindings.size()) continue;  // Its default is written.
    NameSource(source, bindings[from].table_index, bindings[from].column_index, column.Name());
  }
}

void NameUpdate(native::LogicalUpdate& update) {
  if (update.children.empty()) return;
  const auto& columns = update.table.GetColumns();
  for (native::idx_t i = 0; i < update.columns.size() && i < update.expressions.size(); ++i) {
    const std::string& column = columns.GetColumn(update.columns[i]).Name();
    native::Expression& expression = *update.expressions[i];
    NameCast(expression, column);
    if (expression.GetExpressionClass() != native::ExpressionClass::BOUND_COLUMN_REF) continue;
    const auto& binding = expression.Cast<native::BoundColumnRefExpression>().binding;
    NameSource(*update.children[0], binding.table_index, binding.column_index, column);
  }
}

}  // namespace

void NameConversions(native::LogicalOperator& root) {
  if (root.type == native::LogicalOperatorType::LOGICAL_INSERT) NameInsert(root.Cast<native::LogicalInsert>());
  if (root.type == native::LogicalOperatorType::LOGICAL_UPDATE) NameUpdate(root.Cast<native::LogicalUpdate>());
}

}  // namespace neurolake::engine::duckdb
