#include "metastore/internal/table_copy.h"

#include "metastore/internal/migrations.h"
#include "metastore/internal/sqlite_connection.h"
#include "metastore/table_names.h"

namespace neurolake::metastore {
namespace {

constexpr size_t kRowsPerInsert = 100;

std::string ColumnList(const TableShape& table) { return fmt::format("{}", fmt::join(table.columns, ", ")); }

std::string InsertText(const TableShape& table, size_t rows) {
  std::string one = "(";
  for (size_t i = 0; i < table.columns.size(); ++i) one += i == 0 ? "?" : ", ?";
  one += ")";
  std::string text = fmt::format("INSERT INTO {} ({}) VALUES ", table.name, ColumnList(table));
  for (size_t i = 0; i < rows; ++i) {
    if (i > 0) text += ", ";
    text += one;
  }
  return text;
}

Result<void> CopyTable(const TableShape& table, Session& from, Session& to) {
  std::vector<Value> pending;
  const auto flush = [&]() -> Result<void> {
    if (pending.empty()) return {};
    NL_RETURN_IF_ERROR(to.Execute(InsertText(table, pending.size() / table.columns.size()), pending));
    pending.clear();
    return {};
  };
  const std::string select = fmt::format("SELECT {} FROM {}", ColumnList(table), table.name);
  NL_RETURN_IF_ERROR(from.ForEach(select, {}, [&](const Row& row) -> Result<void> {
    pending.insert(pending.end(), row.begin(), row.end());
    if (pending.size() >= kRowsPerInsert * table.columns.size()) return flush();
    return {};
  }));
  return flush();
}

// What a new store holds already: the schemas, the local principal, the version. Anything more is somebody's work.
Result<void> CheckEmpty(Session& session, const std::vector<TableShape>& tables) {
  for (const TableShape& table : tables) {
    std::string condition;
    if (table.name == "schemas") condition = " WHERE name NOT IN ('main', 'bronze', 'silver', 'gold')";
    if (table.name == "principals") condition = " WHERE name <> 'local'";
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query(fmt::format("SELECT 1 FROM {}{} LIMIT 1", table.name, condition)));
    if (!rows.empty()) {
      return MakeError(ErrorCode::kAlreadyExists,
                       "a backup can only be restored into an empty metadata store, and this one has entries in: {}",
                       table.name);
    }
  }
  return {};
}

Result<std::unique_ptr<SqliteConnection>> OpenBackup(const std::string& path) {
  NL_ASSIGN_OR_RETURN(auto file, SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly));
  NL_ASSIGN_OR_RETURN(const auto check, file->Query("PRAGMA integrity_check(1)"));
  if (check.empty() || check[0].at(0) != Value(std::string("ok"))) {
    return MakeError(ErrorCode::kCorruption, "the backup file is damaged: {}", path);
  }
  NL_ASSIGN_OR_RETURN(const bool ours, file->HasTable("schema_migrations"));
  if (!ours) {
    return MakeError(ErrorCode::kInvalidArgument, "the file is not a backup of a neurolake metadata store: {}", path);
  }
  return file;
}

// A missing table or column in the file is the file's fault, not a bug in our SQL.
Result<void> CheckShape(const std::vector<TableShape>& tables, Session& file) {
  for (const TableShape& table : tables) {
    for (const std::string& column : table.columns) {
      NL_ASSIGN_OR_RETURN(const auto rows,
                          file.Query("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", {table.name, column}));
      if (rows.empty()) {
        return MakeError(ErrorCode::kCorruption, "the backup file lacks a column: {}.{}", table.name, column);
      }
    }
  }
  return {};
}

}  // namespace

Result<std::vector<TableShape>> TablesAt(int version) {
  NL_ASSIGN_OR_RETURN(auto scratch, SqliteConnection::Open("", SqliteConnection::Mode::kMemory));
  NL_RETURN_IF_ERROR(scratch->Transact("BEGIN", [&](Session& session) { return MigrateSession(session, version); }));
  NL_ASSIGN_OR_RETURN(const auto names,
                      scratch->Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
                                     "AND name <> 'schema_migrations' ORDER BY rowid"));
  std::vector<TableShape> tables;
  for (const Row& name : names) {
    TableShape table{std::get<std::string>(name.at(0)), {}};
    NL_ASSIGN_OR_RETURN(const auto columns,
                        scratch->Query("SELECT name FROM pragma_table_info(?) ORDER BY cid", {table.name}));
    for (const Row& column : columns) table.columns.push_back(std::get<std::string>(column.at(0)));
    tables.push_back(std::move(table));
  }
  return tables;
}

Result<std::vector<std::string>> TableNames() {
  NL_ASSIGN_OR_RETURN(const auto shapes, TablesAt(NewestMigration()));
  std::vector<std::string> names;
  for (const auto& shape : shapes) names.push_back(shape.name);
  return names;
}

Result<void> CopyTables(const std::vector<TableShape>& tables, Session& from, Session& to) {
  // What the migrations put into a new store gives way to the source's rows.
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
    NL_RETURN_IF_ERROR(to.Execute(fmt::format("DELETE FROM {}", table->name)));
  }
  for (const TableShape& table : tables) NL_RETURN_IF_ERROR(CopyTable(table, from, to));
  return {};
}

Result<void> RestoreInto(Store& store, const std::string& path) {
  NL_ASSIGN_OR_RETURN(auto file, OpenBackup(path));
  NL_ASSIGN_OR_RETURN(const int version, MigrationOf(*file));
  NL_ASSIGN_OR_RETURN(const auto tables, TablesAt(version));
  NL_RETURN_IF_ERROR(CheckShape(tables, *file));
  NL_ASSIGN_OR_RETURN(const auto newest_tables, TablesAt(NewestMigration()));
  return store.WriteAlone([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(MigrateSession(session, NewestMigration()));
    NL_RETURN_IF_ERROR(CheckEmpty(session, newest_tables));
    // The rows go into tables of the backup's own version, and the migrations carry them from there.
    NL_RETURN_IF_ERROR(MigrateSession(session, 0));
    NL_RETURN_IF_ERROR(MigrateSession(session, version));
    NL_RETURN_IF_ERROR(CopyTables(tables, *file, session));
    return MigrateSession(session, NewestMigration());
  });
}

}  // namespace neurolake::metastore
