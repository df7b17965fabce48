#include "engine/duckdb/internal/sample_windows.h"

#include <algorithm>

namespace neurolake::engine::duckdb {
namespace {

constexpr int64_t kSampleRows = int64_t{1} << 21;
/// Few windows say little where neighbours are alike; many are as good as everything, a row group each.
constexpr int64_t kWindowsMin = 128, kWindowsMax = 256;
/// Rows of two row groups as they usually are.
constexpr int64_t kPartRowsMin = int64_t{2} * 122'880;

/// Steps of the golden ratio, in 64 bits: as evenly spread as can be, and in no rhythm that files could have.
constexpr uint64_t kGoldenStep = 0x9E37'79B9'7F4A'7C15;

}  // namespace

std::vector<std::vector<RowWindow>> SampleWindows(std::span<const int64_t> file_rows) {
  int64_t rows = 0;
  for (const int64_t count : file_rows) rows += count;
  const int64_t windows = std::min(kWindowsMax, rows / kPartRowsMin);
  if (windows < kWindowsMin) return {};
  const int64_t part_rows = rows / windows, window_rows = kSampleRows / windows;
  std::vector<std::vector<RowWindow>> sample(file_rows.size());
  size_t file = 0;
  int64_t file_begin = 0;
  for (int64_t i = 0; i < windows; ++i) {
    const uint64_t fraction = (static_cast<uint64_t>(i) * kGoldenStep) >> 32;
    const auto shift = static_cast<int64_t>((fraction * static_cast<uint64_t>(part_rows - window_rows)) >> 32);
    int64_t begin = i * part_rows + shift;
    const int64_t end = begin + window_rows;
    while (begin < end) {
      while (begin >= file_begin + file_rows[file]) file_begin += file_rows[file++];
      const int64_t stop = std::min(end, file_begin + file_rows[file]);
      sample[file].push_back({.begin = begin - file_begin, .end = stop - file_begin});
      begin = stop;
    }
  }
  return sample;
}

}  // namespace neurolake::engine::duckdb
