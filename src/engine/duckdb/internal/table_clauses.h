#pragma once
#include <string>

#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Adds what kClausesOption says to a table about to be made: comments, defaults, generated and identity columns, CHECK
/// constraints, clustering. Throws kNotSupported, kInvalidArgument, kColumnNotFound and kSyntaxError.
void ApplyClauses(native::ClientContext& context, const std::string& clauses_json, const std::string& table,
                  TableMaking& making);

}  // namespace neurolake::engine::duckdb
