#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "metastore/database.h"

namespace neurolake::metastore {

/// One step of the schema. The SQL is written once, in SQLite's words (INTEGER, REAL, TEXT, all upper case), and
/// translated by `TranslateDefinition`. `{now}` stands for the time in microseconds, each `{uuid}` for a new id.
struct Migration {
  int version;
  std::string_view name;
  std::vector<std::string_view> up;
  std::vector<std::string_view> down;
};

/// In order; versions are 1, 2, 3 … A released migration is never edited: a change is a new one.
const std::vector<Migration>& Migrations();

/// `sql` for the session's kind. SQLite's tables become STRICT, so that both kinds refuse a value of a wrong type;
/// PostgreSQL's integers become 64 bits wide and its text compares by bytes, as SQLite's does.
std::string TranslateDefinition(std::string_view kind, std::string_view sql);

/// Version of the store behind `session`; 0 without the table that keeps it. Errors: kNotSupported when it is newer
/// than this program.
Result<int> MigrationOf(Session& session);

/// Moves the store from where it is to `version`, inside the transaction the caller holds with `Store::WriteAlone`.
Result<void> MigrateSession(Session& session, int version);

}  // namespace neurolake::metastore
