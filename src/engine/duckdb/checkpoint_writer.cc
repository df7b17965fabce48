#include "engine/duckdb/internal/checkpoint_writer.h"

#include <boost/json.hpp>

#include "common/text.h"
#include "engine/duckdb/internal/checkpoint_tombstones.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/log_lines.h"
#include "storage/path.h"
#include "tables/delta/vacuum.h"

namespace neurolake::engine::duckdb {

using tables::delta::AddFile;
using tables::delta::Snapshot;

namespace {

/// So many files stand in one sidecar of a v2 checkpoint, so that readers can share the work.
constexpr int64_t kSidecarActionsMax = 500'000;
/// What the writer holds at once, and what readers can share among their threads.
constexpr int kRowsPerGroup = 16'384;
constexpr int64_t kCopiedBytes = 4LL << 20;

/// The columns of a checkpoint, as json_transform takes a type: those of files, which sidecars have alone, …
constexpr std::string_view kFileColumns = R"json(
 "add":{"path":"VARCHAR","partitionValues":"MAP(VARCHAR,VARCHAR)","size":"BIGINT","modificationTime":"BIGINT",
        "dataChange":"BOOLEAN","stats":"VARCHAR","tags":"MAP(VARCHAR,VARCHAR)",
        "deletionVector":{"storageType":"VARCHAR","pathOrInlineDv":"VARCHAR","offset":"INTEGER",
                          "sizeInBytes":"INTEGER","cardinality":"BIGINT"},
        "baseRowId":"BIGINT","defaultRowCommitVersion":"BIGINT","clusteringProvider":"VARCHAR"},
 "remove":{"path":"VARCHAR","deletionTimestamp":"BIGINT","dataChange":"BOOLEAN","extendedFileMetadata":"BOOLEAN",
           "partitionValues":"MAP(VARCHAR,VARCHAR)","size":"BIGINT",
           "deletionVector":{"storageType":"VARCHAR","pathOrInlineDv":"VARCHAR","offset":"INTEGER",
                             "sizeInBytes":"INTEGER","cardinality":"BIGINT"},
           "baseRowId":"BIGINT","defaultRowCommitVersion":"BIGINT"})json";
/// … and the others.
constexpr std::string_view kTableColumns = R"json(
 "txn":{"appId":"VARCHAR","version":"BIGINT","lastUpdated":"BIGINT"},
 "metaData":{"id":"VARCHAR","name":"VARCHAR","description":"VARCHAR",
             "format":{"provider":"VARCHAR","options":"MAP(VARCHAR,VARCHAR)"},"schemaString":"VARCHAR",
             "partitionColumns":["VARCHAR"],"configuration":"MAP(VARCHAR,VARCHAR)","createdTime":"BIGINT"},
 "protocol":{"minReaderVersion":"INTEGER","minWriterVersion":"INTEGER","readerFeatures":["VARCHAR"],
             "writerFeatures":["VARCHAR"]},
 "domainMetadata":{"domain":"VARCHAR","configuration":"VARCHAR","removed":"BOOLEAN"})json";

class CheckpointWriter {
 public:
  CheckpointWriter(native::ClientContext& context, StatementState& statement, const Snapshot& snapshot)
      : statement_(statement),
        store_(*statement.store),
        snapshot_(snapshot),
        log_(snapshot.table_path() + "/_delta_log"),
        connection_(*context.db) {}

  Result<void> Write() {
    NL_ASSIGN_OR_RETURN(const auto retention, tables::delta::DeletedFileRetention(snapshot_.metadata()));
    NL_ASSIGN_OR_RETURN(tombstones_,
                        CheckpointTombstones(connection_, store_, snapshot_).Find(NowMs() - retention.count()));
    const bool in_parts =
        snapshot_.Property("delta.checkpointPolicy") == "v2" && snapshot_.protocol().HasReaderFeature("v2Checkpoint");
    return in_parts ? WriteWithSidecars() : WriteClassic();
  }

 private:
  /// Removals and files in one order, removals first: those from `begin` to before `end`.
  struct FileRange {
    int64_t begin = 0;
    int64_t end = 0;
  };

  Result<void> WriteClassic() {
    NL_ASSIGN_OR_RETURN(const auto lines, TableLines());
    NL_ASSIGN_OR_RETURN(const int64_t bytes,
                        WriteParquet(fmt::format("{{{},{}}}", kTableColumns, kFileColumns),
                                     fmt::format("{}/{:020}.checkpoint.parquet", log_, snapshot_.version()), false,
                                     lines, {.begin = 0, .end = FileActions()}));
    return WriteHint(static_cast<int64_t>(lines.size()) + FileActions(), bytes);
  }

  /// Source: PROTOCOL.md, "V2 Spec". The manifest is written last: without it nobody sees the sidecars.
  Result<void> WriteWithSidecars() {
    NL_ASSIGN_OR_RETURN(auto lines, TableLines());
    const boost::json::object mark{{"checkpointMetadata", {{"version", snapshot_.version()}}}};
    lines.insert(lines.begin(), boost::json::serialize(mark));
    NL_RETURN_IF_ERROR(store_.MakeDirectory(log_ + "/_sidecars"));
    int64_t total_bytes = 0;
    for (int64_t begin = 0; begin < FileActions(); begin += kSidecarActionsMax) {
      const int64_t end = std::min(begin + kSidecarActionsMax, FileActions());
      const std::string name = NewUuid() + ".parquet";
      const std::string path = log_ + "/_sidecars/" + name;
      NL_ASSIGN_OR_RETURN(const int64_t bytes,
                          WriteParquet(fmt::format("{{{}}}", kFileColumns), path, true, {}, {begin, end}));
      NL_ASSIGN_OR_RETURN(const auto written, store_.Head(path));
      const boost::json::object sidecar{
          {"sidecar", {{"path", name}, {"sizeInBytes", bytes}, {"modificationTime", Milliseconds(written.modified)}}}};
      lines.push_back(boost::json::serialize(sidecar));
      total_bytes += bytes;
    }
    std::string manifest;
    for (const std::string& line : lines) manifest += line + "\n";
    NL_RETURN_IF_ERROR(store_.PutIfAbsent(
        fmt::format("{}/{:020}.checkpoint.{}.json", log_, snapshot_.version(), NewUuid()), manifest));
    return WriteHint(static_cast<int64_t>(lines.size()) + FileActions(),
                     total_bytes + static_cast<int64_t>(manifest.size()));
  }

  Result<void> WriteHint(int64_t actions, int64_t bytes) {
    const boost::json::object last{{"version", snapshot_.version()},
                                   {"size", actions},
                                   {"sizeInBytes", bytes},
                                   {"numOfAddFiles", static_cast<int64_t>(snapshot_.files().size())}};
    return store_.Put(log_ + "/_last_checkpoint", boost::json::serialize(last));
  }

  /// Everything but files. What applications committed long ago is forgotten, where the table says when.
  Result<std::vector<std::string>> TableLines() const {
    std::vector<std::string> lines = {tables::delta::ToJsonLine(snapshot_.protocol()),
                                      tables::delta::ToJsonLine(snapshot_.metadata())};
    NL_ASSIGN_OR_RETURN(const auto retention,
                        tables::delta::IntervalProperty(snapshot_.metadata(), "delta.setTransactionRetentionDuration",
                                                        std::chrono::milliseconds(0)));
    const int64_t oldest = retention.count() == 0 ? INT64_MIN : NowMs() - retention.count();
    for (const auto& [app, transaction] : snapshot_.log().transactions) {
      if (transaction.last_updated_ms.value_or(INT64_MAX) < oldest) continue;
      lines.push_back(tables::delta::ToJsonLine(transaction));
    }
    for (const auto& [name, domain] : snapshot_.log().domains) lines.push_back(tables::delta::ToJsonLine(domain));
    return lines;
  }

  int64_t FileActions() const { return tombstones_ + static_cast<int64_t>(snapshot_.files().size()); }

  /// In a checkpoint no file is a change of data.
  std::string FileLine(int64_t i) const {
    AddFile quiet = snapshot_.files()[static_cast<size_t>(i)];
    quiet.data_change = false;
    return tables::delta::ToJsonLine(quiet);
  }

  /// `head` and the files, in memory that does not grow with their number. Returns the bytes written.
  Result<int64_t> WriteParquet(const std::string& columns, const std::string& path, bool if_absent,
                               const std::vector<std::string>& head, FileRange range) {
    // The bytes come back here before they are published: no need to send them over a network for that.
    const std::string& spill = native::DBConfig::GetConfig(*connection_.context).options.temporary_directory;
    const bool remote = storage::IsUrl(log_) && !spill.empty();
    const std::string temporary = fmt::format("{}/.checkpoint-{}.tmp", remote ? spill : log_, NewUuid());
    const auto remove = [&](void*) { std::ignore = store_.Delete(temporary); };
    const std::unique_ptr<void, decltype(remove)> removed(this, remove);
    const auto first = static_cast<int64_t>(head.size());
    const int64_t files_begin = std::max(range.begin - tombstones_, int64_t{0});
    const int64_t files_end = std::max(range.end - tombstones_, int64_t{0});
    const LogLinesScope scope(*connection_.context, {.count = first + files_end - files_begin, .line = [&](int64_t i) {
                                                       return i < first ? head[static_cast<size_t>(i)]
                                                                        : FileLine(files_begin + i - first);
                                                     }});
    std::string rows = fmt::format("SELECT line FROM {}()", kLogLines);
    if (range.begin < tombstones_) {
      rows += fmt::format(" UNION ALL SELECT line FROM {} WHERE rowid >= {} AND rowid < {}",
                          CheckpointTombstones::kTable, range.begin, range.end);
    }
    QueryOrThrow(connection_, fmt::format("COPY (SELECT unnest(json_transform(line, {})) FROM ({})) TO {} (FORMAT "
                                          "parquet, ROW_GROUP_SIZE {})",
                                          QuoteLiteral(columns), rows, QuoteLiteral(temporary), kRowsPerGroup));
    return Publish(temporary, path, if_absent);
  }

  Result<int64_t> Publish(const std::string& temporary, const std::string& path, bool if_absent) {
    NL_ASSIGN_OR_RETURN(const auto written, store_.Head(temporary));
    NL_ASSIGN_OR_RETURN(const auto upload,
                        store_.NewUpload(path, {.if_absent = if_absent, .expected_bytes = written.size_bytes}));
    for (int64_t offset = 0; offset < written.size_bytes;) {
      NL_ASSIGN_OR_RETURN(const std::string bytes, store_.ReadRange(temporary, offset, kCopiedBytes));
      if (bytes.empty()) return MakeError(ErrorCode::kIoError, "the checkpoint's file ends too early: {}", temporary);
      NL_RETURN_IF_ERROR(upload->Append(bytes));
      offset += static_cast<int64_t>(bytes.size());
    }
    NL_RETURN_IF_ERROR(upload->Finish());
    return written.size_bytes;
  }

  static int64_t Milliseconds(WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  }
  int64_t NowMs() const { return Milliseconds(statement_.context->clock().Now()); }

  StatementState& statement_;
  storage::ObjectStore& store_;
  const Snapshot& snapshot_;
  std::string log_;
  native::Connection connection_;  // Of its own: the statement's is committing.
  int64_t tombstones_ = 0;         // In the connection's table of them.
};

}  // namespace

Result<void> WriteCheckpoint(native::ClientContext& context, StatementState& statement, const Snapshot& snapshot) {
  return CheckpointWriter(context, statement, snapshot).Write();
}

}  // namespace neurolake::engine::duckdb
