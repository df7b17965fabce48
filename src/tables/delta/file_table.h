#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tables/delta/actions.h"

namespace neurolake::tables::delta {

/// The active files of a snapshot, packed: a million with short paths and statistics take some 150 MB. Reads like a
/// vector whose elements are made when they are asked for, so by value; what all files are asked for has a view of its
/// own. Copies share the bytes. Thread-safe for reading.
class FileTable {
 public:
  FileTable() = default;
  FileTable(const std::vector<AddFile>& files);  // NOLINT(google-explicit-constructor): the same thing, unpacked
  FileTable(FileTable&& other) noexcept = default;
  FileTable& operator=(FileTable&& other) noexcept = default;
  FileTable(const FileTable& other);
  FileTable& operator=(const FileTable& other);
  ~FileTable() = default;

  size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  AddFile operator[](size_t index) const;

  std::string_view path(size_t index) const;
  /// Followed by bytes that a parser may look at.
  std::string_view stats(size_t index) const;
  int64_t size_bytes(size_t index) const { return rows_[index].size_bytes; }
  int64_t modification_time_ms(size_t index) const;
  /// Rows that its deletion vector takes away.
  int64_t deleted_rows(size_t index) const;
  /// Of the column with this physical name; nullopt for NULL and for none.
  std::optional<std::string_view> partition_value(size_t index, std::string_view physical_name) const;
  /// Key of the logical file, as Reconciler's.
  std::string Key(size_t index) const;

  void Reserve(size_t file_count) { rows_.reserve(file_count); }
  void Add(const AddFile& file);
  /// Those of `other` for which `keep(index)` is true.
  template <typename Keep>
  void AddFrom(const FileTable& other, Keep&& keep) {
    const uint32_t first_block = Share(other);
    for (size_t i = 0; i < other.size(); ++i) {
      if (keep(i)) AddRow(other, i, first_block);
    }
  }

  /// Heap memory, shared bytes included.
  int64_t memory_bytes() const;

  class Iterator {
   public:
    using value_type = AddFile;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const FileTable* table, size_t index) : table_(table), index_(index) {}
    AddFile operator*() const { return (*table_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) { return {table_, index_++}; }
    bool operator==(const Iterator& other) const = default;

   private:
    const FileTable* table_ = nullptr;
    size_t index_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  struct Block {
    explicit Block(size_t capacity);
    std::unique_ptr<char[]> bytes;
    size_t capacity;
    size_t used = 0;
  };
  struct Row {
    uint32_t block;
    uint32_t begin;
    uint32_t bytes;
    int64_t size_bytes;
  };
  static constexpr uint32_t kCopies = UINT32_MAX;

  /// Room for so many bytes in a block that nobody else has.
  char* Allocate(size_t bytes, Row& row);
  /// Takes over the blocks of `other`; returns where they begin, or kCopies if its files had better be copied.
  uint32_t Share(const FileTable& other);
  void AddRow(const FileTable& other, size_t index, uint32_t first_block);
  std::string_view Record(size_t index) const;

  std::vector<Row> rows_;
  std::vector<std::shared_ptr<Block>> blocks_;
  bool owns_last_block_ = false;  // Only then more is written to it.
};

}  // namespace neurolake::tables::delta
