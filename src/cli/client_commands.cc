#include "cli/client_commands.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/ask.h"
#include "cli/copy_into.h"
#include "cli/demo.h"
#include "cli/documents.h"
#include "cli/eval.h"
#include "cli/lineage.h"
#include "cli/pii.h"
#include "cli/policy_command.h"
#include "cli/semantic_catalog.h"
#include "cli/semantic_command.h"
#include "cli/shell.h"
#include "cli/user_command.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

int RunSql(const SqlArguments& sql, StatementRunner& runner) {
  OutputOptions& options = runner.options();
  options.schema = sql.schema;
  options.purpose = sql.purpose;
  options.rows_max = sql.rows_max;
  options.expanded = sql.expanded;
  if (sql.application_version >= 0) {
    if (sql.texts.size() + sql.files.size() != 1) {
      return runner.Report(
          Error(ErrorCode::kInvalidArgument, "--txn-app and --txn-version go with one statement: one -c or one -f"));
    }
    options.transaction =
        query::ApplicationVersion{.application_id = sql.application_id, .version = sql.application_version};
  }
  for (const std::string& text : sql.texts) {
    if (const int code = runner.RunScript(text, ""); code != kExitOk) return code;
  }
  for (const std::string& file : sql.files) {
    const auto script = ReadWholeFile(file, runner.console().in);
    if (!script) return runner.Report(script.error());
    if (const int code = runner.RunScript(*script, file == "-" ? "stdin" : file); code != kExitOk) return code;
  }
  if (!sql.texts.empty() || !sql.files.empty()) return kExitOk;
  if (runner.console().in_is_terminal && runner.console().out_is_terminal) return RunShell(runner);
  const auto script = ReadWholeFile("-", runner.console().in);
  if (!script) return runner.Report(script.error());
  return runner.RunScript(*script, "stdin");
}

int RunTable(const std::string& action, const TableArguments& table, StatementRunner& runner) {
  if (action == "list") {
    const std::string where =
        table.schema.empty() ? "" : fmt::format(" WHERE schema_name = {}", QuoteLiteral(LowerAscii(table.schema)));
    return runner.RunAndReport(fmt::format(
        "SELECT schema_name, table_name AS name, 'table' AS kind, comment, created_at FROM system.tables{0} "
        "UNION ALL SELECT schema_name, view_name, 'view', NULL, created_at FROM system.views{0} ORDER BY 1, 2",
        where));
  }
  const auto name = QuoteTableName(table.name);
  if (!name) return runner.Report(name.error());
  if (action == "describe") return runner.RunAndReport("DESCRIBE " + *name);
  if (action == "history") return runner.RunAndReport("DESCRIBE HISTORY " + *name);
  return runner.RunAndReport("DESCRIBE DETAIL " + *name);
}

Result<std::optional<WallTime>> ParseExpiry(const std::string& text, const Clock& clock) {
  if (text.empty()) return std::nullopt;
  if (const auto duration = ParseDuration(text)) {
    return clock.Now() + std::chrono::duration_cast<WallTime::duration>(*duration);
  }
  const auto time = ParseTimestamp(text);
  if (!time) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "--expires wants a duration such as 30d or a time such as 2026-01-31: {}", text);
  }
  if (*time <= clock.Now()) return MakeError(ErrorCode::kInvalidArgument, "--expires lies in the past: {}", text);
  return *time;
}

int RunToken(const std::string& action, const TokenArguments& token, StatementRunner& runner, const Clock& clock) {
  if (action == "list") {
    return runner.RunAndReport(
        "SELECT id, name, prefix, principal, role, created_at, expires_at, revoked_at FROM system.tokens "
        "ORDER BY created_at");
  }
  Console& console = runner.console();
  if (action == "revoke") {
    const auto revoked = runner.client().RevokeToken({}, token.id);
    if (!revoked) return runner.Report(revoked.error());
    console.out << "revoked " << PrintableText(token.id) << std::endl;
    return kExitOk;
  }
  const auto expires = ParseExpiry(token.expires, clock);
  if (!expires) return runner.Report(expires.error());
  const auto made = runner.client().CreateToken({}, {.principal = token.principal,
                                                     .role = token.role,
                                                     .name = token.name.empty() ? token.principal : token.name,
                                                     .expires = *expires,
                                                     .scopes = token.scopes,
                                                     .schemas = token.schemas});
  if (!made) return runner.Report(made.error());
  // The secret alone goes to standard output, so that `token create … > file` makes a token file.
  console.out << made->secret << std::endl;
  console.err << fmt::format("made token {} for {} ({}{}); the secret is not shown again\n", made->record.id.value(),
                             token.principal, token.role, *expires ? ", until " + FormatTimestamp(**expires) : "");
  const auto written = CheckOutput(console.out);
  return written ? kExitOk : runner.Report(written.error());
}

int RunLocation(const std::string& action, const LocationArguments& location, StatementRunner& runner) {
  if (action == "list") {
    return runner.RunAndReport(
        "SELECT name, path, may_register, created_at FROM system.external_locations ORDER BY name");
  }
  if (action == "drop") return runner.RunAndReport("DROP EXTERNAL LOCATION " + QuoteIdentifier(location.name));
  return runner.RunAndReport(fmt::format("CREATE EXTERNAL LOCATION {} URL {}{}", QuoteIdentifier(location.name),
                                         QuoteLiteral(location.path),
                                         location.may_register ? " WITH (REGISTER = TRUE)" : ""));
}

int RunHealth(StatementRunner& runner) {
  const auto health = runner.client().CheckHealth({});
  if (!health) return runner.Report(health.error());
  for (const auto& [check, text] : health->checks) {
    runner.console().out << fmt::format("{:<8}{}\n", check, PrintableText(text));
  }
  runner.console().out.flush();
  return health->ready ? kExitOk : kExitUnavailable;
}

}  // namespace

Result<std::string> ReadWholeFile(const std::string& path, std::istream& in) {
  std::ostringstream text;
  if (path == "-") {
    text << in.rdbuf();
    return text.str();
  }
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    return MakeError(ErrorCode::kInvalidArgument, "expected a file, found a directory: {}", path);
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return MakeError(ErrorCode::kNotFound, "cannot open {}: {}", path, std::strerror(errno));
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad()) return MakeError(ErrorCode::kIoError, "cannot read {}", path);
  return text.str();
}

int RunClientCommand(const Arguments& arguments, StatementRunner& runner, const Clock& clock) {
  runner.options().format = arguments.format;
  runner.options().timing = arguments.timing;
  const std::string& command = arguments.command;
  const size_t space = command.find(' ');
  const std::string name = command.substr(0, space);
  const std::string action = space == std::string::npos ? "" : command.substr(space + 1);
  if (name == "sql") return RunSql(arguments.sql, runner);
  if (name == "table") return RunTable(action, arguments.table, runner);
  if (name == "ingest") return RunIngest(arguments.ingest, runner);
  if (name == "lineage") return RunLineage(arguments.lineage, runner);
  if (name == "user") return RunUser(action, arguments.user, arguments.format, runner);
  if (name == "ask") return RunAsk(arguments.ask, arguments.format, runner, std::cin, clock);
  if (name == "eval") return RunEval(arguments.eval, arguments.format, runner, clock);
  if (name == "semantic" && action == "infer") return RunSemanticInfer(arguments.semantic, runner);
  if (name == "semantic") return RunSemanticCatalog(action, arguments.semantic_model, runner);
  if (name == "pii") return RunPii(action, arguments.pii, runner);
  if (name == "documents") return RunDocuments(action, arguments.documents, runner, clock);
  if (name == "token") return RunToken(action, arguments.token_command, runner, clock);
  if (name == "location") return RunLocation(action, arguments.location, runner);
  if (name == "policy") return RunPolicy(action, arguments.policy, runner);
  if (name == "health") return RunHealth(runner);
  if (name == "demo") return RunDemo(arguments.demo, runner);
  return runner.Report(Error(ErrorCode::kNotSupported, "unknown command: " + command));
}

}  // namespace neurolake::cli
