#include "engine/duckdb/internal/row_deletions.h"

#include <algorithm>

#include "common/text.h"
#include "engine/duckdb/internal/data_file_rows.h"
#include "engine/duckdb/internal/deletion_cost.h"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/row_identity.h"
#include "storage/path.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {

using tables::delta::AddFile;
using tables::delta::DeletedRows;

void RowDeletions::Add(Local& local, native::Vector& file_index, native::Vector& row_number, native::idx_t count) {
  native::UnifiedVectorFormat files, rows;
  file_index.ToUnifiedFormat(count, files);
  row_number.ToUnifiedFormat(count, rows);
  const auto* file_values = native::UnifiedVectorFormat::GetData<uint64_t>(files);
  const auto* row_values = native::UnifiedVectorFormat::GetData<int64_t>(rows);
  std::vector<Run>* runs = nullptr;
  uint64_t current = 0;
  for (native::idx_t i = 0; i < count; ++i) {
    const auto file_position = files.sel->get_index(i);
    const auto row_position = rows.sel->get_index(i);
    if (!files.validity.RowIsValid(file_position) || !rows.validity.RowIsValid(row_position)) continue;
    const uint64_t file = file_values[file_position];
    const auto row = static_cast<uint64_t>(row_values[row_position]);
    if (runs == nullptr || file != current) {
      runs = &local.files[file];
      current = file;
    }
    if (!runs->empty() && runs->back().first + runs->back().count == row) {
      ++runs->back().count;
    } else {
      runs->push_back({row, 1});
    }
  }
}

void RowDeletions::Merge(Local&& local) {
  std::lock_guard lock(mutex_);
  for (auto& [file, runs] : local.files) {
    auto& all = files_[file];
    all.insert(all.end(), runs.begin(), runs.end());
  }
  local.files.clear();
}

void RowDeletions::Visit(const std::function<void(uint64_t file_index, const Run& run)>& visit) const {
  for (const auto& [file, runs] : files_) {
    for (const Run& run : runs) visit(file, run);
  }
}

std::vector<RowDeletions::FileRows> RowDeletions::Take(bool* duplicates) {
  std::lock_guard lock(mutex_);
  std::vector<FileRows> result;
  for (auto& [file, runs] : files_) {
    std::ranges::sort(runs, {}, &Run::first);
    FileRows rows{.file_index = file, .runs = {}, .row_count = 0};
    for (const Run& run : runs) {
      if (rows.runs.empty() || rows.runs.back().first + rows.runs.back().count < run.first) {
        rows.runs.push_back(run);
        continue;
      }
      Run& last = rows.runs.back();
      if (last.first + last.count > run.first) *duplicates = true;
      last.count = std::max(last.first + last.count, run.first + run.count) - last.first;
    }
    for (const Run& run : rows.runs) rows.row_count += run.count;
    result.push_back(std::move(rows));
  }
  files_.clear();
  std::ranges::sort(result, {}, &FileRows::file_index);
  return result;
}

namespace {

/// Positions in `runs` and in `deleted`, ascending; neither has the other's.
DeletedRows Union(const std::vector<RowDeletions::Run>& runs, const DeletedRows& deleted) {
  DeletedRows result;
  size_t next = 0;
  for (const auto& run : runs) {
    while (next < deleted.size() && deleted[next] < run.first) result.push_back(deleted[next++]);
    for (uint64_t row = run.first; row < run.first + run.count; ++row) {
      if (next < deleted.size() && deleted[next] == row) ++next;
      result.push_back(row);
    }
  }
  result.insert(result.end(), deleted.begin() + static_cast<std::ptrdiff_t>(next), deleted.end());
  return result;
}

/// Applies deletions to one table; a class, as all its steps share the same things.
class Deleter {
 public:
  Deleter(native::ClientContext& context, const WriteTarget& target, LakeWrite& write, int64_t now_ms)
      : context_(context),
        target_(target),
        write_(write),
        now_ms_(now_ms),
        transaction_(LakeTransaction::Get(context, native::Catalog::GetCatalog(context, "lake"))),
        store_(*transaction_.statement().store),
        use_vectors_(target.base->Property("delta.enableDeletionVectors") == "true" &&
                     target.base->protocol().HasWriterFeature("deletionVectors")) {}

  DeletionOutcome Apply(const std::vector<RowDeletions::FileRows>& files) {
    for (const auto& rows : files) {
      NL_CHECK(rows.file_index < target_.base->files().size());
      ApplyToFile(target_.base->files()[rows.file_index], rows);
    }
    WriteVectors();
    return outcome_;
  }

 private:
  void ApplyToFile(const AddFile& file, const RowDeletions::FileRows& rows) {
    outcome_.rows += static_cast<int64_t>(rows.row_count);
    const int64_t gone_before = file.deletion_vector ? file.deletion_vector->cardinality : 0;
    const auto statistics = tables::delta::ParseStatistics(file.stats, {"\n"});  // Of no column: the row count alone.
    if (statistics.record_count && static_cast<int64_t>(rows.row_count) + gone_before >= *statistics.record_count) {
      RemoveWhole(file);
      return;
    }
    DeletedRows before;
    if (file.deletion_vector) {
      before = ValueOrThrow(tables::delta::ReadDeletionVector(store_, target_.table.location, *file.deletion_vector,
                                                              target_.base->foreign_roots()));
    }
    const ThinnedFile thinned{.size_bytes = file.size_bytes,
                              .rows = statistics.record_count.value_or(0),
                              .rows_gone = static_cast<int64_t>(rows.row_count) + gone_before};
    if (use_vectors_ && !RewritingPays(thinned)) {
      pending_files_.push_back(file);
      pending_vectors_.push_back(Union(rows.runs, before));
    } else {
      Rewrite(file, Union(rows.runs, before));
    }
  }

  void RemoveWhole(const AddFile& file) {
    write_.Remove(file, now_ms_);
    ++outcome_.files_removed;
    if (file.deletion_vector) ++outcome_.vectors_removed;
  }

  void WriteVectors() {
    if (pending_vectors_.empty()) return;
    const auto descriptors =
        ValueOrThrow(tables::delta::WriteDeletionVectors(store_, target_.table.location, pending_vectors_));
    for (size_t i = 0; i < descriptors.size(); ++i) {
      const AddFile& old = pending_files_[i];
      AddFile changed = old;
      changed.deletion_vector = descriptors[i];
      changed.stats = tables::delta::LoosenBounds(old.stats);
      changed.data_change = true;
      write_.Remove(old, now_ms_);
      write_.adds.push_back(std::move(changed));
      old.deletion_vector ? ++outcome_.vectors_updated : ++outcome_.vectors_added;
    }
  }

  void Rewrite(const AddFile& file, const DeletedRows& deleted) {
    const std::string source = ValueOrThrow(target_.base->PathOf(file.path));
    // Beside the old file, unless that is another table's, as in a shallow clone.
    const bool own = source.starts_with(target_.layout.location + "/");
    const std::string directory = own ? storage::ParentPath(source) : target_.layout.location;
    // A connection of its own: this one is running the statement. Memory limit and file rights are the instance's.
    native::Connection connection(*context_.db);
    WriteTarget target = target_;
    target.row_ids = KeptRowIds(*target_.base);
    auto rows = ReadDataFile(connection, target, source);
    DataFileWriter writer(context_, target, fmt::format("{}/part-{}.parquet", directory, NewUuid()));
    const int64_t copied = CopyRows(*rows, deleted, target.row_ids ? &file : nullptr, writer);
    WrittenFile written = writer.Finish();
    if (copied == 0) {
      RemoveWhole(file);
      return;
    }
    for (const auto& [name, value] : file.partition_values) written.partition.emplace_back(name, value);
    written.partition_spelled = true;
    AddFile add = ValueOrThrow(DescribeFile(written, target_.layout, nan_columns_, now_ms_));
    add.partition_values = file.partition_values;
    write_.Remove(file, now_ms_);
    write_.adds.push_back(std::move(add));
    ++outcome_.files_removed;
    ++outcome_.files_added;
    if (file.deletion_vector) ++outcome_.vectors_removed;
    outcome_.rows_copied += copied;
  }

  /// `moved_from`: null unless rows keep ids.
  int64_t CopyRows(native::QueryResult& rows, const DeletedRows& deleted, const AddFile* moved_from,
                   DataFileWriter& writer) {
    int64_t copied = 0;
    native::DataChunk output;
    auto types = rows.types;
    types.pop_back();
    output.InitializeEmpty(types);
    while (auto chunk = rows.Fetch()) {
      if (chunk->size() == 0) break;
      if (context_.IsInterrupted()) throw native::InterruptException();
      auto& numbers = chunk->data.back();
      numbers.Flatten(chunk->size());
      const auto* values = native::FlatVector::GetData<int64_t>(numbers);
      if (moved_from != nullptr) {
        const native::idx_t width = chunk->ColumnCount();
        CompleteMovedRows(*moved_from, values, *chunk, width - 3, width - 2);
      }
      native::SelectionVector kept(chunk->size());
      native::idx_t count = 0;
      for (native::idx_t i = 0; i < chunk->size(); ++i) {
        if (!std::ranges::binary_search(deleted, static_cast<uint64_t>(values[i]))) kept.set_index(count++, i);
      }
      if (count == 0) continue;
      for (native::idx_t column = 0; column < output.ColumnCount(); ++column) {
        output.data[column].Slice(chunk->data[column], kept, count);
      }
      output.SetCardinality(count);
      NoteNan(output);
      writer.Append(output);
      copied += static_cast<int64_t>(count);
    }
    if (rows.HasError()) rows.GetErrorObject().Throw();
    return copied;
  }

  void NoteNan(native::DataChunk& chunk) {
    const auto names = DataFileWriter::Names(target_);
    for (native::idx_t i = 0; i < chunk.ColumnCount(); ++i) {
      if (HasNan(chunk.data[i], chunk.size())) nan_columns_.insert(names[i]);
    }
  }

  native::ClientContext& context_;
  const WriteTarget& target_;
  LakeWrite& write_;
  int64_t now_ms_;
  LakeTransaction& transaction_;
  storage::ObjectStore& store_;
  bool use_vectors_;
  DeletionOutcome outcome_;
  std::set<std::string> nan_columns_;
  std::vector<AddFile> pending_files_;
  std::vector<DeletedRows> pending_vectors_;
};

}  // namespace

bool HasNan(native::Vector& vector, native::idx_t count) {
  const auto id = vector.GetType().id();
  if (id != native::LogicalTypeId::FLOAT && id != native::LogicalTypeId::DOUBLE) return false;
  native::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(count, format);
  const auto any = [&]<typename T>(const T* values) {
    for (native::idx_t i = 0; i < count; ++i) {
      const auto position = format.sel->get_index(i);
      if (format.validity.RowIsValid(position) && std::isnan(values[position])) return true;
    }
    return false;
  };
  return id == native::LogicalTypeId::FLOAT ? any(native::UnifiedVectorFormat::GetData<float>(format))
                                            : any(native::UnifiedVectorFormat::GetData<double>(format));
}

DeletionOutcome ApplyDeletions(native::ClientContext& context, const WriteTarget& target, LakeWrite& write,
                               const std::vector<RowDeletions::FileRows>& files, int64_t now_ms) {
  if (files.empty()) return {};  // So too for a new table, which has nothing to delete from.
  return Deleter(context, target, write, now_ms).Apply(files);
}

}  // namespace neurolake::engine::duckdb
