#pragma once
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "ask/service/ask_service.h"

namespace neurolake::ask {

/// A question as doors take it.
struct AskBody {
  AskRequest request;
  std::optional<Intent> intent;  ///< Instead of a question.
  std::string confirm;           ///< The run of a query that asked first, with its intent; empty: nothing.
  std::string run;               ///< A question to go on with; empty: none.
  std::optional<AskReply> reply;
  bool trace = false;
};

/// JSON (docs/ask.md): members `question`, `intent` or `run`, and `model`, `schema`, `time_zone`, `purpose`, `as_of`
/// ("2025-04-02"), `previous` (an answer's `intent`), `conversation` ("new" or an id), `confirm`, `choice`, `trace`.
/// Errors: kInvalidArgument naming the member. Safe on hostile text.
Result<AskBody> ParseAskBody(std::string_view body);

/// What a question came to, as doors give it.
boost::json::object ToJson(const Asked& asked, bool with_trace);

/// The answer to such a question as JSON, where nothing is kept. Errors: those of ParseAskBody and AskService.
Result<std::string> AskJson(const RequestContext& ctx, AskService& service, std::string_view body);

}  // namespace neurolake::ask
