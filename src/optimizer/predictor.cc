#include "optimizer/predictor.h"

#include <algorithm>
#include <limits>

#include "optimizer/memory_model.h"

namespace neurolake::optimizer {
namespace {

constexpr int64_t kUnknown = -1;

// Unknown stays unknown: one scan that cannot tell makes the sum meaningless, and a lower bound would look
// like a fact.
int64_t AddCounts(int64_t total, int64_t count) {
  if (total < 0 || count < 0) return kUnknown;
  if (count > std::numeric_limits<int64_t>::max() - total) return std::numeric_limits<int64_t>::max();
  return total + count;
}

std::string CountOrNull(int64_t count) { return count < 0 ? "null" : std::to_string(count); }

}  // namespace

Result<plan::CostedQuery> Predictor::Predict(const RequestContext& ctx, plan::GovernedQuery query) const {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  const plan::PlanDigest& digest = query.digest();
  plan::Prediction prediction;
  for (const plan::ScanDigest& scan : digest.scans) {
    prediction.files = AddCounts(prediction.files, scan.files_kept);
    prediction.rows = AddCounts(prediction.rows, scan.rows_kept);
    prediction.bytes = AddCounts(prediction.bytes, scan.bytes_kept);
  }
  prediction.memory_bytes = EstimateMemory(digest);
  return plan::CostedQuery(std::move(query.plan_), std::move(query.decisions_), std::move(prediction));
}

std::string PredictionJson(const plan::Prediction& prediction) {
  // The method is a constant of ours, so it needs no escaping.
  return fmt::format(R"({{"method":"{}","files":{},"rows":{},"bytes":{},"memory_bytes":{}}})", prediction.method,
                     CountOrNull(prediction.files), CountOrNull(prediction.rows), CountOrNull(prediction.bytes),
                     CountOrNull(prediction.memory_bytes));
}

}  // namespace neurolake::optimizer
