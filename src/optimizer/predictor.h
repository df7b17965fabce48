#pragma once
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "plan/stages.h"

namespace neurolake::optimizer {

/// Says what running a governed query will take, before it runs. Analytic: files, rows and bytes come from
/// the digest's scans after pruning, memory from a stated rule; nothing is learned yet, and
/// `Prediction::method` says so. Stateless, pure and thread-safe; O(scans).
class Predictor {
 public:
  /// Errors: those of `ctx` when nobody waits any more. Consumes `query` even then.
  Result<plan::CostedQuery> Predict(const RequestContext& ctx, plan::GovernedQuery query) const;
};

/// Every statement is granted at least this: an engine with nothing to read still needs its buffers.
inline constexpr int64_t kMemoryFloorBytes = int64_t{64} << 20;
/// Memory asked for per byte of file read when the plan holds rows back (joins, aggregates, sorts, windows,
/// writes): Parquet unpacks to about three times its size, and half of that again goes into hash tables and
/// sort runs.
inline constexpr double kMemoryPerByteHolding = 4.5;
/// The same when rows only stream through: one row group of each thread, not the files.
inline constexpr double kMemoryPerByteStreaming = 0.25;

/// For display on every door: {"method":"analytic","files":3,"rows":10,"bytes":99,"memory_bytes":67108864}.
/// A count that the table's log does not give is null.
std::string PredictionJson(const plan::Prediction& prediction);

}  // namespace neurolake::optimizer
