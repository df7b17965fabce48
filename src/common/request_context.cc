#include "common/request_context.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace neurolake {

bool Principal::Has(Right right) const { return std::ranges::find(rights, right) != rights.end(); }

bool Principal::MayUseSchema(std::string_view schema) const {
  return !schemas || std::ranges::find(*schemas, schema) != schemas->end();
}

std::string_view NameOf(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::kUser: return "user";
    case PrincipalKind::kServiceAccount: return "service account";
    case PrincipalKind::kAgent: return "agent";
  }
  NL_UNREACHABLE();
}

Result<PrincipalKind> PrincipalKindOf(std::string_view name) {
  for (const auto kind : {PrincipalKind::kUser, PrincipalKind::kServiceAccount, PrincipalKind::kAgent}) {
    if (name == NameOf(kind)) return kind;
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   "unknown kind of principal, expected user, service account or agent: {}", name);
}

Result<std::vector<Right>> RightsOfRole(std::string_view role) {
  using enum Right;
  if (role == "reader") return std::vector{kRead, kAsk};
  if (role == "writer") return std::vector{kRead, kWrite, kAsk};
  if (role == "engineer") return std::vector{kRead, kWrite, kCreate, kAsk};
  if (role == "admin") return std::vector{kRead, kWrite, kCreate, kRegisterLocation, kManage, kAudit, kAsk};
  // On what was granted to it alone (query/access.h); of everything else it does not even hear.
  if (role == "member") return std::vector{kRead, kWrite, kAsk};
  // As a member, and all of the audit log.
  if (role == "auditor") return std::vector{kRead, kAudit, kAsk};
  // Sees /metrics and nothing of the lake: for the program that watches it.
  if (role == "monitor") return std::vector<Right>();
  return MakeError(ErrorCode::kInvalidArgument,
                   "unknown role, expected member, reader, writer, engineer, admin, auditor or "
                   "monitor: {}",
                   role);
}

std::chrono::milliseconds RequestContext::Remaining() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock_->SteadyNow());
}

Result<void> RequestContext::CheckAlive() const {
  if (stop_.stop_requested()) return MakeError(ErrorCode::kCancelled, "the statement was cancelled");
  if (clock_->SteadyNow() >= deadline_) {
    return MakeError(ErrorCode::kDeadlineExceeded, "the statement ran past its deadline");
  }
  return {};
}

Result<void> RequestContext::SleepFor(std::chrono::milliseconds duration) const {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  const auto until = std::min(clock_->SteadyNow() + duration, deadline_);
  wake.wait_for(lock, stop_, until - clock_->SteadyNow(), [] { return false; });
  return CheckAlive();
}

}  // namespace neurolake
