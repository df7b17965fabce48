#include "engine/duckdb/internal/group_plan.h"

#include <algorithm>
#include <numeric>

#include "tables/delta/curve.h"

namespace neurolake::engine::duckdb {
namespace {

/// A file may be so much larger than asked for, if it can then be a whole box.
constexpr double kFileRowsSlack = 1.3;
/// What is left alone rather than cut in two.
constexpr double kOneFileSlack = 1.6;

/// Cuts a file, of the cells from `begin` to before `end`, into row groups of about equally many rows.
void PlanFile(std::span<const int64_t> counts, size_t begin, size_t end, const GroupLimits& limits, GroupPlan& plan) {
  const int64_t rows = plan.files.back().rows;
  const int64_t groups = std::clamp<int64_t>((rows + limits.group_rows - 1) / limits.group_rows, 1,
                                             static_cast<int64_t>(limits.file_groups));
  const auto file = static_cast<uint32_t>(plan.files.size() - 1);
  plan.file_of_group.push_back(file);
  int64_t seen = 0, cut = 1;
  for (size_t cell = begin; cell < end; ++cell) {
    if (cut < groups && seen < rows && seen * groups >= cut * rows) {
      plan.file_of_group.push_back(file);
      cut = seen * groups / rows + 1;
    }
    plan.group_of_cell[cell] = static_cast<uint32_t>(plan.groups() - 1);
    seen += counts[cell];
  }
}

}  // namespace

int64_t FileRowsMax(double file_rows) { return std::max<int64_t>(1, static_cast<int64_t>(kFileRowsSlack * file_rows)); }

int64_t PiecesOf(int64_t rows, double file_rows) {
  if (static_cast<double>(rows) <= kOneFileSlack * file_rows) return 1;
  return (rows + FileRowsMax(file_rows) - 1) / FileRowsMax(file_rows);
}

GroupPlan PlanGroups(std::span<const int64_t> rows, int shift, uint64_t first_place, const GroupLimits& limits) {
  GroupPlan plan{.shift = shift, .first_cell = first_place >> shift};
  const auto sum = [&](size_t begin, size_t end) {
    return std::accumulate(rows.begin() + static_cast<ptrdiff_t>(begin), rows.begin() + static_cast<ptrdiff_t>(end),
                           int64_t{0});
  };
  std::vector<size_t> begins = {0};
  if (static_cast<double>(sum(0, rows.size())) > kOneFileSlack * limits.file_rows) {
    begins = tables::delta::CutCurve(rows, plan.first_cell, FileRowsMax(limits.file_rows));
  }
  begins.push_back(rows.size());
  plan.group_of_cell.resize(rows.size());
  for (size_t i = 0; i + 1 < begins.size(); ++i) {
    const uint64_t place = i == 0 ? first_place : (plan.first_cell + begins[i]) << shift;
    plan.files.push_back({.first_place = place, .rows = sum(begins[i], begins[i + 1])});
    PlanFile(rows, begins[i], begins[i + 1], limits, plan);
  }
  return plan;
}

}  // namespace neurolake::engine::duckdb
