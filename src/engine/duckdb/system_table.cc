#include "engine/duckdb/internal/system_table.h"

#include "common/text.h"
#include "engine/duckdb/internal/json_rows.h"

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
    return native::make_uniq<SystemScanData>(table, state);
  }
  native::TableCatalogEntry& table;
  StatementState& state;
};

struct SystemScanState final : public native::GlobalTableFunctionState {
  std::vector<std::string> rows;  // The page at hand.
  size_t next_row = 0;
  int64_t next_offset = 0;
  bool finished = false;
};

native::unique_ptr<native::GlobalTableFunctionState> InitSystemScan(native::ClientContext&,
                                                                    native::TableFunctionInitInput&) {
  return native::make_uniq<SystemScanState>();
}

void ScanSystem(native::ClientContext& context, native::TableFunctionInput& input, native::DataChunk& output) {
  auto& state = input.global_state->Cast<SystemScanState>();
  const auto& data = input.bind_data->Cast<SystemScanData>();
  native::idx_t count = 0;
  while (count < STANDARD_VECTOR_SIZE) {
    if (state.next_row == state.rows.size()) {
      if (state.finished) break;
      state.rows =
          ValueOrThrow(StatementState::Get(context).provider->ReadSystemRows(data.table.name, state.next_offset));
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
  return function;
}

}  // namespace

native::unique_ptr<native::CatalogEntry> MakeSystemTable(native::ClientContext& context, LakeCatalog& catalog,
                                                         LakeSchemaEntry& schema, const std::string& name) {
  const auto& relations = SystemRelations();
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
