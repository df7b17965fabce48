#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/request_context.h"
#include "common/result.h"
#include "plan/table_policy.h"
#include "tables/delta/commit.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {

/// A table as the server's catalogue knows it. Having one is the right to read files below `location`.
struct TableEntry {
  TableId id;
  std::string schema_name;
  std::string table_name;
  std::string location;  ///< Absolute directory.
  bool managed = true;   ///< Below the lake's directory; false for CREATE TABLE … LOCATION.
  std::string comment;
  /// Of a shallow clone: where files of it lie beside `location`; to be read only.
  std::vector<tables::delta::ForeignRoot> foreign_roots;
  /// What the statement's principal may see and write; null: everything.
  std::shared_ptr<const plan::TablePolicy> policy = {};
};

struct ViewEntry {
  std::string schema_name;
  std::string view_name;
  std::string sql;                        ///< The SELECT, as the creator wrote it.
  std::vector<std::string> column_names;  ///< Aliases given at creation; may be empty.
};

/// A relation of the reserved schema `system`: its columns (name, engine type name) are fixed.
struct SystemRelation {
  std::string name;
  std::vector<std::pair<std::string, std::string>> columns;  ///< {"started_at", "TIMESTAMP WITH TIME ZONE"} …
};

struct RelationName {
  std::string schema_name;
  std::string name;
};

/// A change to names, made by the server in its metastore. `kind` says which fields count.
struct NameChange {
  enum class Kind : uint8_t { kCreateSchema, kDropSchema, kDropTable, kCreateView, kDropView, kRenameTable };
  Kind kind = Kind::kCreateSchema;
  std::string schema_name;
  std::string name;
  bool if_exists = false;      ///< Drops.
  bool if_not_exists = false;  ///< Creations.
  bool or_replace = false;
  bool cascade = false;
  std::string new_schema_name;  ///< kRenameTable: where to; the table keeps its id.
  std::string new_name;
  std::string view_sql;
  std::vector<std::string> view_columns;
  std::string comment;
};

/// The option of CREATE TABLE … WITH (…) that holds what the engine's grammar cannot say, as JSON: "columns" (name and
/// comment, default, generated, identity {always, start, step}), "checks" (name, condition), "cluster_by" (lists of
/// names). Expressions are in our dialect. The front parser writes it.
inline constexpr const char* kClausesOption = "neurolake.clauses";

/// Asks for a place to create a table at, before any file is written.
struct TableCreation {
  std::string schema_name;
  std::string table_name;
  bool or_replace = false;
  bool if_not_exists = false;
  std::string location;  ///< Empty: managed, below the lake.
};
struct PreparedTable {
  TableEntry table;
  bool exists =
      false;  ///< if_not_exists met a table, or or_replace replaces this one; nothing to create then but a new version.
};

/// What a writing statement found of one of its table's expectations. Rows are counted; a check of the table as a whole
/// counts what breaks it (surplus rows of a key, rows without a counterpart), or 1.
struct ExpectationEvidence {
  std::string id;
  bool checked = false;  ///< False: nothing in the statement that it could be about.
  int64_t rows_checked = 0;
  int64_t violations = 0;
  std::optional<double> metric;
  std::string profile;  ///< Of a distribution, JSON; else empty.
};

/// A JSON array, which query/expectation_actions.h reads.
std::string EncodeEvidence(const std::vector<ExpectationEvidence>& evidence);

/// A commit and, for a new table, the name that becomes visible with it.
struct LakeCommit {
  TableId table;
  tables::delta::CommitRequest request;
  std::optional<RelationName> register_as;
  /// A Delta table that is there already gets the name `register_as` and no new version; `request` has its path and
  /// version only, and the outcome is that version.
  bool register_only = false;
  /// Rows set aside, before the statement's own commit: what becomes of the statement is still open after it.
  bool beside = false;
  std::vector<ExpectationEvidence> expectations;  ///< Of all that the table has.
};

/// Rows of an INSERT for a version that the server makes of those of several statements, already checked.
struct LakeAppend {
  TableId table;
  std::string definition;            ///< Stands for schema and properties that the rows were checked against.
  std::string schema;                ///< Arrow IPC schema message: the table's columns in order.
  std::vector<std::string> batches;  ///< Arrow IPC record batch messages of at most kAppendBatchRows rows.
  std::vector<ExpectationEvidence> expectations = {};  ///< Of all that the table has; each is one of rows.
};
inline constexpr int64_t kAppendBatchRows = 2048;

/// What the engine asks of the server during a statement. The worker implements it over its socket; every answer is
/// already checked against the principal's rights, so a missing and a forbidden name are both `nullopt`.
/// Called from one statement's threads; implementations are thread-safe.
class LakeProvider {
 public:
  virtual ~LakeProvider() = default;
  virtual Result<bool> SchemaExists(const std::string& schema_name) = 0;
  virtual Result<std::vector<std::string>> ListSchemas() = 0;
  virtual Result<std::optional<TableEntry>> FindTable(const RelationName& name) = 0;
  virtual Result<std::optional<ViewEntry>> FindView(const RelationName& name) = 0;
  /// Names of tables and views in a schema.
  virtual Result<std::vector<std::string>> ListRelations(const std::string& schema_name) = 0;
  virtual Result<void> ChangeName(const NameChange& change) = 0;
  virtual Result<PreparedTable> PrepareTable(const TableCreation& creation) = 0;
  /// Version -1: nothing was made, as IF NOT EXISTS met a table that somebody else made meanwhile.
  virtual Result<tables::delta::CommitOutcome> Commit(const LakeCommit& commit) = 0;
  /// Whether a few rows for `table` may go to the server by `Append`. False: the statement writes its files and
  /// commits, which it should when it is alone.
  virtual Result<bool> MayAppend(const TableId& table);
  /// Hands the rows over, as the last thing that a statement does: their version is made when it has ended.
  virtual Result<void> Append(const LakeAppend& append);
  /// What commands of the product need the server's own records for: bringing a dropped table back, keeping statistics.
  /// `action` and its arguments and answer, JSON objects as texts, are those of query/server_actions.h.
  virtual Result<std::string> Maintain(const std::string& action, const std::string& arguments_json);
  /// Rows of a system relation from `offset` on as JSON arrays of values in column order; empty at the end.
  virtual Result<std::vector<std::string>> ReadSystemRows(const std::string& relation, int64_t offset) = 0;
};

/// The relations of schema `system`, here because both sides must agree on them.
const std::vector<SystemRelation>& SystemRelations();

}  // namespace neurolake::engine::duckdb
