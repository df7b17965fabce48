#include "app/serve_mcp.h"

#include <cstdio>

#include "app/questions.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "query/service.h"
#include "server/mcp/pipe_server.h"

namespace neurolake::app {
namespace {

namespace mcp = server::mcp;

Result<void> ServeElsewhere(const cli::McpArguments& arguments, const mcp::PipeOptions& options, const Clock& clock) {
  NL_ASSIGN_OR_RETURN(net::Url url, net::ParseUrl(arguments.server));
  net::HttpClientOptions http;
  http.certificate_authority_file = arguments.certificate_authority_file;
  http.idle_connections_max = options.requests_max;
  NL_ASSIGN_OR_RETURN(const auto client, net::HttpClient::Make(std::move(url), std::move(http)));
  return mcp::BridgePipe(*client, arguments.token, clock, options);
}

}  // namespace

Result<void> ServeMcp(const Settings& settings, const std::string& program, const cli::McpArguments& arguments) {
  const SystemClock clock;
  const mcp::PipeOptions options{.message_bytes_max = static_cast<size_t>(settings.http_body_bytes_max),
                                 .timeout = settings.statement_timeout};
  if (!arguments.server.empty()) return ServeElsewhere(arguments, options, clock);
  Metrics metrics;
  NL_ASSIGN_OR_RETURN(auto lake, query::OpenLake(settings, program, clock, metrics));
  if (lake.first_token) {
    // Standard output is the client's.
    std::fprintf(stderr, "Made a lake in %s. Its administrator's token, shown this once, for servers:\n%s\n",
                 settings.lake.c_str(), lake.first_token->c_str());
  }
  const auto authenticate = [&]() -> Result<Principal> {
    if (!arguments.token.empty()) return lake.service->Authenticate(arguments.token, "");
    NL_ASSIGN_OR_RETURN(Principal owner, lake.service->catalog().LocalPrincipal());
    owner.authentication = "local";
    return owner;
  };
  NL_RETURN_IF_ERROR(authenticate());
  NL_ASSIGN_OR_RETURN(const auto questions, ask::OpenQuestions(settings, program, *lake.service, lake.store, clock));
  auto served = [&] {
    auto server_options = mcp::McpServer::OptionsFrom(settings, NL_VERSION);
    server_options.texts = questions.texts;
    mcp::McpServer server(*lake.service, clock, std::move(server_options));
    OfferQuestions(server, questions, settings);
    return mcp::ServePipe(server, authenticate, clock, options);
  }();
  lake.service->Shutdown(std::chrono::milliseconds(0));
  return served;
}

}  // namespace neurolake::app
