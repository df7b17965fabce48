// What an expectation expects: docs/sql/grammar.md, "expectations".
#include <charconv>

#include "common/text.h"
#include "query/commands/expectation.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

constexpr int64_t kVersionsMax = 100;

/// A number with or without sign, a string, TRUE, FALSE, or a typed string (DATE '2024-01-31').
Result<std::string> ParseConstant(TokenCursor& cursor) {
  const TokenCursor begin = cursor;
  if (!cursor.AcceptSymbol("-")) cursor.AcceptSymbol("+");
  const bool has_sign = cursor.index() != begin.index();
  if (!has_sign && (cursor.IsWord("date") || cursor.IsWord("timestamp") || cursor.IsWord("timestamptz")) &&
      cursor.IsString(1)) {
    cursor.Skip();
    cursor.Skip();
    return cursor.TextSince(begin);
  }
  const bool number = cursor.Has(0) && cursor.token().kind == TokenKind::kNumber;
  const bool other = !has_sign && (cursor.IsString() || cursor.IsWord("true") || cursor.IsWord("false"));
  if (!number && !other) return cursor.Unexpected("a constant");
  cursor.Skip();
  return cursor.TextSince(begin);
}

Result<double> ParseNumber(TokenCursor& cursor, std::string_view what) {
  double value = 0;
  if (!cursor.Has(0) || cursor.token().kind != TokenKind::kNumber) return cursor.Unexpected(what);
  const std::string_view text = cursor.Text();
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return cursor.Unexpected(what);
  cursor.Skip();
  return value;
}

Result<std::vector<std::string>> ParseColumns(TokenCursor& cursor) {
  std::vector<std::string> columns;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(auto column, cursor.ExpectIdentifier("a column"));
    columns.push_back(std::move(column));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return columns;
}

/// `[INTERVAL] 2 HOURS`, `[INTERVAL] '2 hours'`, in seconds.
Result<double> ParseInterval(TokenCursor& cursor) {
  cursor.AcceptWord("interval");
  const TokenCursor begin = cursor;
  std::string count, unit;
  if (cursor.IsString()) {
    NL_ASSIGN_OR_RETURN(const std::string text, cursor.ExpectString("an interval"));
    const auto blank = text.find(' ');
    count = text.substr(0, blank);
    if (blank != std::string::npos) unit = LowerAscii(Trim(std::string_view(text).substr(blank)));
  } else if (cursor.Has(1)) {
    count = std::string(cursor.Text());
    unit = LowerAscii(cursor.Text(1));
    cursor.Skip();
    cursor.Skip();
  }
  if (unit.ends_with('s')) unit.pop_back();
  double number = 0;
  const auto [end, problem] = std::from_chars(count.data(), count.data() + count.size(), number);
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86'400}, {"week", 604'800}};
  const auto known = std::ranges::find(kUnits, unit, &std::pair<std::string_view, double>::first);
  if (problem != std::errc() || end != count.data() + count.size() || number <= 0 || known == std::end(kUnits)) {
    return begin.Unexpected("an interval such as 2 HOURS or INTERVAL '1 day'");
  }
  return number * known->second;
}

/// OF LAST n VERSIONS
Result<int64_t> ParseVersions(TokenCursor& cursor) {
  NL_RETURN_IF_ERROR(cursor.ExpectWord("of"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("last"));
  const TokenCursor begin = cursor;
  NL_ASSIGN_OR_RETURN(const int64_t versions, cursor.ExpectInteger("a number of versions"));
  if (versions < 1 || versions > kVersionsMax) return begin.Unexpected("1 to 100 versions");
  if (!cursor.AcceptWord("version")) NL_RETURN_IF_ERROR(cursor.ExpectWord("versions"));
  return versions;
}

Result<void> ParseRowCount(TokenCursor& cursor, ExpectationClause& clause) {
  if (cursor.AcceptWord("between")) {
    clause.kind = "row count";
    const TokenCursor begin = cursor;
    NL_ASSIGN_OR_RETURN(clause.least, cursor.ExpectInteger("the least number of rows"));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("and"));
    NL_ASSIGN_OR_RETURN(clause.most, cursor.ExpectInteger("the greatest number of rows"));
    if (clause.least > clause.most) return begin.Unexpected("the lesser number first");
    return {};
  }
  clause.kind = "row count drift";
  NL_RETURN_IF_ERROR(cursor.ExpectWord("within"));
  NL_ASSIGN_OR_RETURN(const double percent, ParseNumber(cursor, "a number of percent"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("percent"));
  clause.limit = percent / 100;
  NL_ASSIGN_OR_RETURN(clause.versions, ParseVersions(cursor));
  return {};
}

/// `column` and what it has to be. NULL fulfils all of them but NOT NULL.
Result<void> ParseColumnRule(TokenCursor& cursor, ExpectationClause& clause) {
  clause.kind = "check";
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a column, or what the table has to be"));
  const std::string column = QuoteIdentifier(name);
  if (cursor.AcceptWords({"not", "null"})) {
    clause.condition = column + " IS NOT NULL";
    return {};
  }
  std::string rule;
  if (cursor.AcceptWord("between")) {
    NL_ASSIGN_OR_RETURN(const std::string least, ParseConstant(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("and"));
    NL_ASSIGN_OR_RETURN(const std::string most, ParseConstant(cursor));
    rule = fmt::format("{} BETWEEN {} AND {}", column, least, most);
  } else if (cursor.AcceptWord("in")) {
    std::string values;
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
    do {
      NL_ASSIGN_OR_RETURN(const std::string value, ParseConstant(cursor));
      values += (values.empty() ? "" : ", ") + value;
    } while (cursor.AcceptSymbol(","));
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
    rule = fmt::format("{} IN ({})", column, values);
  } else if (cursor.AcceptWord("matches")) {
    NL_ASSIGN_OR_RETURN(const std::string pattern, cursor.ExpectString("a regular expression"));
    rule = fmt::format("regexp_full_match({}, {})", column, QuoteLiteral(pattern));
  } else {
    return cursor.Unexpected("NOT NULL, BETWEEN, IN or MATCHES");
  }
  clause.condition = fmt::format("{} IS NULL OR {}", column, rule);
  return {};
}

Result<void> ParseExpected(TokenCursor& cursor, ExpectationClause& clause) {
  if (cursor.IsWord("unique") && cursor.IsSymbol("(", 1)) {
    cursor.Skip();
    clause.kind = "unique";
    NL_ASSIGN_OR_RETURN(clause.key, ParseColumns(cursor));
    return {};
  }
  if (cursor.AcceptWords({"foreign", "key"})) {
    clause.kind = "foreign key";
    NL_ASSIGN_OR_RETURN(clause.key, ParseColumns(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("references"));
    NL_ASSIGN_OR_RETURN(clause.foreign, cursor.ExpectObjectName());
    const TokenCursor begin = cursor;
    NL_ASSIGN_OR_RETURN(clause.foreign_key, ParseColumns(cursor));
    if (clause.foreign_key.size() != clause.key.size()) return begin.Unexpected("as many columns as the key has");
    return {};
  }
  if (cursor.IsWord("fresh") && cursor.IsIdentifier(1) && cursor.IsWord("within", 2)) {
    cursor.Skip();
    clause.kind = "freshness";
    NL_ASSIGN_OR_RETURN(auto column, cursor.ExpectIdentifier("a column"));
    clause.key.push_back(std::move(column));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("within"));
    NL_ASSIGN_OR_RETURN(clause.limit, ParseInterval(cursor));
    return {};
  }
  if (cursor.AcceptWords({"row", "count"})) return ParseRowCount(cursor, clause);
  if (cursor.AcceptWords({"distribution", "of"})) {
    clause.kind = "distribution";
    NL_ASSIGN_OR_RETURN(auto column, cursor.ExpectIdentifier("a column"));
    clause.key.push_back(std::move(column));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("within"));
    NL_ASSIGN_OR_RETURN(clause.limit, ParseNumber(cursor, "the greatest population stability index"));
    NL_ASSIGN_OR_RETURN(clause.versions, ParseVersions(cursor));
    return {};
  }
  return ParseColumnRule(cursor, clause);
}

Result<void> ParseAction(TokenCursor& cursor, ExpectationClause& clause) {
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("violation"));
  for (const char* action : {"FAIL", "DROP", "QUARANTINE", "WARN"}) {
    if (!cursor.AcceptWord(LowerAscii(action))) continue;
    clause.action = action;
    return cursor.ExpectEnd();
  }
  return cursor.Unexpected("FAIL, DROP, QUARANTINE or WARN");
}

}  // namespace

Result<void> ParseExpectationRule(TokenCursor& cursor, ExpectationClause& clause) {
  const TokenCursor begin = cursor;
  if (cursor.AcceptWord("check")) {
    clause.kind = "check";
    NL_ASSIGN_OR_RETURN(clause.condition, cursor.ExpectParenthesised("a condition"));
  } else if (cursor.AcceptWord("expect")) {
    NL_RETURN_IF_ERROR(ParseExpected(cursor, clause));
  } else {
    return cursor.Unexpected("CHECK or EXPECT");
  }
  clause.definition = cursor.TextSince(begin);
  return ParseAction(cursor, clause);
}

}  // namespace neurolake::query
