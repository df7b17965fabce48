#include "engine/duckdb/internal/memory_limit.h"

#include <unistd.h>

#include "common/process_memory.h"
#include "duckdb/storage/buffer_manager.hpp"

namespace neurolake::engine::duckdb {
namespace {

/// What the engine needs at most beside its buffers, as far as it was seen (sorts written to Parquet).
constexpr int64_t kBesideBuffersMax = 256LL << 20;
/// Below that two threads cannot even sort.
constexpr int64_t kBuffersMin = 128LL << 20;
/// Less than what the server's pool replaces a worker for.
constexpr int64_t kKeptBytesMax = 192LL << 20;

}  // namespace

MemoryLimit::MemoryLimit(native::DuckDB& database)
    : database_(database), fresh_resident_bytes_(ReadProcessMemory(::getpid()).resident_bytes) {}

void MemoryLimit::Want(int64_t bytes) {
  if (bytes <= 0) return;
  // The engine counts its buffers; decoding, sorting runs and the Parquet writer take memory beside them.
  const int64_t beside = std::min(bytes / 4, kBesideBuffersMax);
  wanted_buffer_bytes_ = std::max(bytes - beside, std::min(bytes, kBuffersMin));
}

void MemoryLimit::Apply() {
  if (wanted_buffer_bytes_ != buffer_bytes_) Set(wanted_buffer_bytes_);
}

void MemoryLimit::GiveBack(int64_t cached_bytes) {
  if (buffer_bytes_ == 0) return;
  const int64_t resident_bytes = ReadProcessMemory(::getpid()).resident_bytes;
  if (resident_bytes - fresh_resident_bytes_ - cached_bytes > kKeptBytesMax) Set(std::min(buffer_bytes_, kBuffersMin));
}

void MemoryLimit::Set(int64_t buffer_bytes) {
  // Should it throw, nothing is known of what is in force.
  buffer_bytes_ = -1;
  native::BufferManager::GetBufferManager(*database_.instance).SetMemoryLimit(static_cast<native::idx_t>(buffer_bytes));
  buffer_bytes_ = buffer_bytes;
}

}  // namespace neurolake::engine::duckdb
