#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "query/key_actions.h"

namespace neurolake::query {

/// What workers ask for encrypted columns: "column_key_use" (a column is about to be encrypted with a key),
/// "column_keys" (open keys of one column, to read or to write it), "column_cells" (what its files have for a known
/// value) and "column_rewrite" (a table's rows are about to be written with a column encrypted, or in the clear).
/// Source: docs/adr/0026-encrypted-columns.md.
bool IsColumnKeyAction(std::string_view action);

/// "column_key_use": {key, table} with the key's name → {id, name}. Needs "usage".
/// "column_keys": {key, table, column, deterministic, use} with the key's id → {name, versions: [{version, bytes}]},
/// the
///   newest last; {name, refused: true} where the principal may not. `use`: "read" needs "decrypt"; "write", for the
///   newest alone, "encrypt"; "rewrite", for the statement that encrypts anew, "encrypt" and "usage". Bytes are
///   hexadecimal, and good for that column alone.
/// "column_cells": {key, table, column, value} → {name, cells: […]}, one for each version of the key, or
///   {name, refused: true}; put on record before it is answered.
/// "column_rewrite": {table, erase} → {}; for who looks after the table. `erase`: what ANALYZE and expectations keep of
///   its values goes.
/// Errors: kNotFound for the name of a key that is not there or may not be used, alike; kCorruption for an id that no
/// key has; kTooManyRequests; the key service's.
Result<boost::json::value> RunColumnKeyAction(const KeyActionContext& context, const std::string& action,
                                              const boost::json::object& arguments);

}  // namespace neurolake::query
