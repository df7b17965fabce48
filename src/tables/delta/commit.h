#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/actions.h"
#include "tables/delta/read_scope.h"

namespace neurolake::tables::delta {

/// One version to publish. Actions are what a worker made; commitInfo is added here, because only here are the
/// version and the time known.
struct CommitRequest {
  std::string table_path;
  int64_t read_version = -1;  ///< Snapshot the statement read; -1 creates the table.
  std::string operation;      ///< "WRITE", "DELETE", "UPDATE", "CREATE TABLE", "CREATE TABLE AS SELECT", …
  std::map<std::string, std::string> operation_parameters;  ///< Values as JSON texts.
  std::map<std::string, std::string> operation_metrics;
  /// Read nothing of the table and only adds files; says so in commitInfo, and `read_scope` does not count.
  bool blind_append = false;
  ReadScope read_scope;  ///< The whole table unless said otherwise.
  /// Follows no other commit whatever it did: for what makes the table as it was looked at, and relies on files that
  /// no version named until now (RESTORE, while VACUUM looks for such files).
  bool exclusive = false;
  /// As on a Serializable table, whatever this one says: for what was found out about all rows and has to hold for the
  /// version that is made. Of no account where no row changes.
  bool serializable = false;
  std::string user_name;
  std::string statement_id;
  std::string engine_info;
  /// Statements whose rows are in this one version, when there are several.
  std::vector<std::string> grouped_statements;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::vector<AddCdcFile> changes;  ///< For delta.enableChangeDataFeed; all changed rows, or none.
  std::vector<SetTransaction> transactions;
  std::vector<DomainMetadata> domains;
  /// What the table has at `read_version`: give both. Without them they are searched in the log, one read for each
  /// commit since they last changed, and kNotSupported where those were cleaned away behind a Parquet checkpoint.
  std::optional<Protocol> snapshot_protocol;
  std::optional<Metadata> snapshot_metadata;
  /// RowIdMark of the snapshot; needed where the table tracks rows.
  std::optional<int64_t> snapshot_row_id_mark;
};

struct CommitOutcome {
  int64_t version = 0;
  WallTime timestamp;
  int rebases = 0;  ///< Races lost and won again.
};

/// How much of an order there is between commits. Source: Databricks' documentation of delta.isolationLevel.
enum class IsolationLevel : uint8_t {
  kSerializable,       ///< As if statements had run one after the other in the order of the versions.
  kWriteSerializable,  ///< Of writers alone, and a blind append may count as the earlier one. The default.
  kSnapshot,           ///< For commits that change no rows: only files taken away by both conflict.
};
std::string_view IsolationName(IsolationLevel level);

/// Publishes `request` as the next version; readers see all of it or none.
/// A lost race is won at a later version unless a winner, file by file, makes that wrong. Then it is kConflict with
/// nothing written, and the message names the rule as Delta does: ProtocolChanged, MetadataChanged,
/// ConcurrentTransaction (the same appId), ConcurrentDeleteDelete (a file this removes was removed, or got a deletion
/// vector), ConcurrentDeleteRead (rows went from a file this read), ConcurrentAppend (a file came that may have rows
/// this would have read; from a blind append only where the isolation level is Serializable, the request asks
/// for that, or it changes metadata), ConcurrentDomainMetadata, ConcurrentWrite (anything, for an exclusive request).
/// A commit that changes no rows conflicts with removals of its files alone.
/// Files without row ids get them where the table tracks rows. A version checksum file is written after the commit,
/// where the one before is there.
/// In-commit timestamps are written, and kept monotonic, when the table's configuration asks for them.
/// The request itself is checked first: a file twice, partition values that do not fit, a deletion vector without the
/// feature or without numRecords are kInvalidArgument; removed data on delta.appendOnly=true is kReadOnly.
/// Errors: kConflict (retry the statement); kNotFound if the table is gone; kCommitUnknown (the store did not answer
///   and the log could not be read back); kDiskFull, kReadOnly, kIoError; kAlreadyExists for a creation that lost;
///   kNotSupported from CheckWritable.
/// Blocks until `ctx.deadline()` at most. Thread-safe.
Result<CommitOutcome> Commit(const RequestContext& ctx, storage::ObjectStore& store, const CommitRequest& request);

/// Protocol and configuration for a new table with `schema`: deletion vectors and in-commit timestamps on, unless
/// `properties` has compatibility = 'widest'; timestampNtz when the schema needs it. `delta.*` properties that we know
/// are honoured; an unknown one is kInvalidArgument naming it.
struct NewTable {
  Protocol protocol;
  Metadata metadata;
};
Result<NewTable> MakeNewTable(DataType schema, std::vector<std::string> partition_columns,
                              std::map<std::string, std::string> properties, std::string description,
                              int64_t created_time_ms);

}  // namespace neurolake::tables::delta
