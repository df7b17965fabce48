#include "engine/duckdb/internal/bind_messages.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace neurolake::engine::duckdb {
namespace {

struct KnownMessage {
  std::string_view shape;  // Each * is a name, a type or a number.
  ErrorCode code;
  std::string_view text;  // Each * is what the one of the same place stands for, or nothing more than its last.
};

// The first that fits is taken. Where a shape ends in a *, whatever follows is left out.
constexpr KnownMessage kBindMessages[] = {
    {"Referenced column \"*\" *", ErrorCode::kColumnNotFound, "no such column: *"},
    {"Referenced table \"*\" not found*", ErrorCode::kColumnNotFound, "no such table in this query: *"},
    {"Referenced update column * not found in table!*", ErrorCode::kColumnNotFound, "no such column: *"},
    {"Table \"*\" does not have a column with name \"*\"*", ErrorCode::kColumnNotFound, "table * has no column: *"},
    {"Table \"*\" does not have a column named \"*\"*", ErrorCode::kColumnNotFound, "table * has no column: *"},
    {"table \"*\" does not have a column named \"*\"*", ErrorCode::kColumnNotFound, "table * has no column: *"},
    {"Values list \"*\" does not have a column named \"*\"*", ErrorCode::kColumnNotFound, "table * has no column: *"},
    {"View \"*\" does not have a column with name \"*\"*", ErrorCode::kColumnNotFound, "view * has no column: *"},
    {"Table does not contain column * referenced in check constraint!*", ErrorCode::kColumnNotFound,
     "no such column: *"},
    {"Column with name \"*\" does not exist*", ErrorCode::kColumnNotFound, "no such column: *"},
    {"Column \"*\" does not exist on left side of join!*", ErrorCode::kColumnNotFound,
     "no such column left of the join: *"},
    {"Column \"*\" does not exist on right side of join!*", ErrorCode::kColumnNotFound,
     "no such column right of the join: *"},
    {"Column \"*\" in EXCLUDE list not found in *", ErrorCode::kColumnNotFound, "no such column to leave out: *"},
    {"Column \"*\" in REPLACE list not found in *", ErrorCode::kColumnNotFound, "no such column to replace: *"},
    {"Column \"*\" was selected but was not found in the FROM clause*", ErrorCode::kColumnNotFound,
     "no such column: *"},
    {"Could not find key \"*\" in struct*", ErrorCode::kColumnNotFound, "a struct has no such field: *"},
    {"Cannot extract field *", ErrorCode::kBindError,
     "a field is asked of something that is no struct, union, map or JSON"},
    {"Column with name * already exists!*", ErrorCode::kAlreadyExists, "a column is named twice: *"},
    {"Duplicate column name \"*\" in INSERT*", ErrorCode::kBindError, "a column is named twice: *"},
    {"Multiple assignments to same column \"*\"*", ErrorCode::kBindError, "a column is set twice: *"},
    {"table \"*\" has duplicate column name \"*\"*", ErrorCode::kBindError, "table * has a column twice: *"},
    {"Duplicate alias \"*\" in query!*", ErrorCode::kBindError, "two tables have the same name here: *"},
    {"Duplicate CTE binding \"*\" in query!*", ErrorCode::kBindError, "WITH defines a name twice: *"},
    {"Duplicate CTE name \"*\"*", ErrorCode::kBindError, "WITH defines a name twice: *"},
    {"table * has * columns but * values were supplied*", ErrorCode::kBindError,
     "table * has * columns, and * values are given"},
    {"table \"*\" has * columns available but * columns specified*", ErrorCode::kBindError,
     "table * has * columns, and * names are given"},
    {"Column name/value mismatch for insert on *: expected * columns but * values were supplied*",
     ErrorCode::kBindError, "of table *, * columns are named, and * values are given"},
    {"Ambiguous reference to column name \"*\" *", ErrorCode::kBindError,
     "more than one table has this column, write which one is meant: *"},
    {"Ambiguous reference to table \"*\" *", ErrorCode::kBindError, "more than one table has this name here: *"},
    {"Catalog \"*\" does not exist!*", ErrorCode::kNotFound, "no such catalogue: *"},
    {"Catalog with name * does not exist!*", ErrorCode::kNotFound, "no such catalogue: *"},
    {"Schema with name * does not exist!*", ErrorCode::kSchemaNotFound, "no such schema: *"},
    {"column \"*\" must appear in the GROUP BY clause or *", ErrorCode::kBindError,
     "a column has to be in GROUP BY or in an aggregate function: *"},
    {"column * must appear in the GROUP BY clause or *", ErrorCode::kBindError,
     "a column has to be in GROUP BY or in an aggregate function: *"},
    {"Column \"*\" referenced that exists in the SELECT clause - *", ErrorCode::kBindError,
     "a name of the SELECT list is used before it is defined: *"},
    {"Alias \"*\" referenced *", ErrorCode::kBindError, "a name of the SELECT list cannot be used here: *"},
    {"GROUP BY term out of range - should be between 1 and *", ErrorCode::kBindError,
     "GROUP BY takes the numbers 1 to *"},
    {"ORDER term out of range - should be between 1 and *", ErrorCode::kBindError, "ORDER BY takes the numbers 1 to *"},
    {"Subquery returns * columns - expected *", ErrorCode::kBindError,
     "a sub-query returns * columns, and * are expected"},
    {"Set operations can only apply to expressions with the same number of result columns*", ErrorCode::kBindError,
     "both sides of UNION, INTERSECT and EXCEPT need the same number of columns"},
    {"Could not choose a best candidate function for the function call \"*(*", ErrorCode::kBindError,
     "more than one function takes these arguments, convert them: *"},
    {"Cannot compare values of type * and type *", ErrorCode::kBindError, "values of these types cannot be compared"},
    {"Cannot mix values of type *", ErrorCode::kBindError, "values of different types are mixed, convert them"},
    {"UNNEST() can only be applied to *", ErrorCode::kBindError, "unnest takes lists and structs"},
    {"aggregate function calls cannot be nested*", ErrorCode::kBindError,
     "an aggregate function stands inside of another"},
    {"aggregate function calls cannot contain window function calls*", ErrorCode::kBindError,
     "a window function stands inside of an aggregate function"},
    {"window function calls cannot be nested*", ErrorCode::kBindError, "a window function stands inside of another"},
    {"* clause cannot contain aggregates!*", ErrorCode::kBindError, "* cannot hold aggregate functions"},
    {"* clause cannot contain window functions!*", ErrorCode::kBindError, "* cannot hold window functions"},
    {"AT clause cannot contain subqueries*", ErrorCode::kBindError, "AT cannot hold sub-queries"},
    {"AT clause cannot contain column names*", ErrorCode::kBindError, "AT cannot hold names of columns"},
    {"* cannot contain subqueries*", ErrorCode::kBindError, "a sub-query cannot stand here"},
    {"More VIEW aliases than columns in query result*", ErrorCode::kBindError,
     "the view names more columns than its query has"},
    {"* expression without FROM clause!*", ErrorCode::kBindError, "* needs a FROM"},
    {"Circular reference to CTE \"*\"*", ErrorCode::kBindError,
     "what WITH defines reads itself, write WITH RECURSIVE: *"},
    {"infinite recursion detected: attempting to recursively bind view \"*\"*", ErrorCode::kBindError,
     "a view reads itself: *"},
    {"DECIMAL type width must be between 1 and *", ErrorCode::kBindError, "DECIMAL has 1 to * digits"},
    {"DECIMAL type scale cannot be greater than width*", ErrorCode::kBindError,
     "DECIMAL has no more decimals than digits"},
    {"Invalid named parameter \"*\" for function *", ErrorCode::kBindError, "the function has no such parameter: *"},
    {"QUANTILE can only take parameters in the range *", ErrorCode::kBindError, "a quantile is from -1 to 1"},
    {"Failed to parse format specifier *", ErrorCode::kInvalidArgument, "a format of dates or times is not valid"},
    {"Failed to compile regex *", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"missing )*", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"missing ]*", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"missing argument to repetition *", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"bad repetition operator*", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"invalid *", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"unexpected )*", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"no argument for repetition operator*", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"trailing \\*", ErrorCode::kInvalidArgument, "a regular expression is not valid"},
    {"JSON path error *", ErrorCode::kInvalidArgument, "a JSON path is not valid"},
};

constexpr KnownMessage kParserMessages[] = {
    {"syntax error at end of input*", ErrorCode::kSyntaxError, "syntax error at the end of the statement"},
    {"VALUES lists must all be the same length*", ErrorCode::kSyntaxError,
     "the rows of VALUES are not of the same length"},
    {"unterminated quoted string*", ErrorCode::kSyntaxError, "a string in single quotes has no end"},
    {"unterminated quoted identifier*", ErrorCode::kSyntaxError, "a name in double quotes has no end"},
    {"unterminated /* comment*", ErrorCode::kSyntaxError, "a comment has no end"},
    {"zero-length delimited identifier*", ErrorCode::kSyntaxError, "a name in double quotes is empty"},
    {"SELECT clause without selection list*", ErrorCode::kSyntaxError, "SELECT has no list"},
};

/// What the *s of `shape` stand for, or nothing where it does not fit. The one at the end takes the rest.
std::optional<std::vector<std::string_view>> MatchShape(std::string_view shape, std::string_view text) {
  std::vector<std::string_view> found;
  for (;;) {
    const size_t star = shape.find('*');
    if (!text.starts_with(shape.substr(0, star))) return std::nullopt;
    if (star == std::string_view::npos) return text == shape ? std::optional(found) : std::nullopt;
    text.remove_prefix(star);
    shape.remove_prefix(star + 1);
    if (shape.empty()) {
      found.push_back(text);
      return found;
    }
    const size_t end = text.find(shape.substr(0, shape.find('*')));
    if (end == std::string_view::npos) return std::nullopt;
    found.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

/// A name, a type or a number; not what quotes a constant.
std::string ShownPart(std::string_view found) {
  constexpr size_t kLongestName = 200;
  const bool plain = !found.empty() && found.size() <= kLongestName && found.find_first_of("'\n") == found.npos;
  return plain ? std::string(found) : std::string("…");
}

std::optional<Error> FindMessage(std::span<const KnownMessage> known, std::string_view line) {
  for (const KnownMessage& message : known) {
    const auto found = MatchShape(message.shape, line);
    if (!found) continue;
    std::string text;
    size_t next = 0;
    for (const char c : message.text) {
      if (c == '*') text += next < found->size() ? ShownPart((*found)[next++]) : std::string("…");
      else text += c;
    }
    return Error(message.code, std::move(text));
  }
  return std::nullopt;
}

bool IsWordOrOperator(std::string_view token) {
  constexpr size_t kLongest = 64;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (token.empty() || token.size() > kLongest) return false;
  if (letter(token[0])) {
    return std::ranges::all_of(token, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
  }
  return token.find_first_not_of("()[]{}<>=!+-*/%^|&~@#?:;,.") == token.npos;
}

}  // namespace

std::optional<Error> KnownBindMessage(std::string_view line) { return FindMessage(kBindMessages, line); }

std::optional<Error> KnownParserMessage(std::string_view line) {
  constexpr std::string_view kNear = "syntax error at or near \"";
  if (line.starts_with(kNear)) {
    std::string_view token = line.substr(kNear.size());
    token = token.substr(0, token.rfind('"'));
    if (IsWordOrOperator(token))
      return Error(ErrorCode::kSyntaxError, fmt::format("syntax error at or near \"{}\"", token));
    return Error(ErrorCode::kSyntaxError, "syntax error at a string, a number or a name in quotes");
  }
  return FindMessage(kParserMessages, line);
}

}  // namespace neurolake::engine::duckdb
