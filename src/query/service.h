#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "catalog/catalog.h"
#include "common/metrics.h"
#include "common/request_context.h"
#include "common/result.h"
#include "settings.gen.h"

namespace neurolake::metastore {
class Store;
}  // namespace neurolake::metastore

namespace neurolake::query {

/// A parameter for `$1`, `?` or `$name`: JSON text and, optionally, a SQL type to cast to.
struct Parameter {
  std::string name;
  std::string json;
  std::string type;
};

/// Which of its writes an application sends: as Delta's action `txn`, so that a write that is sent again after a lost
/// answer takes effect once.
struct ApplicationVersion {
  static constexpr size_t kIdBytesMax = 256;
  std::string application_id;
  int64_t version = 0;
};

/// What a door asks for. Limits of 0 mean the server's; asking for more than the server's is kInvalidArgument.
struct StatementRequest {
  std::string sql;  ///< One statement; a trailing semicolon is fine.
  std::vector<Parameter> parameters;
  std::string schema;        ///< Default schema for unqualified names; empty: "main".
  std::string time_zone;     ///< Session time zone; empty: UTC.
  std::string purpose = {};  ///< What it is for, which is checked and kept with it; empty: nothing.
  int64_t memory_bytes = 0;
  int64_t rows_max = 0;
  StatementId id;  ///< Under which it stands in the history, never used before; empty: a new one.
  /// The statement does nothing where its table has this version of the application or a later one. For statements that
  /// write rows of one table; others are kNotSupported.
  std::optional<ApplicationVersion> transaction = std::nullopt;
  /// Nothing may come of it but its answer, whatever rights its caller has: else kReadOnly or kPermissionDenied.
  bool read_only = false;
};

/// What is known of a statement so far; complete once it ended.
struct StatementStatus {
  StatementId id;
  std::string kind;
  std::string state;  ///< "queued", "running", "succeeded", "failed", "cancelled".
  double progress = -1;
  std::string prediction_json = "{}";
  std::string stages_json = "{}";
  std::string tables_json = "[]";
  int64_t rows_returned = 0;
  int64_t rows_changed = -1;
  int64_t committed_version = -1;
  bool applied_before = false;  ///< It did nothing: `StatementRequest::transaction` was in the table.
  int64_t bytes_scanned = 0;
  int64_t rows_scanned = 0;
  std::optional<Error> error;
};

struct ShownTables;

/// A running statement: its rows as they come. Memory stays bounded: the worker waits while nobody reads.
/// Destroying it early cancels the statement.
class ResultStream : public arrow::BatchStream {
 public:
  /// Thread-safe.
  virtual StatementStatus status() const = 0;
  /// Thread-safe; the next Next() fails with kCancelled.
  virtual void Cancel() = 0;
  /// What it was shown of its tables, for who keeps its rows; to be asked once they have all been read. Null: nothing
  /// that rows depend on.
  virtual std::shared_ptr<const ShownTables> shown() const { return nullptr; }
};

/// The pipeline behind every door: authenticate (done by the door with `Authenticate`), admit, record, lease a worker,
/// run, commit. Thread-safe.
class StatementService {
 public:
  virtual ~StatementService() = default;

  /// A token of the lake's, shown from `address` (empty: from no network). Who is refused is in the audit log.
  virtual Result<Principal> Authenticate(std::string_view token, std::string_view address) = 0;
  /// Puts it into the audit log that somebody at `address` was not let in who showed something else. Does not wait.
  virtual void RecordRefusal(ErrorCode why, std::string_view address) = 0;
  /// Puts a change that no statement makes, such as "create_token", into the audit log; to be called before it, and if
  /// it fails, instead of it. `details` are names and ids, no secrets.
  virtual Result<void> RecordChange(const RequestContext& ctx, std::string_view action,
                                    std::vector<std::pair<std::string, std::string>> details) = 0;

  /// Starts a statement; returns when its columns are known, or with the reason it cannot run.
  /// `ctx` gives principal, door, request id, deadline and stop token.
  virtual Result<std::unique_ptr<ResultStream>> Execute(const RequestContext& ctx, StatementRequest request) = 0;

  /// Statements of this server that have not ended; all of them for who has kManage, else the caller's own.
  virtual std::vector<StatementStatus> ListRunning(const RequestContext& ctx) = 0;
  /// Cancels by id. Errors: kNotFound for unknown and for other people's, alike.
  virtual Result<void> Cancel(const RequestContext& ctx, const StatementId& id) = 0;

  /// Whether rows that were kept may still be handed to `ctx.principal()`. Errors: kPermissionDenied when what it may
  /// see of their tables has changed.
  virtual Result<void> CheckShown(const RequestContext& ctx, const ShownTables& shown) = 0;

  /// The catalogue as `ctx.principal()` may see it.
  virtual catalog::Catalog& catalog() = 0;
  /// Where uploads are put for COPY INTO: "<lake>/staging/<principal>/<name>"; statements name them "upload://<name>".
  virtual Result<std::string> StagingPath(const RequestContext& ctx, const std::string& name) = 0;
  /// Ready to take statements: metastore answers and a worker is alive.
  virtual Result<void> CheckReady() = 0;
  virtual Metrics& metrics() = 0;
  /// Stops admitting; waits `grace` for running statements, then cancels them.
  virtual void Shutdown(std::chrono::milliseconds grace) = 0;
};

/// Opens a lake: takes its lock, opens the metadata store, removes what a crash left in the spill folder, starts
/// workers
/// (`program` is this binary). On the first start of a lake prints nothing; `first_token` is set to the new
/// administrator's token then. Errors: kUnavailable when another process holds the lake, naming its pid.
struct OpenedLake {
  std::unique_ptr<StatementService> service;
  metastore::Store* store = nullptr;  ///< The service's, for what is kept beside the catalogue.
  std::optional<std::string> first_token;
};
Result<OpenedLake> OpenLake(const Settings& settings, const std::string& program, const Clock& clock, Metrics& metrics);

}  // namespace neurolake::query
