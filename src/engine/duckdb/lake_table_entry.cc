#include "duckdb/parser/constraints/not_null_constraint.hpp"
#include "duckdb/storage/statistics/base_statistics.hpp"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {

native::unique_ptr<LakeTableEntry> LakeTableEntry::Make(LakeCatalog& catalog, LakeSchemaEntry& schema, TableEntry entry,
                                                        std::shared_ptr<const tables::delta::Snapshot> snapshot,
                                                        bool time_travel) {
  native::CreateTableInfo info(schema, entry.table_name);
  for (const auto& field : snapshot->schema().fields) {
    if (!field.nullable) {
      info.constraints.push_back(
          native::make_uniq<native::NotNullConstraint>(native::LogicalIndex(info.columns.LogicalColumnCount())));
    }
    info.columns.AddColumn(native::ColumnDefinition(field.name, ToDuckDbType(field.type)));
  }
  return native::unique_ptr<LakeTableEntry>(
      new LakeTableEntry(catalog, schema, info, std::move(entry), std::move(snapshot), time_travel));
}

native::unique_ptr<native::BaseStatistics> LakeTableEntry::GetStatistics(native::ClientContext&, native::column_t) {
  return nullptr;  // Row groups carry their own; the log's are used to prune files.
}

native::TableStorageInfo LakeTableEntry::GetStorageInfo(native::ClientContext&) { return {}; }

}  // namespace neurolake::engine::duckdb
