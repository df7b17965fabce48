#pragma once
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/internal/parquet_format.h"

namespace neurolake::engine::duckdb::parquet {

/// Values of a column that lie one after the other, with a bit for each in words of their own (set: not NULL).
struct ValueRun {
  const unsigned char* values = nullptr;
  const uint64_t* validity = nullptr;
  size_t count = 0;

  bool IsValid(size_t row) const { return (validity[row / 64] >> row % 64 & 1) != 0; }
  bool AllValid(size_t first, size_t rows) const;
};

/// Bytes that grow without being cleared first.
class ByteBuffer {
 public:
  static constexpr size_t kAlignment = 4096;  ///< Of `data()`: what disks are written to from.

  size_t size() const { return size_; }
  char* data() { return bytes_.get(); }
  std::string_view view() const { return {bytes_.get(), size_}; }
  void Clear() { size_ = 0; }
  void Truncate(size_t size) { size_ = size; }
  /// Room for `count` more bytes, which become part of the buffer by `Grow`.
  char* Room(size_t count) {
    if (size_ + count > capacity_) Reserve(size_ + count);
    return bytes_.get() + size_;
  }
  void Grow(size_t count) { size_ += count; }
  void Append(const void* bytes, size_t count) {
    std::memcpy(Room(count), bytes, count);
    size_ += count;
  }
  void AppendByte(uint8_t byte) {
    *Room(1) = static_cast<char>(byte);
    ++size_;
  }
  void AppendVarint(uint64_t value);

 private:
  struct Release {
    void operator()(char* bytes) const { ::operator delete[](bytes, std::align_val_t(kAlignment)); }
  };
  void Reserve(size_t capacity);
  std::unique_ptr<char[], Release> bytes_;
  size_t size_ = 0, capacity_ = 0;
};

/// Numbers of `width` bits (1 to 32) as Parquet's hybrid of runs and packed groups of eight.
void AppendHybrid(std::span<const uint32_t> numbers, int width, ByteBuffer& out);

/// The levels of a page's rows that say which are NULL, with their length.
void AppendLevels(std::span<const ValueRun> runs, size_t first, size_t count, ByteBuffer& out);

/// Calls `visit(run, first row of it, rows)` for the parts of runs that hold the rows from `first`.
template <typename Visit>
void VisitRows(std::span<const ValueRun> runs, size_t first, size_t count, const Visit& visit) {
  for (const ValueRun& run : runs) {
    if (count == 0) return;
    if (first >= run.count) {
      first -= run.count;
      continue;
    }
    const size_t rows = std::min(count, run.count - first);
    visit(run, first, rows);
    count -= rows;
    first = 0;
  }
}

/// Sets of values that tell "not there" for sure: split blocks, as Parquet has them. One of 100 others is said to be
/// there.
class BloomFilter {
 public:
  explicit BloomFilter(size_t values);
  void Add(const void* bytes, size_t size);
  const std::vector<uint32_t>& words() const { return words_; }

 private:
  std::vector<uint32_t> words_;
};

/// Writes the pages of one column chunk after the other. For one thread.
class PageWriter {
 public:
  using Output = std::function<void(std::string_view)>;
  /// `offset`: of the first page in the file.
  PageWriter(Codec codec, size_t offset, Output output) : codec_(codec), offset_(offset), output_(std::move(output)) {}

  void BeginChunk();
  /// Ends with the page's body in `page()`.
  void WriteDictionary(size_t values);
  void WritePage(size_t rows, Encoding encoding);
  ColumnChunk EndChunk();
  /// After a row group: those of its chunks.
  void WriteBloomFilters(RowGroup& group, const std::vector<std::unique_ptr<BloomFilter>>& filters);

  ByteBuffer& page() { return page_; }
  size_t offset() const { return offset_; }

 private:
  bool Pays();
  void Write(PageHeader header);
  void Put(std::string_view bytes);

  const Codec codec_;
  size_t offset_;
  const Output output_;
  ByteBuffer page_, compressed_;
  std::string header_;
  ColumnChunk chunk_;
  bool decided_ = false;  ///< Whether the chunk's pages are compressed.
};

}  // namespace neurolake::engine::duckdb::parquet
