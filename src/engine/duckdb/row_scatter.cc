#include "engine/duckdb/internal/row_scatter.h"

#include "duckdb/common/types/column/column_data_consumer.hpp"

namespace neurolake::engine::duckdb {
namespace {

/// The engine evicts collections by the logarithm of their index, the highest first; of its own blocks by these.
constexpr size_t kEvictionIndexMax = 15;
constexpr size_t kBlockEvictionIndexMax = 5;

void ConsumeCollected(native::ColumnDataCollection& rows, const std::function<void(native::DataChunk&)>& visit) {
  native::vector<native::column_t> columns;
  for (native::idx_t i = 0; i < rows.ColumnCount(); ++i) columns.push_back(i);
  native::ColumnDataConsumer consumer(rows, std::move(columns));
  consumer.InitializeScan();
  native::ColumnDataConsumerScanState state;
  native::DataChunk chunk;
  rows.InitializeScanChunk(chunk);
  while (consumer.AssignChunk(state)) {
    consumer.ScanChunk(state, chunk);
    visit(chunk);
    consumer.FinishChunk(state);
  }
}

}  // namespace

int64_t RowCollection::Count() const {
  if (flat_ != nullptr) return static_cast<int64_t>(flat_->row_count());
  return collected_ == nullptr ? 0 : static_cast<int64_t>(collected_->Count());
}

int64_t RowCollection::SizeInBytes() const {
  if (flat_ != nullptr) return static_cast<int64_t>(flat_->bytes());
  return collected_ == nullptr ? 0 : static_cast<int64_t>(collected_->SizeInBytes());
}

void RowCollection::VisitPlaces(const std::function<void(const uint64_t* places, size_t count)>& visit) {
  if (flat_ != nullptr) {
    const size_t column = flat_->layout().column_count() - 1;
    for (size_t i = 0; i < flat_->block_count(); ++i) {
      const FlatRows::Block block = flat_->Pin(i);
      visit(reinterpret_cast<const uint64_t*>(block.Values(column)), block.row_count());
    }
  }
  if (collected_ == nullptr) return;
  for (auto& chunk : collected_->Chunks({collected_->ColumnCount() - 1})) {
    visit(native::FlatVector::GetData<uint64_t>(chunk.data[0]), chunk.size());
  }
}

RowScatter::RowScatter(native::ClientContext& context, Options options)
    : context_(context),
      options_(std::move(options)),
      targets_(options_.targets),
      ends_(options_.targets),
      order_(STANDARD_VECTOR_SIZE) {
  part_.InitializeEmpty(options_.types);
  if (options_.layout != nullptr) copier_ = std::make_unique<FlatCopier>(options_.layout);
}

void RowScatter::Add(native::DataChunk& rows, const std::vector<uint32_t>& target_of) {
  const native::idx_t count = rows.size();
  std::ranges::fill(ends_, 0U);
  for (native::idx_t i = 0; i < count; ++i) ++ends_[target_of[i]];
  uint32_t begin = 0;
  for (uint32_t& end : ends_) begin += std::exchange(end, begin);  // Now where each begins; it moves to its end.
  for (native::idx_t i = 0; i < count; ++i) order_.set_index(ends_[target_of[i]]++, i);
  copier_ != nullptr ? AddFlat(rows) : AddCollected(rows);
}

void RowScatter::AddFlat(native::DataChunk& rows) {
  const auto text_bytes = copier_->Begin(rows);
  uint32_t begin = 0;
  for (size_t i = 0; i < targets_.size(); ++i) {
    const uint32_t size = ends_[i] - begin;
    if (size == 0) continue;
    Target& target = targets_[i];
    if (target.flat == nullptr) {
      const size_t eviction = options_.used_soon ? 0 : 1 + i * kBlockEvictionIndexMax / targets_.size();
      target.flat = std::make_unique<FlatRows>(
          context_,
          FlatRows::Options{.layout = options_.layout, .eviction_index = std::min(eviction, kBlockEvictionIndexMax)});
    }
    target.flat->Reserve(order_.data() + begin, size, text_bytes, runs_);
    begin = ends_[i];
  }
  copier_->Copy(runs_);
}

void RowScatter::AddCollected(native::DataChunk& rows) {
  const native::idx_t count = rows.size();
  uint32_t begin = 0;
  for (size_t i = 0; i < targets_.size(); ++i) {
    const uint32_t size = ends_[i] - begin;
    if (size == 0) continue;
    Target& target = targets_[i];
    if (target.rows == nullptr) {
      target.rows = native::make_uniq<native::ColumnDataCollection>(context_, options_.types);
      target.rows->SetPartitionIndex(options_.used_soon ? 0 : 1 + i * kEvictionIndexMax / targets_.size());
      target.state = native::make_uniq<native::ColumnDataAppendState>();
      target.rows->InitializeAppend(*target.state);
    }
    if (size == count) {
      target.rows->Append(*target.state, rows);
      return;
    }
    const native::SelectionVector chosen(order_.data() + begin);
    part_.Slice(rows, chosen, size);
    target.rows->Append(*target.state, part_);
    begin = ends_[i];
  }
}

void RowScatter::Close() {
  for (Target& target : targets_) {
    target.state.reset();
    if (target.flat != nullptr) target.flat->Unpin();
  }
}

RowCollection RowScatter::Take(size_t target) {
  Target& taken = targets_[target];
  taken.state.reset();
  if (taken.flat == nullptr) return RowCollection(std::move(taken.rows));
  taken.flat->Unpin();
  return RowCollection(std::move(taken.flat));
}

void Consume(RowCollection rows, const std::function<void(native::DataChunk&)>& visit) {
  if (auto flat = rows.TakeFlat()) FlatRows::Consume(std::move(flat), visit);
  if (auto collected = rows.TakeCollected()) ConsumeCollected(*collected, visit);
}

}  // namespace neurolake::engine::duckdb
