#include "engine/duckdb/internal/lake_files.h"

#include <unordered_map>

#include "common/text.h"
#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/tableref/bound_at_clause.hpp"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/sample_windows.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr const char* kSample = "sample";

// A version, or the one that the statement's transaction reads: then as an entry of its own, which counts as reading an
// old one, since rows that are only moved are not what a concurrent append could make wrong.
LakeTableEntry& FindVersion(native::ClientContext& context, const RelationName& relation, int64_t version) {
  native::BoundAtClause at("version", native::Value::BIGINT(version));
  const native::optional_ptr<native::BoundAtClause> clause = version < 0 ? nullptr : &at;
  native::EntryLookupInfo lookup(native::CatalogType::TABLE_ENTRY, relation.name, clause, native::QueryErrorContext());
  auto entry = native::Catalog::GetEntry(context, LakeCatalog::kName, relation.schema_name, lookup,
                                         native::OnEntryNotFound::RETURN_NULL);
  auto* table = entry ? dynamic_cast<LakeTableEntry*>(entry.get()) : nullptr;
  if (table == nullptr) {
    ThrowLakeError(
        Error(ErrorCode::kNotFound, fmt::format("no such table: {}.{}", relation.schema_name, relation.name)));
  }
  plan::Lookup asked{"table", LakeCatalog::kName, relation.schema_name, relation.name};
  ValueOrThrow(StatementState::Get(context).gate->Check(asked));
  if (version >= 0) return *table;
  auto& lake = table->ParentCatalog().Cast<LakeCatalog>();
  auto& schema = lake.SchemaObject(relation.schema_name);
  return LakeTransaction::Get(context, lake)
      .Keep(LakeTableEntry::Make(StatementState::Get(context), lake, schema, table->entry(), table->snapshot(),
                                 /*time_travel=*/true))
      .Cast<LakeTableEntry>();
}

// Positions in the snapshot, in the order given. Paths and not positions come in, as two loads of one version need not
// have their files in the same order.
std::shared_ptr<std::vector<uint32_t>> Choose(const tables::delta::Snapshot& snapshot, const native::Value& paths) {
  const auto& wanted = native::ListValue::GetChildren(paths);
  std::unordered_map<std::string_view, uint32_t> positions;
  positions.reserve(snapshot.files().size());
  for (uint32_t i = 0; i < snapshot.files().size(); ++i) positions.emplace(snapshot.files().path(i), i);
  auto chosen = std::make_shared<std::vector<uint32_t>>();
  chosen->reserve(wanted.size());
  for (const native::Value& path : wanted) {
    const auto found = positions.find(native::StringValue::Get(path));
    if (found == positions.end()) {
      ThrowLakeError(Error(ErrorCode::kConflict, "a file to be read is not part of that version of the table"));
    }
    chosen->push_back(found->second);
  }
  return chosen;
}

/// Rows of a file that has no statistics.
constexpr int64_t kBytesPerRowGuess = 64;

/// What of `files` makes a sample, and the files that have any of it; null if that is everything.
std::shared_ptr<const LakeScan::Sample> ChooseSample(const tables::delta::Snapshot& snapshot,
                                                     std::shared_ptr<std::vector<uint32_t>>& files) {
  std::vector<int64_t> rows;
  rows.reserve(files->size());
  for (const uint32_t file : *files) {
    const int64_t counted = snapshot.record_counts()[file];
    rows.push_back(counted >= 0 ? counted : snapshot.files().size_bytes(file) / kBytesPerRowGuess);
  }
  auto windows = SampleWindows(rows);
  if (windows.empty()) return nullptr;
  auto sample = std::make_shared<LakeScan::Sample>();
  auto met = std::make_shared<std::vector<uint32_t>>();
  for (size_t i = 0; i < windows.size(); ++i) {
    if (windows[i].empty()) continue;
    met->push_back((*files)[i]);
    sample->emplace((*files)[i], std::move(windows[i]));
  }
  files = std::move(met);
  return sample;
}

native::unique_ptr<native::LogicalOperator> Bind(native::ClientContext& context, native::TableFunctionBindInput& input,
                                                 native::idx_t bind_index, native::vector<native::string>& names) {
  const RelationName relation{LowerAscii(input.inputs[0].ToString()), LowerAscii(input.inputs[1].ToString())};
  LakeTableEntry& table = FindVersion(context, relation, input.inputs[2].GetValue<int64_t>());
  native::vector<native::LogicalType> types;
  for (const auto& column : table.GetColumns().Logical()) {
    types.push_back(column.Type());
    names.push_back(column.Name());
  }
  native::unique_ptr<native::FunctionData> bind_data;
  native::TableFunction scan_function = table.GetScanFunction(context, bind_data);
  // Asked of the function, which lets its readers know of them, too.
  auto virtual_columns = scan_function.get_virtual_columns(context, bind_data.get());
  auto get = native::make_uniq<native::LogicalGet>(bind_index, std::move(scan_function), std::move(bind_data), types,
                                                   names, std::move(virtual_columns));
  auto scan = FindLakeScan(*get);
  NL_CHECK(scan != nullptr);
  auto chosen = Choose(*scan->snapshot, input.inputs[3]);
  const auto sample = input.named_parameters.find(kSample);
  if (sample != input.named_parameters.end() && sample->second.GetValue<bool>()) {
    scan->sample = ChooseSample(*scan->snapshot, chosen);
  }
  get->bind_data->Cast<native::MultiFileBindData>().file_list = native::make_shared_ptr<LakeFileList>(scan, chosen);
  for (native::idx_t i = 0; i < types.size(); ++i) get->AddColumnId(i);
  for (native::column_t i = 0; i < 4 && KeptRowIds(*table.snapshot()); ++i) {
    const native::string name = RowIdentity::kNames[i];
    if (std::ranges::any_of(names, [&](const auto& taken) { return EqualsIgnoringCase(taken, name); })) {
      ThrowLakeError(Error(ErrorCode::kNotSupported,
                           fmt::format("a table that tracks rows cannot have a column of this name: {}", name)));
    }
    names.push_back(name);
    get->AddColumnId(RowIdentity::kKeptId + i);
  }
  if (scan->sample) {
    constexpr auto kRowNumber = native::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER;
    names.emplace_back("neurolake.row_number");
    get->bind_data->Cast<native::MultiFileBindData>().virtual_columns = table.GetVirtualColumns();
    get->AddColumnId(kRowNumber);
    // True of every row. It keeps the column, and gives way to each file's own where the file is opened.
    get->table_filters.PushFilter(native::ColumnIndex(kRowNumber),
                                  native::make_uniq<native::ConstantFilter>(
                                      native::ExpressionType::COMPARE_GREATERTHANOREQUALTO, native::Value::BIGINT(0)));
  }
  return get;
}

}  // namespace

native::TableFunction LakeFilesFunction() {
  native::TableFunction function("lake_files",
                                 {native::LogicalType::VARCHAR, native::LogicalType::VARCHAR,
                                  native::LogicalType::BIGINT, native::LogicalType::LIST(native::LogicalType::VARCHAR)},
                                 nullptr, nullptr);
  function.named_parameters[kSample] = native::LogicalType::BOOLEAN;
  function.bind_operator = Bind;
  return function;
}

}  // namespace neurolake::engine::duckdb
