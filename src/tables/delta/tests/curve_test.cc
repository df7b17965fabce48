#include "tables/delta/curve.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace neurolake::tables::delta {
namespace {

using Places = void (*)(std::span<const std::span<const uint32_t>>, int, std::span<uint64_t>);

std::vector<uint64_t> PlacesOf(Places function, const std::vector<std::vector<uint32_t>>& axes, int bits) {
  const std::vector<std::span<const uint32_t>> spans(axes.begin(), axes.end());
  std::vector<uint64_t> places(axes[0].size());
  function(spans, bits, places);
  return places;
}

TEST(CurveTest, ZOrderInterleavesBitsAtTheTop) {
  EXPECT_EQ(PlacesOf(ZOrderPlaces, {{0b11}, {0b00}}, 2)[0], uint64_t{0b1010} << 60);
  EXPECT_EQ(PlacesOf(ZOrderPlaces, {{0b01}, {0b10}, {0b11}}, 2)[0], uint64_t{0b011101} << 58);
}

// On a Hilbert curve a step goes to one of the nearest cells, and every cell is on it once.
TEST(CurveTest, HilbertStepsToANeighbour) {
  for (const size_t axes : {1U, 2U, 3U, 4U}) {
    const int bits = axes > 2 ? 3 : 5;
    const uint32_t side = 1U << bits;
    size_t cells = 1;
    for (size_t i = 0; i < axes; ++i) cells *= side;
    std::vector<std::vector<uint32_t>> points(axes, std::vector<uint32_t>(cells));
    for (size_t cell = 0; cell < cells; ++cell) {
      for (size_t rest = cell, i = 0; i < axes; ++i, rest /= side) points[i][cell] = static_cast<uint32_t>(rest % side);
    }
    const auto places = PlacesOf(HilbertPlaces, points, bits);
    std::map<uint64_t, size_t> by_place;
    for (size_t cell = 0; cell < cells; ++cell) by_place[places[cell] >> (64 - bits * static_cast<int>(axes))] = cell;
    ASSERT_EQ(by_place.size(), cells);
    EXPECT_EQ(by_place.rbegin()->first, cells - 1);
    for (auto next = std::next(by_place.begin()); next != by_place.end(); ++next) {
      int64_t distance = 0;
      for (size_t i = 0; i < axes; ++i) {
        distance += std::abs(static_cast<int64_t>(points[i][next->second]) -
                             static_cast<int64_t>(points[i][std::prev(next)->second]));
      }
      ASSERT_EQ(distance, 1) << axes << " axes, place " << next->first;
    }
  }
}

using Begins = std::vector<size_t>;

TEST(CurveTest, CutsWhereBoxesEnd) {
  const std::vector<int64_t> even(16, 10);
  EXPECT_EQ(CutCurve(even, 0, 1000), Begins{0});
  EXPECT_EQ(CutCurve(even, 0, 40), (Begins{0, 4, 8, 12}));
  EXPECT_EQ(CutCurve(even, 0, 50), (Begins{0, 4, 8, 12})) << "five cells would reach into two boxes";
  EXPECT_EQ(CutCurve(even, 0, 5).size(), 16U) << "a cell is not cut";
  // The stretch begins in the middle of a box: only its own part of it counts.
  EXPECT_EQ(CutCurve(even, 6, 40), (Begins{0, 2, 6, 10, 14}));
}

TEST(CurveTest, BringsSmallNeighboursTogether) {
  const std::vector<int64_t> uneven = {1, 1, 1, 1, 90, 1, 1, 1, 0, 0, 0, 0, 3, 0, 0, 3};
  EXPECT_EQ(CutCurve(uneven, 0, 20), (Begins{0, 4, 5}));
  EXPECT_EQ(CutCurve(std::vector<int64_t>(8, 0), 0, 20), Begins{});
}

}  // namespace
}  // namespace neurolake::tables::delta
