#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace neurolake::engine::duckdb {

/// Rows of a file next to each other, by their numbers in it.
struct RowWindow {
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const RowWindow&) const = default;
};

/// Which rows of files make a sample: for each file its windows, in order; a file may have none. Empty: all rows, as
/// reading row groups as a whole, which is how they are read, would leave out too few. `file_rows` may be guesses.
///
/// All files' rows, one file after the other, are cut into equal parts, and of each part one window is taken, somewhere
/// in it: so files whose rows are in an order of their own, all in the same, are met at different places. Some two
/// million rows in all; a window that reaches over the end of its file goes on in the next. Pure, and the same for the
/// same files.
std::vector<std::vector<RowWindow>> SampleWindows(std::span<const int64_t> file_rows);

}  // namespace neurolake::engine::duckdb
