#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_write.h"

namespace neurolake::engine::duckdb {

/// The table a statement is to write to. Throws kReadOnly for system relations and old versions, and what
/// LakeTransaction::CheckMayWrite says: all before any file is written.
LakeTableEntry& WritableTable(native::ClientContext& context, native::TableCatalogEntry& entry);

std::shared_ptr<WriteJob> NewWriteJob(LakeTableEntry& table, std::string operation);

void RefuseReturning(bool returning, std::string_view statement);

/// Throws kNotSupported where rows may not be taken away: delta.appendOnly.
void CheckMayDelete(const LakeTableEntry& table);

/// `["a","b"]` as a JSON string, which is how operationParameters hold lists.
std::string JsonTextOfList(const std::vector<std::string>& names);

}  // namespace neurolake::engine::duckdb
