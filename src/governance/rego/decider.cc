#include "governance/rego/decider.h"

#include <algorithm>

#include "common/log.h"

namespace neurolake::governance {

void BundleEvaluator::Activate(std::shared_ptr<const RegoPolicy> policy, std::string epoch) {
  active_.store(std::make_shared<const Active>(Active{std::move(policy), std::move(epoch)}));
}

std::string BundleEvaluator::Epoch() const {
  const auto active = active_.load();
  return active == nullptr ? "" : active->epoch;
}

Result<std::optional<std::string>> BundleEvaluator::Evaluate(const RequestContext& ctx, const std::string& input_json) {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  const auto active = active_.load();
  if (active == nullptr || active->policy == nullptr) {
    return MakeError(ErrorCode::kUnavailable, "there is no policy bundle that could be loaded");
  }
  return active->policy->Evaluate(kDecisionDocument, input_json, time_limit_);
}

Result<std::shared_ptr<const PolicyDecision>> PolicyDecider::Ask(const RequestContext& ctx,
                                                                 const std::string& input) const {
  NL_ASSIGN_OR_RETURN(const auto answer, evaluator_->Evaluate(ctx, input));
  if (!answer) return std::make_shared<const PolicyDecision>();
  NL_ASSIGN_OR_RETURN(auto decision, ParseDecision(*answer));
  return std::make_shared<const PolicyDecision>(std::move(decision));
}

Result<std::shared_ptr<const PolicyDecision>> PolicyDecider::Decide(const RequestContext& ctx,
                                                                    const DecisionRequest& request) {
  const std::string input = EncodeDecisionInput(request);
  // Read before the answer: what is decided by newer policies is kept under the older name, which nobody asks for
  // again.
  const std::string epoch = evaluator_->Epoch();
  auto decision =
      epoch.empty() ? Ask(ctx, input) : cache_.Get(ctx, epoch + "\n" + input, [&] { return Ask(ctx, input); });
  if (decision) return decision;
  const Error& error = decision.error();
  if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kDeadlineExceeded) return decision;
  Log(LogLevel::kError, "a policy decision could not be made, access is denied", ctx.request_id(),
      {{"principal", request.principal_name},
       {"action", request.action},
       {"object", request.schema + "." + request.name},
       {"code", std::string(ErrorName(error.code()))},
       {"reason", error.message()}});
  if (ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "no policy decision, so access is denied: {}", error.message());
  }
  return MakeError(ErrorCode::kPermissionDenied,
                   "access cannot be decided at the moment and is denied; an administrator finds the reason in the "
                   "server's log");
}

}  // namespace neurolake::governance
