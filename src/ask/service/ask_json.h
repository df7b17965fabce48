#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ask/service/ask_service.h"

namespace neurolake::ask {

/// A question as doors take it.
struct AskBody {
  AskRequest request;
  std::optional<Intent> intent;  ///< Instead of a question.
  std::string conversation;      ///< "new" or an id; empty: none.
  std::string confirm;           ///< What came with a query that asked first; empty: nothing.
};

/// JSON (docs/ask.md): members `question` or `intent`, and `model`, `time_zone`, `purpose`, `as_of` ("2025-04-02"),
/// `previous` (an answer's `intent`), `conversation`, `confirm`. Errors: kInvalidArgument naming the member. Safe on
/// hostile text.
Result<AskBody> ParseAskBody(std::string_view body);

/// The answer to such a question as JSON, without conversations. Errors: those of ParseAskBody and AskService.
Result<std::string> AskJson(const RequestContext& ctx, AskService& service, std::string_view body);

}  // namespace neurolake::ask
