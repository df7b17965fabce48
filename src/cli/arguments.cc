#include "cli/arguments.h"

#include "cli/completion.h"
#include "cli/internal/subcommands.h"
#include "common/settings.h"

namespace neurolake::cli {
namespace {

constexpr const char* kDescription = "NeuroLake: a governed lakehouse. Files in, Delta tables and answers out.";

constexpr const char* kFooter = R"(Examples:
  neurolake --lake ./lake ingest flights.csv --into bronze.flights
  neurolake --lake ./lake sql -c 'SELECT carrier, count(*) FROM bronze.flights GROUP BY ALL'
  neurolake serve --lake ./lake
  neurolake --server http://127.0.0.1:8321 --token-file token sql

A lake is a directory. Without --server a command opens the one that --lake names and works
on it in this process; with --server it speaks to a server. 'neurolake COMMAND --help' shows
more examples. Every setting is a flag too ('neurolake config' lists them).

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 not reachable or not ready,
4 not authenticated or not allowed, 5 conflict (run it again), 130 interrupted.)";

/// The settings' flags, in each spelling people try: --http.port, --http-port.
std::string FlagNames(std::string_view setting) {
  std::string dashed(setting);
  for (char& c : dashed) {
    if (c == '.' || c == '_') c = '-';
  }
  return dashed == setting ? fmt::format("--{}", setting) : fmt::format("--{},--{}", setting, dashed);
}

void AddSettings(CLI::App& app, Arguments& arguments) {
  for (const SettingDefinition& definition : kSettingDefinitions) {
    const std::string name = definition.name;
    // An empty group hides an option from --help, where two dozen settings would bury the rest.
    const char* group = name == "lake" ? "Options" : "";
    app.add_option_function<std::string>(
           FlagNames(name), [&arguments, name](const std::string& value) { arguments.settings[name] = value; },
           definition.doc)
        ->group(group)
        ->option_text(name == "lake" ? "DIR" : definition.type);
  }
}

void AddGlobalOptions(CLI::App& app, Arguments& arguments, std::string& format, std::vector<std::string>& assignments) {
  app.add_option("--server", arguments.server, "Server to speak to; or NEUROLAKE_SERVER")->option_text("URL");
  app.add_option("--token", arguments.token, "API token; better NEUROLAKE_TOKEN or --token-file, as others see this")
      ->option_text("TOKEN");
  app.add_option("--token-file", arguments.token_file, "File whose first line is the API token")->option_text("FILE");
  app.add_option("--ca-file", arguments.certificate_authority_file, "PEM file of who signed the server's certificate")
      ->option_text("FILE");
  app.add_option("--config", arguments.config_file, "TOML file with settings; or NEUROLAKE_CONFIG")
      ->option_text("FILE");
  app.add_option("--set", assignments, "A setting for this run: name=value")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("NAME=VALUE");
  app.add_option("--format", format, "box, csv, json, ndjson or markdown")
      ->check(CLI::IsMember({"box", "csv", "json", "ndjson", "markdown"}))
      ->option_text("FORMAT");
  app.add_flag("--timing", arguments.timing, "Print how long each statement took");
  AddSettings(app, arguments);
}

std::string CommandOf(const CLI::App& app) {
  std::string command;
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    command += (command.empty() ? "" : " ") + at->get_name();
  }
  return command;
}

void ReadEnvironment(const std::map<std::string, std::string>& environment, Arguments& arguments) {
  const auto fill = [&](const char* name, std::string& field) {
    const auto found = environment.find(name);
    if (field.empty() && found != environment.end()) field = found->second;
  };
  // --lake is the more explicit of the two: it must not lose against a variable set once in a profile.
  if (!arguments.settings.contains("lake")) fill("NEUROLAKE_SERVER", arguments.server);
  if (arguments.token_file.empty()) fill("NEUROLAKE_TOKEN", arguments.token);
  fill("NEUROLAKE_CONFIG", arguments.config_file);
}

EarlyExit UsageError(const std::string& message, const std::string& command) {
  return {.code = 2,
          .text = fmt::format("error: {}\nhint: 'neurolake {}--help' shows examples\n", message,
                              command.empty() ? "" : command + " ")};
}

/// An option of `app` or of its commands under way that was given more often than it can be; "" for none.
std::string RepeatedOption(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const bool once = option->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw;
    // Of a hidden option the library would give no name.
    if (once && option->get_expected_max() == 1 && option->count() > 1 && !option->get_lnames().empty()) {
      return "--" + option->get_lnames().front();
    }
  }
  for (const CLI::App* command : app.get_subcommands()) {
    if (std::string name = RepeatedOption(*command); !name.empty()) return name;
  }
  return {};
}

/// How many letters must be changed, added or left out to make one of the other.
size_t Distance(std::string_view one, std::string_view other) {
  std::vector<size_t> row(other.size() + 1);
  for (size_t j = 0; j <= other.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= one.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= other.size(); ++j) {
      const size_t changed = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row[other.size()];
}

/// What is said when a command was expected: which word is none, and those it may have been meant for.
std::string UnknownCommand(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
  const std::vector<std::string> rest = app.remaining(true);
  // A token that stands where no word belongs is not repeated.
  const std::string word = rest.empty() || rest[0].starts_with("nl_") ? std::string() : rest[0];
  std::vector<std::string> all, near, begun;
  for (const CLI::App* command : commands) {
    all.push_back(command->get_name());
    if (!word.empty() && command->get_name().starts_with(word)) begun.push_back(command->get_name());
    if (Distance(word.substr(0, 64), command->get_name()) <= 2) near.push_back(command->get_name());
  }
  if (!begun.empty()) near = begun;
  // What is given to an option may be a token, too.
  if (word.starts_with('-')) {
    return fmt::format("there is no option {}, and no command was given", word.substr(0, word.find('=')));
  }
  if (word.empty()) return fmt::format("a command is missing; there are {}", fmt::join(all, ", "));
  return fmt::format("there is no command '{}'; {} {}", word,
                     near.empty() ? "there are" : "was this meant:", fmt::join(near.empty() ? all : near, ", "));
}

std::string ParseErrorText(const CLI::App& app, const CLI::ParseError& error) {
  if (std::string_view(error.what()) == "A subcommand is required") return UnknownCommand(app);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string name = RepeatedOption(app);
    if (!name.empty()) return fmt::format("{} was given more than once", name);
  }
  return error.what();
}

}  // namespace

std::variant<Arguments, EarlyExit> ParseArguments(const std::vector<std::string>& words,
                                                  const std::map<std::string, std::string>& environment) {
  Arguments arguments;
  std::string format;
  std::vector<std::string> assignments;
  CLI::App app(kDescription, "neurolake");
  app.footer(kFooter);
  app.require_subcommand(1);
  bool version = false;
  app.add_flag("--version", version, "Print the version");
  AddGlobalOptions(app, arguments, format, assignments);
  AddSubcommands(app, arguments);
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    // CLI11 would ask for a command first.
    if (words.size() == 1 && words[0] == "--version") {
      arguments.command = "version";
      return arguments;
    }
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return EarlyExit{.code = 0, .text = app.help()};
  } catch (const CLI::ParseError& error) {
    return UsageError(ParseErrorText(app, error), CommandOf(app));
  }
  arguments.command = CommandOf(app);
  if (arguments.command == "completion") {
    return EarlyExit{.code = 0, .text = CompletionScript(app, arguments.completion_shell)};
  }
  if (!format.empty()) {
    const auto parsed = ParseOutputFormat(format);
    if (!parsed) return UsageError(parsed.error().message(), arguments.command);
    arguments.format = *parsed;
  }
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(fmt::format("--set wants name=value, got: {}", assignment), arguments.command);
    }
    arguments.settings[assignment.substr(0, equals)] = assignment.substr(equals + 1);
  }
  if (!arguments.server.empty() && arguments.settings.contains("lake") && arguments.command != "config") {
    return UsageError("--server and --lake exclude each other", arguments.command);
  }
  if (!arguments.token.empty() && !arguments.token_file.empty()) {
    return UsageError("--token and --token-file exclude each other", arguments.command);
  }
  ReadEnvironment(environment, arguments);
  return arguments;
}

}  // namespace neurolake::cli
