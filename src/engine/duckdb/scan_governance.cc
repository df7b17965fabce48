#include "engine/duckdb/internal/scan_governance.h"

namespace neurolake::engine::duckdb {
namespace {

void Apply(native::unique_ptr<native::LogicalOperator>& op, const std::map<uint64_t, plan::ScanDecision>& decisions) {
  if (op->type == native::LogicalOperatorType::LOGICAL_GET) {
    if (auto scan = FindLakeScan(op->Cast<native::LogicalGet>())) {
      auto decision = decisions.find(scan->scan_id);
      if (decision == decisions.end()) ThrowLakeError(Error(ErrorCode::kInternal, "ungoverned scan"));
      if (!decision->second.row_filter.empty() || !decision->second.column_masks.empty()) {
        ThrowLakeError(Error(ErrorCode::kNotSupported, "row filters and column masks are not supported yet"));
      }
      scan->governed = true;
    }
  }
  for (auto& child : op->children) Apply(child, decisions);
}

}  // namespace

void ApplyDecisions(native::ClientContext&, BoundPlan& plan, const std::map<uint64_t, plan::ScanDecision>& decisions) {
  Apply(plan.root, decisions);
}

}  // namespace neurolake::engine::duckdb
