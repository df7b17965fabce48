#include "engine/duckdb/internal/row_scatter.h"

#include "duckdb/common/types/column/column_data_consumer.hpp"

namespace neurolake::engine::duckdb {
namespace {

/// The engine evicts collections by the logarithm of their index, the highest first.
constexpr size_t kEvictionIndexMax = 15;

}  // namespace

RowScatter::RowScatter(native::ClientContext& context, Options options)
    : context_(context),
      options_(std::move(options)),
      targets_(options_.targets),
      ends_(options_.targets),
      order_(STANDARD_VECTOR_SIZE) {
  part_.InitializeEmpty(options_.types);
}

void RowScatter::Add(native::DataChunk& rows, const std::vector<uint32_t>& target_of) {
  const native::idx_t count = rows.size();
  std::ranges::fill(ends_, 0U);
  for (native::idx_t i = 0; i < count; ++i) ++ends_[target_of[i]];
  uint32_t begin = 0;
  for (uint32_t& end : ends_) begin += std::exchange(end, begin);  // Now where each begins; it moves to its end.
  for (native::idx_t i = 0; i < count; ++i) order_.set_index(ends_[target_of[i]]++, i);
  begin = 0;
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
  for (Target& target : targets_) target.state.reset();
}

RowCollection RowScatter::Take(size_t target) {
  targets_[target].state.reset();
  return std::move(targets_[target].rows);
}

void Consume(RowCollection rows, const std::function<void(native::DataChunk&)>& visit) {
  native::vector<native::column_t> columns;
  for (native::idx_t i = 0; i < rows->ColumnCount(); ++i) columns.push_back(i);
  native::ColumnDataConsumer consumer(*rows, std::move(columns));
  consumer.InitializeScan();
  native::ColumnDataConsumerScanState state;
  native::DataChunk chunk;
  rows->InitializeScanChunk(chunk);
  while (consumer.AssignChunk(state)) {
    consumer.ScanChunk(state, chunk);
    visit(chunk);
    consumer.FinishChunk(state);
  }
}

}  // namespace neurolake::engine::duckdb
