#include "server/http/internal/handlers.h"
#include "server/http/internal/json.h"
#include "server/http/internal/openapi.h"

namespace neurolake::server {

Result<void> GetHealth(Door& door, Call& call) {
  std::string out;
  ObjectWriter object(out);
  object.Text("status", "ok").Text("version", door.version);
  object.End();
  return call.SendJson(200, out);
}

Result<void> GetReady(Door& door, Call& call) {
  if (const auto ready = door.service.CheckReady(); !ready.has_value()) {
    Problem problem = Problem::FromError(ready.error());
    problem.status = 503;
    call.SendProblem(problem);
    return {};
  }
  return call.SendJson(200, "{\"status\":\"ready\"}");
}

Result<void> GetMetrics(Door& door, Call& call) {
  return call.Send(200, "text/plain; version=0.0.4; charset=utf-8", door.service.metrics().Serialize());
}

Result<void> GetOpenApi(Door&, Call& call) { return call.SendJson(200, OpenApiDocument()); }

}  // namespace neurolake::server
