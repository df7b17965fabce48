#pragma once
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tables/delta/file_table.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// What the log says of one column in every file: typed, and in arrays that a predicate runs over. By position in the
/// snapshot's files. Of a partition column it is the one value that a file has.
struct ColumnBounds {
  enum class Form : uint8_t {
    kNone,    ///< No bounds are kept of such a type, only how many NULLs there are.
    kNumber,  ///< Integers; dates as days, timestamps as microseconds of the epoch; decimals times ten to their scale.
    kReal,    ///< FLOAT and DOUBLE, as doubles; never NaN.
    kText,
  };
  /// What is known of a file.
  enum Known : uint8_t {
    kMin = 1,
    kMax = 2,
    kUncommon = 4,  ///< In a spelling that is not understood here: the file's own statistics have to be looked at.
  };

  Form form = Form::kNone;
  bool partition = false;
  std::vector<uint8_t> known;
  std::vector<int64_t> min, max;
  std::vector<int64_t> nulls;  ///< -1: unknown. Of a partition column: 1 where the value is NULL, else 0.
  std::string texts;

  double real(int64_t bits) const { return std::bit_cast<double>(bits); }
  std::string_view text(int64_t place) const {
    return {texts.data() + (place >> kTextSizeBits), static_cast<size_t>(place & ((1 << kTextSizeBits) - 1))};
  }
  int64_t memory_bytes() const;

  static constexpr int kTextSizeBits = 20;
};

struct ColumnBoundsOptions {
  bool partition = false;
  bool was_float = false;  ///< A DOUBLE column whose older files are FLOAT: their bounds are rounded apart.
};

/// Reads the statistics of all of `files` for the top-level column `field`. What is not to be relied on is left out:
/// numbers through floating point, anything of malformed statistics. O(bytes of statistics).
ColumnBounds ReadColumnBounds(const FileTable& files, const StructField& field, const ColumnBoundsOptions& options);

/// The bounds of a snapshot whose files are those of `first`, then those at `positions` of `base`: the same column, of
/// the same type. nullopt where it had better be read anew.
std::optional<ColumnBounds> AppendBounds(ColumnBounds first, const ColumnBounds& base,
                                         const std::vector<uint32_t>& positions);

/// Rows of each file by its statistics, deleted ones included; -1 where they do not say.
std::vector<int64_t> ReadRecordCounts(const FileTable& files);

}  // namespace neurolake::tables::delta
