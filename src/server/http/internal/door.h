#pragma once
#include <map>
#include <optional>
#include <string>

#include "catalog/authenticator.h"
#include "common/clock.h"
#include "common/request_context.h"
#include "common/settings.h"
#include "net/message_endpoint.h"
#include "query/service.h"
#include "server/http/internal/login_box.h"
#include "server/http/internal/message.h"
#include "server/http/internal/problem.h"
#include "server/http/internal/request_limits.h"
#include "server/http/internal/result_flusher.h"
#include "server/http/internal/statement_store.h"
#include "server/http/internal/target.h"
#include "server/http/internal/upload_store.h"

namespace neurolake::ask {
class AskDoor;
}

namespace neurolake::server {

/// What every handler works with. Borrowed; lives as long as the server.
struct Door {
  const Settings& settings;
  query::StatementService& service;
  const Clock& clock;
  StatementStore& statements;
  UploadStore& uploads;
  ResultFlusher& flusher;
  std::string version;
  catalog::Authenticator& authenticator;
  const LoginBox& login_box;
  RequestLimits& limits;
  net::MessageEndpoint* messages;  ///< Null: there is none.
  ask::AskDoor* ask;               ///< Null: there are no semantic models.
  std::string public_url;          ///< Where browsers reach this server: an origin, without a slash at its end.

  bool secure() const { return public_url.starts_with("https://"); }
};

/// One request on its way through a handler.
struct Call {
  Request& request;
  ResponseWriter& writer;
  std::string request_id;
  Target target;
  std::vector<std::string> arguments;  ///< Values of the route's {…} segments, in order.
  std::optional<Principal> principal;
  std::string body;
  bool body_is_text = false;  ///< text/plain instead of JSON.
  Headers headers;            ///< Go on every response: X-Request-Id, CORS.

  Result<void> Send(int status, std::string content_type, std::string_view text, const Headers& more = {});
  Result<void> SendJson(int status, std::string_view json, const Headers& more = {}) {
    return Send(status, "application/json", json, more);
  }
  void SendProblem(const Problem& problem);

  /// A query parameter as an integer between `least` and `most`. Errors: kInvalidArgument.
  Result<int64_t> IntegerParameter(std::string_view name, int64_t fallback, int64_t least, int64_t most) const;
  std::string TextParameter(std::string_view name) const;
  /// The context of work for this caller that ends with the request.
  RequestContext Context(const Door& door, std::chrono::milliseconds timeout) const;
  /// The same for one of whom nobody knows yet who it is.
  RequestContext NamelessContext(const Door& door) const;
  /// Errors: kPermissionDenied.
  Result<void> Require(Right right) const;
};

}  // namespace neurolake::server
