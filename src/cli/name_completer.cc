#include "cli/name_completer.h"

#include "cli/copy_into.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

constexpr std::chrono::seconds kNamesAge{10};

constexpr std::string_view kKeywords[] = {
    "ALL",         "ALTER",     "ANALYZE",    "AND",       "AS",        "ASC",
    "AT",          "BEGIN",     "BETWEEN",    "BY",        "CASE",      "CAST",
    "COLUMN",      "COMMENT",   "COMMIT",     "COPY",      "COUNT",     "CREATE",
    "CROSS",       "DATE",      "DELETE",     "DESC",      "DESCRIBE",  "DETAIL",
    "DISTINCT",    "DROP",      "ELSE",       "END",       "EXCEPT",    "EXISTS",
    "EXPLAIN",     "FALSE",     "FILEFORMAT", "FILES",     "FILTER",    "FORMAT_OPTIONS",
    "FROM",        "FULL",      "GROUP",      "HAVING",    "HISTORY",   "IF",
    "IN",          "INNER",     "INSERT",     "INTERSECT", "INTERVAL",  "INTO",
    "IS",          "JOIN",      "LEFT",       "LIKE",      "LIMIT",     "LOCATION",
    "MERGE",       "NOT",       "NULL",       "OFFSET",    "ON",        "OPTIMIZE",
    "OR",          "ORDER",     "OUTER",      "OVER",      "OVERWRITE", "PARTITION",
    "PARTITIONED", "QUALIFY",   "REPLACE",    "RESTORE",   "RIGHT",     "ROLLBACK",
    "SCHEMA",      "SELECT",    "SET",        "SHOW",      "TABLE",     "TABLES",
    "THEN",        "TIMESTAMP", "TRUE",       "UNION",     "UPDATE",    "USING",
    "VACUUM",      "VALUES",    "VERSION",    "VIEW",      "WHEN",      "WHERE",
    "WINDOW",      "WITH"};

constexpr std::string_view kShellCommands[] = {"\\?", "\\d", "\\dn", "\\dt",     "\\e", "\\format",
                                               "\\i", "\\o", "\\q",  "\\timing", "\\x"};

bool StartsIgnoringCase(std::string_view text, std::string_view begin) {
  return text.size() >= begin.size() && EqualsIgnoringCase(text.substr(0, begin.size()), begin);
}

/// The word before `begin`, in upper case.
std::string PreviousWord(std::string_view line, size_t begin) {
  while (begin > 0 && (line[begin - 1] == ' ' || line[begin - 1] == '\t')) --begin;
  size_t start = begin;
  while (start > 0 && std::isalpha(static_cast<unsigned char>(line[start - 1])) != 0) --start;
  std::string word(line.substr(start, begin - start));
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

bool WantsTable(const std::string& previous) {
  for (const std::string_view word : {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "HISTORY", "DETAIL"}) {
    if (previous == word) return true;
  }
  return false;
}

class Candidates {
 public:
  explicit Candidates(std::string_view word) : word_(word) {}
  void Add(std::string_view name) {
    if (StartsIgnoringCase(name, word_)) found_.emplace(name);
  }
  /// Keywords follow the case of what was typed.
  void AddKeyword(std::string_view keyword) {
    const bool lower = !word_.empty() && std::islower(static_cast<unsigned char>(word_[0])) != 0;
    if (StartsIgnoringCase(keyword, word_)) found_.emplace(lower ? LowerAscii(keyword) : std::string(keyword));
  }
  std::vector<std::string> Take() { return {found_.begin(), found_.end()}; }

 private:
  std::string_view word_;
  std::set<std::string> found_;
};

void AddTables(const KnownNames& names, std::string_view word, Candidates& candidates) {
  for (const std::string& schema : names.schemas) {
    // A schema is offered with its dot, so that the next TAB goes on to its tables.
    if (word.find('.') == std::string_view::npos) candidates.Add(schema + ".");
  }
  for (const std::string& table : names.tables) {
    if (word.find('.') != std::string_view::npos) candidates.Add(table);
    if (table.starts_with("main.")) candidates.Add(std::string_view(table).substr(5));
  }
}

}  // namespace

std::vector<std::string> MentionedTables(const KnownNames& names, std::string_view line) {
  const std::string lower = LowerAscii(line);
  std::vector<std::string> mentioned;
  for (const std::string& table : names.tables) {
    const bool short_name = table.starts_with("main.") && lower.find(table.substr(5)) != std::string::npos;
    if (short_name || lower.find(table) != std::string::npos) mentioned.push_back(table);
  }
  return mentioned;
}

std::vector<std::string> CompleteName(const KnownNames& names, std::string_view line, size_t begin) {
  const std::string_view word = line.substr(begin);
  Candidates candidates(word);
  if (begin == 0 && word.starts_with('\\')) {
    for (const std::string_view command : kShellCommands) candidates.Add(command);
    return candidates.Take();
  }
  const std::string_view command = Trim(line.substr(0, begin));
  if (command == "\\format") {
    for (const std::string_view format : {"box", "csv", "json", "ndjson", "markdown"}) candidates.Add(format);
    return candidates.Take();
  }
  if (command == "\\d" || command == "\\dt" || WantsTable(PreviousWord(line, begin))) {
    AddTables(names, word, candidates);
    return candidates.Take();
  }
  for (const std::string& table : MentionedTables(names, line)) {
    const auto columns = names.columns.find(table);
    if (columns == names.columns.end()) continue;
    for (const std::string& column : columns->second) candidates.Add(column);
  }
  AddTables(names, word, candidates);
  if (!word.empty()) {
    for (const std::string_view keyword : kKeywords) candidates.AddKeyword(keyword);
  }
  return candidates.Take();
}

void NameCompleter::Refresh() {
  const auto now = std::chrono::steady_clock::now();
  if (asked_ != std::chrono::steady_clock::time_point{} && now - asked_ < kNamesAge) return;
  asked_ = now;
  KnownNames fresh;
  if (const auto rows = runner_.Collect("SELECT schema_name FROM system.schemas", 1)) {
    for (const auto& row : *rows) fresh.schemas.insert(row[0]);
    fresh.schemas.insert("system");
  }
  const auto rows = runner_.Collect(
      "SELECT schema_name || '.' || table_name FROM system.tables "
      "UNION ALL SELECT schema_name || '.' || view_name FROM system.views",
      1);
  if (rows) {
    for (const auto& row : *rows) fresh.tables.insert(row[0]);
  }
  for (const char* relation : {"queries", "schemas", "tables", "views", "running"}) {
    fresh.tables.insert(std::string("system.") + relation);
  }
  names_ = std::move(fresh);
}

std::vector<std::string> NameCompleter::Complete(std::string_view line, size_t begin) {
  if (!line.starts_with('\\') || line.starts_with("\\d")) Refresh();
  for (const std::string& table : MentionedTables(names_, line)) {
    if (names_.columns.contains(table)) continue;
    auto& columns = names_.columns[table];
    const auto name = QuoteTableName(table);
    if (!name) continue;
    const auto rows = runner_.Collect("DESCRIBE " + *name, 1);
    if (!rows) continue;
    for (const auto& row : *rows) columns.push_back(row[0]);
  }
  return CompleteName(names_, line, begin);
}

}  // namespace neurolake::cli
