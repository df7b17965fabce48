#pragma once
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "plan/stages.h"

namespace neurolake::optimizer {

/// Says what running a governed query will take, before it runs. Analytic: files, rows and bytes come from
/// the digest's scans after pruning, memory from the rules of `memory_model.h`; nothing is learned yet, and
/// `Prediction::method` says so. Stateless, pure and thread-safe; O(operators).
class Predictor {
 public:
  /// Errors: those of `ctx` when nobody waits any more. Consumes `query` even then.
  Result<plan::CostedQuery> Predict(const RequestContext& ctx, plan::GovernedQuery query) const;
};

/// For display on every door: {"method":"analytic","files":3,"rows":10,"bytes":99,"memory_bytes":67108864}.
/// A count that the table's log does not give, and memory that no rule bounds, are null.
std::string PredictionJson(const plan::Prediction& prediction);

}  // namespace neurolake::optimizer
