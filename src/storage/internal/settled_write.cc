#include "storage/internal/cloud_core.h"

namespace neurolake::storage::internal {
namespace {

/// Long enough for one question, short enough for a statement that was cancelled.
constexpr std::chrono::milliseconds kReadBackTime{10'000};

enum class Found : uint8_t { kOurs, kAnothers, kNothing, kUnknown };

Found Judge(const Result<BlobInfo>& info, const WriteMark& mark) {
  if (!info.has_value()) return info.error().code() == ErrorCode::kNotFound ? Found::kNothing : Found::kUnknown;
  if (info->writer == mark.writer) return Found::kOurs;
  // No mark: a service that drops metadata, or an object of another program. Equal bytes would prove nothing either.
  return info->writer.empty() ? Found::kUnknown : Found::kAnothers;
}

/// In time of its own: the request may have run out of its, and its user still wants to know.
Found ReadBack(const CloudCore& core, const ObjectLocation& at, const WriteMark& mark) {
  const Clock& clock = core.transport->clock();
  const RequestContext own({}, "", "", clock, clock.SteadyNow() + kReadBackTime);
  return Judge(core.Retry<BlobInfo>(own, [&](const RequestContext& ctx) { return core.service->Head(ctx, at); }), mark);
}

std::unexpected<Error> Exists(const std::string& path) {
  return MakeError(ErrorCode::kAlreadyExists, "an object is there already: {}", path);
}

std::unexpected<Error> Unknown(const std::string& path) {
  return MakeError(ErrorCode::kCommitUnknown,
                   "the object store did not answer, the object may have been written or still be: {}", path);
}

/// The service says that there is an object, or no upload any more, after an answer was lost.
Result<void> SettleRefusal(const CloudCore& core, const ObjectLocation& at, const std::string& path,
                           const WriteMark& mark, const Error& refusal) {
  switch (ReadBack(core, at, mark)) {
    case Found::kOurs: return {};
    case Found::kAnothers:
      if (mark.if_absent) return Exists(path);
      return Unknown(path);  // Ours may have been there and been replaced since.
    case Found::kNothing: return Unknown(path);
    case Found::kUnknown:
      if (refusal.code() != ErrorCode::kAlreadyExists) return Unknown(path);
      return MakeError(ErrorCode::kCommitUnknown,
                       "an answer of the object store was lost, and the object that is there does not tell who wrote "
                       "it: {}",
                       path);
  }
  NL_UNREACHABLE();
}

}  // namespace

Result<void> WriteSettled(const CloudCore& core, const RequestContext& request, const ObjectLocation& at,
                          const std::string& path, const WriteMark& mark,
                          const std::function<Attempt<void>(const RequestContext&)>& write) {
  Attempts attempts(core.transport->options(), request);
  bool may_have_happened = false;
  while (true) {
    const Attempt<void> outcome = write(attempts.ctx());
    if (outcome.has_value()) return {};
    const Failure& failure = outcome.error();
    const bool refused = !failure.retry && !failure.may_have_happened;
    if (refused && may_have_happened) return SettleRefusal(core, at, path, mark, failure.error);
    may_have_happened = may_have_happened || failure.may_have_happened;
    if (failure.renew_credentials) core.service->RenewCredentials();
    if (attempts.Again(failure)) continue;
    if (!may_have_happened) return std::unexpected(attempts.Told(failure));
    const Found found = ReadBack(core, at, mark);
    if (found == Found::kOurs) return {};
    if (found == Found::kAnothers && mark.if_absent) return Exists(path);
    return Unknown(path);
  }
}

}  // namespace neurolake::storage::internal
