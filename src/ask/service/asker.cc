#include "ask/service/asker.h"

namespace neurolake::ask {

Result<RequestContext> AsAsker(const RequestContext& caller) {
  Principal asker = caller.principal();
  if (!asker.Has(Right::kAsk)) {
    return MakeError(ErrorCode::kPermissionDenied, "the principal lacks the right to ask");
  }
  // Every role that may ask may read: what a token leaves out of that, it leaves out of the other doors.
  if (!asker.Has(Right::kRead)) asker.rights.push_back(Right::kRead);
  return RequestContext(std::move(asker), caller.request_id(), caller.door(), caller.clock(), caller.deadline(),
                        caller.stop_token());
}

}  // namespace neurolake::ask
