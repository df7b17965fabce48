#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "governance/rego/decision.h"
#include "governance/rego/decision_cache.h"
#include "governance/rego/evaluator.h"
#include "governance/rego/rego_policy.h"

namespace neurolake::governance {

/// The package whose document is the decision.
inline constexpr const char* kDecisionDocument = "data.neurolake.authz";

/// Policies of a bundle, evaluated in this process. Thread-safe; a statement sees one bundle or another.
class BundleEvaluator final : public PolicyEvaluator {
 public:
  explicit BundleEvaluator(std::chrono::microseconds time_limit) : time_limit_(time_limit) {}

  /// From now on `policy` decides; null: nothing could be loaded, and everything is denied. `epoch` was never used.
  void Activate(std::shared_ptr<const RegoPolicy> policy, std::string epoch);

  std::string Epoch() const override;
  Result<std::optional<std::string>> Evaluate(const RequestContext& ctx, const std::string& input_json) override;

 private:
  struct Active {
    std::shared_ptr<const RegoPolicy> policy;
    std::string epoch;
  };
  const std::chrono::microseconds time_limit_;
  std::atomic<std::shared_ptr<const Active>> active_;
};

/// Asks an evaluator, keeps its answers, and turns everything that is no decision into a denial. Thread-safe.
class PolicyDecider {
 public:
  PolicyDecider(std::shared_ptr<PolicyEvaluator> evaluator, size_t decisions_max)
      : evaluator_(std::move(evaluator)), cache_(decisions_max) {}

  /// Errors: kCancelled and kDeadlineExceeded of `ctx`; kPermissionDenied if no decision could be made: whoever manages
  /// the lake is told why, others that an administrator can find out. The reason is logged. A denial is no error.
  Result<std::shared_ptr<const PolicyDecision>> Decide(const RequestContext& ctx, const DecisionRequest& request);

 private:
  Result<std::shared_ptr<const PolicyDecision>> Ask(const RequestContext& ctx, const std::string& input) const;

  std::shared_ptr<PolicyEvaluator> evaluator_;
  DecisionCache cache_;
};

}  // namespace neurolake::governance
