#include "engine/duckdb/internal/write_intent.h"

#include <algorithm>
#include <unordered_set>

#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/file_pruning.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::AddFile;

/// A partition's values in the engine's spelling: writers differ in how they spell a number or a time.
std::string PartitionKey(const AddFile& file, const FileLayout& layout) {
  std::string key;
  for (const auto& field : layout.schema.fields) {
    if (!layout.IsPartition(field.name)) continue;
    const native::Value value = PartitionValue(file, field);
    key += value.IsNull() ? "n" : fmt::format("v{}:{}", value.ToString().size(), value.ToString());
  }
  return key;
}

class Retirement {
 public:
  Retirement(LakeWrite& write, int64_t now_ms, bool data_change)
      : write_(write), now_ms_(now_ms), data_change_(data_change) {}
  void Retire(const AddFile& file) {
    if (data_change_) {
      write_.Remove(file, now_ms_);
    } else {
      // What is only arranged anew is of the version read, never of this transaction: no need to look there.
      write_.removes.push_back(tables::delta::MakeRemove(file, now_ms_, /*data_change=*/false));
    }
    write_.metrics["numRemovedFiles"] += 1;
    write_.metrics["numRemovedBytes"] += file.size_bytes;
  }

 private:
  LakeWrite& write_;
  int64_t now_ms_;
  bool data_change_;
};

void RetireTable(const tables::delta::Snapshot& base, Retirement& retirement) {
  for (const AddFile& file : base.files()) retirement.Retire(file);
}

void RetirePartitions(const tables::delta::Snapshot& base, const FileLayout& layout, const std::vector<AddFile>& files,
                      Retirement& retirement) {
  std::unordered_set<std::string> written;
  for (const AddFile& file : files) written.insert(PartitionKey(file, layout));
  for (const AddFile& file : base.files()) {
    if (written.contains(PartitionKey(file, layout))) retirement.Retire(file);
  }
}

void RetireNamed(const tables::delta::Snapshot& base, const std::vector<std::string>& retired, Retirement& retirement) {
  std::unordered_set<std::string_view> wanted(retired.begin(), retired.end());
  for (const AddFile& file : base.files()) {
    if (wanted.erase(file.path) > 0) retirement.Retire(file);
  }
  if (wanted.empty()) return;
  ThrowLakeError(Error(ErrorCode::kConflict, fmt::format("files to be replaced are no longer part of the table, run "
                                                         "the statement again, files: {}",
                                                         wanted.size())));
}

/// As Delta names them for OPTIMIZE, of all that the transaction has staged.
void SetRearrangementMetrics(LakeWrite& write) {
  std::vector<int64_t> sizes;
  int64_t added = 0, removed = 0, vectors = 0;
  for (const AddFile& add : write.adds) sizes.push_back(add.size_bytes);
  for (const int64_t size : sizes) added += size;
  for (const auto& remove : write.removes) {
    removed += remove.size_bytes;
    if (remove.deletion_vector) ++vectors;
  }
  std::ranges::sort(sizes);
  const auto quantile = [&](size_t percent) { return sizes.empty() ? 0 : sizes[(sizes.size() - 1) * percent / 100]; };
  write.metrics = {{"numAddedFiles", static_cast<int64_t>(sizes.size())},
                   {"numAddedBytes", added},
                   {"numRemovedFiles", static_cast<int64_t>(write.removes.size())},
                   {"numRemovedBytes", removed},
                   {"numDeletionVectorsRemoved", vectors},
                   {"minFileSize", quantile(0)},
                   {"p25FileSize", quantile(25)},
                   {"p50FileSize", quantile(50)},
                   {"p75FileSize", quantile(75)},
                   {"maxFileSize", quantile(100)}};
}

}  // namespace

void CheckReadVersion(const WriteIntent& intent, const TableEntry& table, const SnapshotPointer& base) {
  if (!intent.read_version) return;
  const int64_t found = base == nullptr ? -1 : base->version();
  if (found == *intent.read_version) return;
  ThrowLakeError(Error(ErrorCode::kConflict,
                       fmt::format("another commit changed the table while the statement ran, run it again, table: "
                                   "{}.{}, version read: {}, version now: {}",
                                   table.schema_name, table.table_name, *intent.read_version, found)));
}

Result<AddFile> DescribeIntended(const WriteIntent* intent, const WrittenFile& file, const FileLayout& layout,
                                 const std::set<std::string>& nan_columns, int64_t now_ms) {
  if (intent == nullptr || !intent->partition) return DescribeFile(file, layout, nan_columns, now_ms);
  // The values are those of files that are in the table; their spelling and their NULLs stay.
  FileLayout lenient = layout;
  for (auto& field : lenient.schema.fields) field.nullable = field.nullable || layout.IsPartition(field.name);
  WrittenFile complete = file;
  complete.partition.assign(intent->partition->begin(), intent->partition->end());
  complete.partition_spelled = true;
  NL_ASSIGN_OR_RETURN(AddFile add, DescribeFile(complete, lenient, nan_columns, now_ms));
  add.partition_values = *intent->partition;
  return add;
}

void ApplyWriteIntent(const WriteIntent& intent, const SnapshotPointer& base, const FileLayout& layout,
                      const std::vector<AddFile>& files, int64_t now_ms, LakeWrite& write) {
  if (!intent.operation.empty()) write.operation = intent.operation;
  if (!intent.data_change) write.parameters.clear();  // They are those of the INSERT that does the work.
  for (const auto& [name, json] : intent.parameters) write.parameters[name] = json;
  Retirement retirement(write, now_ms, intent.data_change);
  if (base != nullptr) {
    switch (intent.replace) {
      case WriteIntent::Replace::kNothing: break;
      case WriteIntent::Replace::kTable: RetireTable(*base, retirement); break;
      case WriteIntent::Replace::kPartitions: RetirePartitions(*base, layout, files, retirement); break;
      case WriteIntent::Replace::kFiles: RetireNamed(*base, intent.retired, retirement); break;
    }
  }
  NL_CHECK(write.adds.size() >= files.size());
  for (size_t i = write.adds.size() - files.size(); i < write.adds.size(); ++i) {
    write.adds[i].clustering_provider = intent.clustering_provider;
    write.adds[i].tags = intent.tags;
  }
  if (intent.data_change) return;
  for (AddFile& add : write.adds) add.data_change = false;
  for (auto& remove : write.removes) remove.data_change = false;
  SetRearrangementMetrics(write);
}

}  // namespace neurolake::engine::duckdb
