#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "engine/duckdb/engine.h"
#include "engine/duckdb/lake_provider.h"
#include "query/copy_into.h"
#include "query/front_parser.h"
#include "query/own_result.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::query {

/// A table a command works on: its names and one version of it.
struct OpenedTable {
  engine::duckdb::TableEntry entry;
  std::shared_ptr<const tables::delta::Snapshot> snapshot;
  std::string full_name() const { return entry.schema_name + "." + entry.table_name; }
};

/// What a table command may use, in the worker. For the statement's thread.
class CommandContext {
 public:
  virtual ~CommandContext() = default;
  virtual const RequestContext& request() const = 0;
  /// The name with the session's schema filled in.
  virtual ObjectName Qualified(const ObjectName& name) const = 0;
  /// The newest version, or `version`. Errors: kNotFound, also for a table one may not see; kPermissionDenied for one
  /// of which one sees a part only, unless the command obeys policies; those of LoadSnapshot.
  virtual Result<OpenedTable> Open(const ObjectName& name, std::optional<int64_t> version = std::nullopt) = 0;
  /// Asks the server whether the principal has `right`. Whatever a command does beyond Commit, such as deleting files,
  /// comes after this. Errors: kPermissionDenied.
  virtual Result<void> Authorize(Right right) = 0;
  /// Publishes by the server, which checks rights and paths. `request.table_path` and the read snapshot's protocol and
  /// metadata are filled in from `table`.
  virtual Result<tables::delta::CommitOutcome> Commit(const OpenedTable& table,
                                                      tables::delta::CommitRequest request) = 0;
  /// Binds a user's condition on the rows of a table under the user's gates; gives the columns it needs. Errors: as
  /// Engine::BindRowCondition.
  virtual Result<std::vector<std::string>> BindRowCondition(const OpenedTable& table, const std::string& condition) = 0;
  /// The same of a policy's expression; `mask_of` is the column that it masks, or empty for a condition. Errors: as
  /// Engine::BindPolicy.
  virtual Result<plan::PolicyNeeds> BindPolicy(const OpenedTable& table, const std::string& sql,
                                               const std::string& mask_of, const std::string& value_of = {}) = 0;
  virtual engine::duckdb::LakeProvider& provider() = 0;
  virtual storage::ObjectStore& store() = 0;
  virtual tables::delta::LogReader& log_reader() = 0;
  /// Lets log_reader() read the log of the table at `location`, which the server named.
  virtual void GrantLog(const std::string& location) = 0;
  /// Rows of a query that the product composes. Errors: the statement's.
  virtual Result<ProductSql::Rows> Query(const std::string& sql) = 0;
  /// The same of a user's text (a predicate, a SELECT): under the user's gates, without rights to files.
  virtual Result<ProductSql::Rows> QueryAsUser(const std::string& sql) = 0;
  /// Runs a writing statement as one version, which `intent` says more about. Returns rows changed.
  virtual Result<int64_t> Write(const std::string& sql, engine::duckdb::WriteIntent intent) = 0;
  virtual Result<int64_t> WriteAsUser(const std::string& sql, engine::duckdb::WriteIntent intent) = 0;
  /// Says that the next version of `target` holds rows of `source`, column by column: for commands that copy files.
  /// Writes by SQL say so themselves.
  virtual Result<void> NoteCopy(const OpenedTable& source, const engine::duckdb::TableEntry& target) = 0;
  /// The version the last Write made, or -1.
  virtual int64_t committed_version() const = 0;
  /// As Engine::CutLog. After Authorize.
  virtual Result<void> CutLog(const OpenedTable& table, int64_t version) = 0;
};

/// A statement of ours about tables that the engine does not plan: OPTIMIZE, VACUUM, ALTER TABLE …
/// Immutable after parsing.
class TableCommand {
 public:
  virtual ~TableCommand() = default;
  /// For history and the grant: "OPTIMIZE".
  virtual std::string kind() const = 0;
  /// Whose access the history records.
  virtual const ObjectName& target() const = 0;
  virtual bool writes() const { return true; }
  /// Whether it sorts or rewrites rows, and so waits for the statement's whole memory. Others begin with what their
  /// worker holds; a query of theirs takes what is free then.
  virtual bool needs_memory() const { return false; }
  /// Whether it tells nothing of rows and keeps none from anybody, so that it may work on a table of which the
  /// principal sees a part only. All others are refused there: they work on tables as a whole.
  virtual bool obeys_policies() const { return false; }
  virtual Result<OwnResult> Run(CommandContext& context) const = 0;
};

class TokenCursor;

/// The command that stands at `cursor`, or null if none of ours does. Errors: kSyntaxError, kNotSupported.
/// Grammar: docs/sql/grammar.md.
Result<std::shared_ptr<const TableCommand>> ParseTableCommand(TokenCursor cursor);

}  // namespace neurolake::query
