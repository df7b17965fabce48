#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::tables::delta::internal {

/// Delta's RoaringBitmapArray: a magic number, then the 64-bit portable Roaring format, all little endian.
/// Source: PROTOCOL.md, "Deletion Vector Format"; RoaringFormatSpec.
///
/// Each container is written in the smallest of its three forms. `rows` is ascending, without duplicates, below 2^63.
std::string SerializeRoaring(const std::vector<uint64_t>& rows);

/// Checks everything, and that there are exactly `cardinality` rows before any are unpacked.
/// Errors: kCorruption saying what is wrong.
Result<std::vector<uint64_t>> ParseRoaring(std::string_view bytes, int64_t cardinality);

}  // namespace neurolake::tables::delta::internal
