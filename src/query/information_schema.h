#pragma once
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Rows of a relation of `information_schema` that the server knows, as the principal may see them: "schemata",
/// "tables", "views", "table_privileges", "role_table_grants" and "keys"; JSON arrays in the order that
/// engine::duckdb::InformationRelations() says. None for another name. Errors: those of the metadata store.
/// Source: docs/sql/information-schema.md.
Result<std::vector<std::string>> ReadInformation(const RequestContext& ctx, catalog::Catalog& catalog,
                                                 const std::string& relation);

}  // namespace neurolake::query
