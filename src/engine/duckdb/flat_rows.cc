#include "engine/duckdb/internal/flat_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/check.h"
#include "duckdb/storage/buffer_manager.hpp"

namespace neurolake::engine::duckdb {
namespace {

/// A block's capacity is a multiple of this, so that bits of values are whole words and values are aligned.
constexpr size_t kCapacityStep = 64;
constexpr size_t kCapacityMax = size_t{1} << 16;
/// Texts of a block may be so much longer than those before.
constexpr double kTextSlack = 1.05;

bool IsLong(const native::string_t& text) { return text.GetSize() > native::string_t::INLINE_LENGTH; }

/// A long text is stored with its offset in the block in the place of its address.
constexpr size_t kAddressOffset = sizeof(native::string_t) - sizeof(uint64_t);

template <typename T>
void CopyValues(const native::UnifiedVectorFormat& format, size_t column, const FlatLayout& layout,
                std::span<const FlatRun> runs) {
  const auto* values = reinterpret_cast<const T*>(format.data);  // Of this width, whatever it means.
  const native::sel_t* selection = format.sel->data();
  for (const FlatRun& run : runs) {
    T* out = reinterpret_cast<T*>(run.block + layout.ValueOffset(column, run.capacity)) + run.row;
    if (selection == nullptr) {
      for (size_t i = 0; i < run.count; ++i) out[i] = values[run.rows[i]];
    } else {
      for (size_t i = 0; i < run.count; ++i) out[i] = values[selection[run.rows[i]]];
    }
  }
}

void CopyTexts(const native::UnifiedVectorFormat& format, size_t column, const FlatLayout& layout,
               std::span<FlatRun> runs) {
  const auto* values = native::UnifiedVectorFormat::GetData<native::string_t>(format);
  for (FlatRun& run : runs) {
    native::data_ptr_t out = run.block + layout.ValueOffset(column, run.capacity) + run.row * sizeof(native::string_t);
    for (size_t i = 0; i < run.count; ++i, out += sizeof(native::string_t)) {
      const auto position = format.sel->get_index(run.rows[i]);
      if (!format.validity.RowIsValid(position)) {
        std::memset(out, 0, sizeof(native::string_t));  // What a NULL has there points nowhere.
        continue;
      }
      const native::string_t& text = values[position];
      std::memcpy(out, &text, sizeof(text));
      if (!IsLong(text)) continue;
      std::memcpy(run.block + run.text_offset, text.GetData(), text.GetSize());
      std::memcpy(out + kAddressOffset, &run.text_offset, sizeof(uint64_t));
      run.text_offset += text.GetSize();
    }
  }
}

void CopyValidity(const native::UnifiedVectorFormat& format, size_t column, const FlatLayout& layout,
                  std::span<const FlatRun> runs) {
  if (format.validity.AllValid()) return;  // All bits of a new block are set.
  for (const FlatRun& run : runs) {
    auto* words = reinterpret_cast<uint64_t*>(run.block + layout.ValidityOffset(column, run.capacity));
    for (size_t i = 0; i < run.count; ++i) {
      if (format.validity.RowIsValid(format.sel->get_index(run.rows[i]))) continue;
      const size_t row = run.row + i;
      words[row / 64] &= ~(uint64_t{1} << row % 64);
    }
  }
}

}  // namespace

FlatLayout::FlatLayout(native::vector<native::LogicalType> types) : types_(std::move(types)) {
  for (size_t i = 0; i < types_.size(); ++i) {
    const auto type = types_[i].InternalType();
    text_.push_back(type == native::PhysicalType::VARCHAR);
    if (text_.back()) text_columns_.push_back(i);
    widths_.push_back(native::GetTypeIdSize(type));
    widths_before_.push_back(row_bytes_);
    row_bytes_ += widths_.back();
  }
}

bool FlatLayout::Takes(const native::LogicalType& type) {
  switch (type.id()) {
    case native::LogicalTypeId::BOOLEAN:
    case native::LogicalTypeId::TINYINT:
    case native::LogicalTypeId::SMALLINT:
    case native::LogicalTypeId::INTEGER:
    case native::LogicalTypeId::BIGINT:
    case native::LogicalTypeId::UBIGINT:
    case native::LogicalTypeId::FLOAT:
    case native::LogicalTypeId::DOUBLE:
    case native::LogicalTypeId::DECIMAL:
    case native::LogicalTypeId::DATE:
    case native::LogicalTypeId::TIMESTAMP:
    case native::LogicalTypeId::TIMESTAMP_TZ:
    case native::LogicalTypeId::VARCHAR:
    case native::LogicalTypeId::BLOB: return true;
    default: return false;
  }
}

size_t FlatLayout::FixedBytes(size_t capacity) const { return column_count() * capacity / 8 + capacity * row_bytes_; }

size_t FlatLayout::Capacity(size_t block_bytes, double text_bytes) const {
  const double row = static_cast<double>(FixedBytes(kCapacityStep)) / kCapacityStep + text_bytes * kTextSlack;
  const auto rows = static_cast<size_t>(static_cast<double>(block_bytes) / row);
  return std::clamp(rows / kCapacityStep * kCapacityStep, kCapacityStep, kCapacityMax);
}

FlatRows::FlatRows(native::ClientContext& context, Options options)
    : context_(context), layout_(std::move(options.layout)), eviction_index_(options.eviction_index) {}

void FlatRows::AddBlock(size_t text_bytes, FlatRuns& runs) {
  auto& buffers = native::BufferManager::GetBufferManager(context_);
  Stored block{.bytes = buffers.GetBlockSize()};
  // Of the first row's length as long as none other is known.
  const size_t known = std::max<size_t>(row_count_, 1);
  block.capacity = layout_->Capacity(
      block.bytes, static_cast<double>(row_count_ == 0 ? text_bytes : text_bytes_) / static_cast<double>(known));
  if (layout_->FixedBytes(block.capacity) + text_bytes > block.bytes) {
    block.capacity = kCapacityStep;
    block.bytes = std::max(block.bytes, layout_->FixedBytes(block.capacity) + text_bytes);
  }
  if (pinned_.IsValid()) runs.filled.push_back(std::move(pinned_));
  pinned_ = buffers.Allocate(native::MemoryTag::COLUMN_DATA, block.bytes, /*can_destroy=*/false);
  block.handle = pinned_.GetBlockHandle();
  block.handle->GetMemory().SetEvictionQueueIndex(eviction_index_);
  block.text_offset = layout_->FixedBytes(block.capacity);
  std::memset(pinned_.Ptr(), 0xFF, layout_->ValueOffset(0, block.capacity));
  blocks_.push_back(std::move(block));
}

void FlatRows::Reserve(const native::sel_t* rows, size_t count, std::span<const size_t> text_bytes, FlatRuns& runs) {
  for (size_t done = 0; done < count;) {
    const bool texts = !layout_->text_columns().empty();
    const size_t first_bytes = texts ? text_bytes[rows[done]] : 0;
    if (blocks_.empty() || !pinned_.IsValid() || blocks_.back().row_count == blocks_.back().capacity ||
        blocks_.back().text_offset + first_bytes > blocks_.back().bytes) {
      AddBlock(first_bytes, runs);
    }
    Stored& block = blocks_.back();
    size_t room = std::min(count - done, block.capacity - block.row_count);
    size_t bytes = 0;
    if (texts) {
      size_t fits = 0;
      for (const size_t left = block.bytes - block.text_offset; fits < room; ++fits) {
        const size_t next = text_bytes[rows[done + fits]];
        if (bytes + next > left) break;
        bytes += next;
      }
      room = fits;
    }
    runs.runs.push_back({.block = pinned_.Ptr(),
                         .capacity = block.capacity,
                         .row = block.row_count,
                         .text_offset = block.text_offset,
                         .rows = rows + done,
                         .count = room});
    block.row_count += room;
    block.text_offset += bytes;
    row_count_ += room;
    text_bytes_ += bytes;
    done += room;
  }
}

FlatRows::Block FlatRows::Pin(size_t index) {
  Stored& stored = blocks_[index];
  Block block;
  block.handle_ = native::BufferManager::GetBufferManager(context_).Pin(stored.handle);
  block.layout_ = layout_.get();
  block.capacity_ = stored.capacity;
  block.row_count_ = stored.row_count;
  return block;
}

FlatRows::Block FlatRows::Take(size_t index) {
  if (index + 1 == blocks_.size()) Unpin();
  Block block = Pin(index);
  blocks_[index].handle.reset();
  for (const size_t column : layout_->text_columns()) {
    native::data_ptr_t text = block.Values(column);
    for (size_t row = 0; row < block.row_count(); ++row, text += sizeof(native::string_t)) {
      native::string_t value;
      std::memcpy(&value, text, sizeof(value));
      if (!IsLong(value)) continue;
      uint64_t offset = 0;
      std::memcpy(&offset, text + kAddressOffset, sizeof(offset));
      const auto address = std::bit_cast<uint64_t>(block.handle_.Ptr() + offset);
      std::memcpy(text + kAddressOffset, &address, sizeof(address));
    }
  }
  return block;
}

const uint64_t* FlatRows::Block::Validity(size_t column) const {
  return reinterpret_cast<const uint64_t*>(handle_.Ptr() + layout_->ValidityOffset(column, capacity_));
}

native::data_ptr_t FlatRows::Block::Values(size_t column) const {
  return handle_.Ptr() + layout_->ValueOffset(column, capacity_);
}

void FlatRows::View(const Block& block, size_t first, native::DataChunk& chunk) const {
  const size_t count = std::min<size_t>(STANDARD_VECTOR_SIZE, block.row_count() - first);
  for (size_t i = 0; i < layout_->column_count(); ++i) {
    native::Vector& column = chunk.data[i];
    native::FlatVector::SetData(column, block.Values(i) + first * layout_->width(i));
    // What is not there is set too. Without NULL the engine takes shorter ways.
    auto* validity = const_cast<uint64_t*>(block.Validity(i)) + first / 64;
    const bool has_null = std::any_of(validity, validity + (count + 63) / 64, [](uint64_t bits) { return ~bits != 0; });
    native::FlatVector::SetValidity(
        column, native::ValidityMask(has_null ? validity : nullptr, static_cast<native::idx_t>(STANDARD_VECTOR_SIZE)));
  }
  chunk.SetCardinality(count);
}

std::span<const size_t> FlatCopier::Begin(native::DataChunk& rows) {
  const native::idx_t count = rows.size();
  for (size_t i = 0; i < formats_.size(); ++i) rows.data[i].ToUnifiedFormat(count, formats_[i]);
  if (layout_->text_columns().empty()) return {};
  std::fill_n(text_bytes_.begin(), count, size_t{0});
  for (const size_t column : layout_->text_columns()) {
    const auto& format = formats_[column];
    const auto* texts = native::UnifiedVectorFormat::GetData<native::string_t>(format);
    for (native::idx_t i = 0; i < count; ++i) {
      const auto position = format.sel->get_index(i);
      if (!format.validity.RowIsValid(position) || !IsLong(texts[position])) continue;
      text_bytes_[i] += texts[position].GetSize();
    }
  }
  return text_bytes_;
}

void FlatCopier::Copy(FlatRuns& all) {
  const std::span<FlatRun> runs = all.runs;
  for (size_t column = 0; column < formats_.size(); ++column) {
    const auto& format = formats_[column];
    CopyValidity(format, column, *layout_, runs);
    if (layout_->IsText(column)) {
      CopyTexts(format, column, *layout_, runs);
      continue;
    }
    switch (layout_->width(column)) {
      case 1: CopyValues<uint8_t>(format, column, *layout_, runs); break;
      case 2: CopyValues<uint16_t>(format, column, *layout_, runs); break;
      case 4: CopyValues<uint32_t>(format, column, *layout_, runs); break;
      case 8: CopyValues<uint64_t>(format, column, *layout_, runs); break;
      case 16: CopyValues<native::hugeint_t>(format, column, *layout_, runs); break;
      default: NL_UNREACHABLE();
    }
  }
  all.runs.clear();
  all.filled.clear();
}

}  // namespace neurolake::engine::duckdb
