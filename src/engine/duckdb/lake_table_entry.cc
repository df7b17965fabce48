#include "duckdb/parser/constraints/not_null_constraint.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/storage/statistics/base_statistics.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/table_rules.h"

namespace neurolake::engine::duckdb {

namespace {

/// For the binder, under the gate of the statement; null where there is none, or one that is not understood: PlanWrite
/// then refuses to write rows.
native::unique_ptr<native::ParsedExpression> DefaultOf(const tables::delta::StructField& field) {
  const auto value = tables::delta::UnderstoodDefault(field);
  if (!value) return nullptr;
  const auto text = value->ToEngine({.kind = tables::delta::DataType::Kind::kStruct});
  if (!text.has_value()) return nullptr;
  auto parsed = native::Parser::ParseExpressionList(*text);
  return parsed.size() == 1 ? std::move(parsed[0]) : nullptr;
}

}  // namespace

native::unique_ptr<LakeTableEntry> LakeTableEntry::Make(StatementState& state, LakeCatalog& catalog,
                                                        LakeSchemaEntry& schema, TableEntry entry,
                                                        std::shared_ptr<const tables::delta::Snapshot> snapshot,
                                                        bool time_travel, RowIds row_ids) {
  native::CreateTableInfo info(schema, entry.table_name);
  static const tables::delta::DataType kNoColumns{};
  const bool cells = SeesCells(state);
  if (snapshot != nullptr && HasEncryptedColumns(snapshot->schema())) state.names_cells = true;
  for (const auto& field : (snapshot == nullptr ? kNoColumns : snapshot->schema()).fields) {
    if (!field.nullable) {
      info.constraints.push_back(
          native::make_uniq<native::NotNullConstraint>(native::LogicalIndex(info.columns.LogicalColumnCount())));
    }
    native::ColumnDefinition column(field.name, cells ? ToDuckDbType(field.type) : ReadableType(field));
    if (auto value = DefaultOf(field)) column.SetDefaultValue(std::move(value));
    info.columns.AddColumn(std::move(column));
  }
  for (int i = 0; row_ids == RowIds::kWritten && i < 2; ++i) {
    info.columns.AddColumn(native::ColumnDefinition(RowIdentity::kNames[2 * i], native::LogicalType::BIGINT));
  }
  return native::unique_ptr<LakeTableEntry>(
      new LakeTableEntry(catalog, schema, info, std::move(entry), std::move(snapshot), time_travel, row_ids));
}

native::unique_ptr<native::BaseStatistics> LakeTableEntry::GetStatistics(native::ClientContext&, native::column_t) {
  return nullptr;  // Row groups carry their own; the log's are used to prune files.
}

native::TableStorageInfo LakeTableEntry::GetStorageInfo(native::ClientContext&) { return {}; }

}  // namespace neurolake::engine::duckdb
