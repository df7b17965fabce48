#include "server/mcp/pipe_server.h"

#include "common/ids.h"
#include "server/mcp/internal/line_loop.h"
#include "server/mcp/internal/rpc.h"

namespace neurolake::server::mcp {
namespace {

/// The id to answer with, if the message is a request that has one.
std::string IdOf(std::string_view line) {
  const auto message = ParseMessage(line);
  return message && message->is_request() ? message->id_json : std::string();
}

}  // namespace

Result<void> ServePipe(McpServer& server, const std::function<Result<Principal>()>& authenticate, const Clock& clock,
                       const PipeOptions& options) {
  McpServer::Pipe pipe(server);
  const auto work = [&](const std::string& line, net::EventSink& sink) -> std::string {
    auto principal = authenticate();
    if (!principal) {
      const std::string id = IdOf(line);
      if (id.empty()) return {};
      return ErrorMessage(id, {kInternalError, principal.error().message(), ErrorJson(principal.error())});
    }
    const RequestContext ctx(std::move(*principal), NewUuid(), "mcp", clock, clock.SteadyNow() + options.timeout);
    return pipe.Answer(ctx, line, sink);
  };
  return RunLineLoop(options, work, [&] { pipe.CancelAll(); });
}

}  // namespace neurolake::server::mcp
