#include "cli/main.h"

#include <signal.h>

#include <charconv>
#include <cstdlib>
#include <iostream>

#include "cli/arguments.h"
#include "cli/audit_commands.h"
#include "cli/client_commands.h"
#include "cli/embedded_client.h"
#include "cli/lake_commands.h"
#include "cli/policy_command.h"
#include "cli/remote_client.h"
#include "cli/semantic_command.h"
#include "common/log.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

LogLevel LevelFromName(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warn") return LogLevel::kWarn;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

/// `neurolake worker --descriptor=3 …`, as the server writes it. By hand: a worker's start is on a statement's way.
int RunWorker(const std::vector<std::string>& words, const Environment& environment) {
  // Ctrl-C in a terminal reaches the whole process group; the process in front of the worker decides what ends.
  signal(SIGINT, SIG_IGN);
  if (const char* level = std::getenv("NEUROLAKE_LOG_LEVEL"); level != nullptr) SetLogLevel(LevelFromName(level));
  query::WorkerProcessOptions options;
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : words[i].substr(equals + 1);
    int64_t number = 0;
    const bool is_number = std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc();
    if (name == "--descriptor" && is_number) {
      options.descriptor = static_cast<int>(number);
    } else if (name == "--threads" && is_number) {
      options.threads = static_cast<int>(number);
    } else if (name == "--memory" && is_number) {
      options.memory_bytes = number;
    } else if (name == "--spill") {
      options.spill_directory = value;
    } else {
      options.descriptor = -1;
      break;
    }
  }
  if (options.descriptor < 0) {
    std::cerr << "error: 'neurolake worker' is started by a server, not by hand\n";
    return kExitUsage;
  }
  return environment.worker(options);
}

Result<std::string> ReadToken(const Arguments& arguments) {
  if (arguments.token_file.empty()) return arguments.token;
  NL_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(arguments.token_file, std::cin));
  const std::string token(Trim(std::string_view(text).substr(0, text.find('\n'))));
  if (token.empty()) return MakeError(ErrorCode::kInvalidArgument, "the token file is empty: {}", arguments.token_file);
  return token;
}

/// Lives as long as the client: it borrows both.
struct Surroundings {
  SystemClock clock;
  Metrics metrics;
};

Result<std::unique_ptr<Client>> OpenClient(const Arguments& arguments, const Settings& settings,
                                           const Environment& environment, Surroundings& surroundings,
                                           Console& console) {
  if (!arguments.server.empty()) {
    NL_ASSIGN_OR_RETURN(std::string token, ReadToken(arguments));
    NL_ASSIGN_OR_RETURN(net::Url url, net::ParseUrl(arguments.server));
    net::HttpClientOptions options;
    options.certificate_authority_file = arguments.certificate_authority_file;
    NL_ASSIGN_OR_RETURN(auto http, net::HttpClient::Make(std::move(url), std::move(options)));
    return MakeRemoteClient(std::move(http), {.token = std::move(token)}, surroundings.clock);
  }
  std::optional<std::string> first_token;
  NL_ASSIGN_OR_RETURN(auto client, OpenEmbeddedClient(settings, environment.program, surroundings.clock,
                                                      surroundings.metrics, first_token));
  if (first_token) {
    console.err << "Made a lake in " << settings.lake << ". Its administrator's token, shown this once, for servers:\n"
                << *first_token << std::endl;
  }
  return client;
}

/// Sets the log's threshold here and, through their environment, in the workers this process starts.
/// A program somebody runs by hand says on the screen what its statements came to: unless asked, it logs errors only.
void SetLog(const Arguments& arguments, const Settings& settings, const std::map<std::string, std::string>& variables) {
  const bool asked = arguments.command == "serve" || !arguments.config_file.empty() ||
                     arguments.settings.contains("log_level") || variables.contains("NEUROLAKE_LOG_LEVEL");
  const std::string level = asked ? settings.log_level : "error";
  setenv("NEUROLAKE_LOG_LEVEL", level.c_str(), 1);
  SetLogLevel(LevelFromName(level));
}

/// Commands that need no statement; nullopt for the others.
std::optional<Result<void>> RunWithoutClient(const Arguments& arguments, const Settings& settings,
                                             const std::map<std::string, std::string>& variables,
                                             const Environment& environment, Console& console) {
  const SystemClock clock;
  if (arguments.command == "version") {
    console.out << "neurolake " << environment.version << std::endl;
    return CheckOutput(console.out);
  }
  if (arguments.command == "config") {
    const auto effective = EffectiveSettings(arguments.config_file, variables, arguments.settings);
    if (!effective) return std::unexpected(effective.error());
    return PrintConfig(*effective, arguments.format, console);
  }
  if (arguments.command != "backup" && arguments.command != "restore") return std::nullopt;
  if (!arguments.server.empty()) {
    return MakeError(ErrorCode::kNotSupported, "{} works on the lake's directory: use --lake on the server's machine",
                     arguments.command);
  }
  if (arguments.command == "backup") return Backup(settings, arguments.backup.file, clock, console.out);
  return Restore(settings, arguments.backup.file, arguments.backup.force, clock, console.out);
}

Result<void> ServeMcp(const Arguments& arguments, const Settings& settings, const Environment& environment) {
  // Standard input is the client's.
  if (arguments.token_file == "-") return MakeError(ErrorCode::kInvalidArgument, "--token-file must be a file here");
  NL_ASSIGN_OR_RETURN(std::string token, ReadToken(arguments));
  return environment.mcp(settings, {.server = arguments.server,
                                    .token = std::move(token),
                                    .certificate_authority_file = arguments.certificate_authority_file});
}

int ReportPlain(const Error& error, Console& console) {
  ReportError(console.err, error, {.colour = console.err_is_terminal});
  return ExitCodeFor(error.code());
}

}  // namespace

int Main(int argc, char** argv, const Environment& environment) {
  const std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
  if (!words.empty() && words[0] == "worker") return RunWorker(words, environment);
  // A reader that goes away is a failed write with a message, not a silent death that leaves a statement running.
  signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  Console console = ProcessConsole();
  const auto variables = SettingsEnvironment();
  auto parsed = ParseArguments(words, variables);
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
    (early->code == 0 ? console.out : console.err) << early->text << std::flush;
    return early->code;
  }
  const Arguments arguments = std::get<Arguments>(std::move(parsed));
  const auto settings = LoadSettings(arguments.config_file, variables, arguments.settings);
  if (!settings) {
    ReportError(console.err, settings.error(), {.colour = console.err_is_terminal});
    return kExitUsage;
  }
  SetLog(arguments, *settings, variables);
  if (arguments.command == "serve") return environment.serve(*settings);
  if (arguments.command == "mcp") {
    const auto served = ServeMcp(arguments, *settings, environment);
    return served ? kExitOk : ReportPlain(served.error(), console);
  }
  if (arguments.command.starts_with("audit ")) {
    const auto status = RunAuditCommand(arguments, *settings, environment.program, console);
    return status ? *status : ReportPlain(status.error(), console);
  }
  if (IsSemanticFileAction(arguments.command)) {
    return RunSemanticFile(arguments.command.substr(9), arguments.semantic, arguments.format, console);
  }
  if (arguments.command == "policy test") return RunPolicyTest(arguments.policy, arguments.format, console);
  if (const auto done = RunWithoutClient(arguments, *settings, variables, environment, console)) {
    return *done ? kExitOk : ReportPlain(done->error(), console);
  }
  Surroundings surroundings;
  Interruption interruption;
  const auto client = OpenClient(arguments, *settings, environment, surroundings, console);
  if (!client) return ReportPlain(client.error(), console);
  StatementRunner runner(**client, console, &interruption);
  return RunClientCommand(arguments, runner, surroundings.clock);
}

}  // namespace neurolake::cli
