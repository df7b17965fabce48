#include "engine/duckdb/internal/lake_functions.h"

#include <boost/json.hpp>

#include "common/text.h"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "engine/duckdb/internal/cell_functions.h"
#include "engine/duckdb/internal/create_table_text.h"
#include "engine/duckdb/internal/definition_change.h"
#include "engine/duckdb/internal/json_rows.h"
#include "engine/duckdb/internal/lake_append.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_files.h"
#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/layout_curve.h"
#include "engine/duckdb/internal/log_lines.h"
#include "engine/duckdb/internal/mask_functions.h"
#include "engine/duckdb/internal/plan_copies.h"
#include "engine/duckdb/internal/redact_function.h"
#include "engine/duckdb/internal/system_table.h"
#include "tables/delta/layout.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;

struct LakeFunctionColumn {
  const char* name;
  const char* type;
};

// Databricks' columns, in its order.
constexpr LakeFunctionColumn kHistoryColumns[] = {{"version", "BIGINT"},
                                                  {"timestamp", "TIMESTAMP WITH TIME ZONE"},
                                                  {"userId", "VARCHAR"},
                                                  {"userName", "VARCHAR"},
                                                  {"operation", "VARCHAR"},
                                                  {"operationParameters", "MAP(VARCHAR, VARCHAR)"},
                                                  {"clusterId", "VARCHAR"},
                                                  {"readVersion", "BIGINT"},
                                                  {"isolationLevel", "VARCHAR"},
                                                  {"isBlindAppend", "BOOLEAN"},
                                                  {"operationMetrics", "MAP(VARCHAR, VARCHAR)"},
                                                  {"userMetadata", "VARCHAR"},
                                                  {"engineInfo", "VARCHAR"}};
constexpr LakeFunctionColumn kDetailColumns[] = {{"format", "VARCHAR"},
                                                 {"id", "VARCHAR"},
                                                 {"name", "VARCHAR"},
                                                 {"description", "VARCHAR"},
                                                 {"location", "VARCHAR"},
                                                 {"createdAt", "TIMESTAMP WITH TIME ZONE"},
                                                 {"lastModified", "TIMESTAMP WITH TIME ZONE"},
                                                 {"partitionColumns", "VARCHAR[]"},
                                                 {"clusteringColumns", "VARCHAR[]"},
                                                 {"numFiles", "BIGINT"},
                                                 {"sizeInBytes", "BIGINT"},
                                                 {"properties", "MAP(VARCHAR, VARCHAR)"},
                                                 {"minReaderVersion", "INTEGER"},
                                                 {"minWriterVersion", "INTEGER"},
                                                 {"tableFeatures", "VARCHAR[]"}};

constexpr LakeFunctionColumn kCreateColumns[] = {{"createtab_stmt", "VARCHAR"}};

struct LakeFunctionData final : public native::TableFunctionData {
  RelationName relation;
  TableEntry table;
  bool detail = false;
  bool create = false;
  std::optional<int64_t> versions_max;  // Of the history, the newest.
};

struct LakeFunctionState final : public native::GlobalTableFunctionState {
  std::vector<json::array> rows;
  size_t next = 0;
};

// The table, looked up through the catalogue as a scan's would be, so that the gate hears of it.
LakeTableEntry& FindTable(native::ClientContext& context, const RelationName& relation) {
  native::EntryLookupInfo lookup(native::CatalogType::TABLE_ENTRY, relation.name);
  auto entry = native::Catalog::GetEntry(context, LakeCatalog::kName, relation.schema_name, lookup,
                                         native::OnEntryNotFound::RETURN_NULL);
  auto* table = entry ? dynamic_cast<LakeTableEntry*>(entry.get()) : nullptr;
  if (table == nullptr) {
    ThrowLakeError(
        Error(ErrorCode::kNotFound, fmt::format("no such table: {}.{}", relation.schema_name, relation.name)));
  }
  plan::Lookup asked{"table", LakeCatalog::kName, relation.schema_name, relation.name};
  ValueOrThrow(StatementState::Get(context).gate->Check(asked));
  return *table;
}

template <size_t kCount>
native::unique_ptr<native::FunctionData> BindColumns(native::ClientContext& context,
                                                     native::TableFunctionBindInput& input,
                                                     native::vector<native::LogicalType>& types,
                                                     native::vector<native::string>& names,
                                                     const LakeFunctionColumn (&columns)[kCount], bool detail) {
  auto data = native::make_uniq<LakeFunctionData>();
  data->relation = {LowerAscii(input.inputs[0].ToString()), LowerAscii(input.inputs[1].ToString())};
  data->table = FindTable(context, data->relation).entry();
  data->detail = detail;
  for (const auto& column : columns) {
    names.emplace_back(column.name);
    types.push_back(native::TransformStringToLogicalType(column.type, context));
  }
  return data;
}

native::unique_ptr<native::FunctionData> BindHistory(native::ClientContext& context,
                                                     native::TableFunctionBindInput& input,
                                                     native::vector<native::LogicalType>& types,
                                                     native::vector<native::string>& names) {
  auto data = BindColumns(context, input, types, names, kHistoryColumns, false);
  if (const auto given = input.named_parameters.find("versions"); given != input.named_parameters.end()) {
    data->Cast<LakeFunctionData>().versions_max = given->second.GetValue<int64_t>();
  }
  return data;
}

native::unique_ptr<native::FunctionData> BindDetail(native::ClientContext& context,
                                                    native::TableFunctionBindInput& input,
                                                    native::vector<native::LogicalType>& types,
                                                    native::vector<native::string>& names) {
  return BindColumns(context, input, types, names, kDetailColumns, true);
}

native::unique_ptr<native::FunctionData> BindCreate(native::ClientContext& context,
                                                    native::TableFunctionBindInput& input,
                                                    native::vector<native::LogicalType>& types,
                                                    native::vector<native::string>& names) {
  auto data = BindColumns(context, input, types, names, kCreateColumns, false);
  data->Cast<LakeFunctionData>().create = true;
  return data;
}

json::array HistoryRow(const tables::delta::HistoryEntry& entry) {
  boost::system::error_code problem;
  json::value info = json::parse(entry.commit_info.empty() ? "{}" : entry.commit_info, problem);
  if (problem || !info.is_object()) info = json::object();
  auto take = [&](const char* name) {
    const json::value* found = info.as_object().if_contains(name);
    return found == nullptr ? json::value() : *found;
  };
  return {entry.version,
          json::value(FormatTimestamp(entry.timestamp)),
          take("userId"),
          take("userName"),
          take("operation"),
          take("operationParameters"),
          take("clusterId"),
          take("readVersion"),
          take("isolationLevel"),
          take("isBlindAppend"),
          take("operationMetrics"),
          take("userMetadata"),
          take("engineInfo")};
}

/// Predicates hold values, metrics count rows, and messages may say anything.
void HideHistory(json::array& row) {
  constexpr std::string_view kHidden[] = {"operationParameters", "operationMetrics", "userMetadata"};
  for (size_t i = 0; i < std::size(kHistoryColumns); ++i) {
    if (std::ranges::find(kHidden, kHistoryColumns[i].name) != std::end(kHidden)) row[i] = nullptr;
  }
}

json::array ClusteringNames(const tables::delta::Snapshot& snapshot) {
  json::array names;
  for (const auto& path : ValueOrThrow(tables::delta::ClusteringColumns(snapshot))) {
    std::string name;
    for (const std::string& part : path) name += (name.empty() ? "" : ".") + part;
    names.emplace_back(std::move(name));
  }
  return names;
}

json::array DetailRow(StatementState& state, const LakeFunctionData& data, const tables::delta::Snapshot& snapshot) {
  const auto& metadata = snapshot.metadata();
  const auto& protocol = snapshot.protocol();
  json::array partitions(metadata.partition_columns.begin(), metadata.partition_columns.end());
  json::object properties;
  for (const auto& [name, value] : metadata.configuration) properties[name] = value;
  std::map<std::string, int> features;
  for (const auto& feature : protocol.reader_features) features[feature] = 1;
  for (const auto& feature : protocol.writer_features) features[feature] = 1;
  json::array feature_names;
  for (const auto& [name, one] : features) feature_names.emplace_back(name);
  const bool hides = data.table.policy != nullptr;
  int64_t bytes = 0;
  for (size_t i = 0; i < snapshot.files().size(); ++i) bytes += snapshot.files().size_bytes(i);
  auto newest = ValueOrThrow(tables::delta::ReadHistory(*state.context, *state.store, data.table.location, 1));
  const WallTime created{std::chrono::milliseconds(metadata.created_time_ms)};
  return {"delta",
          json::value(metadata.id),
          json::value(data.relation.schema_name + "." + data.relation.name),
          metadata.description.empty() ? json::value() : json::value(metadata.description),
          json::value(data.table.location),
          json::value(FormatTimestamp(created)),
          newest.empty() ? json::value() : json::value(FormatTimestamp(newest.front().timestamp)),
          std::move(partitions),
          ClusteringNames(snapshot),
          hides ? json::value() : json::value(static_cast<int64_t>(snapshot.files().size())),
          hides ? json::value() : json::value(bytes),
          std::move(properties),
          protocol.min_reader_version,
          protocol.min_writer_version,
          std::move(feature_names)};
}

native::unique_ptr<native::GlobalTableFunctionState> Init(native::ClientContext& context,
                                                          native::TableFunctionInitInput& input) {
  StatementState& state = StatementState::Get(context);
  const auto& data = input.bind_data->Cast<LakeFunctionData>();
  auto result = native::make_uniq<LakeFunctionState>();
  if (data.create) {
    result->rows.push_back({json::value(CreateTableText(data.table, *FindTable(context, data.relation).snapshot()))});
    return result;
  }
  if (data.detail) {
    result->rows.push_back(DetailRow(state, data, *FindTable(context, data.relation).snapshot()));
    return result;
  }
  for (const auto& entry :
       ValueOrThrow(tables::delta::ReadHistory(*state.context, *state.store, data.table.location, data.versions_max))) {
    result->rows.push_back(HistoryRow(entry));
    if (data.table.policy != nullptr) HideHistory(result->rows.back());
  }
  return result;
}

void Scan(native::ClientContext&, native::TableFunctionInput& input, native::DataChunk& output) {
  auto& state = input.global_state->Cast<LakeFunctionState>();
  native::idx_t count = 0;
  for (; count < STANDARD_VECTOR_SIZE && state.next < state.rows.size(); ++count) {
    AppendRow(state.rows[state.next++], count, output);
  }
  output.SetCardinality(count);
}

}  // namespace

void RegisterLakeFunctions(native::ClientContext& context) {
  const native::vector<native::LogicalType> arguments = {native::LogicalType::VARCHAR, native::LogicalType::VARCHAR};
  native::TableFunction history("lake_history", arguments, Scan, BindHistory, Init);
  history.named_parameters["versions"] = native::LogicalType::BIGINT;
  native::TableFunction detail("lake_detail", arguments, Scan, BindDetail, Init);
  native::TableFunction create("lake_create", arguments, Scan, BindCreate, Init);
  context.RunFunctionInTransaction([&] {
    auto& catalog = native::Catalog::GetSystemCatalog(context);
    for (const auto& function :
         {history, detail, create, LakeFilesFunction(), GroupedRowsFunction(), LogLinesFunction(),
          CopiedScanFunction(kLakeScan, {native::LogicalType::VARCHAR}), CopiedScanFunction(kSystemScan, {})}) {
      native::CreateTableFunctionInfo info(function);
      info.internal = true;
      catalog.CreateTableFunction(context, info);
    }
    native::CreateScalarFunctionInfo curve(LakeCurveFunction());
    curve.internal = true;
    catalog.CreateFunction(context, curve);
    auto scalar_functions = MaskFunctions();
    scalar_functions.push_back(TokenLookupFunction());
    scalar_functions.push_back(RedactFunctions());
    scalar_functions.push_back(RedefinedFunction());
    for (auto& set : RewrittenCellFunctions()) scalar_functions.push_back(std::move(set));
    for (auto& set : scalar_functions) {
      native::CreateScalarFunctionInfo scalar(std::move(set));
      scalar.internal = true;
      catalog.CreateFunction(context, scalar);
    }
  });
}

}  // namespace neurolake::engine::duckdb
