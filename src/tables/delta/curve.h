#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace neurolake::tables::delta {

/// Places of many cells on a curve: the Z-order curve, the axes' bits interleaved with the first axis first, and the
/// Hilbert curve, where neighbours on the curve are neighbours in space. `axes[i]` holds the cells' coordinates along
/// axis i, each array as long as `places`; `bits` of each count, and axes.size() * bits must be at most 64. Places are
/// moved up so that 64 bits are filled: a prefix of a place is then a box of cells, whatever the number of bits. Pure;
/// a few nanoseconds a cell.
/// Source: J. Skilling, "Programming the Hilbert curve", AIP Conference Proceedings 707 (2004).
void ZOrderPlaces(std::span<const std::span<const uint32_t>> axes, int bits, std::span<uint64_t> places);
void HilbertPlaces(std::span<const std::span<const uint32_t>> axes, int bits, std::span<uint64_t> places);

/// Equal parts of the curve that rows are counted by, before it is known where they lie: a place's highest 16 bits.
inline constexpr int kCurvePartBits = 16;
inline constexpr size_t kCurveParts = size_t{1} << kCurvePartBits;

/// Cuts a stretch of a curve into pieces of at most `rows_max` rows, and returns the index of the first cell of each.
/// `rows[i]` is the count of cell `first_cell + i`, cells being equal parts of the curve. Cuts are made where large
/// boxes end: the curve is halved until a half is small enough, so that a piece is a box, or a few neighbouring ones
/// that are small. A piece that is cut anywhere else reaches into several boxes, and its bounds are those of all.
/// A single cell is never cut. Pure; O(cells).
std::vector<size_t> CutCurve(std::span<const int64_t> rows, size_t first_cell, int64_t rows_max);

}  // namespace neurolake::tables::delta
