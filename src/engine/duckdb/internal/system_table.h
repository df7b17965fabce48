#pragma once
#include "engine/duckdb/internal/lake_catalog.h"

namespace neurolake::engine::duckdb {

/// What scans of these relations are called in plans; no SQL can call it.
inline constexpr const char* kSystemScan = "lake_system_scan";

/// The entry of a relation of schema `system` or `information_schema`, or nullptr if there is none of that name. Its
/// scan asks the provider for rows, page by page, or has them of InformationRows.
native::unique_ptr<native::CatalogEntry> MakeSystemTable(native::ClientContext& context, LakeCatalog& catalog,
                                                         LakeSchemaEntry& schema, const std::string& name);
/// True when `get` scans one.
bool IsSystemScan(const native::LogicalGet& get);

}  // namespace neurolake::engine::duckdb
