#include "tables/delta/internal/fresh_row_ids.h"

#include "tables/delta/row_tracking.h"
#include "tables/delta/statistics.h"

namespace neurolake::tables::delta::internal {
Result<FreshRowIds> FreshRowIds::Make(const CommitRequest& request) {
  FreshRowIds ids(request);
  ids.record_counts_.reserve(request.adds.size());
  for (const AddFile& add : request.adds) {
    if (add.base_row_id.has_value()) {
      ids.record_counts_.push_back(0);
      continue;
    }
    const auto count = ParseStatistics(add.stats, {"\n"}).record_count;  // Of no column: the row count alone.
    if (!count.has_value()) {
      return MakeError(ErrorCode::kInvalidArgument, "a file of a table with row tracking needs numRecords: {}",
                       add.path);
    }
    ids.record_counts_.push_back(*count);
  }
  return ids;
}

std::string FreshRowIds::Lines(int64_t version, int64_t mark) const {
  const int64_t before = mark;
  std::string lines;
  for (size_t i = 0; i < request_->adds.size(); ++i) {
    AddFile add = request_->adds[i];
    if (!add.base_row_id.has_value()) {
      add.base_row_id = mark + 1;
      mark += record_counts_[i];
    }
    if (!add.default_row_commit_version.has_value()) add.default_row_commit_version = version;
    lines += ToJsonLine(add) + "\n";
  }
  if (mark > before) lines += ToJsonLine(RowIdMarkDomain(mark)) + "\n";
  return lines;
}

int64_t FreshRowIds::MarkAfter(int64_t mark) const {
  for (const int64_t count : record_counts_) mark += count;
  return mark;
}

}  // namespace neurolake::tables::delta::internal
