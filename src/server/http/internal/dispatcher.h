#pragma once
#include "server/http/internal/door.h"
#include "server/http/internal/routes.h"

namespace neurolake::server {

/// From a request to a handler and back: request id, CORS, route, token, body, errors, log and metrics. Thread-safe.
class Dispatcher final : public RequestHandler {
 public:
  explicit Dispatcher(Door& door) : door_(door) {}
  void Handle(Request& request, ResponseWriter& writer) override;
  std::pair<ResponseHead, std::string> Refuse(int status, std::string_view detail) override;

 private:
  /// The route that answered, for metrics; "none" when there is none.
  std::string_view Dispatch(Call& call);
  /// The same, and no exception comes out.
  std::string_view DispatchSafely(Call& call);
  Result<void> Authenticate(const Route& route, Call& call);
  /// True when the body is in `call`; false when a problem was sent.
  Result<bool> ReadBody(const Route& route, Call& call);
  void AddCorsHeaders(Call& call) const;
  void AnswerOptions(Call& call, const std::string& allow) const;
  void Report(const Call& call, std::string_view route, SteadyTime began) const;

  Door& door_;
};

}  // namespace neurolake::server
