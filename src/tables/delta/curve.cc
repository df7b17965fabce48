#include "tables/delta/curve.h"

#include <algorithm>
#include <array>
#include <bit>

namespace neurolake::tables::delta {
namespace {

/// Cells worked on at a time: few enough for the fastest cache, a fixed number so that loops become vector code.
constexpr size_t kBlock = 64;
using Block = std::array<uint32_t, kBlock>;

void LoadBlock(std::span<const std::span<const uint32_t>> axes, size_t first, size_t count,
               std::vector<Block>& blocks) {
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    for (size_t i = 0; i < count; ++i) blocks[axis][i] = axes[axis][first + i];
    for (size_t i = count; i < kBlock; ++i) blocks[axis][i] = 0;
  }
}

/// Interleaves the axes' bits, the first axis first.
void Interleave(const std::vector<Block>& blocks, int bits, size_t first, size_t count, std::span<uint64_t> places) {
  std::array<uint64_t, kBlock> result{};
  for (int bit = bits - 1; bit >= 0; --bit) {
    for (const Block& axis : blocks) {
      for (size_t i = 0; i < kBlock; ++i) result[i] = result[i] << 1 | (axis[i] >> bit & 1U);
    }
  }
  const int unused = 64 - bits * static_cast<int>(blocks.size());
  for (size_t i = 0; i < count; ++i) places[first + i] = unused == 64 ? 0 : result[i] << unused;
}

/// Skilling's transformation of coordinates to the Hilbert index in transposed form, without branches.
void Transpose(std::vector<Block>& blocks, int bits) {
  Block& head = blocks[0];
  for (int shift = bits - 1; shift > 0; --shift) {
    const uint32_t below = (uint32_t{1} << shift) - 1;
    for (Block& axis : blocks) {
      for (size_t i = 0; i < kBlock; ++i) {
        const uint32_t set = 0U - (axis[i] >> shift & 1U);  // All ones where the bit is set.
        const uint32_t exchanged = (head[i] ^ axis[i]) & below & ~set;
        // Of the first axis itself the exchange is of nothing, and the inversion meets only lower bits.
        head[i] ^= (below & set) | exchanged;
        if (&axis != &head) axis[i] ^= exchanged;
      }
    }
  }
  for (size_t axis = 1; axis < blocks.size(); ++axis) {
    for (size_t i = 0; i < kBlock; ++i) blocks[axis][i] ^= blocks[axis - 1][i];
  }
  Block flips{};
  for (int shift = bits - 1; shift > 0; --shift) {
    const uint32_t below = (uint32_t{1} << shift) - 1;
    for (size_t i = 0; i < kBlock; ++i) flips[i] ^= below & (0U - (blocks.back()[i] >> shift & 1U));
  }
  for (Block& axis : blocks) {
    for (size_t i = 0; i < kBlock; ++i) axis[i] ^= flips[i];
  }
}

/// Sums of runs of cells.
class Counts {
 public:
  Counts(std::span<const int64_t> rows, size_t first_cell) : first_(first_cell), below_(rows.size() + 1) {
    for (size_t i = 0; i < rows.size(); ++i) below_[i + 1] = below_[i] + rows[i];
  }
  /// Rows of the cells from `begin` to before `end`, as far as they are counted.
  int64_t Between(size_t begin, size_t end) const { return below_[Inside(end)] - below_[Inside(begin)]; }

 private:
  size_t Inside(size_t cell) const { return cell <= first_ ? 0 : std::min(cell - first_, below_.size() - 1); }
  size_t first_;
  std::vector<int64_t> below_;
};

struct Leaf {
  size_t begin;
  int64_t rows;
};

void Halve(const Counts& counts, size_t begin, size_t size, int64_t rows_max, std::vector<Leaf>& leaves) {
  const int64_t rows = counts.Between(begin, begin + size);
  if (rows == 0) return;
  if (size == 1 || rows <= rows_max) {
    leaves.push_back({begin, rows});
    return;
  }
  Halve(counts, begin, size / 2, rows_max, leaves);
  Halve(counts, begin + size / 2, size / 2, rows_max, leaves);
}

}  // namespace

void ZOrderPlaces(std::span<const std::span<const uint32_t>> axes, int bits, std::span<uint64_t> places) {
  std::vector<Block> blocks(axes.size());
  for (size_t first = 0; first < places.size(); first += kBlock) {
    const size_t count = std::min(kBlock, places.size() - first);
    LoadBlock(axes, first, count, blocks);
    Interleave(blocks, bits, first, count, places);
  }
}

void HilbertPlaces(std::span<const std::span<const uint32_t>> axes, int bits, std::span<uint64_t> places) {
  std::vector<Block> blocks(axes.size());
  for (size_t first = 0; first < places.size(); first += kBlock) {
    const size_t count = std::min(kBlock, places.size() - first);
    LoadBlock(axes, first, count, blocks);
    Transpose(blocks, bits);
    Interleave(blocks, bits, first, count, places);
  }
}

std::vector<size_t> CutCurve(std::span<const int64_t> rows, size_t first_cell, int64_t rows_max) {
  const Counts counts(rows, first_cell);
  std::vector<Leaf> leaves;
  Halve(counts, 0, std::bit_ceil(first_cell + rows.size()), rows_max, leaves);
  std::vector<size_t> begins;
  int64_t piece = 0;
  for (const Leaf& leaf : leaves) {
    if (begins.empty() || piece + leaf.rows > rows_max) {
      begins.push_back(leaf.begin - std::min(leaf.begin, first_cell));
      piece = 0;
    }
    piece += leaf.rows;
  }
  // What lies before the first row belongs to the first piece.
  if (!begins.empty()) begins[0] = 0;
  return begins;
}

}  // namespace neurolake::tables::delta
