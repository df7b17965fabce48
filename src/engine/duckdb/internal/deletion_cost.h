#pragma once
#include <cstdint>

namespace neurolake::engine::duckdb {

/// A data file of which a statement takes rows, but not all.
struct ThinnedFile {
  int64_t size_bytes = 0;
  int64_t rows = 0;       ///< In the file, deleted ones counted.
  int64_t rows_gone = 0;  ///< Once the statement is done: by earlier vectors and by it.
};

/// Whether to write a file anew without its deleted rows, where a deletion vector could be kept beside it instead.
///
/// A vector costs nothing now, and each later scan reads rows for nothing: `size × share gone`. Rewriting reads the
/// file once and writes what stays, and writing a byte of Parquet takes about four times as long as reading one:
/// `size × (1 + 4 × share that stays)`. A file is taken to be scanned ten times before OPTIMIZE gets to it, so the two
/// are equal where 5/14 (36 %) of the rows are gone. A file below a mebibyte is always given a vector: it is read in
/// one piece, whatever is in it. How many rows this statement takes does not count, nor how many vectors the file had:
/// it has one at a time, and the new one holds the old one's rows.
bool RewritingPays(const ThinnedFile& file);

}  // namespace neurolake::engine::duckdb
