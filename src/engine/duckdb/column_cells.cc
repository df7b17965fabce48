#include "engine/duckdb/internal/column_cells.h"

#include "duckdb/execution/operator/projection/physical_projection.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "engine/duckdb/internal/cell_functions.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {
namespace {

using ExpressionPointer = native::unique_ptr<native::Expression>;
using OperatorPointer = native::unique_ptr<native::LogicalOperator>;
using tables::delta::ColumnEncryption;
using tables::delta::DataType;
using tables::delta::StructField;

constexpr const char* kKeptCellName = "neurolake kept cell";

/// Puts the projection above one scan.
class Opening {
 public:
  Opening(native::ClientContext& context, native::Binder& binder, native::LogicalGet& get,
          const std::shared_ptr<LakeScan>& scan)
      : context_(context), get_(get), scan_(scan), places_(get.GetColumnIds()), seen_index_(get.table_index) {
    get.table_index = binder.GenerateTableIndex();
    get.function.late_materialization = false;
    get.ClearColumnIds();
    for (size_t i = 0; i < fields().size(); ++i) {
      if (IsEncrypted(fields()[i])) get.returned_types[i] = native::LogicalType::BLOB;
    }
  }

  OperatorPointer Open(OperatorPointer op, const std::set<native::idx_t>* needed) {
    native::vector<ExpressionPointer> columns;
    std::map<native::idx_t, OpenedCells::Column> opened;
    for (native::idx_t place = 0; place < places_.size(); ++place) {
      const native::ColumnIndex& id = places_[place];
      const native::column_t column = id.GetPrimaryIndex();
      if (KeptCell::Has(column)) {
        auto cell = Read(native::ColumnIndex(column - KeptCell::kFirst), native::LogicalType::BLOB);
        columns.push_back(KeepCell(std::move(cell), KeptCell::Type()));
        continue;
      }
      const bool encrypted = !id.IsVirtualColumn() && column < fields().size() && IsEncrypted(fields()[column]);
      if (!encrypted) {
        columns.push_back(Read(id, TypeOf(id)));
        continue;
      }
      const native::LogicalType type = ReadableType(fields()[column]);
      if (needed != nullptr && !needed->contains(place)) {
        columns.push_back(native::make_uniq<native::BoundConstantExpression>(native::Value(type)));
        continue;
      }
      OpenedCells::Column& one = opened[place];
      one.field = column;
      one.encryption = *ValueOrThrow(EncryptionOf(fields()[column]));
      one.type = type;
      one.opener = OpenerOf(one);
      columns.push_back(OpenCell(Read(id, native::LogicalType::BLOB), type, one.opener));
    }
    auto projection = native::make_uniq<OpenedCells>(seen_index_, std::move(columns));
    projection->scan = scan_;
    projection->columns = std::move(opened);
    projection->children.push_back(std::move(op));
    return projection;
  }

 private:
  const std::vector<StructField>& fields() const { return scan_->snapshot->schema().fields; }

  native::LogicalType TypeOf(const native::ColumnIndex& id) const { return get_.GetColumnType(id); }

  ExpressionPointer Read(const native::ColumnIndex& id, const native::LogicalType& type) {
    auto& ids = get_.GetMutableColumnIds();
    native::idx_t place = 0;
    // Never twice: DuckDB's Parquet reader, given one column twice and a filter on it, reads the second wrongly.
    while (place < ids.size() && !(ids[place] == id)) ++place;
    if (place == ids.size()) ids.push_back(id);
    return native::make_uniq<native::BoundColumnRefExpression>(type, native::ColumnBinding(get_.table_index, place));
  }

  /// One for each column, whatever of it is read how often.
  std::shared_ptr<const CellOpener> OpenerOf(const OpenedCells::Column& column) {
    auto& known = openers_[column.field];
    if (known == nullptr) {
      known = AskForOpener(context_, column.encryption, QualifiedName(column.field));
    }
    return known;
  }

  std::string QualifiedName(size_t field) const {
    return fmt::format("{}.{}.{}", scan_->table->entry().schema_name, scan_->table->entry().table_name,
                       fields()[field].name);
  }

  native::ClientContext& context_;
  native::LogicalGet& get_;
  const std::shared_ptr<LakeScan>& scan_;
  const native::vector<native::ColumnIndex> places_;
  const native::idx_t seen_index_;
  std::map<size_t, std::shared_ptr<const CellOpener>> openers_;
};

/// The comparisons of one filter that lies right above opened cells.
class CellComparison {
 public:
  CellComparison(native::ClientContext& context, OpenedCells& opened) : context_(context), opened_(opened) {}

  void Rewrite(ExpressionPointer& condition) {
    if (condition->GetExpressionClass() == native::ExpressionClass::BOUND_CONJUNCTION) {
      for (auto& child : condition->Cast<native::BoundConjunctionExpression>().children) Rewrite(child);
      return;
    }
    if (condition->GetExpressionType() == native::ExpressionType::COMPARE_EQUAL) {
      auto& comparison = condition->Cast<native::BoundComparisonExpression>();
      if (Replace(condition, *comparison.left, {comparison.right.get()})) return;
      Replace(condition, *comparison.right, {comparison.left.get()});
      return;
    }
    if (condition->GetExpressionType() != native::ExpressionType::COMPARE_IN) return;
    const auto& in = condition->Cast<native::BoundOperatorExpression>();
    std::vector<const native::Expression*> values;
    for (size_t i = 1; i < in.children.size(); ++i) values.push_back(in.children[i].get());
    Replace(condition, *in.children[0], values);
  }

 private:
  bool Replace(ExpressionPointer& condition, const native::Expression& side,
               const std::vector<const native::Expression*>& values) {
    if (side.GetExpressionClass() != native::ExpressionClass::BOUND_COLUMN_REF) return false;
    const auto& reference = side.Cast<native::BoundColumnRefExpression>();
    if (reference.binding.table_index != opened_.table_index) return false;
    const auto found = opened_.columns.find(reference.binding.column_index);
    if (found == opened_.columns.end() || !found->second.encryption.deterministic) return false;
    OpenedCells::Column& column = found->second;
    std::vector<native::Value> constants;
    for (const native::Expression* value : values) {
      if (!value->IsFoldable() || value->return_type != column.type) return false;
      constants.push_back(native::ExpressionExecutor::EvaluateScalar(context_, *value));
      // Of NULL it depends on the other values what the answer is.
      if (constants.back().IsNull()) return false;
    }
    auto cells = native::make_uniq<native::BoundOperatorExpression>(native::ExpressionType::COMPARE_IN,
                                                                    native::LogicalType::BOOLEAN);
    cells->children.push_back(nullptr);
    for (const native::Value& constant : constants) {
      // Text of a view that somebody else wrote does not ask in one's name.
      const auto known = CellsOf(context_, *column.opener, constant, opened_.scan->via.empty());
      if (known.empty()) return false;
      for (const std::string& cell : known) {
        cells->children.push_back(native::make_uniq<native::BoundConstantExpression>(
            native::Value::BLOB(native::const_data_ptr_cast(cell.data()), cell.size())));
      }
    }
    cells->children[0] = CellsColumn(column, reference.binding.column_index);
    condition = std::move(cells);
    return true;
  }

  /// The cells themselves, let through the projection.
  ExpressionPointer CellsColumn(OpenedCells::Column& column, native::idx_t place) {
    if (!column.cells.IsValid()) {
      const auto& open = opened_.expressions[place]->Cast<native::BoundFunctionExpression>();
      column.cells = opened_.expressions.size();
      opened_.expressions.push_back(open.children[0]->Copy());
    }
    return native::make_uniq<native::BoundColumnRefExpression>(
        native::LogicalType::BLOB, native::ColumnBinding(opened_.table_index, column.cells.GetIndex()));
  }

  native::ClientContext& context_;
  OpenedCells& opened_;
};

bool ReadsCell(const native::Expression& expression, const DataType& schema, std::string& name) {
  if (expression.GetExpressionClass() == native::ExpressionClass::BOUND_REF) {
    const auto index = expression.Cast<native::BoundReferenceExpression>().index;
    if (index < schema.fields.size() && IsEncrypted(schema.fields[index])) {
      name = schema.fields[index].name;
      return true;
    }
  }
  bool reads = false;
  native::ExpressionIterator::EnumerateChildren(
      expression, [&](const native::Expression& child) { reads |= ReadsCell(child, schema, name); });
  return reads;
}

}  // namespace

native::LogicalType ReadableType(const StructField& field) {
  const auto encryption = ValueOrThrow(EncryptionOf(field));
  return ToDuckDbType(encryption ? encryption->type : field.type);
}

DataType ReadableSchemaOf(const DataType& schema) { return ValueOrThrow(tables::delta::ReadableSchema(schema)); }

bool SeesCells(const StatementState& state) {
  return (state.grants.write && !state.grants.write->data_change) || state.grants.grouped != nullptr ||
         state.checks_expectations;
}

native::LogicalType KeptCell::Type() {
  native::LogicalType type = native::LogicalType::BLOB;
  type.SetAlias(kKeptCellName);
  return type;
}

bool KeptCell::Is(const native::LogicalType& type) { return type.HasAlias() && type.GetAlias() == kKeptCellName; }

void AddKeptCellColumns(const DataType& schema, native::virtual_column_map_t& columns) {
  for (native::column_t i = 0; i < schema.fields.size(); ++i) {
    if (!IsEncrypted(schema.fields[i])) continue;
    columns.insert({KeptCell::kFirst + i, native::TableColumn(fmt::format("\x01{}", i), KeptCell::Type())});
  }
}

void OpenCells(native::ClientContext& context, native::Binder& binder, OperatorPointer& op,
               const std::shared_ptr<LakeScan>& scan, const std::set<native::idx_t>* needed) {
  auto& get = op->Cast<native::LogicalGet>();
  if (SeesCells(*scan->state) || !HasEncryptedColumns(scan->snapshot->schema())) return;
  // Nothing was pushed into the scan yet, and nothing left out of what it reads.
  if (!get.projection_ids.empty() || !get.table_filters.filters.empty()) {
    ThrowLakeError(Error(ErrorCode::kInternal, "cells are to be opened too late for their scan"));
  }
  if (get.GetColumnIds().empty()) get.AddColumnId(get.GetAnyColumn());
  op = Opening(context, binder, get, scan).Open(std::move(op), needed);
}

bool OpensDeterministicCells(const native::LogicalOperator& root) {
  if (const auto* opened = dynamic_cast<const OpenedCells*>(&root)) {
    return std::ranges::any_of(opened->columns, [](const auto& one) { return one.second.encryption.deterministic; });
  }
  return std::ranges::any_of(root.children, [](const auto& child) { return OpensDeterministicCells(*child); });
}

void CompareCells(native::ClientContext& context, native::LogicalOperator& root) {
  for (auto& child : root.children) CompareCells(context, *child);
  if (root.type != native::LogicalOperatorType::LOGICAL_FILTER) return;
  auto* opened = dynamic_cast<OpenedCells*>(root.children[0].get());
  if (opened == nullptr || root.Cast<native::LogicalFilter>().HasProjectionMap()) return;
  CellComparison comparison(context, *opened);
  for (auto& condition : root.expressions) comparison.Rewrite(condition);
}

ExpressionPointer CellWriter::Store(ExpressionPointer value, size_t column) {
  const StructField& field = schema_.fields[column];
  if (KeptCell::Is(value->return_type)) {
    NL_CHECK(IsEncrypted(field));
    value->return_type = native::LogicalType::BLOB;
    return value;
  }
  const auto encryption = ValueOrThrow(EncryptionOf(field));
  if (!encryption || SeesCells(StatementState::Get(context_))) {
    return native::BoundCastExpression::AddCastToType(context_, std::move(value), ToDuckDbType(field.type));
  }
  auto cast = native::BoundCastExpression::AddCastToType(context_, std::move(value), ToDuckDbType(encryption->type));
  return CloseCell(context_, std::move(cast), *encryption, field.name);
}

native::PhysicalOperator& PlanStored(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                     const DataType& schema, const native::vector<native::LogicalType>& more,
                                     native::PhysicalOperator& child) {
  native::vector<native::LogicalType> types;
  for (const auto& field : schema.fields) types.push_back(ToDuckDbType(field.type));
  types.insert(types.end(), more.begin(), more.end());
  const bool closes = HasEncryptedColumns(schema) && !SeesCells(StatementState::Get(context));
  if (child.types == types && !closes) return child;
  NL_CHECK(child.types.size() == types.size());
  CellWriter writer(context, schema);
  native::vector<ExpressionPointer> columns;
  for (native::idx_t i = 0; i < types.size(); ++i) {
    ExpressionPointer column = native::make_uniq<native::BoundReferenceExpression>(child.types[i], i);
    columns.push_back(i < schema.fields.size()
                          ? writer.Store(std::move(column), i)
                          : native::BoundCastExpression::AddCastToType(context, std::move(column), types[i]));
  }
  auto& projection = planner.Make<native::PhysicalProjection>(types, std::move(columns), child.estimated_cardinality);
  projection.children.push_back(child);
  return projection;
}

void RefuseCells(const native::Expression& expression, const DataType& schema, std::string_view what) {
  std::string name;
  if (!ReadsCell(expression, schema, name)) return;
  ThrowLakeError(Error(
      ErrorCode::kNotSupported,
      fmt::format("{} is evaluated over what files hold, so it cannot read an encrypted column: {}", what, name)));
}

}  // namespace neurolake::engine::duckdb
