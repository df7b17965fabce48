#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace neurolake::engine::duckdb {

/// What files and row groups are cut by.
struct GroupLimits {
  double file_rows = 1;     ///< Rows that a file is meant to have.
  int64_t group_rows = 1;   ///< Rows that a row group has at most, but for those of a single cell.
  size_t file_groups = 64;  ///< A file is planned to have no more row groups; where it needs more, they are larger.
};

/// Which of a stretch's rows go to which file and row group of it. A cell is an equal part of the curve: the places
/// that have all but their `shift` lowest bits in common.
struct GroupPlan {
  struct File {
    uint64_t first_place = 0;
    int64_t rows = 0;
  };
  int shift = 0;
  uint64_t first_cell = 0;
  std::vector<uint32_t> group_of_cell;
  std::vector<uint32_t> file_of_group;
  std::vector<File> files;
  size_t groups() const { return file_of_group.size(); }
  size_t Cell(uint64_t place) const { return (place >> shift) - first_cell; }
};

/// Plans files that end where boxes of the curve end and have at most FileRowsMax(file_rows) rows, unless these are all
/// of one cell, whose rows are in no order anyway. `rows[i]` counts those of cell `first_cell + i`; `first_place` is
/// where the stretch begins. Pure; O(cells).
GroupPlan PlanGroups(std::span<const int64_t> rows, int shift, uint64_t first_place, const GroupLimits& limits);

/// How many rows a file may have so that it can be a whole box.
int64_t FileRowsMax(double file_rows);

/// Into how many files of one size `rows` go that no place on the curve tells apart.
int64_t PiecesOf(int64_t rows, double file_rows);

}  // namespace neurolake::engine::duckdb
