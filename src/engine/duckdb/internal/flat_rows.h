#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "duckdb/storage/buffer/buffer_handle.hpp"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Where the columns of a block of rows lie. A block has a bit for each value (set: not NULL), the values column by
/// column, and the texts that a `string_t` has no room for at its end: nothing in it points anywhere, so that it can go
/// to disk and come back as it is.
class FlatLayout {
 public:
  explicit FlatLayout(native::vector<native::LogicalType> types);

  /// Numbers, truth values, dates, times and texts.
  static bool Takes(const native::LogicalType& type);

  size_t column_count() const { return widths_.size(); }
  const native::vector<native::LogicalType>& types() const { return types_; }
  size_t width(size_t column) const { return widths_[column]; }
  bool IsText(size_t column) const { return text_[column]; }
  const std::vector<size_t>& text_columns() const { return text_columns_; }

  /// Bytes of `capacity` rows, a multiple of 64, without long texts.
  size_t FixedBytes(size_t capacity) const;
  /// How many rows a block is made for whose rows have `text_bytes` of long texts each.
  size_t Capacity(size_t block_bytes, double text_bytes) const;
  size_t ValidityOffset(size_t column, size_t capacity) const { return column * capacity / 8; }
  size_t ValueOffset(size_t column, size_t capacity) const {
    return column_count() * capacity / 8 + capacity * widths_before_[column];
  }

 private:
  native::vector<native::LogicalType> types_;
  std::vector<size_t> widths_, widths_before_, text_columns_;
  std::vector<bool> text_;
  size_t row_bytes_ = 0;  ///< Of values.
};

/// Rows of some other chunk on their way to a block.
struct FlatRun {
  native::data_ptr_t block = nullptr;
  size_t capacity = 0;     ///< Of the block.
  size_t row = 0;          ///< Of the block, where the run begins.
  size_t text_offset = 0;  ///< In the block, of the run's next long text.
  const native::sel_t* rows = nullptr;
  size_t count = 0;
};

struct FlatRuns {
  std::vector<FlatRun> runs;
  std::vector<native::BufferHandle> filled;  ///< Blocks that became full, which stay in memory until rows are copied.
};

/// Rows of flat columns in blocks of the engine's buffers, which it may move to disk. For one thread.
///
/// The engine's own collections take any column, but cost a call for each column of each few rows, and texts are found
/// again by their addresses whenever a block comes back. Dealing rows out to many of these is several times as fast.
class FlatRows {
 public:
  struct Options {
    std::shared_ptr<const FlatLayout> layout;
    size_t eviction_index = 0;  ///< Of those that may go to disk, the higher ones go first; below 6.
  };
  FlatRows(native::ClientContext& context, Options options);

  size_t row_count() const { return row_count_; }
  /// What rows take, without the ends of blocks that are not used.
  size_t bytes() const { return row_count_ * layout_->FixedBytes(64) / 64 + text_bytes_; }
  const FlatLayout& layout() const { return *layout_; }

  /// Makes room for `count` rows and says where; `text_bytes[rows[i]]` are the long texts of row i. What room blocks
  /// leave for texts follows what rows had so far.
  void Reserve(const native::sel_t* rows, size_t count, std::span<const size_t> text_bytes, FlatRuns& runs);

  /// No rows are being added: none of them need stay in memory.
  void Unpin() { pinned_.Destroy(); }

  /// A block in memory, as long as this lives.
  class Block {
   public:
    size_t row_count() const { return row_count_; }
    const uint64_t* Validity(size_t column) const;
    native::data_ptr_t Values(size_t column) const;

   private:
    friend class FlatRows;
    native::BufferHandle handle_;
    const FlatLayout* layout_ = nullptr;
    size_t capacity_ = 0, row_count_ = 0;
  };
  size_t block_count() const { return blocks_.size(); }
  /// Brings a block to memory. Its texts are not to be looked at.
  Block Pin(size_t index);
  /// Brings a block to memory for the last time: it is dropped with what this returns.
  Block Take(size_t index);

  /// Takes block by block, as chunks of rows.
  template <typename Visit>
  static void Consume(std::unique_ptr<FlatRows> rows, const Visit& visit) {
    native::DataChunk chunk;
    chunk.InitializeEmpty(rows->layout_->types());
    for (size_t i = 0; i < rows->block_count(); ++i) {
      const Block block = rows->Take(i);
      for (size_t first = 0; first < block.row_count(); first += STANDARD_VECTOR_SIZE) {
        rows->View(block, first, chunk);
        visit(chunk);
      }
    }
  }

 private:
  struct Stored {
    native::shared_ptr<native::BlockHandle> handle;
    size_t capacity = 0, row_count = 0;
    size_t bytes = 0;        ///< That it has room for.
    size_t text_offset = 0;  ///< Where the next long text goes.
  };
  void AddBlock(size_t text_bytes, FlatRuns& runs);
  void View(const Block& block, size_t first, native::DataChunk& chunk) const;

  native::ClientContext& context_;
  const std::shared_ptr<const FlatLayout> layout_;
  const size_t eviction_index_;
  std::vector<Stored> blocks_;
  native::BufferHandle pinned_;  ///< The last one, while rows are added.
  size_t row_count_ = 0, text_bytes_ = 0;
};

/// Copies rows of chunks to where `FlatRows::Reserve` made room. For one thread.
class FlatCopier {
 public:
  explicit FlatCopier(std::shared_ptr<const FlatLayout> layout)
      : layout_(std::move(layout)), formats_(layout_->column_count()), text_bytes_(STANDARD_VECTOR_SIZE) {}

  /// Looks at the rows that come next, whose columns are the layout's, and returns for each what its long texts take.
  std::span<const size_t> Begin(native::DataChunk& rows);
  /// Ends what `Begin` began. Leaves `runs` empty.
  void Copy(FlatRuns& runs);

 private:
  const std::shared_ptr<const FlatLayout> layout_;
  std::vector<native::UnifiedVectorFormat> formats_;
  std::vector<size_t> text_bytes_;
};

}  // namespace neurolake::engine::duckdb
