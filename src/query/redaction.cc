#include "query/redaction.h"

#include <algorithm>

#include "common/text.h"
#include "query/front_parser.h"
#include "query/front_parser_cursor.h"
#include "query/front_parser_tokens.h"

namespace neurolake::query {
namespace {

constexpr std::string_view kRedacted = " [redacted]";

/// Words that a statement begins with which may name a relation next: `FROM credential`.
constexpr std::string_view kOtherBeginnings[] = {
    "select",   "with",       "from",    "values",  "table",    "insert",    "update",  "delete",     "merge",
    "describe", "desc",       "show",    "drop",    "truncate", "vacuum",    "analyze", "analyse",    "optimize",
    "call",     "copy",       "restore", "undrop",  "comment",  "summarize", "pivot",   "unpivot",    "set",
    "use",      "reset",      "begin",   "start",   "commit",   "rollback",  "promote", "convert",    "fsck",
    "attach",   "detach",     "load",    "install", "pragma",   "execute",   "prepare", "deallocate", "export",
    "import",   "checkpoint", "grant",   "revoke",  "rotate"};

bool AcceptSecretNoun(TokenCursor& cursor) {
  return cursor.AcceptWord("credential") || cursor.AcceptWord("credentials") || cursor.AcceptWord("secret");
}

/// How many of its first tokens may be kept; npos for a statement without secrets.
size_t PublicTokens(std::string_view sql, const std::vector<Token>& tokens) {
  TokenCursor cursor(sql, tokens);
  while (cursor.AcceptWord("explain") || cursor.AcceptWord("analyze")) {
  }
  if (cursor.AtEnd()) return std::string_view::npos;
  const std::string first = LowerAscii(cursor.Text());
  if (std::ranges::find(kOtherBeginnings, first) != std::end(kOtherBeginnings)) return std::string_view::npos;
  cursor.Skip();
  cursor.AcceptWords({"or", "replace"});
  for (const char* word : {"persistent", "temporary", "temp"}) cursor.AcceptWord(word);
  if (!AcceptSecretNoun(cursor)) return std::string_view::npos;
  size_t kept = cursor.index();
  cursor.AcceptWords({"if", "not", "exists"});
  if (cursor.IsIdentifier() && cursor.IsWord("type", 1)) {
    cursor.Skip();
    kept = cursor.index();
  }
  return kept;
}

/// For a text that has no tokens, such as one whose quote never ends.
std::string RedactText(std::string_view sql) {
  const std::string lower = LowerAscii(sql);
  size_t found = std::string::npos;
  for (const char* word : {"credential", "secret"}) found = std::min(found, lower.find(word));
  if (found == std::string::npos) return std::string(sql);
  return std::string(sql.substr(0, found)) + "…" + std::string(kRedacted);
}

}  // namespace

std::string RedactSecrets(std::string_view sql) {
  const auto statements = SplitStatements(sql);
  if (!statements.has_value()) return RedactText(sql);
  std::string kept;
  bool redacted = false;
  for (const StatementText& statement : *statements) {
    if (!kept.empty()) kept += ";\n";
    const auto tokens = Tokenize(statement.sql);
    const size_t count = tokens.has_value() ? PublicTokens(statement.sql, *tokens) : 0;
    if (count == std::string_view::npos) {
      kept += statement.sql;
      continue;
    }
    redacted = true;
    // Word by word: comments in between may hold anything.
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) kept += ' ';
      kept += statement.sql.substr((*tokens)[i].begin, (*tokens)[i].end - (*tokens)[i].begin);
    }
    kept += kRedacted;
  }
  return redacted ? kept : std::string(sql);
}

}  // namespace neurolake::query
