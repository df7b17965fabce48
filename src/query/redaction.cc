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
    "import",   "checkpoint", "grant",   "revoke",  "rotate",   "scan"};

/// What a secret is called in the OPTIONS of a credential: whatever the statement is, its value is not to be kept.
constexpr std::string_view kSecretOptions[] = {"secret_access_key", "session_token", "service_account_json",
                                               "access_token",      "account_key",   "sas_token",
                                               "client_secret"};

bool AcceptSecretNoun(TokenCursor& cursor) {
  return cursor.AcceptWord("credential") || cursor.AcceptWord("credentials") || cursor.AcceptWord("secret");
}

/// What may stand around a statement: EXPLAIN [ANALYZE | (FORMAT json)], PREPARE name AS.
void SkipWrapping(TokenCursor& cursor) {
  for (;;) {
    if (cursor.AcceptWord("explain")) {
      if (!cursor.IsSymbol("(")) continue;
      while (!cursor.AtEnd() && !cursor.AcceptSymbol(")")) cursor.Skip();
    } else if (cursor.IsWord("prepare")) {
      TokenCursor inner = cursor;
      while (!inner.AtEnd() && !inner.IsWord("as")) inner.Skip();
      if (inner.AtEnd()) return;
      inner.Skip();
      cursor = inner;
    } else if (!cursor.AcceptWord("analyze")) {
      return;
    }
  }
}

bool IsOtherBeginning(std::string_view word) {
  return std::ranges::find(kOtherBeginnings, LowerAscii(word)) != std::end(kOtherBeginnings);
}

/// How many of its first tokens may be kept; npos for a statement without secrets.
size_t PublicTokens(std::string_view sql, const std::vector<Token>& tokens) {
  TokenCursor cursor(sql, tokens);
  SkipWrapping(cursor);
  if (cursor.AtEnd() || IsOtherBeginning(cursor.Text())) return std::string_view::npos;
  cursor.Skip();
  cursor.AcceptWords({"or", "replace"});
  for (const char* word : {"persistent", "temporary", "temp", "storage", "service"}) cursor.AcceptWord(word);
  if (!AcceptSecretNoun(cursor)) return std::string_view::npos;
  size_t kept = cursor.index();
  cursor.AcceptWords({"if", "not", "exists"});
  if (cursor.IsIdentifier() && cursor.IsWord("type", 1)) {
    cursor.Skip();
    kept = cursor.index();
  }
  return kept;
}

bool IsLiteral(TokenKind kind) {
  return kind == TokenKind::kString || kind == TokenKind::kEscapeString || kind == TokenKind::kDollarString ||
         kind == TokenKind::kOtherString;
}

/// Follows the calls of lookup_token('key', value): the value is somebody's.
class TokenLookups {
 public:
  /// Whether the token that the cursor stands at is such a value.
  bool IsValue(std::string_view sql, const TokenCursor& cursor) {
    const TokenKind kind = cursor.token().kind;
    const bool name =
        kind == TokenKind::kWord || kind == TokenKind::kQuotedIdentifier || kind == TokenKind::kUnicodeIdentifier;
    if (name && LowerAscii(IdentifierValue(sql, cursor.token())) == "lookup_token") {
      inside_ = true;
      depth_ = commas_ = 0;
      return false;
    }
    if (!inside_) return false;
    if (cursor.IsSymbol("(")) ++depth_;
    if (cursor.IsSymbol(")") && --depth_ <= 0) inside_ = false;
    if (depth_ == 1 && cursor.IsSymbol(",")) ++commas_;
    return inside_ && commas_ > 0 && (IsLiteral(kind) || kind == TokenKind::kNumber);
  }

 private:
  bool inside_ = false;
  int depth_ = 0;
  int commas_ = 0;
};

/// CREATE or ALTER of a principal: a password has no place there, and is not kept where somebody gives one.
bool IsAboutUsers(TokenCursor cursor) {
  if (cursor.AtEnd() || (!cursor.AcceptWord("create") && !cursor.AcceptWord("alter"))) return false;
  cursor.AcceptWords({"or", "replace"});
  for (const char* word : {"user", "service", "agent", "role", "login"}) {
    if (!cursor.AtEnd() && cursor.IsWord(word)) return true;
  }
  return false;
}

/// The text of any other statement, which stays but for the literals behind the name of a secret: `CREATE CREDENTAIL c
/// OPTIONS (sas_token = '…')` was meant to be what it is not. Tables and columns stay: nobody hides what he does.
std::string WithoutSecretValues(std::string_view sql, const std::vector<Token>& tokens) {
  TokenCursor cursor(sql, tokens);
  SkipWrapping(cursor);
  const bool known = !cursor.AtEnd() && IsOtherBeginning(cursor.Text());
  std::vector<TextEdit> edits;
  bool behind = false;
  TokenLookups lookups;
  const bool of_user = IsAboutUsers(cursor);
  for (cursor.MoveTo(0); !cursor.AtEnd(); cursor.Skip()) {
    const Token& token = cursor.token();
    const bool looked_up = lookups.IsValue(sql, cursor);
    const bool quoted = token.kind == TokenKind::kQuotedIdentifier || token.kind == TokenKind::kUnicodeIdentifier;
    // What is assigned in the wrong quotes is a secret too.
    const bool value = quoted && cursor.index() > 0 && sql[tokens[cursor.index() - 1].begin] == '=';
    if (looked_up || (behind && (IsLiteral(token.kind) || value))) {
      edits.push_back({.begin = token.begin, .end = token.end, .text = "'[redacted]'"});
    } else if (token.kind == TokenKind::kWord || quoted) {
      const std::string name = LowerAscii(IdentifierValue(sql, token));
      const bool option = std::ranges::find(kSecretOptions, name) != std::end(kSecretOptions);
      const bool password = of_user && (name == "password" || name == "identified");
      behind = behind || option || password || (!known && (name.contains("credential") || name.contains("secret")));
    }
  }
  return ApplyEdits(sql, std::move(edits));
}

/// For a text that has no tokens, such as one whose quote never ends.
std::string RedactText(std::string_view sql) {
  const std::string lower = LowerAscii(sql);
  size_t found = std::string::npos;
  for (const char* word : {"credential", "secret", "lookup_token"}) found = std::min(found, lower.find(word));
  for (const std::string_view word : kSecretOptions) found = std::min(found, lower.find(word));
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
      const std::string shown = WithoutSecretValues(statement.sql, *tokens);
      redacted = redacted || shown != statement.sql;
      kept += shown;
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
