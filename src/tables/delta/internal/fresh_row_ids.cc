#include "tables/delta/internal/fresh_row_ids.h"

#include <set>

#include "tables/delta/row_tracking.h"
#include "tables/delta/statistics.h"

namespace neurolake::tables::delta::internal {
namespace {

/// Operations that put other rows in the place of those they remove; the new ones have no ids to keep.
bool ReplacesRows(const std::string& operation) {
  static const std::set<std::string> kReplacing = {"WRITE", "TRUNCATE", "RESTORE", "COPY INTO", "CLONE"};
  return kReplacing.contains(operation) || operation.starts_with("CREATE") || operation.starts_with("REPLACE");
}

}  // namespace

Result<void> CheckRowIdsKept(const Protocol& protocol, const Metadata& metadata, const CommitRequest& request) {
  if (!KeepsRowIds(protocol, metadata) || request.removes.empty() || ReplacesRows(request.operation)) return {};
  const bool moves = std::ranges::any_of(request.adds, [](const AddFile& add) { return !add.base_row_id.has_value(); });
  if (!moves) return {};
  return MakeError(ErrorCode::kNotSupported,
                   "{} would move rows to new files, where they do not keep their ids yet, and the table has "
                   "delta.enableRowTracking = true",
                   request.operation);
}

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
