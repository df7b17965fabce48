#include "app/serve.h"

#include <signal.h>

#include <cstdio>

#include "app/questions.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "query/service.h"
#include "server/http/http_server.h"
#include "server/mcp/mcp_server.h"

namespace neurolake::app {
namespace {

/// Exit statuses of docs/cli.md.
constexpr int kUnavailable = 3;

int Fail(const Error& error) {
  std::fprintf(stderr, "neurolake: %s\n", error.message().c_str());
  return kUnavailable;
}

LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warn") return LogLevel::kWarn;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

/// Blocked in every thread from here on, so that one thread can wait for them.
sigset_t BlockEndingSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

}  // namespace

int Serve(const Settings& settings, const std::string& program) {
  SetLogLevel(LevelOf(settings.log_level));
  const sigset_t signals = BlockEndingSignals();
  const SystemClock clock;
  Metrics metrics;
  auto lake = query::OpenLake(settings, program, clock, metrics);
  if (!lake) return Fail(lake.error());
  const auto questions = ask::OpenQuestions(settings, program, *lake->service, lake->store, clock);
  if (!questions) return Fail(questions.error());
  auto mcp_options = server::mcp::McpServer::OptionsFrom(settings, NL_VERSION);
  mcp_options.texts = questions->texts;
  server::mcp::McpServer mcp(*lake->service, clock, std::move(mcp_options));
  OfferQuestions(mcp, *questions, settings);
  auto server = server::HttpServer::Start(settings, *lake->service, clock,
                                          {.results_directory = settings.lake + "/spill/results",
                                           .version = NL_VERSION,
                                           .staging_directory = settings.lake + "/staging",
                                           .tls_directory = settings.lake + "/tls",
                                           .messages = settings.mcp_enabled ? &mcp : nullptr,
                                           .ask = questions->door.get()});
  if (!server) return Fail(server.error());
  if (lake->first_token) {
    std::printf("First start of this lake. Its administrator's token, shown once: %s\n", lake->first_token->c_str());
  }
  std::printf("NeuroLake %s serves %s on %s\n", NL_VERSION, settings.lake.c_str(), (*server)->url().c_str());
  std::fflush(stdout);
  int received = 0;
  ::sigwait(&signals, &received);
  Log(LogLevel::kInfo, "stopping", {}, {{"signal", static_cast<int64_t>(received)}});
  lake->service->Shutdown(settings.http_shutdown_grace);
  (*server)->Stop(settings.http_shutdown_grace);
  return 0;
}

}  // namespace neurolake::app
