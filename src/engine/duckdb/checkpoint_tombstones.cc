#include "engine/duckdb/internal/checkpoint_tombstones.h"

#include "common/text.h"
#include "duckdb/main/appender.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "storage/path.h"
#include "tables/delta/log_file_parts.h"

namespace neurolake::engine::duckdb {

using tables::delta::AddFile;
using tables::delta::RemoveFile;

namespace {

constexpr const char* kActions = "checkpoint_actions";
constexpr int64_t kRowsHeld = 16'384;

std::string Key(const std::string& path, const std::optional<tables::delta::DeletionVectorDescriptor>& vector) {
  return path + "\n" + (vector ? vector->UniqueId() : "");
}

}  // namespace

CheckpointTombstones::CheckpointTombstones(native::Connection& connection, storage::ObjectStore& store,
                                           const tables::delta::Snapshot& snapshot)
    : connection_(connection), reader_(*connection.context->db), store_(store), snapshot_(snapshot) {}

CheckpointTombstones::~CheckpointTombstones() = default;

Result<int64_t> CheckpointTombstones::Find(int64_t oldest_ms) {
  oldest_ms_ = oldest_ms;
  NL_ASSIGN_OR_RETURN(const auto segment, tables::delta::ListLog(store_, snapshot_.table_path(), snapshot_.version()));
  for (const std::string& file : segment.checkpoint_files) NL_RETURN_IF_ERROR(ReplayCheckpoint(file));
  for (size_t i = 0; i < segment.commit_files.size(); ++i) {
    const std::string& file = segment.commit_files[i];
    tables::delta::LogFileParts parts(store_, file, segment.commit_bytes[i]);
    while (true) {
      NL_ASSIGN_OR_RETURN(const auto part, parts.Next());
      if (!part.has_value()) break;
      NL_RETURN_IF_ERROR(Replay(part->lines, file));
    }
  }
  if (appender_ == nullptr) return 0;
  appender_->Close();
  appender_.reset();
  // Of a file that was removed and added in turns, only what came last is so.
  QueryOrThrow(connection_, fmt::format("CREATE TEMP TABLE checkpoint_tombstones AS SELECT removal AS line FROM {0} "
                                        "JOIN (SELECT key, max(place) AS place FROM {0} GROUP BY key) "
                                        "USING (key, place) WHERE removal IS NOT NULL",
                                        kActions));
  QueryOrThrow(connection_, fmt::format("DROP TABLE {}", kActions));
  return QueryOrThrow(connection_, fmt::format("SELECT count(*) FROM {}", kTable))->GetValue(0, 0).GetValue<int64_t>();
}

Result<void> CheckpointTombstones::ReplayCheckpoint(const std::string& file) {
  if (!file.ends_with(".json")) return ReplayParquet(file);
  NL_ASSIGN_OR_RETURN(const std::string text, store_.Read(file));
  NL_ASSIGN_OR_RETURN(auto actions, tables::delta::ParseCommit(text, file));
  Apply(actions);
  for (const std::string& sidecar : actions.sidecars) NL_RETURN_IF_ERROR(ReplaySidecar(sidecar));
  return {};
}

Result<void> CheckpointTombstones::ReplaySidecar(const std::string& name) {
  return ReplayParquet(storage::JoinPath(snapshot_.table_path() + "/_delta_log/_sidecars", name));
}

Result<void> CheckpointTombstones::ReplayParquet(const std::string& file) {
  const std::string source = fmt::format("read_parquet({}, hive_partitioning = false)", QuoteLiteral(file));
  const auto names = QueryOrThrow(reader_, "SELECT * FROM " + source + " LIMIT 0")->names;
  const auto has = [&](const char* name) { return std::ranges::find(names, name) != names.end(); };
  if (has("remove")) {
    auto rows = reader_.SendQuery("SELECT '{\"remove\":' || to_json(remove)::VARCHAR || '}' FROM " + source +
                                  " WHERE remove.path IS NOT NULL");
    if (rows->HasError()) rows->GetErrorObject().Throw();
    for (auto& row : *rows) NL_RETURN_IF_ERROR(Replay(row.GetValue<std::string>(0), file));
    if (rows->HasError()) rows->GetErrorObject().Throw();
  }
  if (!has("sidecar")) return {};
  auto rows = QueryOrThrow(reader_, "SELECT sidecar.path FROM " + source + " WHERE sidecar.path IS NOT NULL");
  for (auto& row : *rows) NL_RETURN_IF_ERROR(ReplaySidecar(row.GetValue<std::string>(0)));
  return {};
}

Result<void> CheckpointTombstones::Replay(const std::string& text, const std::string& file) {
  NL_ASSIGN_OR_RETURN(auto actions, tables::delta::ParseCommit(text, file));
  Apply(actions);
  return {};
}

void CheckpointTombstones::Apply(tables::delta::CommitActions& actions) {
  for (RemoveFile& remove : actions.removes) {
    if (remove.deletion_timestamp_ms.value_or(0) < oldest_ms_) continue;
    remove.data_change = false;
    remove.stats.clear();  // Not a column of checkpoints.
    if (appender_ == nullptr) {
      QueryOrThrow(connection_,
                   fmt::format("CREATE TEMP TABLE {} (place BIGINT, key VARCHAR, removal VARCHAR)", kActions));
      appender_ = std::make_unique<native::Appender>(connection_, "temp", "main", kActions);
    }
    Append(Key(remove.path, remove.deletion_vector), native::Value(tables::delta::ToJsonLine(remove)));
  }
  if (appender_ == nullptr) return;
  for (const AddFile& add : actions.adds) {
    Append(Key(add.path, add.deletion_vector), native::Value(native::LogicalType::VARCHAR));
  }
}

void CheckpointTombstones::Append(const std::string& key, const native::Value& removal) {
  appender_->AppendRow(native::Value::BIGINT(actions_), native::Value(key), removal);
  if (++actions_ % kRowsHeld == 0) appender_->Flush();
}

}  // namespace neurolake::engine::duckdb
