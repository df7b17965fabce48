#include "query/front_parser.h"

#include <utility>

#include "query/commands/table_command.h"
#include "query/front_parser_cursor.h"
#include "query/front_parser_tokens.h"

namespace neurolake::query {
namespace {

bool IsSemicolon(std::string_view sql, const Token& token) {
  return token.end - token.begin == 1 && sql[token.begin] == ';';
}

// Statements whose names are known and whose time has not come. Those the engine could parse are refused here
// too, so that people hear "not yet" and not "never".
Result<void> RefusePlanned(const TokenCursor& cursor) {
  struct Planned {
    std::vector<std::string_view> words;
    std::string_view name;
  };
  static const std::vector<Planned> kPlanned = {
      {{"alter"}, "ALTER"},
      {{"generate"}, "GENERATE"},
      {{"reorg"}, "REORG"},
      {{"msck"}, "MSCK"},
      {{"refresh"}, "REFRESH"},
      {{"cache"}, "CACHE"},
      {{"uncache"}, "UNCACHE"},
      {{"create", "materialized"}, "CREATE MATERIALIZED VIEW"},
      {{"create", "or", "replace", "materialized"}, "CREATE MATERIALIZED VIEW"},
      {{"create", "catalog"}, "CREATE CATALOG"},
      {{"create", "temp"}, "temporary tables and views"},
      {{"create", "temporary"}, "temporary tables and views"},
      {{"create", "or", "replace", "temp"}, "temporary tables and views"},
      {{"create", "or", "replace", "temporary"}, "temporary tables and views"},
  };
  for (const Planned& planned : kPlanned) {
    TokenCursor probe = cursor;
    bool matches = true;
    for (const std::string_view word : planned.words) matches = matches && probe.AcceptWord(word);
    if (matches) return cursor.NotSupported(planned.name);
  }
  return {};
}

// EXPLAIN's own options, standing behind EXPLAIN.
Result<Explain> ParseExplainOptions(TokenCursor& cursor) {
  Explain explain;
  if (cursor.AcceptWord("analyze") || cursor.AcceptWord("analyse")) {
    explain.analyze = true;
    return explain;
  }
  if (cursor.AcceptWord("extended") || cursor.AcceptWord("formatted") || cursor.AcceptWord("cost")) return explain;
  if (cursor.IsWord("codegen")) return cursor.NotSupported("EXPLAIN CODEGEN");
  // A parenthesis may also begin the query itself.
  if (!cursor.IsSymbol("(") ||
      !(cursor.IsWord("analyze", 1) || cursor.IsWord("analyse", 1) || cursor.IsWord("format", 1))) {
    return explain;
  }
  cursor.Skip();
  do {
    if (cursor.AcceptWord("analyze") || cursor.AcceptWord("analyse")) {
      explain.analyze = !cursor.AcceptWord("false");
      if (explain.analyze) cursor.AcceptWord("true");
    } else if (cursor.AcceptWord("format")) {
      if (cursor.AcceptWord("json")) {
        explain.format = "json";
      } else if (cursor.AcceptWord("text")) {
        explain.format = "text";
      } else {
        return cursor.Unexpected("TEXT or JSON");
      }
    } else {
      return cursor.Unexpected("ANALYZE or FORMAT");
    }
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return explain;
}

Result<FrontStatement> ParseStatement(std::string_view sql, const std::vector<Token>& tokens);

// Errors inside of `inner` count from its own first byte; the reader counts from the statement's.
Error Shifted(const Error& error, size_t by) {
  Error shifted(error.code(), error.message(), error.location());
  for (const auto& [key, value] : error.details()) {
    shifted.With(key, key == "position" ? std::to_string(std::stoull(value) + by) : value);
  }
  return shifted;
}

Result<FrontStatement> ParseExplain(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(auto explain, ParseExplainOptions(cursor));
  if (cursor.AtEnd() || cursor.IsWord("explain")) return cursor.Unexpected("a statement to explain");
  const size_t begin = cursor.Position();
  const std::string_view inner_sql = cursor.sql().substr(begin);
  NL_ASSIGN_OR_RETURN(auto tokens, Tokenize(inner_sql));
  auto inner = ParseStatement(inner_sql, tokens);
  if (!inner.has_value()) return std::unexpected(Shifted(inner.error(), begin));
  if (!std::holds_alternative<PassThrough>(inner->statement)) {
    return cursor.NotSupported("EXPLAIN of a statement that the engine does not plan");
  }
  explain.inner = std::make_unique<FrontStatement>(std::move(*inner));
  return FrontStatement{std::move(explain)};
}

Result<FrontStatement> ParseStatement(std::string_view sql, const std::vector<Token>& tokens) {
  TokenCursor cursor(sql, tokens);
  NL_ASSIGN_OR_RETURN(auto command, ParseTableCommand(cursor));
  if (command != nullptr) return FrontStatement{std::move(command)};
  NL_RETURN_IF_ERROR(RefusePlanned(cursor));
  if (cursor.AcceptWord("explain")) return ParseExplain(cursor);
  if (cursor.AcceptWords({"copy", "into"})) return ParseCopyInto(cursor);
  if (cursor.AcceptWord("promote")) return ParsePromote(cursor);
  NL_ASSIGN_OR_RETURN(auto replaces, ParseReplaceRows(cursor));
  if (replaces.has_value()) return std::move(*replaces);
  NL_ASSIGN_OR_RETURN(auto session, ParseSessionStatement(cursor));
  if (session.has_value()) return std::move(*session);

  std::vector<TextEdit> edits;
  NL_RETURN_IF_ERROR(RewriteTimeTravel(sql, tokens, edits));
  RewriteMerge(cursor, edits);
  const bool evolves = RewriteSchemaEvolution(cursor, edits);
  NL_ASSIGN_OR_RETURN(auto table, ParseCreateTable(cursor, edits));
  if (table.has_value()) return FrontStatement{std::move(*table)};
  const bool rewritten = !edits.empty();
  return FrontStatement{
      PassThrough{.sql = ApplyEdits(sql, std::move(edits)), .rewritten = rewritten, .evolves_schema = evolves}};
}

}  // namespace

Result<std::vector<StatementText>> SplitStatements(std::string_view script) {
  NL_ASSIGN_OR_RETURN(const auto tokens, Tokenize(script));
  std::vector<StatementText> statements;
  for (size_t first = 0; first < tokens.size();) {
    size_t last = first;
    while (last < tokens.size() && !IsSemicolon(script, tokens[last])) ++last;
    if (last > first) {
      const size_t begin = tokens[first].begin;
      statements.push_back({.sql = script.substr(begin, tokens[last - 1].end - begin), .offset = begin});
    }
    first = last + 1;
  }
  return statements;
}

Result<FrontStatement> ParseFront(std::string_view sql) {
  NL_ASSIGN_OR_RETURN(const auto statements, SplitStatements(sql));
  if (statements.empty()) {
    return std::unexpected(
        Error(ErrorCode::kSyntaxError, "syntax error: expected a statement, found the end of the text")
            .With("position", std::to_string(sql.size())));
  }
  if (statements.size() > 1) {
    return std::unexpected(Error(ErrorCode::kSyntaxError, "syntax error: expected one statement, found several")
                               .With("position", std::to_string(statements[1].offset)));
  }
  NL_ASSIGN_OR_RETURN(const auto tokens, Tokenize(statements[0].sql));
  auto parsed = ParseStatement(statements[0].sql, tokens);
  if (!parsed.has_value()) return std::unexpected(Shifted(parsed.error(), statements[0].offset));
  return parsed;
}

}  // namespace neurolake::query
