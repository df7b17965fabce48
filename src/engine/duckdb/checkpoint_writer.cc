#include "engine/duckdb/internal/checkpoint_writer.h"

#include <boost/json.hpp>

#include "common/text.h"
#include "duckdb/main/appender.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "storage/path.h"
#include "tables/delta/vacuum.h"

namespace neurolake::engine::duckdb {

using tables::delta::AddFile;
using tables::delta::RemoveFile;
using tables::delta::Snapshot;

namespace {

/// So many files stand in one sidecar of a v2 checkpoint, so that readers can share the work.
constexpr int64_t kSidecarActionsMax = 500'000;

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

std::string Key(const std::string& path, const std::optional<tables::delta::DeletionVectorDescriptor>& vector) {
  return path + "\n" + (vector ? vector->UniqueId() : "");
}

class CheckpointWriter {
 public:
  CheckpointWriter(native::ClientContext& context, StatementState& statement, const Snapshot& snapshot)
      : statement_(statement),
        store_(*statement.store),
        snapshot_(snapshot),
        log_(snapshot.table_path() + "/_delta_log"),
        connection_(*context.db) {}

  Result<void> Write() {
    NL_ASSIGN_OR_RETURN(tombstones_, Tombstones());
    const bool in_parts =
        snapshot_.Property("delta.checkpointPolicy") == "v2" && snapshot_.protocol().HasReaderFeature("v2Checkpoint");
    return in_parts ? WriteWithSidecars() : WriteClassic();
  }

 private:
  using Appender = native::Appender;
  using WriteLines = std::function<void(Appender&)>;

  Result<void> WriteClassic() {
    NL_ASSIGN_OR_RETURN(const auto lines, TableLines());
    NL_ASSIGN_OR_RETURN(const std::string bytes,
                        MakeParquet(fmt::format("{{{},{}}}", kTableColumns, kFileColumns), [&](Appender& appender) {
                          for (const std::string& line : lines) appender.AppendRow(native::Value(line));
                          AppendFiles(appender, 0, FileActions());
                        }));
    NL_RETURN_IF_ERROR(store_.Put(fmt::format("{}/{:020}.checkpoint.parquet", log_, snapshot_.version()), bytes));
    return WriteHint(static_cast<int64_t>(lines.size()) + FileActions(), static_cast<int64_t>(bytes.size()));
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
      NL_ASSIGN_OR_RETURN(const std::string bytes,
                          MakeParquet(fmt::format("{{{}}}", kFileColumns),
                                      [&](Appender& appender) { AppendFiles(appender, begin, end); }));
      const std::string name = NewUuid() + ".parquet";
      const std::string path = log_ + "/_sidecars/" + name;
      NL_RETURN_IF_ERROR(store_.PutIfAbsent(path, bytes));
      NL_ASSIGN_OR_RETURN(const auto written, store_.Head(path));
      const boost::json::object sidecar{{"sidecar",
                                         {{"path", name},
                                          {"sizeInBytes", static_cast<int64_t>(bytes.size())},
                                          {"modificationTime", Milliseconds(written.modified)}}}};
      lines.push_back(boost::json::serialize(sidecar));
      total_bytes += static_cast<int64_t>(bytes.size());
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

  int64_t FileActions() const { return static_cast<int64_t>(tombstones_.size() + snapshot_.files().size()); }

  /// Those from `begin` to before `end`, removals first. In a checkpoint no file is a change of data.
  void AppendFiles(Appender& appender, int64_t begin, int64_t end) const {
    const auto removes = static_cast<int64_t>(tombstones_.size());
    for (int64_t i = begin; i < end; ++i) {
      if (i < removes) {
        appender.AppendRow(native::Value(tables::delta::ToJsonLine(tombstones_[static_cast<size_t>(i)])));
        continue;
      }
      AddFile quiet = snapshot_.files()[static_cast<size_t>(i - removes)];
      quiet.data_change = false;
      appender.AppendRow(native::Value(tables::delta::ToJsonLine(quiet)));
    }
  }

  Result<std::string> MakeParquet(const std::string& columns, const WriteLines& write) {
    Query("CREATE OR REPLACE TEMP TABLE checkpoint_lines (line VARCHAR)");
    {
      Appender appender(connection_, "temp", "main", "checkpoint_lines");
      write(appender);
      appender.Close();
    }
    // The bytes come back here before they are published: no need to send them over a network for that.
    const std::string& spill = native::DBConfig::GetConfig(*connection_.context).options.temporary_directory;
    const bool remote = storage::IsUrl(log_) && !spill.empty();
    const std::string temporary = fmt::format("{}/.checkpoint-{}.tmp", remote ? spill : log_, NewUuid());
    const auto remove = [&](void*) { std::ignore = store_.Delete(temporary); };
    const std::unique_ptr<void, decltype(remove)> removed(this, remove);
    Query(fmt::format("COPY (SELECT unnest(json_transform(line, {})) FROM checkpoint_lines) TO {} (FORMAT parquet)",
                      QuoteLiteral(columns), QuoteLiteral(temporary)));
    return store_.Read(temporary);
  }

  native::unique_ptr<native::MaterializedQueryResult> Query(const std::string& sql) {
    auto result = connection_.Query(sql);
    if (result->HasError()) result->GetErrorObject().Throw();
    return result;
  }

  static int64_t Milliseconds(WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  }
  int64_t NowMs() const { return Milliseconds(statement_.context->clock().Now()); }

  /// Removed files that a vacuum must still know: those of the checkpoint before and of the commits since.
  Result<std::vector<RemoveFile>> Tombstones() {
    NL_ASSIGN_OR_RETURN(const auto segment,
                        tables::delta::ListLog(store_, snapshot_.table_path(), snapshot_.version()));
    std::map<std::string, RemoveFile> known;
    for (const std::string& file : segment.checkpoint_files) NL_RETURN_IF_ERROR(ReplayCheckpoint(file, known));
    for (const std::string& file : segment.commit_files) {
      NL_ASSIGN_OR_RETURN(const std::string text, store_.Read(file));
      NL_RETURN_IF_ERROR(Replay(text, file, known));
    }
    NL_ASSIGN_OR_RETURN(const auto retention, tables::delta::DeletedFileRetention(snapshot_.metadata()));
    const int64_t oldest = NowMs() - retention.count();
    std::vector<RemoveFile> tombstones;
    for (auto& [key, remove] : known) {
      if (remove.deletion_timestamp_ms.value_or(0) >= oldest) tombstones.push_back(std::move(remove));
    }
    return tombstones;
  }

  Result<void> ReplayCheckpoint(const std::string& file, std::map<std::string, RemoveFile>& known) {
    if (file.ends_with(".json")) {
      NL_ASSIGN_OR_RETURN(const std::string text, store_.Read(file));
      NL_RETURN_IF_ERROR(Replay(text, file, known));
      NL_ASSIGN_OR_RETURN(const auto actions, tables::delta::ParseCommit(text, file));
      for (const std::string& sidecar : actions.sidecars) {
        NL_RETURN_IF_ERROR(ReplayParquet(storage::JoinPath(log_ + "/_sidecars", sidecar), known));
      }
      return {};
    }
    return ReplayParquet(file, known);
  }

  Result<void> ReplayParquet(const std::string& file, std::map<std::string, RemoveFile>& known) {
    const std::string source = fmt::format("read_parquet({}, hive_partitioning = false)", QuoteLiteral(file));
    const auto names = Query("SELECT * FROM " + source + " LIMIT 0")->names;
    const auto has = [&](const char* name) { return std::ranges::find(names, name) != names.end(); };
    if (has("remove")) {
      auto rows = Query("SELECT '{\"remove\":' || to_json(remove)::VARCHAR || '}' FROM " + source +
                        " WHERE remove.path IS NOT NULL");
      for (auto& row : *rows) NL_RETURN_IF_ERROR(Replay(row.GetValue<std::string>(0), file, known));
    }
    if (!has("sidecar")) return {};
    auto rows = Query("SELECT sidecar.path FROM " + source + " WHERE sidecar.path IS NOT NULL");
    for (auto& row : *rows) {
      const auto sidecar = row.GetValue<std::string>(0);
      NL_RETURN_IF_ERROR(ReplayParquet(storage::JoinPath(log_ + "/_sidecars", sidecar), known));
    }
    return {};
  }

  static Result<void> Replay(const std::string& text, const std::string& file,
                             std::map<std::string, RemoveFile>& known) {
    NL_ASSIGN_OR_RETURN(auto actions, tables::delta::ParseCommit(text, file));
    for (RemoveFile& remove : actions.removes) {
      remove.data_change = false;
      remove.stats.clear();  // Not a column of checkpoints.
      std::string key = Key(remove.path, remove.deletion_vector);
      known.insert_or_assign(std::move(key), std::move(remove));
    }
    for (const AddFile& add : actions.adds) known.erase(Key(add.path, add.deletion_vector));
    return {};
  }

  StatementState& statement_;
  storage::ObjectStore& store_;
  const Snapshot& snapshot_;
  std::string log_;
  native::Connection connection_;  // Of its own: the statement's is committing.
  std::vector<RemoveFile> tombstones_;
};

}  // namespace

Result<void> WriteCheckpoint(native::ClientContext& context, StatementState& statement, const Snapshot& snapshot) {
  return CheckpointWriter(context, statement, snapshot).Write();
}

}  // namespace neurolake::engine::duckdb
