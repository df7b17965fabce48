#include "engine/duckdb/internal/lake_scan.h"

#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/function/partition_stats.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/log_statistics.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/session_settings.h"
#include "storage/path.h"

namespace neurolake::engine::duckdb {
namespace {

// Hands the scan to the factory below through the only door there is: the function's own info.
struct LakeScanInfo final : public native::TableFunctionInfo {
  std::shared_ptr<LakeScan> scan;
};

native::unique_ptr<native::MultiFileReader> MakeReader(const native::TableFunction& function) {
  return native::make_uniq<LakeFileReader>(static_cast<LakeScanInfo&>(*function.function_info).scan);
}

const LakeScan& ScanOf(const native::FunctionData& data) {
  const auto& bound = data.Cast<native::MultiFileBindData>();
  return *static_cast<const LakeFileReader&>(*bound.multi_file_reader).scan();
}
LakeScan& MutableScanOf(const native::FunctionData& data) { return const_cast<LakeScan&>(ScanOf(data)); }

native::unique_ptr<native::GlobalTableFunctionState> InitGlobal(native::ClientContext& context,
                                                                native::TableFunctionInitInput& input) {
  LakeScan& scan = MutableScanOf(*input.bind_data);
  if (!scan.governed) ThrowLakeError(Error(ErrorCode::kInternal, "ungoverned scan"));
  auto state = scan.parquet_scan.init_global(context, input);
  const auto& files = static_cast<const LakeFileList&>(state->Cast<native::MultiFileGlobalState>().file_list);
  const auto kept = static_cast<int64_t>(files.GetTotalFileCount());
  scan.AddReading(files.reading());
  scan.files_kept = kept;
  scan.started = true;
  scan.state->counters.files_total += static_cast<int64_t>(scan.snapshot->files().size());
  scan.state->counters.files_kept += kept;
  return state;
}

// A thread is through with its part of the scan.
void CountRowGroups(native::ClientContext& context, LakeScan& scan, native::TableFunctionInput& data) {
  native::profiler_settings_t wanted = {native::MetricType::OPERATOR_ROW_GROUPS_SCANNED,
                                        native::MetricType::OPERATOR_TOTAL_ROW_GROUPS_TO_SCAN};
  native::profiler_metrics_t metrics;
  scan.parquet_scan.get_metrics(context, data.bind_data.get(), *data.global_state, *data.local_state, wanted, metrics);
  const auto read = metrics[native::MetricType::OPERATOR_ROW_GROUPS_SCANNED].GetValue<int64_t>();
  const auto total = metrics[native::MetricType::OPERATOR_TOTAL_ROW_GROUPS_TO_SCAN].GetValue<int64_t>();
  scan.state->counters.row_groups_kept += read;
  // Every thread reports the same total, which still grows while others work: what is new is added.
  int64_t known = scan.row_groups_total.load();
  while (total > known && !scan.row_groups_total.compare_exchange_weak(known, total)) {
  }
  if (total > known) scan.state->counters.row_groups_total += total - known;
}

void Scan(native::ClientContext& context, native::TableFunctionInput& data, native::DataChunk& output) {
  LakeScan& scan = MutableScanOf(*data.bind_data);
  scan.parquet_scan.function(context, data, output);
  scan.state->counters.rows_scanned += static_cast<int64_t>(output.size());
  if (output.size() == 0 && data.local_state &&
      data.async_result.GetResultType() == native::AsyncResultType::FINISHED) {
    CountRowGroups(context, scan, data);
  }
}

native::virtual_column_map_t VirtualColumns() {
  native::virtual_column_map_t columns;
  columns.insert({native::MultiFileReader::COLUMN_IDENTIFIER_FILE_INDEX,
                  native::TableColumn("file_index", native::LogicalType::UBIGINT)});
  columns.insert({native::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER,
                  native::TableColumn("file_row_number", native::LogicalType::BIGINT)});
  columns.insert({native::COLUMN_IDENTIFIER_EMPTY, native::TableColumn("", native::LogicalType::BOOLEAN)});
  AddRowIdentityColumns(columns);
  return columns;
}

native::virtual_column_map_t GetScanVirtualColumns(native::ClientContext&,
                                                   native::optional_ptr<native::FunctionData> data) {
  auto& bound = data->Cast<native::MultiFileBindData>();
  bound.virtual_columns = VirtualColumns();
  return bound.virtual_columns;
}

native::vector<native::column_t> RowIdColumns() {
  return {native::MultiFileReader::COLUMN_IDENTIFIER_FILE_INDEX,
          native::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER};
}

native::vector<native::column_t> GetScanRowIdColumns(native::ClientContext&,
                                                     native::optional_ptr<native::FunctionData>) {
  return RowIdColumns();
}

native::BindInfo GetBindInfo(const native::optional_ptr<native::FunctionData> data) {
  return native::BindInfo(*ScanOf(*data).table);
}

// Lets count(*) be answered from the log.
native::vector<native::PartitionStatistics> GetPartitionStatistics(native::ClientContext&,
                                                                   native::GetPartitionStatsInput& input) {
  const auto& bound = input.bind_data->Cast<native::MultiFileBindData>();
  const auto& files = static_cast<const LakeFileList&>(*bound.file_list);
  auto rows = files.ExactRowCount();
  if (!rows.has_value() || *rows < 0) return {};
  MutableScanOf(bound).AddReading(files.reading());
  native::PartitionStatistics statistics;
  statistics.count = static_cast<native::idx_t>(*rows);
  statistics.count_type = native::CountType::COUNT_EXACT;
  return {statistics};
}

native::unique_ptr<native::BaseStatistics> GetColumnStatistics(native::ClientContext&, const native::FunctionData* data,
                                                               native::column_t column) {
  // They go past barriers and masks into what the optimiser concludes of a query: whether a condition that fails is met
  // at all would tell of hidden values.
  if (ScanOf(*data).table->entry().policy != nullptr) return nullptr;
  const auto& bound = data->Cast<native::MultiFileBindData>();
  return LogStatistics(ScanOf(*data), static_cast<const LakeFileList&>(*bound.file_list).files(), column);
}

native::InsertionOrderPreservingMap<native::string> ToString(native::TableFunctionToStringInput& input) {
  native::InsertionOrderPreservingMap<native::string> lines;
  const auto& bound = input.bind_data->Cast<native::MultiFileBindData>();
  const LakeScan& scan = ScanOf(bound);
  lines["Table"] = scan.table->entry().schema_name + "." + scan.table->entry().table_name;
  lines["Version"] = std::to_string(scan.snapshot->version());
  lines["Files"] = fmt::format("{} of {}", bound.file_list->GetTotalFileCount(), scan.snapshot->files().size());
  return lines;
}

void WriteCopiedScan(native::Serializer& serializer, const native::optional_ptr<native::FunctionData> data,
                     const native::TableFunction& function) {
  MutableScanOf(*data).copied = true;
  ScanOf(*data).state->plan_copies.Write(serializer, function, *data);
}

native::TableFunction MakeFunction(const native::TableFunction& parquet_scan, std::shared_ptr<LakeScan> scan) {
  auto info = native::make_shared_ptr<LakeScanInfo>();
  info->scan = std::move(scan);
  native::TableFunction function = parquet_scan;
  function.name = kLakeScan;
  function.function_info = std::move(info);
  function.get_multi_file_reader = MakeReader;
  function.function = Scan;
  function.init_global = InitGlobal;
  function.get_virtual_columns = GetScanVirtualColumns;
  function.get_row_id_columns = GetScanRowIdColumns;
  function.get_bind_info = GetBindInfo;
  function.get_partition_stats = GetPartitionStatistics;
  function.statistics = GetColumnStatistics;
  function.to_string = ToString;
  function.dynamic_to_string = nullptr;
  // parquet_scan's own would give a bare scan of the same files, without deletion vectors and the governor's mark.
  function.serialize = WriteCopiedScan;
  function.deserialize = ReadCopiedScan;
  // Else plans are compared by what is written of them, and two scans never look the same.
  function.verify_serialization = false;
  return function;
}

}  // namespace

std::shared_ptr<LakeScan> FindLakeScan(const native::LogicalGet& get) {
  if (get.function.init_global != InitGlobal || get.bind_data == nullptr) return nullptr;
  const auto& bound = get.bind_data->Cast<native::MultiFileBindData>();
  return static_cast<const LakeFileReader&>(*bound.multi_file_reader).scan();
}

native::TableFunction LakeTableEntry::GetScanFunction(native::ClientContext& context,
                                                      native::unique_ptr<native::FunctionData>& bind_data) {
  StatementState& state = StatementState::Get(context);
  auto& entry = native::Catalog::GetSystemCatalog(context).GetEntry<native::TableFunctionCatalogEntry>(
      context, DEFAULT_SCHEMA, "parquet_scan");
  auto scan = std::make_shared<LakeScan>();
  scan->parquet_scan = entry.functions.GetFunctionByArguments(context, {native::LogicalType::VARCHAR});
  scan->scan_id = ++state.last_scan_id;
  scan->table = this;
  scan->snapshot = snapshot_;
  scan->state = &state;
  scan->governed = state.checks_expectations;
  scan->via = state.open_views;
  scan->pruner = std::make_shared<FilePruner>(snapshot_);
  if (!time_travel_) LakeTransaction::Get(context, catalog).MarkRead(entry_.id, scan);

  // Each one is a request to the store, of a file that never changes; local ones the system keeps.
  if (storage::IsUrl(entry_.location)) KeepFooters(context, true);
  native::TableFunction function = MakeFunction(scan->parquet_scan, scan);
  native::vector<native::Value> inputs = {native::Value("")};
  native::named_parameter_map_t named;
  native::vector<native::LogicalType> input_types, types;
  native::vector<native::string> input_names, names;
  native::TableFunctionRef reference;
  native::TableFunctionBindInput input(inputs, named, input_types, input_names, nullptr, nullptr, function, reference);
  bind_data = function.bind(context, input, types, names);
  return function;
}

native::virtual_column_map_t LakeTableEntry::GetVirtualColumns() const {
  auto columns = VirtualColumns();
  AddKeptCellColumns(snapshot_->schema(), columns);
  return columns;
}
native::vector<native::column_t> LakeTableEntry::GetRowIdColumns() const {
  auto columns = RowIdColumns();
  if (change_rows_ == nullptr && KeptRowIds(*snapshot_)) columns.push_back(RowIdentity::kKeptId);
  return columns;
}

}  // namespace neurolake::engine::duckdb
