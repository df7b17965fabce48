#include "duckdb/function/table/arrow.hpp"
#include "duckdb/function/table/arrow/arrow_duck_schema.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lake_append.h"
#include "engine/duckdb/internal/lake_catalog.h"

namespace neurolake::engine::duckdb {
namespace {

/// The columns of one member, as the engine sees them.
struct MemberColumns {
  native::ArrowTableSchema table;
  std::vector<native::unique_ptr<native::ArrowArrayScanState>> states;
};

struct GroupedRowsState final : native::GlobalTableFunctionState {
  size_t member = 0, batch = 0;
  std::unique_ptr<MemberColumns> columns;
};

GroupedRows& GroupOf(native::ClientContext& context) {
  const auto& group = StatementState::Get(context).grants.grouped;
  if (group == nullptr || group->members.empty()) {
    ThrowLakeError(Error(ErrorCode::kInternal, "there are no grouped rows in this statement"));
  }
  return *group;
}

std::unique_ptr<MemberColumns> ReadColumns(native::ClientContext& context, const arrow::Schema& schema) {
  auto columns = std::make_unique<MemberColumns>();
  native::ArrowTableFunction::PopulateArrowTableSchema(context, columns->table, *schema.get());
  for (int64_t i = 0; i < schema.column_count(); ++i) {
    columns->states.push_back(native::make_uniq<native::ArrowArrayScanState>(context));
  }
  return columns;
}

/// Before anything is made of the rows: columns that do not fit would be an error of another kind.
void CheckTable(native::ClientContext& context, const GroupedRows& group) {
  const native::EntryLookupInfo lookup(native::CatalogType::TABLE_ENTRY, group.name.name);
  auto entry = native::Catalog::GetEntry(context, LakeCatalog::kName, group.name.schema_name, lookup,
                                         native::OnEntryNotFound::RETURN_NULL);
  auto* table = entry ? dynamic_cast<LakeTableEntry*>(entry.get()) : nullptr;
  if (table == nullptr || table->entry().id != group.table) {
    ThrowLakeError(Error(ErrorCode::kConflict, "the table was dropped or renamed while the statement ran"));
  }
  if (DefinitionMark(*table->snapshot()) == group.definition) return;
  ThrowLakeError(Error(ErrorCode::kConflict,
                       fmt::format("MetadataChanged: the table's schema or properties were changed while the statement "
                                   "ran, run it again, table: {}.{}",
                                   group.name.schema_name, group.name.name)));
}

native::unique_ptr<native::FunctionData> Bind(native::ClientContext& context, native::TableFunctionBindInput&,
                                              native::vector<native::LogicalType>& types,
                                              native::vector<native::string>& names) {
  CheckTable(context, GroupOf(context));
  const auto columns = ReadColumns(context, GroupOf(context).members.front().schema);
  types = columns->table.GetTypes();
  names = columns->table.GetNames();
  return native::make_uniq<native::TableFunctionData>();
}

native::unique_ptr<native::GlobalTableFunctionState> Init(native::ClientContext&, native::TableFunctionInitInput&) {
  return native::make_uniq<GroupedRowsState>();
}

/// The vectors refer to the batch, which lives as long as the statement.
void ToChunk(arrow::Batch& batch, MemberColumns& columns, native::DataChunk& output) {
  const auto rows = static_cast<native::idx_t>(batch.row_count());
  if (batch.row_count() > kAppendBatchRows || batch.get()->n_children != static_cast<int64_t>(output.ColumnCount())) {
    ThrowLakeError(Error(ErrorCode::kCorruption, "rows of a group are not as they should be"));
  }
  for (native::idx_t i = 0; i < output.ColumnCount(); ++i) {
    auto& state = *columns.states[i];
    state.Reset();
    state.owned_data = native::make_shared_ptr<native::ArrowArrayWrapper>();
    auto& array = *batch.get()->children[i];
    const auto& type = *columns.table.GetColumns().at(i);
    native::ArrowToDuckDBConversion::SetValidityMask(output.data[i], array, 0, rows, batch.get()->offset, -1);
    native::ArrowToDuckDBConversion::ColumnArrowToDuckDB(output.data[i], array, 0, state, rows, type);
  }
  output.SetCardinality(rows);
}

void Scan(native::ClientContext& context, native::TableFunctionInput& input, native::DataChunk& output) {
  auto& state = input.global_state->Cast<GroupedRowsState>();
  auto& members = GroupOf(context).members;
  while (state.member < members.size()) {
    auto& member = members[state.member];
    if (state.columns == nullptr) {
      state.columns = ReadColumns(context, member.schema);
      if (state.columns->table.GetTypes() != output.GetTypes()) {
        ThrowLakeError(Error(ErrorCode::kConflict, "the rows of a group are not of the same types"));
      }
    }
    if (state.batch < member.batches.size()) {
      ToChunk(member.batches[state.batch++], *state.columns, output);
      if (output.size() > 0) return;
      continue;
    }
    ++state.member;
    state.batch = 0;
    state.columns.reset();
  }
  output.SetCardinality(0);
}

}  // namespace

native::TableFunction GroupedRowsFunction() { return {"lake_grouped_rows", {}, Scan, Bind, Init}; }

}  // namespace neurolake::engine::duckdb
