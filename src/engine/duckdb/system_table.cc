#include "engine/duckdb/internal/system_table.h"

#include "common/text.h"
#include "engine/duckdb/information_relations.h"
#include "engine/duckdb/internal/information_schema.h"
#include "engine/duckdb/internal/json_rows.h"
#include "engine/duckdb/internal/shown_tags.h"

namespace neurolake::engine::duckdb {
namespace {

class SystemTableEntry final : public native::TableCatalogEntry {
 public:
  SystemTableEntry(native::Catalog& catalog, native::SchemaCatalogEntry& schema, native::CreateTableInfo& info)
      : TableCatalogEntry(catalog, schema, info) {}
  native::unique_ptr<native::BaseStatistics> GetStatistics(native::ClientContext&, native::column_t) override {
    return nullptr;
  }
  native::TableFunction GetScanFunction(native::ClientContext& context,
                                        native::unique_ptr<native::FunctionData>& bind_data) override;
  native::TableStorageInfo GetStorageInfo(native::ClientContext&) override { return {}; }
  // There is no row id. Said twice: without the second, DuckDB takes a DELETE for a bug of its own.
  native::virtual_column_map_t GetVirtualColumns() const override { return {}; }
  native::vector<native::column_t> GetRowIdColumns() const override { return {}; }
};

struct SystemScanData final : public native::TableFunctionData {
  SystemScanData(native::TableCatalogEntry& table, StatementState& state) : table(table), state(state) {}
  native::unique_ptr<native::FunctionData> Copy() const override {
    auto copy = native::make_uniq<SystemScanData>(table, state);
    copy->rows = rows;
    return copy;
  }
  native::TableCatalogEntry& table;
  StatementState& state;
  /// Of what the engine makes itself: made while the plan is optimised, where nothing else runs yet.
  std::shared_ptr<const std::vector<std::string>> rows;
};

struct SystemScanState final : public native::GlobalTableFunctionState {
  std::vector<std::string> rows;  // The page at hand.
  size_t next_row = 0;
  int64_t next_offset = 0;
  bool finished = false;
};

bool IsInformation(const SystemScanData& data) {
  return LowerAscii(data.table.ParentSchema().name) == kInformationSchema;
}

/// As the server calls it.
std::string ProviderName(const SystemScanData& data) {
  return IsInformation(data) ? fmt::format("{}.{}", kInformationSchema, data.table.name) : data.table.name;
}

bool IsMadeHere(const SystemScanData& data) {
  return IsInformation(data) ? MakesInformation(data.table.name) : MakesSystemRows(data.table.name);
}

std::vector<std::string> RowsMadeHere(native::ClientContext& context, const SystemScanData& data,
                                      const InformationScope& scope) {
  return IsInformation(data) ? InformationRows(context, data.table, data.table.name, scope)
                             : TagRows(context, data.table, scope);
}

/// What the query asks for by `table_schema = '…'`, or `schema_name`, and `table_name = '…'`: other tables' logs need
/// not be read. The filters stay where they are.
void MakeRows(native::ClientContext& context, native::LogicalGet& get, native::FunctionData* bind_data,
              native::vector<native::unique_ptr<native::Expression>>& filters) {
  auto& data = bind_data->Cast<SystemScanData>();
  InformationScope scope;
  for (const auto& filter : filters) {
    if (filter->GetExpressionType() != native::ExpressionType::COMPARE_EQUAL) continue;
    const auto& comparison = filter->Cast<native::BoundComparisonExpression>();
    const native::Expression* column = comparison.left.get();
    const native::Expression* constant = comparison.right.get();
    if (column->GetExpressionClass() == native::ExpressionClass::BOUND_CONSTANT) std::swap(column, constant);
    if (column->GetExpressionClass() != native::ExpressionClass::BOUND_COLUMN_REF ||
        constant->GetExpressionClass() != native::ExpressionClass::BOUND_CONSTANT) {
      continue;
    }
    const auto& value = constant->Cast<native::BoundConstantExpression>().value;
    const auto& binding = column->Cast<native::BoundColumnRefExpression>().binding;
    if (binding.table_index != get.table_index || value.IsNull()) continue;
    const std::string& name = get.names[get.GetColumnIds()[binding.column_index].GetPrimaryIndex()];
    if (value.type().id() != native::LogicalTypeId::VARCHAR) continue;
    if (name == "table_schema" || name == "schema_name") scope.schema = native::StringValue::Get(value);
    if (name == "table_name") scope.table = native::StringValue::Get(value);
  }
  data.rows = std::make_shared<const std::vector<std::string>>(RowsMadeHere(context, data, scope));
}

native::unique_ptr<native::GlobalTableFunctionState> InitSystemScan(native::ClientContext& context,
                                                                    native::TableFunctionInitInput& input) {
  auto state = native::make_uniq<SystemScanState>();
  const auto& data = input.bind_data->Cast<SystemScanData>();
  if (!IsMadeHere(data)) return state;
  state->finished = true;
  state->rows = data.rows != nullptr ? *data.rows : RowsMadeHere(context, data, {});
  return state;
}

void ScanSystem(native::ClientContext& context, native::TableFunctionInput& input, native::DataChunk& output) {
  auto& state = input.global_state->Cast<SystemScanState>();
  const auto& data = input.bind_data->Cast<SystemScanData>();
  native::idx_t count = 0;
  while (count < STANDARD_VECTOR_SIZE) {
    if (state.next_row == state.rows.size()) {
      if (state.finished) break;
      state.rows =
          ValueOrThrow(StatementState::Get(context).provider->ReadSystemRows(ProviderName(data), state.next_offset));
      state.next_row = 0;
      state.next_offset += static_cast<int64_t>(state.rows.size());
      state.finished = state.rows.empty();
      continue;
    }
    AppendJsonRow(state.rows[state.next_row++], count++, output);
  }
  output.SetCardinality(count);
}

native::BindInfo GetSystemBindInfo(const native::optional_ptr<native::FunctionData> data) {
  return native::BindInfo(data->Cast<SystemScanData>().table);
}

void WriteCopiedScan(native::Serializer& serializer, const native::optional_ptr<native::FunctionData> data,
                     const native::TableFunction& function) {
  data->Cast<SystemScanData>().state.plan_copies.Write(serializer, function, *data);
}

native::TableFunction SystemTableEntry::GetScanFunction(native::ClientContext& context,
                                                        native::unique_ptr<native::FunctionData>& bind_data) {
  bind_data = native::make_uniq<SystemScanData>(*this, StatementState::Get(context));
  native::TableFunction function(kSystemScan, {}, ScanSystem, nullptr, InitSystemScan);
  function.serialize = WriteCopiedScan;
  function.deserialize = ReadCopiedScan;
  function.verify_serialization = false;
  function.get_bind_info = GetSystemBindInfo;
  if (IsMadeHere(bind_data->Cast<SystemScanData>())) function.pushdown_complex_filter = MakeRows;
  return function;
}

}  // namespace

native::unique_ptr<native::CatalogEntry> MakeSystemTable(native::ClientContext& context, LakeCatalog& catalog,
                                                         LakeSchemaEntry& schema, const std::string& name) {
  const bool information = LowerAscii(schema.name) == kInformationSchema;
  const auto& relations = information ? InformationRelations() : SystemRelations();
  const auto relation = std::ranges::find(relations, name, &SystemRelation::name);
  if (relation == relations.end()) return nullptr;
  native::CreateTableInfo info(schema, name);
  for (const auto& [column, type] : relation->columns) {
    info.columns.AddColumn(native::ColumnDefinition(column, native::TransformStringToLogicalType(type, context)));
  }
  return native::make_uniq<SystemTableEntry>(catalog, schema, info);
}

bool IsSystemScan(const native::LogicalGet& get) { return get.function.init_global == InitSystemScan; }

}  // namespace neurolake::engine::duckdb
