#include "engine/duckdb/internal/lake_catalog.h"

#include "common/text.h"
#include "engine/duckdb/information_relations.h"

namespace neurolake::engine::duckdb {

StatementState& StatementState::Get(native::ClientContext& context) {
  auto state = context.registered_state->Get<StatementState>(kName);
  if (state == nullptr || state->provider == nullptr) {
    ThrowLakeError(Error(ErrorCode::kInternal, "the lake was used outside of a statement"));
  }
  return *state;
}

native::optional_ptr<native::SchemaCatalogEntry> LakeCatalog::LookupSchema(native::CatalogTransaction transaction,
                                                                           const native::EntryLookupInfo& lookup,
                                                                           native::OnEntryNotFound if_not_found) {
  const std::string name = LowerAscii(lookup.GetEntryName());
  // The default schema can always be searched, whether or not the lake has one of that name.
  bool exists = IsOwnSchema(name) || name == kDefaultSchema;
  if (!exists && transaction.HasContext()) {
    exists = ValueOrThrow(StatementState::Get(transaction.GetContext()).provider->SchemaExists(name));
  }
  if (exists) return &SchemaObject(name);
  if (if_not_found == native::OnEntryNotFound::RETURN_NULL) return nullptr;
  ThrowLakeError(Error(ErrorCode::kSchemaNotFound, fmt::format("no such schema: {}", name)));
}

LakeSchemaEntry& LakeCatalog::SchemaObject(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto& schema = schemas_[LowerAscii(name)];
  if (schema == nullptr) {
    native::CreateSchemaInfo info;
    info.schema = LowerAscii(name);
    info.internal = false;
    schema = native::make_uniq<LakeSchemaEntry>(*this, info);
  }
  return *schema;
}

void LakeCatalog::ScanSchemas(native::ClientContext& context,
                              std::function<void(native::SchemaCatalogEntry&)> callback) {
  // DuckDB's own listings ask on connections that have no statement, too.
  if (context.registered_state->Get<StatementState>(StatementState::kName) == nullptr) return;
  for (const std::string& name : ValueOrThrow(StatementState::Get(context).provider->ListSchemas())) {
    callback(SchemaObject(name));
  }
}

}  // namespace neurolake::engine::duckdb
