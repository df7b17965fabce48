#include "common/text.h"
#include "duckdb/parser/parsed_data/alter_info.hpp"
#include "duckdb/parser/parsed_data/drop_info.hpp"
#include "engine/duckdb/information_relations.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/table_creation.h"

namespace neurolake::engine::duckdb {

namespace {

/// Names belong to the metadata store, which changes them at once and cannot take it back with the transaction.
void ChangeName(native::ClientContext& context, const NameChange& change) {
  StatementState& state = StatementState::Get(context);
  if (state.explicit_transaction) {
    ThrowLakeError(Error(ErrorCode::kNotSupported,
                         "CREATE and DROP of schemas and views, and DROP TABLE, run outside of a transaction only"));
  }
  if (IsOwnSchema(change.schema_name)) {
    ThrowLakeError(Error(ErrorCode::kReadOnly, fmt::format("schema {} cannot be changed", change.schema_name)));
  }
  ValueOrThrow(state.provider->ChangeName(change));
}

}  // namespace

native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateTable(native::CatalogTransaction transaction,
                                                                        native::BoundCreateTableInfo& info) {
  native::ClientContext& context = transaction.GetContext();
  CreatedTable created = PrepareCreation(context, *this, info.Base(), /*with_rows=*/false);
  if (created.skip) return nullptr;
  if (created.register_only) {
    LakeTransaction& open = LakeTransaction::Get(context, catalog);
    LakeWrite& write = open.BeginWrite(created.table, nullptr);
    write.base = created.base;
    write.register_as = created.making.register_as;
    write.register_only = true;
    // Nothing is published; the catalogue keeps the comment.
    write.metadata = created.base->metadata();
    write.commit_when_empty = true;
    return nullptr;
  }
  WriteJob job;
  job.target = MakeWriteTarget(created.table, created.base, created.schema, created.making.metadata);
  job.operation = created.operation;
  job.parameters = created.parameters;
  job.making = std::move(created.making);
  StageWrite(context, job, {});
  StatementState::Get(context).rows_changed = -1;
  return nullptr;
}

native::ErrorData LakeCatalog::SupportsCreateTable(native::BoundCreateTableInfo& info) {
  ValueOrThrow(CheckCreation(info.Base()));
  return {};
}

native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateView(native::CatalogTransaction transaction,
                                                                       native::CreateViewInfo& info) {
  if (info.temporary) {
    ThrowLakeError(Error(ErrorCode::kNotSupported, fmt::format("a lake has no temporary views: {}", info.view_name)));
  }
  NameChange change;
  change.kind = NameChange::Kind::kCreateView;
  change.schema_name = LowerAscii(name);
  change.name = LowerAscii(info.view_name);
  change.or_replace = info.on_conflict == native::OnCreateConflict::REPLACE_ON_CONFLICT;
  change.if_not_exists = info.on_conflict == native::OnCreateConflict::IGNORE_ON_CONFLICT;
  change.view_sql = info.query->ToString();
  change.view_columns.assign(info.aliases.begin(), info.aliases.end());
  if (!info.comment.IsNull()) change.comment = info.comment.ToString();
  ChangeName(transaction.GetContext(), change);
  return nullptr;
}

void LakeSchemaEntry::DropEntry(native::ClientContext& context, native::DropInfo& info) {
  NameChange change;
  if (info.type == native::CatalogType::TABLE_ENTRY) {
    change.kind = NameChange::Kind::kDropTable;
  } else if (info.type == native::CatalogType::VIEW_ENTRY) {
    change.kind = NameChange::Kind::kDropView;
  } else {
    ThrowLakeError(
        Error(ErrorCode::kNotSupported,
              fmt::format("the lake holds tables and views only, so this cannot be dropped: {}", info.name)));
  }
  change.schema_name = LowerAscii(name);
  change.name = LowerAscii(info.name);
  change.if_exists = info.if_not_found == native::OnEntryNotFound::RETURN_NULL;
  change.cascade = info.cascade;
  ChangeName(context, change);
}

void LakeSchemaEntry::Alter(native::CatalogTransaction, native::AlterInfo& info) {
  ThrowLakeError(Error(ErrorCode::kNotSupported,
                       fmt::format("ALTER and COMMENT are not supported yet; CREATE OR REPLACE TABLE … AS SELECT makes "
                                   "a table anew: {}",
                                   info.name)));
}

native::optional_ptr<native::CatalogEntry> LakeCatalog::CreateSchema(native::CatalogTransaction transaction,
                                                                     native::CreateSchemaInfo& info) {
  if (info.on_conflict == native::OnCreateConflict::REPLACE_ON_CONFLICT) {
    ThrowLakeError(Error(ErrorCode::kNotSupported, "OR REPLACE is not supported for schemas"));
  }
  NameChange change;
  change.kind = NameChange::Kind::kCreateSchema;
  change.schema_name = LowerAscii(info.schema);
  change.if_not_exists = info.on_conflict == native::OnCreateConflict::IGNORE_ON_CONFLICT;
  if (!info.comment.IsNull()) change.comment = info.comment.ToString();
  ChangeName(transaction.GetContext(), change);
  return &SchemaObject(change.schema_name);
}

void LakeCatalog::DropSchema(native::ClientContext& context, native::DropInfo& info) {
  NameChange change;
  change.kind = NameChange::Kind::kDropSchema;
  change.schema_name = LowerAscii(info.name);
  change.if_exists = info.if_not_found == native::OnEntryNotFound::RETURN_NULL;
  change.cascade = info.cascade;
  ChangeName(context, change);
}

}  // namespace neurolake::engine::duckdb
