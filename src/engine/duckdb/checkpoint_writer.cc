#include "engine/duckdb/internal/checkpoint_writer.h"

#include <boost/json.hpp>
#include <charconv>

#include "common/log.h"
#include "common/text.h"
#include "duckdb/main/appender.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/snapshot_cache.h"

namespace neurolake::engine::duckdb {

using tables::delta::AddFile;
using tables::delta::RemoveFile;

namespace {

constexpr int64_t kDefaultInterval = 10;
constexpr int64_t kTombstonesKeptMs = 7LL * 24 * 3600 * 1000;  // delta.deletedFileRetentionDuration's default.

/// The columns of a checkpoint, as json_transform takes a type.
constexpr const char* kColumns = R"json({
 "txn":{"appId":"VARCHAR","version":"BIGINT","lastUpdated":"BIGINT"},
 "add":{"path":"VARCHAR","partitionValues":"MAP(VARCHAR,VARCHAR)","size":"BIGINT","modificationTime":"BIGINT",
        "dataChange":"BOOLEAN","stats":"VARCHAR","tags":"MAP(VARCHAR,VARCHAR)",
        "deletionVector":{"storageType":"VARCHAR","pathOrInlineDv":"VARCHAR","offset":"INTEGER",
                          "sizeInBytes":"INTEGER","cardinality":"BIGINT"},
        "baseRowId":"BIGINT","defaultRowCommitVersion":"BIGINT","clusteringProvider":"VARCHAR"},
 "remove":{"path":"VARCHAR","deletionTimestamp":"BIGINT","dataChange":"BOOLEAN","extendedFileMetadata":"BOOLEAN",
           "partitionValues":"MAP(VARCHAR,VARCHAR)","size":"BIGINT",
           "deletionVector":{"storageType":"VARCHAR","pathOrInlineDv":"VARCHAR","offset":"INTEGER",
                             "sizeInBytes":"INTEGER","cardinality":"BIGINT"}},
 "metaData":{"id":"VARCHAR","name":"VARCHAR","description":"VARCHAR",
             "format":{"provider":"VARCHAR","options":"MAP(VARCHAR,VARCHAR)"},"schemaString":"VARCHAR",
             "partitionColumns":["VARCHAR"],"configuration":"MAP(VARCHAR,VARCHAR)","createdTime":"BIGINT"},
 "protocol":{"minReaderVersion":"INTEGER","minWriterVersion":"INTEGER","readerFeatures":["VARCHAR"],
             "writerFeatures":["VARCHAR"]},
 "domainMetadata":{"domain":"VARCHAR","configuration":"VARCHAR","removed":"BOOLEAN"}})json";

std::string Key(const std::string& path, const std::optional<tables::delta::DeletionVectorDescriptor>& vector) {
  return path + "\n" + (vector ? vector->UniqueId() : "");
}

class CheckpointWriter {
 public:
  CheckpointWriter(native::ClientContext& context, StatementState& statement, const TableEntry& table)
      : statement_(statement), store_(*statement.store), table_(table), connection_(*context.db) {}

  Result<void> Write(const tables::delta::Snapshot& snapshot) {
    NL_ASSIGN_OR_RETURN(const auto tombstones, Tombstones(snapshot));
    int64_t actions = 0;
    Query("CREATE TEMP TABLE checkpoint_lines (line VARCHAR)");
    {
      native::Appender appender(connection_, "temp", "main", "checkpoint_lines");
      const auto append = [&](const std::string& line) {
        appender.AppendRow(native::Value(line));
        ++actions;
      };
      append(tables::delta::ToJsonLine(snapshot.protocol()));
      append(tables::delta::ToJsonLine(snapshot.metadata()));
      for (const auto& [app, transaction] : snapshot.log().transactions) append(tables::delta::ToJsonLine(transaction));
      for (const auto& [name, domain] : snapshot.log().domains) append(tables::delta::ToJsonLine(domain));
      for (const auto& [key, remove] : tombstones) append(tables::delta::ToJsonLine(remove));
      for (const AddFile& add : snapshot.files()) append(AsCheckpointed(add));
      appender.Close();
    }
    const std::string log = table_.location + "/_delta_log";
    const std::string temporary = fmt::format("{}/.checkpoint-{}.tmp", log, NewUuid());
    Query(fmt::format("COPY (SELECT unnest(json_transform(line, {})) FROM checkpoint_lines) TO {} (FORMAT parquet)",
                      QuoteLiteral(kColumns), QuoteLiteral(temporary)));
    auto bytes = store_.Read(temporary);
    std::ignore = store_.Delete(temporary);
    NL_RETURN_IF_ERROR(bytes);
    NL_RETURN_IF_ERROR(store_.Put(fmt::format("{}/{:020}.checkpoint.parquet", log, snapshot.version()), *bytes));
    const boost::json::object last{{"version", snapshot.version()},
                                   {"size", actions},
                                   {"sizeInBytes", static_cast<int64_t>(bytes->size())},
                                   {"numOfAddFiles", static_cast<int64_t>(snapshot.files().size())}};
    return store_.Put(log + "/_last_checkpoint", boost::json::serialize(last));
  }

 private:
  /// In a checkpoint no file is a change of data.
  static std::string AsCheckpointed(const AddFile& add) {
    AddFile quiet = add;
    quiet.data_change = false;
    return tables::delta::ToJsonLine(quiet);
  }

  native::unique_ptr<native::MaterializedQueryResult> Query(const std::string& sql) {
    auto result = connection_.Query(sql);
    if (result->HasError()) result->GetErrorObject().Throw();
    return result;
  }

  /// Removed files that a vacuum must still know: those of the checkpoint before and of the commits since.
  Result<std::map<std::string, RemoveFile>> Tombstones(const tables::delta::Snapshot& snapshot) {
    NL_ASSIGN_OR_RETURN(const auto segment, tables::delta::ListLog(store_, table_.location, snapshot.version()));
    std::map<std::string, RemoveFile> tombstones;
    for (const std::string& file : segment.checkpoint_files) {
      auto rows =
          Query(fmt::format("SELECT '{{\"remove\":' || to_json(remove)::VARCHAR || '}}' FROM read_parquet({}) "
                            "WHERE remove.path IS NOT NULL",
                            QuoteLiteral(file)));
      for (auto& row : *rows) NL_RETURN_IF_ERROR(Replay(row.GetValue<std::string>(0), file, tombstones));
    }
    for (const std::string& file : segment.commit_files) {
      NL_ASSIGN_OR_RETURN(const std::string text, store_.Read(file));
      NL_RETURN_IF_ERROR(Replay(text, file, tombstones));
    }
    // A retention of the table's own is kept by keeping everything; vacuum decides then.
    if (!snapshot.Property("delta.deletedFileRetentionDuration").empty()) return tombstones;
    const auto now = statement_.context->clock().Now().time_since_epoch();
    const int64_t oldest = std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - kTombstonesKeptMs;
    std::erase_if(tombstones,
                  [&](const auto& entry) { return entry.second.deletion_timestamp_ms.value_or(0) < oldest; });
    return tombstones;
  }

  static Result<void> Replay(const std::string& text, const std::string& file,
                             std::map<std::string, RemoveFile>& tombstones) {
    NL_ASSIGN_OR_RETURN(auto actions, tables::delta::ParseCommit(text, file));
    for (RemoveFile& remove : actions.removes) {
      remove.data_change = false;
      remove.stats.clear();  // Not a column of checkpoints.
      std::string key = Key(remove.path, remove.deletion_vector);
      tombstones.insert_or_assign(std::move(key), std::move(remove));
    }
    for (const AddFile& add : actions.adds) tombstones.erase(Key(add.path, add.deletion_vector));
    return {};
  }

  StatementState& statement_;
  storage::ObjectStore& store_;
  const TableEntry& table_;
  native::Connection connection_;  // Of its own: the statement's is committing.
};

int64_t IntervalOf(const tables::delta::Snapshot& snapshot) {
  const std::string text = snapshot.Property("delta.checkpointInterval");
  int64_t interval = kDefaultInterval;
  std::from_chars(text.data(), text.data() + text.size(), interval);
  return interval > 0 ? interval : kDefaultInterval;
}

}  // namespace

void WriteCheckpointIfDue(native::ClientContext& context, StatementState& statement, const TableEntry& table,
                          int64_t version) noexcept {
  if (version <= 0) return;
  std::string problem;
  try {
    const auto snapshot = statement.snapshots->Load(*statement.context, table, version);
    if (!snapshot.has_value()) {
      problem = snapshot.error().message();
    } else if (version % IntervalOf(**snapshot) == 0) {
      const auto written = CheckpointWriter(context, statement, table).Write(**snapshot);
      if (!written.has_value()) problem = written.error().message();
    }
  } catch (const std::exception& exception) {
    problem = exception.what();
  }
  if (problem.empty()) return;
  try {
    Log(LogLevel::kWarn, "checkpoint not written", statement.context->request_id(),
        {{"table", table.id.value()}, {"version", std::to_string(version)}, {"reason", problem}});
  } catch (const std::exception&) {
    // Nothing to be done, and nothing is lost.
  }
}

}  // namespace neurolake::engine::duckdb
