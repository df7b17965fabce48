#include "tables/delta/change_feed.h"

#include <unordered_map>

#include "common/text.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/internal/log_files.h"

namespace neurolake::tables::delta {
namespace {

bool FeedIsOn(const std::map<std::string, std::string>& configuration) {
  const auto found = configuration.find("delta.enableChangeDataFeed");
  return found != configuration.end() && EqualsIgnoringCase(found->second, "true");
}

/// Refuses a column that has the name of one of the three.
Result<void> CheckNames(const DataType& schema) {
  for (const StructField& field : schema.fields) {
    for (const std::string_view name : {kChangeType, kCommitVersion, kCommitTimestamp}) {
      if (!EqualsIgnoringCase(field.name, name)) continue;
      return MakeError(ErrorCode::kInvalidArgument,
                       "a column has the name of one of the change data feed's own (delta.enableChangeDataFeed): {}",
                       name);
    }
  }
  return {};
}

std::unexpected<Error> FeedWasOff(int64_t version) {
  return MakeError(ErrorCode::kInvalidArgument,
                   "the change data feed was off, set delta.enableChangeDataFeed = true and ask for later versions; "
                   "version: {}",
                   version);
}

/// The table's schema with the three columns behind it.
Result<DataType> FeedSchema(const DataType& schema) {
  NL_RETURN_IF_ERROR(CheckNames(schema));
  DataType extended = schema;
  for (const std::string_view name : {kChangeType, kCommitVersion, kCommitTimestamp}) {
    StructField field;
    field.name = name;
    field.type.kind = DataType::Kind::kString;
    if (name == kCommitVersion) field.type.kind = DataType::Kind::kLong;
    if (name == kCommitTimestamp) field.type.kind = DataType::Kind::kTimestamp;
    extended.fields.push_back(std::move(field));
  }
  return extended;
}

/// Rows of `rows` that `without` does not have; both ascending.
DeletedRows Difference(const DeletedRows& rows, const DeletedRows& without) {
  DeletedRows result;
  std::ranges::set_difference(rows, without, std::back_inserter(result));
  return result;
}

AddFile FileOf(const RemoveFile& remove) {
  AddFile file;
  file.path = remove.path;
  file.partition_values = remove.partition_values;
  file.size_bytes = remove.size_bytes;
  file.stats = remove.stats;
  file.deletion_vector = remove.deletion_vector;
  return file;
}

class FeedReader {
 public:
  FeedReader(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& last)
      : ctx_(ctx), store_(store), last_(last) {}

  Result<void> ReadVersion(int64_t version, WallTime timestamp) {
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
    const std::string path = internal::CommitPath(internal::LogPath(last_.table_path()), version);
    auto bytes = store_.Read(path);
    if (!bytes.has_value() && bytes.error().code() == ErrorCode::kNotFound) {
      return MakeError(ErrorCode::kVersionNotFound, "the version's commit was cleaned away: {}", version);
    }
    if (!bytes.has_value()) return std::unexpected(std::move(bytes).error());
    NL_ASSIGN_OR_RETURN(const CommitActions actions, ParseCommit(*bytes, path));
    if (actions.metadata.has_value() && !FeedIsOn(actions.metadata->configuration)) return FeedWasOff(version);
    if (actions.metadata.has_value()) NL_RETURN_IF_ERROR(CheckCells(actions.metadata->schema_string, version));
    version_ = std::to_string(version);
    timestamp_ = FormatTimestamp(timestamp);
    if (actions.changes.empty()) return ReadFileActions(actions);
    for (const AddCdcFile& change : actions.changes) {
      AddFile file;
      file.path = change.path;
      file.partition_values = change.partition_values;
      file.size_bytes = change.size_bytes;
      Put(std::move(file), nullptr);
    }
    return {};
  }

  /// Files are read as the last version has the columns. Whether they hold cells or values must have been the same.
  Result<void> CheckCells(const DataType& schema, int64_t version) {
    std::string differing;
    for (const StructField& now : last_.schema().fields) {
      const auto then = std::ranges::find_if(
          schema.fields, [&](const StructField& one) { return one.physical_name() == now.physical_name(); });
      if (then == schema.fields.end()) continue;
      if (then->TextMetadata(kEncryptionColumn) != now.TextMetadata(kEncryptionColumn)) differing = now.name;
    }
    if (differing.empty() != !cells_differ_) same_cells_since_ = version;
    cells_differ_ = !differing.empty();
    if (cells_differ_) differing_column_ = differing;
    return {};
  }
  Result<void> CheckCells(const std::string& schema_string, int64_t version) {
    NL_ASSIGN_OR_RETURN(const DataType schema, ParseSchema(schema_string));
    return CheckCells(schema, version);
  }
  /// When all versions were read.
  Result<void> CheckAllSame() const {
    if (differing_column_.empty()) return {};
    return MakeError(ErrorCode::kNotSupported,
                     "a column was encrypted, or decrypted, among these versions, and its files before that are of "
                     "another kind; ask for changes from a later version on: column {}, from version {}",
                     differing_column_, same_cells_since_);
  }

  std::vector<AddFile> files;
  std::map<uint32_t, DeletedRows> only_rows;

 private:
  bool cells_differ_ = false;
  int64_t same_cells_since_ = 0;
  std::string differing_column_;
  /// Without files of changes, what came and what went says it all.
  Result<void> ReadFileActions(const CommitActions& actions) {
    std::unordered_map<std::string_view, const AddFile*> added;
    for (const AddFile& add : actions.adds) {
      if (add.data_change) added.emplace(add.path, &add);
    }
    for (const RemoveFile& remove : actions.removes) {
      if (!remove.data_change) continue;
      const auto again = added.find(remove.path);
      if (again == added.end()) {
        if (remove.partition_values.size() < last_.metadata().partition_columns.size()) {
          return MakeError(ErrorCode::kNotSupported,
                           "the commit removes a file without saying which partition it was of (remove without "
                           "extendedFileMetadata), so its rows cannot be told; ask for other versions; version: {}",
                           version_);
        }
        Put(FileOf(remove), "delete");
        continue;
      }
      NL_RETURN_IF_ERROR(PutVectorChange(remove, *again->second));
      added.erase(again);
    }
    for (const AddFile& add : actions.adds) {
      const auto still = added.find(add.path);
      if (still != added.end() && still->second == &add) Put(add, "insert");
    }
    return {};
  }

  Result<DeletedRows> VectorOf(const std::optional<DeletionVectorDescriptor>& vector) {
    if (!vector.has_value()) return DeletedRows();
    return ReadDeletionVector(store_, last_.table_path(), *vector, last_.foreign_roots());
  }

  /// The same file before and after with different rows deleted.
  Result<void> PutVectorChange(const RemoveFile& before, const AddFile& after) {
    NL_ASSIGN_OR_RETURN(const DeletedRows old_rows, VectorOf(before.deletion_vector));
    NL_ASSIGN_OR_RETURN(const DeletedRows new_rows, VectorOf(after.deletion_vector));
    PutRows(after, Difference(new_rows, old_rows), "delete");
    PutRows(after, Difference(old_rows, new_rows), "insert");
    return {};
  }

  void PutRows(AddFile file, DeletedRows rows, const char* change_type) {
    if (rows.empty()) return;
    file.deletion_vector.reset();
    file.stats.clear();  // They count all rows of the file.
    only_rows.emplace(static_cast<uint32_t>(files.size()), std::move(rows));
    Put(std::move(file), change_type);
  }

  void Put(AddFile file, const char* change_type) {
    if (change_type != nullptr) file.partition_values[kChangeType] = change_type;
    file.partition_values[kCommitVersion] = version_;
    file.partition_values[kCommitTimestamp] = timestamp_;
    files.push_back(std::move(file));
  }

  const RequestContext& ctx_;
  storage::ObjectStore& store_;
  const Snapshot& last_;
  std::string version_, timestamp_;  // Of the version under way.
};

}  // namespace

Result<void> CheckFeedColumns(const std::map<std::string, std::string>& configuration, const DataType& schema) {
  if (!FeedIsOn(configuration)) return {};
  return CheckNames(schema);
}

Result<ChangeFeed> ReadChangeFeed(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& first,
                                  const Snapshot& last) {
  NL_CHECK(first.version() <= last.version());
  if (!FeedIsOn(first.metadata().configuration)) return FeedWasOff(first.version());
  NL_ASSIGN_OR_RETURN(DataType schema, FeedSchema(last.schema()));
  NL_ASSIGN_OR_RETURN(const auto history, ReadHistory(ctx, store, last.table_path(), std::nullopt));
  FeedReader feed(ctx, store, last);
  NL_RETURN_IF_ERROR(feed.CheckCells(first.schema(), first.version()));
  std::map<int64_t, WallTime> times;
  for (const HistoryEntry& entry : history) times.emplace(entry.version, entry.timestamp);
  for (int64_t version = first.version(); version <= last.version(); ++version) {
    const auto time = times.find(version);
    if (time == times.end()) {
      return MakeError(ErrorCode::kVersionNotFound, "the version's commit was cleaned away: {}", version);
    }
    NL_RETURN_IF_ERROR(feed.ReadVersion(version, time->second));
  }
  NL_RETURN_IF_ERROR(feed.CheckAllSame());
  ReplayedLog log;
  log.protocol = last.protocol();
  log.metadata = last.metadata();
  log.metadata->schema_string = SerializeSchema(schema);
  log.metadata->partition_columns.emplace_back(kCommitVersion);
  log.metadata->partition_columns.emplace_back(kCommitTimestamp);
  log.files = feed.files;
  return ChangeFeed{.snapshot = std::make_shared<const Snapshot>(last.table_path(), last.version(), std::move(log),
                                                                 std::move(schema), last.foreign_roots()),
                    .only_rows = std::move(feed.only_rows)};
}

}  // namespace neurolake::tables::delta
