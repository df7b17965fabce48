#include "cli/shell.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ostream>

#include "cli/client_commands.h"
#include "cli/copy_into.h"
#include "cli/name_completer.h"
#include "cli/statement_splitter.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

constexpr const char* kHelp = R"(End a statement with ; to run it. TAB completes, Ctrl-C cancels, Ctrl-D leaves.

  \d            tables and views          \x [on|off]     one line per column
  \d NAME       columns of a table        \timing [on|off]  time of each statement
  \dt [SCHEMA]  tables of a schema        \format NAME    box, csv, json, ndjson, markdown
  \dn           schemas                   \i FILE         run a file
  \e            edit the statement        \o [FILE]       results to a file, or back here
  \?            this help                 \q              leave

After BEGIN; statements wait and run together as one transaction with COMMIT; or ROLLBACK; (Ctrl-C forgets them).
)";

/// Runs $VISUAL, $EDITOR or vi on `path`. Errors: kIoError when it failed: the statement stays as it was.
Result<void> RunEditor(const std::string& path) {
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') editor = "vi";
  // The variable may hold arguments ("code -w"); the path is not part of the text the shell parses. Made before the
  // fork: a child of a process with threads must not allocate.
  const std::string command = std::string(editor) + " \"$1\"";
  const pid_t child = fork();
  if (child < 0) return MakeError(ErrorCode::kIoError, "cannot start the editor: {}", std::strerror(errno));
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), "sh", path.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return MakeError(ErrorCode::kIoError, "the editor failed: {}", editor);
}

/// The text after it went through the editor.
Result<std::string> EditText(const std::string& text) {
  std::error_code ignored;
  std::string path = (std::filesystem::temp_directory_path(ignored) / "neurolake-XXXXXX.sql").string();
  constexpr int kSuffixBytes = 4;
  const int file = mkstemps(path.data(), kSuffixBytes);
  if (file < 0) return MakeError(ErrorCode::kIoError, "cannot make a file to edit: {}", std::strerror(errno));
  const ssize_t written = write(file, text.data(), text.size());
  close(file);
  Result<std::string> edited = MakeError(ErrorCode::kIoError, "cannot write the file to edit");
  if (written == static_cast<ssize_t>(text.size())) {
    if (const auto run = RunEditor(path); !run) {
      edited = std::unexpected(run.error());
    } else {
      std::ifstream in(path, std::ios::binary);
      edited = ReadWholeFile(path, in);
    }
  }
  std::filesystem::remove(path, ignored);
  return edited;
}

/// One line for the history, unless a "--" comment needs its line to end.
std::string HistoryEntry(std::string_view statement) {
  std::string entry(statement);
  if (entry.find("--") == std::string::npos) std::ranges::replace(entry, '\n', ' ');
  return entry;
}

}  // namespace

std::string Shell::Prompt() const {
  if (Trim(buffer_).empty()) return "neurolake> ";
  switch (SplitStatements(buffer_).open) {
    case '\'': return "       '-> ";
    case '"': return "       \"-> ";
    case '$': return "       $-> ";
    case '*': return "       *-> ";
    default: break;
  }
  return SplitStatements(buffer_).rest_is_blank ? "   BEGIN-> " : "        -> ";
}

int Shell::Run() {
  std::string line;
  while (true) {
    switch (lines_.Read(Prompt(), line)) {
      case LineReader::Outcome::kInterrupted:
        runner_.console().out << "^C" << std::endl;
        buffer_.clear();
        break;
      case LineReader::Outcome::kEnd: runner_.console().out << std::endl; return kExitOk;
      case LineReader::Outcome::kLine:
        if (!TakeLine(line)) return kExitOk;
        break;
    }
  }
}

bool Shell::TakeLine(const std::string& line) {
  const std::string_view trimmed = Trim(line);
  if (SplitStatements(buffer_).rest_is_blank && SplitStatements(buffer_).open == 0) {
    if (trimmed.starts_with('\\')) {
      lines_.AddToHistory(std::string(trimmed));
      return RunCommand(std::string(trimmed));
    }
    if (trimmed == "exit" || trimmed == "quit") return false;
    if (trimmed == "help") {
      PrintHelp();
      return true;
    }
  }
  buffer_ += line;
  buffer_ += '\n';
  RunStatements();
  return true;
}

void Shell::RunStatements() {
  const SplitScript script = SplitStatements(buffer_);
  const bool rest_is_blank = script.rest_is_blank && script.open == 0;
  const JoinedStatements joined = JoinTransactions(script.statements);
  buffer_ = joined.open ? EndStatement(joined.open->text) : std::string();
  if (!rest_is_blank) buffer_ += script.rest;
  for (size_t i = 0; i < joined.complete.size(); ++i) {
    const std::string& text = joined.complete[i].text;
    lines_.AddToHistory(HistoryEntry(text) + ";");
    if (Execute(text) == kExitOk) continue;
    // What was entered behind it may rely on it.
    if (i + 1 < joined.complete.size() || !buffer_.empty()) {
      runner_.console().err << "What was entered behind it was not run." << std::endl;
    }
    buffer_.clear();
    return;
  }
}

int Shell::Execute(const std::string& sql) {
  last_statement_ = sql;
  runner_.console().width = runner_.console().out_is_terminal ? TerminalWidth() : 0;
  const int code = runner_.RunAndReport(sql, {}, Out());
  if (after_statement_) after_statement_();
  return code;
}

bool Shell::RunCommand(const std::string& line) {
  const size_t space = line.find_first_of(" \t");
  const std::string command = line.substr(0, space);
  std::string argument(space == std::string::npos ? std::string_view() : Trim(std::string_view(line).substr(space)));
  while (argument.ends_with(';')) argument.pop_back();
  std::ostream& err = runner_.console().err;
  if (command == "\\q") return false;
  if (command == "\\?" || command == "\\h") {
    PrintHelp();
  } else if (command == "\\d" || command == "\\dt") {
    if (command == "\\d" && !argument.empty()) {
      Describe(argument);
    } else {
      const std::string where =
          argument.empty() ? "" : fmt::format(" WHERE schema_name = {}", QuoteLiteral(LowerAscii(argument)));
      Execute(
          fmt::format("SELECT schema_name, table_name AS name, 'table' AS kind FROM system.tables{0} "
                      "UNION ALL SELECT schema_name, view_name, 'view' FROM system.views{0} ORDER BY 1, 2",
                      where));
    }
  } else if (command == "\\dn") {
    Execute("SELECT schema_name, comment FROM system.schemas ORDER BY 1");
  } else if (command == "\\x") {
    if (!Switch(command, argument, runner_.options().expanded)) return true;
    err << "Expanded display is " << (runner_.options().expanded ? "on" : "off") << '.' << std::endl;
  } else if (command == "\\timing") {
    if (!Switch(command, argument, runner_.options().timing)) return true;
    err << "Timing is " << (runner_.options().timing ? "on" : "off") << '.' << std::endl;
  } else if (command == "\\format") {
    SetFormat(argument);
  } else if (command == "\\i") {
    IncludeFile(argument);
  } else if (command == "\\o") {
    RedirectOutput(argument);
  } else if (command == "\\e") {
    EditStatement();
  } else {
    err << "unknown command " << PrintableText(command) << "; \\? lists the commands" << std::endl;
  }
  return true;
}

bool Shell::Switch(const std::string& command, const std::string& argument, bool& option) {
  const std::string word = LowerAscii(argument);
  if (!word.empty() && word != "on" && word != "off") {
    runner_.Report(Error(ErrorCode::kInvalidArgument, command + " takes on, off or nothing, which changes it"));
    return false;
  }
  option = word.empty() ? !option : word == "on";
  return true;
}

void Shell::Describe(const std::string& name) {
  const auto quoted = QuoteTableName(name);
  if (!quoted) {
    runner_.Report(quoted.error());
    return;
  }
  Execute("DESCRIBE " + *quoted);
}

void Shell::SetFormat(const std::string& name) {
  const auto format = ParseOutputFormat(name);
  if (!format) {
    runner_.Report(format.error());
    return;
  }
  runner_.options().format = *format;
}

void Shell::IncludeFile(const std::string& path) {
  std::ifstream unused;
  const auto script = path.empty() || path == "-"
                          ? Result<std::string>(MakeError(ErrorCode::kInvalidArgument, "\\i wants a file"))
                          : ReadWholeFile(path, unused);
  if (!script) {
    runner_.Report(script.error());
    return;
  }
  if (!buffer_.empty()) {  // A transaction is open: the file's statements are part of it.
    buffer_ += *script + "\n";
    RunStatements();
    return;
  }
  runner_.RunScript(*script, path, Out());
  if (after_statement_) after_statement_();
}

void Shell::RedirectOutput(const std::string& path) {
  if (file_.is_open()) file_.close();
  if (path.empty()) return;
  file_.clear();
  file_.open(path, std::ios::binary | std::ios::trunc);
  if (!file_.is_open()) {
    runner_.Report(Error(ErrorCode::kIoError, fmt::format("cannot write to {}: {}", path, std::strerror(errno))));
  }
}

void Shell::EditStatement() {
  const auto edited = EditText(last_statement_.empty() ? "" : last_statement_ + ";\n");
  if (!edited) {
    runner_.Report(edited.error());
    return;
  }
  runner_.console().out << *edited << (edited->ends_with('\n') ? "" : "\n") << std::flush;
  buffer_ += *edited;
  RunStatements();
}

void Shell::PrintHelp() { runner_.console().out << kHelp << std::flush; }

int RunShell(StatementRunner& runner) {
  NameCompleter completer(runner);
  const auto lines = MakeTerminalLineReader(
      HistoryFile(), [&completer](std::string_view line, size_t begin) { return completer.Complete(line, begin); });
  runner.console().out << "NeuroLake on " << runner.client().description() << ". \\? for help." << std::endl;
  return Shell(runner, *lines, [&completer] { completer.Forget(); }).Run();
}

}  // namespace neurolake::cli
