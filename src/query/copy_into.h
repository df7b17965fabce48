#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "query/front_parser.h"
#include "storage/object_store.h"
#include "tables/delta/actions.h"

namespace neurolake::query {

struct ColumnShape {
  std::string name;
  std::string type;  ///< As the engine spells it: "BIGINT", "DECIMAL(12,2)", "STRUCT(a INTEGER)".
  bool nullable = true;
  bool operator==(const ColumnShape&) const = default;
};

/// A lake table's newest snapshot, as far as loading needs it.
struct TableShape {
  std::string id;  ///< Stays over renames.
  int64_t version = -1;
  std::vector<ColumnShape> columns;
  std::map<std::string, int64_t> transactions;  ///< Delta `txn`: application id to version.
};

/// A file the principal was granted.
struct SourceFile {
  std::string path;  ///< Absolute; for the engine only.
  std::string name;  ///< What people know it by, and what reports and tables show. Never a path inside the server.
  int64_t size_bytes = 0;
  storage::ObjectStore* store = nullptr;  ///< Of a URL; the statement has it. Null: a local file.
};

/// What a write says to its target's own log, and what must still hold when it does.
struct WriteCommit {
  ObjectName target;
  /// What FindTable gave; nullptr: there was no table. Must outlive the write.
  const TableShape* found = nullptr;
  std::vector<tables::delta::SetTransaction> transactions;
  /// Asked when all rows were read and before the version is made; may be empty. Its error is the write's.
  std::function<Result<void>()> check;
  /// Of a load, for lineage: what the files call their columns, and which of them each column of the target is made of.
  /// Readers have names of their own.
  std::vector<std::string> file_columns = {};
  std::map<std::string, size_t> loaded = {};
};

struct Written {
  int64_t rows = 0;
  int64_t version = -1;      ///< Of the target; -1: nothing was committed.
  int64_t rows_dropped = 0;  ///< Left out by the target's expectations; so too the next.
  int64_t rows_quarantined = 0;
};

/// How a statement made of several runs its parts, as one principal within one deadline. The worker implements it over
/// the engine; tests over plain DuckDB. Errors are rebuilt ones: they have a code and no values.
/// For one thread. Statements of one object share one connection, so temporary tables that a scan left are there for
/// the next (`read_csv(…, store_rejects = true)` leaves two in `temp.main`).
class ProductSql {
 public:
  struct Rows {
    std::vector<std::string> columns;
    std::vector<std::string> types;
    std::vector<std::vector<std::optional<std::string>>> rows;
  };
  virtual ~ProductSql() = default;

  /// A small result as text. May call read_csv, read_json and read_parquet on granted files, and read lake tables and
  /// `temp.main.nl_rejects_*`. Paths are those of files as they are: no glob is expanded.
  virtual Result<Rows> Query(const std::string& sql) = 0;
  /// CREATE TABLE, INSERT or CREATE OR REPLACE TABLE … AS, all of one table. One Delta commit that carries the
  /// transactions; it is made also when no row was written, if there are any. On an error there is no commit.
  /// Errors: kConflict, with nothing written, if the table came, went or is another one, or if another version has any
  /// of the transactions that `commit.found` does not have.
  virtual Result<Written> Write(const std::vector<std::string>& statements, const WriteCommit& commit) = 0;
  /// Drops temporary tables of a scan; "IF EXISTS" is in the text.
  virtual Result<void> Drop(const std::string& sql) = 0;
  /// nullopt: there is no such table, or the principal may not see it.
  virtual Result<std::optional<TableShape>> FindTable(const std::string& schema, const std::string& table) = 0;
  /// Path, glob, "location/…" or "upload://name" to files in order of name. A part of `source` that is the name of what
  /// is there stands for that alone, whatever characters it has. `pattern`, if not empty, is looked for below `source`
  /// and is a glob in any case.
  /// Errors: kPermissionDenied if it is not granted; kNotFound if nothing matches.
  virtual Result<std::vector<SourceFile>> ResolveSource(const std::string& source, const std::string& pattern) = 0;
  /// Ends the statement early: kCancelled, kDeadlineExceeded.
  virtual Result<void> CheckAlive() = 0;
  virtual const Clock& clock() const = 0;
};

/// What a load did. `rows_read == rows_loaded + rows_quarantined + rows_duplicate + rows_skipped`.
struct CopyReport {
  int64_t files = 0;          ///< Read by this statement.
  int64_t files_skipped = 0;  ///< Loaded before, or twice in this statement.
  int64_t rows_read = 0;
  int64_t rows_loaded = 0;
  int64_t rows_quarantined = 0;
  int64_t rows_duplicate = 0;
  int64_t rows_skipped = 0;  ///< Bad rows under ON_ERROR = skip, and those that expectations drop.
  double seconds = 0;
  double rows_per_second = 0;
  int64_t version = -1;  ///< Of the target; -1: nothing was committed.
  std::string load_id;
  std::string quarantine_table;  ///< "schema.table" if rows went there.
  std::vector<ColumnShape> schema;
  std::string warning;
  /// Of VALIDATE: rows with a bad value, by the first column of `schema` that has one.
  std::vector<int64_t> bad_rows;
  int64_t bad_records = 0;  ///< Of VALIDATE: records that cannot be cut into fields, or are no JSON objects.
  bool validated_only = false;
};

/// Loads files into a table. The target changes in one version or not at all; bad rows are in the quarantine table
/// before that version is made; a file already loaded is skipped. docs/ingestion.md says what each option does.
/// Errors: kInvalidArgument for options, files and headers that do not fit (says what would); kConversionFailed and
///   kNotNullViolation under ON_ERROR = abort; those of `sql`. No message holds a value of a file.
/// Memory: a few MiB beside what the engine's statements use.
/// Source: docs/ingestion.md.
Result<CopyReport> RunCopyInto(const CopyInto& statement, ProductSql& sql);

/// The report as the statement's result: one row, or one row for each column of the schema, and one for bad records,
/// when nothing was loaded because VALIDATE was asked for.
ProductSql::Rows ReportRows(const CopyReport& report);

}  // namespace neurolake::query
