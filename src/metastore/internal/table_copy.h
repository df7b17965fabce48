#pragma once
#include <string>
#include <vector>

#include "metastore/database.h"

namespace neurolake::metastore {

struct TableShape {
  std::string name;
  std::vector<std::string> columns;
};

/// The tables of schema version `version`, in the order that foreign keys allow filling them; without the table that
/// keeps the version. Built by running the migrations in memory, so it cannot differ from them.
Result<std::vector<TableShape>> TablesAt(int version);

/// Copies every row of `tables` from one session to another, in bounded memory. Both must be of the same schema version
/// and in a transaction. Errors: kCorruption when `from` lacks a table or column.
Result<void> CopyTables(const std::vector<TableShape>& tables, Session& from, Session& to);

/// See Store::RestoreFrom.
Result<void> RestoreInto(Store& store, const std::string& path);

}  // namespace neurolake::metastore
