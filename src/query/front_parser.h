#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace neurolake::query {

/// A table's or view's name as written: unquoted parts in lower case, quoted ones as they are. A leading
/// `lake.` is gone.
struct ObjectName {
  std::string schema;  ///< Empty: the session's.
  std::string name;
  bool operator==(const ObjectName&) const = default;
};

/// For the engine: `sql` is the user's bytes, or, if `rewritten`, what our spellings became.
struct PassThrough {
  std::string sql;
  bool rewritten = false;
  bool evolves_schema = false;  ///< MERGE and INSERT … WITH SCHEMA EVOLUTION.
  std::string listed_schema;    ///< Of SHOW … IN, in lower case: has to be there.
};

struct FrontStatement;

struct Explain {
  bool analyze = false;
  std::string format = "text";            ///< "text" or "json".
  std::unique_ptr<FrontStatement> inner;  ///< A PassThrough.
};

struct DescribeHistory {
  ObjectName table;
  std::optional<int64_t> limit;
};

struct DescribeDetail {
  ObjectName table;
};

struct ShowCreateTable {
  ObjectName table;
};

struct ShowTableProperties {
  ObjectName table;
  std::optional<std::string> key;  ///< This one alone.
};

/// COPY INTO. Options keep their values as text ("true", "3", …), keys in lower case; ingestion knows which
/// there are.
struct CopyInto {
  ObjectName target;
  std::vector<std::string> columns;  ///< Empty: all, by name.
  std::vector<std::string> sources;  ///< Paths, "upload://name", or "location_name/…"; at least one.
  std::vector<std::string> files;    ///< FILES = (…), below the one source.
  std::string pattern;               ///< PATTERN = '…', below the one source.
  std::string file_format;           ///< "csv", "json" or "parquet".
  std::map<std::string, std::string> format_options;
  std::map<std::string, std::string> copy_options;
  bool validate = false;                 ///< VALIDATE: look at the files, load nothing.
  std::optional<int64_t> validate_rows;  ///< Only so many rows; not given: all.
};

/// PROMOTE: moves what came into `source` since the last promotion into `target`. docs/ingestion.md.
struct Promote {
  ObjectName source;
  ObjectName target;
  std::string select;            ///< A person's SELECT that names the rows to move `source`; empty: all columns.
  std::vector<std::string> key;  ///< Rows of the target with the same key stay, new ones with it are dropped.
  std::string order_by;          ///< Which of new rows with one key is kept; not given: `_loaded_at`.
  bool keep_last = false;        ///< By `order_by`; else the first.
  bool replace = false;          ///< The target is computed anew from the whole source, in one version: for aggregates.
  bool full = false;             ///< As if nothing had been promoted before.
};

/// One column of PARTITION (…). `value` is SQL; empty: whatever the rows say.
struct PartitionClause {
  std::string column;
  std::string value;
};

/// INSERT OVERWRITE, INSERT … REPLACE WHERE | USING, INSERT … PARTITION (…) and TRUNCATE: rows take the place of others
/// in one version.
struct ReplaceRows {
  enum class What : uint8_t {
    kNothing,     ///< A plain INSERT that only has a clause of ours.
    kTable,       ///< All rows, or those of PARTITION.
    kPartitions,  ///< Those of the partitions that rows are written to.
    kMatching,    ///< Those `predicate` is true for; new rows must be of them.
  };
  ObjectName target;
  What what = What::kNothing;
  std::vector<PartitionClause> partition;
  std::vector<std::string> using_columns;
  std::string predicate;             ///< SQL.
  std::vector<std::string> columns;  ///< Empty: all, in order.
  bool by_name = false;
  std::string query;  ///< SQL; empty: TRUNCATE.
};

struct BeginTransaction {
  bool read_only = false;
};
struct CommitTransaction {};
struct RollbackTransaction {};

/// SET TIME ZONE, SET SCHEMA, USE and their RESET.
struct SetSession {
  enum class Setting : uint8_t { kTimeZone, kSchema, kPurpose };
  Setting setting = Setting::kTimeZone;
  std::string value;  ///< Empty: back to the default.
};

struct CreateExternalLocation {
  std::string name;
  std::string url;
  bool if_not_exists = false;
  bool may_register = false;  ///< WITH (REGISTER = TRUE): tables may be registered in it.
  std::string credential;     ///< WITH (CREDENTIAL = name): what opens the store of a URL.
};

struct DropExternalLocation {
  std::string name;
  bool if_exists = false;
};

/// A statement of ours about tables, see commands/table_command.h.
class TableCommand;

struct FrontStatement {
  std::variant<std::shared_ptr<const TableCommand>, PassThrough, Explain, DescribeHistory, DescribeDetail,
               ShowCreateTable, ShowTableProperties, CopyInto, Promote, ReplaceRows, BeginTransaction,
               CommitTransaction, RollbackTransaction, SetSession, CreateExternalLocation, DropExternalLocation>
      statement;
};

/// One statement of a script: its bytes from first to last token (no semicolon, no comments around it).
struct StatementText {
  std::string_view sql;
  size_t offset = 0;  ///< In the script, in bytes.
};

/// Cuts a script at its semicolons; empty statements are left out. The views point into `script`.
/// Errors: those of Tokenize().
Result<std::vector<StatementText>> SplitStatements(std::string_view script);

/// Parses one statement (a final semicolon is fine): ours into their own types, everything else to pass on.
/// What is passed on has the user's bytes unless one of our spellings occurs in it: time travel (`t VERSION
/// AS OF 3`, `t@v3`), clauses and types of CREATE TABLE, SHOW TABLES and its kin. Errors: kSyntaxError with
/// {"position", byte offset from 0} and what was expected; kNotSupported naming a statement or
///   clause that is planned. Pure; O(bytes).
/// Source: docs/sql/grammar.md.
Result<FrontStatement> ParseFront(std::string_view sql);

}  // namespace neurolake::query
