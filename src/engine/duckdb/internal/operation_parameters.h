#pragma once
#include <map>
#include <string>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// What a statement's commit says of it under `operationParameters`, as Spark spells it: `predicate` of DELETE, UPDATE
/// and MERGE, and the clauses of a MERGE. Values are JSON texts.
std::map<std::string, std::string> OperationParameters(const native::SQLStatement& statement);

/// Puts "[redacted]" in the place of predicates, whose constants may be values that a table's files hold encrypted.
void RedactPredicates(std::map<std::string, std::string>& parameters);

}  // namespace neurolake::engine::duckdb
