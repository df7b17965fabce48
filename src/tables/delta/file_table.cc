#include "tables/delta/file_table.h"

#include <simdjson.h>

#include <cstring>

#include "common/check.h"
#include "tables/delta/reconciler.h"

namespace neurolake::tables::delta {
namespace {

constexpr size_t kBlockBytesMin = 4 << 10;
constexpr size_t kBlockBytesMax = 1 << 20;
/// More blocks than this are many, unless they are full.
constexpr size_t kBlocksFew = 64;

/// What a record has after its path and statistics.
enum Part : unsigned {
  kDataChange = 1,
  kPartitionValues = 2,
  kDeletionVector = 4,
  kVectorOffset = 8,
  kTags = 16,
  kBaseRowId = 32,
  kRowCommitVersion = 64,
  kClustering = 128,
};

/// Lengths and numbers take as many bytes as they need, seven bits each.
void PutNumber(std::string& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}
void PutSigned(std::string& out, int64_t number) {
  PutNumber(out, (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63));
}
void PutText(std::string& out, std::string_view text) {
  PutNumber(out, text.size());
  out.append(text);
}

/// Reads what the functions above wrote: never anything from outside.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : next_(bytes.data()) {}
  uint64_t Number() {
    uint64_t number = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(*next_++);
      number |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return number;
    }
  }
  int64_t Signed() {
    const uint64_t number = Number();
    return static_cast<int64_t>(number >> 1) ^ -static_cast<int64_t>(number & 1);
  }
  std::string_view Text() {
    const auto size = static_cast<size_t>(Number());
    const std::string_view text(next_, size);
    next_ += size;
    return text;
  }

 private:
  const char* next_;
};

std::string Encode(const AddFile& file) {
  std::string out;
  out.reserve(file.path.size() + file.stats.size() + 64);
  PutText(out, file.path);
  PutText(out, file.stats);
  const auto& vector = file.deletion_vector;
  unsigned parts = 0;
  if (file.data_change) parts |= kDataChange;
  if (!file.partition_values.empty()) parts |= kPartitionValues;
  if (vector.has_value()) parts |= kDeletionVector;
  if (vector.has_value() && vector->offset.has_value()) parts |= kVectorOffset;
  if (!file.tags.empty()) parts |= kTags;
  if (file.base_row_id.has_value()) parts |= kBaseRowId;
  if (file.default_row_commit_version.has_value()) parts |= kRowCommitVersion;
  if (!file.clustering_provider.empty()) parts |= kClustering;
  PutNumber(out, parts);
  PutSigned(out, file.modification_time_ms);
  if (vector.has_value()) {
    PutSigned(out, vector->cardinality);
    PutText(out, vector->storage_type);
    PutText(out, vector->path_or_inline_dv);
    PutSigned(out, vector->size_bytes);
    if (vector->offset.has_value()) PutSigned(out, *vector->offset);
  }
  if ((parts & kPartitionValues) != 0) {
    PutNumber(out, file.partition_values.size());
    for (const auto& [name, value] : file.partition_values) {
      PutText(out, name);
      PutNumber(out, value.has_value() ? 1 : 0);
      if (value.has_value()) PutText(out, *value);
    }
  }
  if ((parts & kTags) != 0) {
    PutNumber(out, file.tags.size());
    for (const auto& [name, value] : file.tags) {
      PutText(out, name);
      PutText(out, value);
    }
  }
  if (file.base_row_id.has_value()) PutSigned(out, *file.base_row_id);
  if (file.default_row_commit_version.has_value()) PutSigned(out, *file.default_row_commit_version);
  if (!file.clustering_provider.empty()) PutText(out, file.clustering_provider);
  return out;
}

DeletionVectorDescriptor ReadVector(Cursor& cursor, uint64_t parts) {
  DeletionVectorDescriptor vector;
  vector.cardinality = cursor.Signed();
  vector.storage_type = cursor.Text();
  vector.path_or_inline_dv = cursor.Text();
  vector.size_bytes = static_cast<int32_t>(cursor.Signed());
  if ((parts & kVectorOffset) != 0) vector.offset = static_cast<int32_t>(cursor.Signed());
  return vector;
}

}  // namespace

FileTable::Block::Block(size_t capacity_bytes)
    : bytes(new char[capacity_bytes + simdjson::SIMDJSON_PADDING]), capacity(capacity_bytes) {}

FileTable::FileTable(const std::vector<AddFile>& files) {
  Reserve(files.size());
  for (const AddFile& file : files) Add(file);
}

FileTable::FileTable(const FileTable& other) : rows_(other.rows_), blocks_(other.blocks_) {}

FileTable& FileTable::operator=(const FileTable& other) {
  if (this == &other) return *this;
  rows_ = other.rows_;
  blocks_ = other.blocks_;
  owns_last_block_ = false;
  return *this;
}

std::string_view FileTable::Record(size_t index) const {
  const Row& row = rows_[index];
  return {blocks_[row.block]->bytes.get() + row.begin, row.bytes};
}

AddFile FileTable::operator[](size_t index) const {
  Cursor cursor(Record(index));
  AddFile file;
  file.size_bytes = rows_[index].size_bytes;
  file.path = cursor.Text();
  file.stats = cursor.Text();
  const uint64_t parts = cursor.Number();
  file.data_change = (parts & kDataChange) != 0;
  file.modification_time_ms = cursor.Signed();
  if ((parts & kDeletionVector) != 0) file.deletion_vector = ReadVector(cursor, parts);
  if ((parts & kPartitionValues) != 0) {
    for (uint64_t left = cursor.Number(); left > 0; --left) {
      const std::string_view name = cursor.Text();
      auto& value = file.partition_values[std::string(name)];
      if (cursor.Number() != 0) value = cursor.Text();
    }
  }
  if ((parts & kTags) != 0) {
    for (uint64_t left = cursor.Number(); left > 0; --left) {
      const std::string_view name = cursor.Text();
      file.tags[std::string(name)] = cursor.Text();
    }
  }
  if ((parts & kBaseRowId) != 0) file.base_row_id = cursor.Signed();
  if ((parts & kRowCommitVersion) != 0) file.default_row_commit_version = cursor.Signed();
  if ((parts & kClustering) != 0) file.clustering_provider = cursor.Text();
  return file;
}

std::string_view FileTable::path(size_t index) const { return Cursor(Record(index)).Text(); }

std::string_view FileTable::stats(size_t index) const {
  Cursor cursor(Record(index));
  cursor.Text();
  return cursor.Text();
}

int64_t FileTable::modification_time_ms(size_t index) const {
  Cursor cursor(Record(index));
  cursor.Text();
  cursor.Text();
  cursor.Number();
  return cursor.Signed();
}

int64_t FileTable::deleted_rows(size_t index) const {
  Cursor cursor(Record(index));
  cursor.Text();
  cursor.Text();
  const uint64_t parts = cursor.Number();
  cursor.Signed();
  return (parts & kDeletionVector) != 0 ? cursor.Signed() : 0;
}

std::optional<std::string_view> FileTable::partition_value(size_t index, std::string_view physical_name) const {
  Cursor cursor(Record(index));
  cursor.Text();
  cursor.Text();
  const uint64_t parts = cursor.Number();
  cursor.Signed();
  if ((parts & kPartitionValues) == 0) return std::nullopt;
  if ((parts & kDeletionVector) != 0) ReadVector(cursor, parts);
  for (uint64_t left = cursor.Number(); left > 0; --left) {
    const bool wanted = cursor.Text() == physical_name;
    const auto value = cursor.Number() != 0 ? std::optional(cursor.Text()) : std::nullopt;
    if (wanted) return value;
  }
  return std::nullopt;
}

std::string FileTable::Key(size_t index) const {
  Cursor cursor(Record(index));
  const std::string_view path = cursor.Text();
  cursor.Text();
  const uint64_t parts = cursor.Number();
  cursor.Signed();
  if ((parts & kDeletionVector) == 0) return FileKey(path, std::nullopt);
  return FileKey(path, ReadVector(cursor, parts));
}

char* FileTable::Allocate(size_t bytes, Row& row) {
  NL_CHECK(bytes <= UINT32_MAX && blocks_.size() < kCopies);
  const bool owns = owns_last_block_ && !blocks_.empty();  // A table that was moved from has none.
  if (!owns || blocks_.back()->capacity - blocks_.back()->used < bytes) {
    // Small ones for the few files of a commit, then larger and larger ones.
    const size_t grown = owns ? std::min(kBlockBytesMax, 2 * blocks_.back()->capacity) : kBlockBytesMin;
    blocks_.push_back(std::make_shared<Block>(std::max(bytes, grown)));
    owns_last_block_ = true;
  }
  Block& block = *blocks_.back();
  row.block = static_cast<uint32_t>(blocks_.size() - 1);
  row.begin = static_cast<uint32_t>(block.used);
  row.bytes = static_cast<uint32_t>(bytes);
  block.used += bytes;
  return block.bytes.get() + row.begin;
}

void FileTable::Add(const AddFile& file) {
  const std::string record = Encode(file);
  Row row{.block = 0, .begin = 0, .bytes = 0, .size_bytes = file.size_bytes};
  std::memcpy(Allocate(record.size(), row), record.data(), record.size());
  rows_.push_back(row);
}

uint32_t FileTable::Share(const FileTable& other) {
  // Files that have gone leave their bytes behind, and each commit a small block of its own.
  size_t held = 0, live = 0;
  for (const auto& block : other.blocks_) held += block->capacity;
  for (const Row& row : other.rows_) live += row.bytes;
  const bool wasteful = held > 2 * live + kBlockBytesMax;
  if (wasteful || other.blocks_.size() > kBlocksFew + 2 * live / kBlockBytesMax) return kCopies;
  const auto first = static_cast<uint32_t>(blocks_.size());
  blocks_.insert(blocks_.end(), other.blocks_.begin(), other.blocks_.end());
  owns_last_block_ = false;
  rows_.reserve(rows_.size() + other.rows_.size());
  return first;
}

void FileTable::AddRow(const FileTable& other, size_t index, uint32_t first_block) {
  Row row = other.rows_[index];
  if (first_block != kCopies) {
    row.block += first_block;
  } else {
    const std::string_view record = other.Record(index);
    std::memcpy(Allocate(record.size(), row), record.data(), record.size());
  }
  rows_.push_back(row);
}

int64_t FileTable::memory_bytes() const {
  size_t bytes = rows_.capacity() * sizeof(Row) + blocks_.capacity() * sizeof(blocks_[0]);
  for (const auto& block : blocks_) bytes += block->capacity;
  return static_cast<int64_t>(bytes);
}

}  // namespace neurolake::tables::delta
