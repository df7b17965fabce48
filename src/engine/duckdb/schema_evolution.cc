#include "engine/duckdb/internal/schema_evolution.h"

#include <set>

#include "common/text.h"
#include "duckdb/parser/expression/star_expression.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lookup_check.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/alter.h"

namespace neurolake::engine::duckdb {
namespace {

using native::MergeActionType;
using tables::delta::DataType;

/// Columns, in lower case, that a MERGE's clauses assign to; nullopt: all of the source.
std::optional<std::set<std::string>> NamedColumns(const native::MergeIntoStatement& merge) {
  std::set<std::string> names;
  for (const auto& [kind, actions] : merge.actions) {
    for (const auto& action : actions) {
      if (action->action_type == MergeActionType::MERGE_UPDATE) {
        if (action->update_info == nullptr) return std::nullopt;
        for (const auto& column : action->update_info->columns) names.insert(LowerAscii(column));
      }
      if (action->action_type == MergeActionType::MERGE_INSERT && !action->default_values) {
        if (action->expressions.empty()) return std::nullopt;
        for (const auto& column : action->insert_columns) names.insert(LowerAscii(column));
      }
    }
  }
  return names;
}

native::unique_ptr<native::SelectStatement> SourceOf(const native::MergeIntoStatement& merge) {
  auto node = native::make_uniq<native::SelectNode>();
  node->select_list.push_back(native::make_uniq<native::StarExpression>());
  node->from_table = merge.source->Copy();
  node->cte_map = merge.cte_map.Copy();
  auto select = native::make_uniq<native::SelectStatement>();
  select->node = std::move(node);
  return select;
}

/// What evolves: a table, by its name, and the rows that come.
struct Evolution {
  std::string catalog, schema, table;
  native::unique_ptr<native::SelectStatement> rows;
  std::optional<std::set<std::string>> wanted;
};

Evolution EvolutionOf(native::SQLStatement& statement) {
  Evolution evolution;
  if (statement.type == native::StatementType::MERGE_INTO_STATEMENT) {
    auto& merge = statement.Cast<native::MergeIntoStatement>();
    const auto& target = merge.target->Cast<native::BaseTableRef>();
    evolution.catalog = target.catalog_name;
    evolution.schema = target.schema_name;
    evolution.table = target.table_name;
    evolution.rows = SourceOf(merge);
    evolution.wanted = NamedColumns(merge);
    return evolution;
  }
  if (statement.type == native::StatementType::INSERT_STATEMENT) {
    auto& insert = statement.Cast<native::InsertStatement>();
    if (insert.column_order == native::InsertColumnOrder::INSERT_BY_NAME && insert.select_statement != nullptr) {
      evolution.catalog = insert.catalog;
      evolution.schema = insert.schema;
      evolution.table = insert.table;
      evolution.rows =
          native::unique_ptr_cast<native::SQLStatement, native::SelectStatement>(insert.select_statement->Copy());
      return evolution;
    }
  }
  ThrowLakeError(Error(ErrorCode::kNotSupported,
                       "WITH SCHEMA EVOLUTION is for MERGE INTO and INSERT INTO … BY NAME: names say "
                       "which columns are new"));
}

/// Columns that come, but for those that the table encrypts: their values are cast to its types, and never widen them.
DataType RowsSchema(const native::BoundStatement& rows, const std::optional<std::set<std::string>>& wanted,
                    const DataType& known) {
  DataType schema;
  schema.kind = DataType::Kind::kStruct;
  for (size_t i = 0; i < rows.names.size(); ++i) {
    if (wanted && !wanted->contains(LowerAscii(rows.names[i]))) continue;
    const bool encrypted = std::ranges::any_of(
        known.fields, [&](const auto& one) { return EqualsIgnoringCase(one.name, rows.names[i]) && IsEncrypted(one); });
    if (encrypted) continue;
    tables::delta::StructField field;
    field.name = rows.names[i];
    field.type = ValueOrThrow(ToDeltaType(rows.types[i], rows.names[i]));
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

}  // namespace

void EvolveSchema(native::ClientContext& context, native::SQLStatement& statement,
                  native::BoundParameterMap& parameters) {
  StatementState& state = StatementState::Get(context);
  Evolution evolution = EvolutionOf(statement);
  auto binder = native::Binder::CreateBinder(context);
  SetLookupCheck(*binder, state);
  binder->SetParameters(parameters);
  const auto bound = binder->Bind(static_cast<native::SQLStatement&>(*evolution.rows));
  if (state.refusal.has_value()) ThrowLakeError(*state.refusal);
  native::EntryLookupInfo lookup(native::CatalogType::TABLE_ENTRY, evolution.table);
  auto entry =
      binder->GetCatalogEntry(evolution.catalog, evolution.schema, lookup, native::OnEntryNotFound::RETURN_NULL);
  if (!entry || entry->type != native::CatalogType::TABLE_ENTRY) return;  // Binding says what is wrong.
  LakeTableEntry& table = WritableTable(context, entry->Cast<native::TableCatalogEntry>());
  tables::delta::TableEditor editor(*table.snapshot());
  if (!ValueOrThrow(editor.MergeSchema(RowsSchema(bound, evolution.wanted, editor.schema())))) return;
  LakeTransaction& transaction = LakeTransaction::Get(context, table.ParentCatalog());
  LakeWrite& write = transaction.BeginWrite(table.entry(), table.snapshot());
  write.metadata = editor.metadata();
  write.protocol = editor.protocol();
  transaction.Pin(table.entry().id, write.Applied());
}

}  // namespace neurolake::engine::duckdb
