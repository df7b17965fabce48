// Questions in plain language (docs/ask.md).
#include "ask/service/ask_json.h"
#include "server/http/internal/handlers.h"

namespace neurolake::server {

Result<void> PostAsk(Door& door, Call& call) {
  if (door.ask == nullptr) {
    return MakeError(ErrorCode::kNotFound, "this server has no semantic models: set ask.models to their folder");
  }
  NL_ASSIGN_OR_RETURN(const std::string answer,
                      ask::AskJson(call.Context(door, door.settings.statement_timeout), *door.ask, call.body));
  return call.SendJson(200, answer);
}

}  // namespace neurolake::server
