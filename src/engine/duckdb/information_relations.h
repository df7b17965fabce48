#pragma once
#include "engine/duckdb/lake_provider.h"

namespace neurolake::engine::duckdb {

/// The relations of schema `information_schema`, by the names of ISO/IEC 9075-11. The server is asked for some of them
/// by LakeProvider::ReadSystemRows("information_schema.tables", …): schemata, tables, views, table_privileges,
/// role_table_grants, and "keys" (schema, table, name, type, enforced, [column, …]); the rest the engine makes out of
/// tables' own schemas.
const std::vector<SystemRelation>& InformationRelations();

/// Whether a schema's relations are the lake's own (`system`, `information_schema`), which nobody makes or changes.
bool IsOwnSchema(std::string_view schema);

}  // namespace neurolake::engine::duckdb
