#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan_digest.h"
#include "plan/table_policy.h"

namespace neurolake::governance {
class Governor;  // forward-declared: the upward names allowed, so that each stage has exactly one maker
}
namespace neurolake::optimizer {
class Predictor;
}

namespace neurolake::plan {

/// The engine's own plan, opaque above engine/.
class EnginePlan {
 public:
  virtual ~EnginePlan() = default;
  virtual const PlanDigest& digest() const = 0;
};

/// The governor's answer for one scan. A scan without one refuses to start.
struct ScanDecision {
  std::shared_ptr<const TablePolicy> policy;  ///< What is to be seen of the table; null: all of it.
};

/// Parsed and bound with every look-up checked, but not yet governed. Made by the engine.
class BoundQuery {
 public:
  explicit BoundQuery(std::unique_ptr<EnginePlan> plan) : plan_(std::move(plan)) {}
  const PlanDigest& digest() const { return plan_->digest(); }

 private:
  friend class neurolake::governance::Governor;
  std::unique_ptr<EnginePlan> plan_;
};

/// A bound query every part of which was found allowed, with one decision for each scan. Only the Governor makes one.
class GovernedQuery {
 public:
  const PlanDigest& digest() const { return plan_->digest(); }
  const std::map<uint64_t, ScanDecision>& decisions() const { return decisions_; }

 private:
  friend class neurolake::governance::Governor;
  friend class neurolake::optimizer::Predictor;
  GovernedQuery(std::unique_ptr<EnginePlan> plan, std::map<uint64_t, ScanDecision> decisions)
      : plan_(std::move(plan)), decisions_(std::move(decisions)) {}
  std::unique_ptr<EnginePlan> plan_;
  std::map<uint64_t, ScanDecision> decisions_;
};

/// What running the query will take. `method` says how it was found: "analytic" counts files, rows and bytes after
/// pruning; nothing is learned yet.
struct Prediction {
  std::string method = "analytic";
  int64_t files = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t memory_bytes = 0;
};

/// A governed query with its prediction. Only the Predictor makes one; only it can be executed.
class CostedQuery {
 public:
  const PlanDigest& digest() const { return plan_->digest(); }
  const std::map<uint64_t, ScanDecision>& decisions() const { return decisions_; }
  const Prediction& prediction() const { return prediction_; }
  /// For the engine, which made the plan and takes it back to run it.
  std::unique_ptr<EnginePlan> TakePlan() && { return std::move(plan_); }

 private:
  friend class neurolake::optimizer::Predictor;
  CostedQuery(std::unique_ptr<EnginePlan> plan, std::map<uint64_t, ScanDecision> decisions, Prediction prediction)
      : plan_(std::move(plan)), decisions_(std::move(decisions)), prediction_(std::move(prediction)) {}
  std::unique_ptr<EnginePlan> plan_;
  std::map<uint64_t, ScanDecision> decisions_;
  Prediction prediction_;
};

}  // namespace neurolake::plan
