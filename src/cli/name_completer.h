#pragma once
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/statement_runner.h"

namespace neurolake::cli {

/// The names a shell can complete, as the principal sees them.
struct KnownNames {
  std::set<std::string> schemas;
  std::set<std::string> tables;                             ///< "silver.flights".
  std::map<std::string, std::vector<std::string>> columns;  ///< By table, as far as they were asked for.
};

/// What fits the word that begins at `begin` of `line`: a command after a backslash at the line's begin; tables after
/// FROM, JOIN, INTO and their like; else columns of the tables the line names, tables, schemas and keywords. Pure.
std::vector<std::string> CompleteName(const KnownNames& names, std::string_view line, size_t begin);

/// The tables of `names` that `line` mentions.
std::vector<std::string> MentionedTables(const KnownNames& names, std::string_view line);

/// Keeps KnownNames fresh: asks system.schemas, system.tables and system.views at most every few seconds, and only when
/// somebody presses TAB. Failures mean fewer candidates, never an error on the screen.
class NameCompleter {
 public:
  explicit NameCompleter(StatementRunner& runner) : runner_(runner) {}
  std::vector<std::string> Complete(std::string_view line, size_t begin);
  /// A statement ran that may have changed names.
  void Forget() { asked_ = {}; }

 private:
  void Refresh();
  StatementRunner& runner_;
  KnownNames names_;
  std::chrono::steady_clock::time_point asked_{};
};

}  // namespace neurolake::cli
