#pragma once
#include <string>
#include <string_view>

#include "ask/service/ask_service.h"

namespace neurolake::ask {

/// A question as doors take it, and the answer as they give it, both JSON (docs/ask.md): members `question` or
/// `intent`, and `model`, `time_zone`, `purpose`, `as_of` ("2025-04-02"), `previous` (an answer's `intent`). Errors:
/// kInvalidArgument naming the member; those of AskService. Safe on hostile text.
Result<std::string> AskJson(const RequestContext& ctx, AskService& service, std::string_view body);

}  // namespace neurolake::ask
