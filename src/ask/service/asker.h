#pragma once
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::ask {

/// The context that a question is answered in: the caller's, who may also read then. A token for asking alone
/// (identity.md) opens no other door, since it is here only that it reads; policies and grants are the principal's.
/// Everything that answers a question, or tells of one, calls it first. Errors: kPermissionDenied without Right::kAsk.
Result<RequestContext> AsAsker(const RequestContext& caller);

}  // namespace neurolake::ask
