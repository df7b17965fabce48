// COPY INTO. Which options there are, and what they mean, is ingestion's to say: here they are only read.
#include <utility>

#include "common/text.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

// A file list in a statement is for people; long ones belong into a pattern.
constexpr size_t kSourcesMax = 10'000;

Result<std::vector<std::string>> ParseStrings(TokenCursor& cursor, std::string_view what) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  std::vector<std::string> values;
  do {
    NL_ASSIGN_OR_RETURN(auto value, cursor.ExpectString(what));
    values.push_back(std::move(value));
    if (values.size() > kSourcesMax) return cursor.Unexpected(fmt::format("at most {} files", kSourcesMax));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return values;
}

Result<std::string> ParseOptionValue(TokenCursor& cursor) {
  if (cursor.IsString()) return cursor.ExpectString("an option's value");
  std::string sign;
  if (cursor.AcceptSymbol("-")) sign = "-";
  const bool number = cursor.Has(0) && cursor.token().kind == TokenKind::kNumber;
  const bool word = sign.empty() && (cursor.IsWord("true") || cursor.IsWord("false"));
  if (!number && !word) return cursor.Unexpected("a string, a number, TRUE or FALSE");
  std::string value = sign + LowerAscii(cursor.Text());
  cursor.Skip();
  return value;
}

// ('key' = 'value', key = 3, …)
Result<std::map<std::string, std::string>> ParseOptions(TokenCursor& cursor) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  std::map<std::string, std::string> options;
  if (cursor.AcceptSymbol(")")) return options;
  do {
    const TokenCursor at_key = cursor;
    std::string key;
    if (cursor.IsString()) {
      NL_ASSIGN_OR_RETURN(key, cursor.ExpectString("an option's name"));
    } else if (cursor.Has(0) && cursor.token().kind == TokenKind::kWord) {
      key = cursor.Text();
      cursor.Skip();
    } else {
      return cursor.Unexpected("the name of an option");
    }
    key = LowerAscii(key);
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
    NL_ASSIGN_OR_RETURN(auto value, ParseOptionValue(cursor));
    if (!options.emplace(std::move(key), std::move(value)).second) return at_key.Unexpected("each option only once");
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return options;
}

Result<void> ParseSources(TokenCursor& cursor, CopyInto& copy) {
  NL_RETURN_IF_ERROR(cursor.ExpectWord("from"));
  if (cursor.IsSymbol("(") && (cursor.IsWord("select", 1) || cursor.IsWord("with", 1))) {
    return cursor.NotSupported("COPY INTO from a query, use INSERT or the options of COPY INTO");
  }
  if (cursor.IsSymbol("(")) {
    NL_ASSIGN_OR_RETURN(copy.sources, ParseStrings(cursor, "a source"));
    return {};
  }
  NL_ASSIGN_OR_RETURN(auto source, cursor.ExpectString("a source"));
  copy.sources.push_back(std::move(source));
  return {};
}

Result<void> ParseFormat(TokenCursor& cursor, CopyInto& copy) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
  for (const std::string_view format : {"csv", "json", "parquet"}) {
    if (cursor.AcceptWord(format)) {
      copy.file_format = format;
      return {};
    }
  }
  for (const std::string_view format : {"avro", "orc", "text", "binaryfile"}) {
    if (cursor.IsWord(format)) return cursor.NotSupported("files of a format other than CSV, JSON or PARQUET");
  }
  return cursor.Unexpected("CSV, JSON or PARQUET");
}

// VALIDATE [ALL | n ROWS]
Result<void> ParseValidate(TokenCursor& cursor, CopyInto& copy) {
  copy.validate = true;
  if (cursor.AcceptWord("all") || !cursor.Has(0) || cursor.token().kind != TokenKind::kNumber) return {};
  const TokenCursor at_number = cursor;
  NL_ASSIGN_OR_RETURN(copy.validate_rows, cursor.ExpectInteger("a number of rows"));
  if (*copy.validate_rows < 1) return at_number.Unexpected("a number of rows above 0");
  return cursor.ExpectWord("rows");
}

// The clauses behind the sources, each at most once, in any order.
Result<void> ParseClauses(TokenCursor& cursor, CopyInto& copy) {
  std::map<std::string, bool> seen;
  const auto once = [&](const char* clause) { return seen.emplace(clause, true).second; };
  while (!cursor.AtEnd()) {
    const TokenCursor at_clause = cursor;
    if (cursor.AcceptWord("fileformat")) {
      if (!once("fileformat")) return at_clause.Unexpected("FILEFORMAT only once");
      NL_RETURN_IF_ERROR(ParseFormat(cursor, copy));
    } else if (cursor.AcceptWord("files")) {
      if (!once("files")) return at_clause.Unexpected("FILES only once");
      NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
      NL_ASSIGN_OR_RETURN(copy.files, ParseStrings(cursor, "a file"));
    } else if (cursor.AcceptWord("pattern")) {
      if (!once("pattern")) return at_clause.Unexpected("PATTERN only once");
      NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
      NL_ASSIGN_OR_RETURN(copy.pattern, cursor.ExpectString("a pattern"));
    } else if (cursor.AcceptWord("format_options")) {
      if (!once("format_options")) return at_clause.Unexpected("FORMAT_OPTIONS only once");
      NL_ASSIGN_OR_RETURN(copy.format_options, ParseOptions(cursor));
    } else if (cursor.AcceptWord("copy_options")) {
      if (!once("copy_options")) return at_clause.Unexpected("COPY_OPTIONS only once");
      NL_ASSIGN_OR_RETURN(copy.copy_options, ParseOptions(cursor));
    } else if (cursor.AcceptWord("validate")) {
      if (!once("validate")) return at_clause.Unexpected("VALIDATE only once");
      NL_RETURN_IF_ERROR(ParseValidate(cursor, copy));
    } else {
      return cursor.Unexpected(
          "FILEFORMAT, VALIDATE, FILES, PATTERN, FORMAT_OPTIONS, COPY_OPTIONS or the end of the statement");
    }
  }
  if (copy.file_format.empty()) return cursor.Unexpected("FILEFORMAT = CSV, JSON or PARQUET");
  if (!copy.files.empty() && !copy.pattern.empty()) return cursor.Unexpected("either FILES or PATTERN");
  if (copy.sources.size() > 1 && (!copy.files.empty() || !copy.pattern.empty())) {
    return cursor.Unexpected("one source when FILES or PATTERN is given");
  }
  return {};
}

}  // namespace

Result<FrontStatement> ParseCopyInto(TokenCursor cursor) {
  CopyInto copy;
  NL_ASSIGN_OR_RETURN(copy.target, cursor.ExpectObjectName());
  if (cursor.AcceptSymbol("(")) {
    do {
      NL_ASSIGN_OR_RETURN(auto column, cursor.ExpectIdentifier("the name of a column"));
      copy.columns.push_back(std::move(column));
    } while (cursor.AcceptSymbol(","));
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  }
  if (cursor.IsWord("by")) return cursor.NotSupported("BY POSITION in COPY INTO, give a list of columns");
  NL_RETURN_IF_ERROR(ParseSources(cursor, copy));
  NL_RETURN_IF_ERROR(ParseClauses(cursor, copy));
  return FrontStatement{std::move(copy)};
}

}  // namespace neurolake::query
