#pragma once
#include <string>

#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Adds what kClausesOption says to a table about to be made: comments, defaults, generated and identity columns, CHECK
/// constraints, clustering, encryption. Throws kNotSupported, kInvalidArgument, kColumnNotFound, kSyntaxError,
/// kNotFound.
void ApplyClauses(native::ClientContext& context, const std::string& clauses_json, const TableEntry& table,
                  TableMaking& making);

}  // namespace neurolake::engine::duckdb
