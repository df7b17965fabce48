#pragma once
#include <fstream>
#include <string>

#include "cli/line_reader.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// The interactive shell: statements over several lines until `;`, and commands that begin with a backslash.
class Shell {
 public:
  /// Borrows all. `after_statement` is called when names may have changed; may be empty.
  Shell(StatementRunner& runner, LineReader& lines, std::function<void()> after_statement = {})
      : runner_(runner), lines_(lines), after_statement_(std::move(after_statement)) {}

  /// Until \q or Ctrl-D. The exit code is 0: in a shell a failed statement has been seen.
  int Run();

 private:
  /// False: leave.
  bool TakeLine(const std::string& line);
  bool RunCommand(const std::string& line);
  void RunStatements();
  /// Runs `sql` and reports what came of it; the exit code.
  int Execute(const std::string& sql);
  void Describe(const std::string& name);
  void IncludeFile(const std::string& path);
  void RedirectOutput(const std::string& path);
  void EditStatement();
  /// Sets what `command` switches to its argument, or to its other state when there is none. False: said what is wrong.
  bool Switch(const std::string& command, const std::string& argument, bool& option);
  void SetFormat(const std::string& name);
  void PrintHelp();
  std::ostream* Out() { return file_.is_open() ? &file_ : nullptr; }
  std::string Prompt() const;

  StatementRunner& runner_;
  LineReader& lines_;
  std::function<void()> after_statement_;
  std::string buffer_;  ///< What is not run yet: a statement without its `;`, a transaction without its COMMIT.
  std::string last_statement_;
  std::ofstream file_;
};

/// A shell on the terminal, with history and completion. Gives the exit code.
int RunShell(StatementRunner& runner);

}  // namespace neurolake::cli
