#include "semantic/expression_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include "common/text.h"

namespace neurolake::semantic {
namespace {

constexpr size_t kExpressionBytesMax = 4096;

/// Words that begin what is not a scalar expression over one row. They may be quoted identifiers.
constexpr std::array<std::string_view, 26> kRefusedWords{
    "select", "from",  "with",   "union",  "intersect", "except", "insert", "update", "delete",
    "create", "drop",  "alter",  "attach", "copy",      "pragma", "set",    "values", "join",
    "where",  "group", "having", "over",   "qualify",   "window", "into",   "limit"};

bool StartsWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool ContinuesWord(char c) { return StartsWord(c) || IsDigit(c); }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Result<void> Check() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else if (c == '\'' || c == '"') {
        NL_RETURN_IF_ERROR(Quoted(c));
      } else if (StartsWord(c)) {
        NL_RETURN_IF_ERROR(Word());
      } else if (IsDigit(c)) {
        while (at_ < text_.size() && (ContinuesWord(text_[at_]) || text_[at_] == '.')) ++at_;
        Saw(Token::kOperand);
      } else {
        NL_RETURN_IF_ERROR(Symbol(c));
      }
    }
    if (!open_.empty()) return Refuse("a bracket is not closed");
    if (last_ == Token::kNothing) return Refuse("it is empty");
    return {};
  }

 private:
  enum class Token : uint8_t { kNothing, kOperand, kOther };

  static std::unexpected<Error> Refuse(std::string_view why) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "an expression of a semantic model is one SQL expression over the columns of its table: {}", why);
  }

  void Saw(Token token) { last_ = token; }

  Result<void> Quoted(char quote) {
    ++at_;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] != quote) continue;
      if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
        ++at_;
        continue;
      }
      ++at_;
      Saw(Token::kOperand);
      return {};
    }
    return Refuse("a quote is not closed");
  }

  Result<void> Word() {
    const size_t begin = at_;
    while (at_ < text_.size() && ContinuesWord(text_[at_])) ++at_;
    const std::string word = LowerAscii(text_.substr(begin, at_ - begin));
    // extract(year FROM x), substring(x FROM 1) and trim(BOTH FROM x) have spellings without FROM.
    if (std::ranges::find(kRefusedWords, word) != kRefusedWords.end()) {
      return Refuse("it has a word that does not belong into one; quote it if it is a column: " + word);
    }
    if (at_ < text_.size() && text_[at_] == '\'') return Refuse("letters stand right before a quote");
    Saw(Token::kOperand);
    return {};
  }

  Result<void> Symbol(char c) {
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if ((c == '-' && next == '-') || (c == '/' && next == '*')) return Refuse("it has a comment");
    if (c == ';' || c == '$' || c == '?' || c == '#' || c == '\\' || c == '`' || c == '@') {
      return Refuse(std::string("it has a character that does not belong into one: ") + c);
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return Refuse("it has a control character");
    if (c == '*' && (last_ != Token::kOperand || next == ')' || next == '*')) {
      return Refuse("it has a star that is no product; COUNT without an expression counts rows");
    }
    if (c == '(' || c == '[' || c == '{') open_.push_back(c);
    if (c == ')' || c == ']' || c == '}') {
      const char opening = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (open_.empty() || open_.back() != opening) return Refuse("a bracket closes that was not opened");
      open_.pop_back();
      ++at_;
      Saw(Token::kOperand);
      return {};
    }
    if (c == ',' && open_.empty()) return Refuse("it has a comma outside brackets, so is more than one");
    ++at_;
    Saw(Token::kOther);
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  Token last_ = Token::kNothing;
  std::vector<char> open_;
};

bool IsPlainName(std::string_view name) {
  if (name.empty() || !StartsWord(name.front()) || (name.front() & 0x80) != 0) return false;
  if (!std::ranges::all_of(name, [](char c) { return ContinuesWord(c) && (c & 0x80) == 0; })) return false;
  return std::ranges::find(kRefusedWords, LowerAscii(name)) == kRefusedWords.end();
}

/// Words that the engine's grammar does not take as a column's name: duckdb_keywords(), reserved and type_function.
constexpr std::array<std::string_view, 111> kReservedNames{"all",
                                                           "analyse",
                                                           "analyze",
                                                           "and",
                                                           "anti",
                                                           "any",
                                                           "array",
                                                           "as",
                                                           "asc",
                                                           "asof",
                                                           "asymmetric",
                                                           "at",
                                                           "authorization",
                                                           "binary",
                                                           "both",
                                                           "by",
                                                           "case",
                                                           "cast",
                                                           "check",
                                                           "collate",
                                                           "collation",
                                                           "column",
                                                           "columns",
                                                           "concurrently",
                                                           "constraint",
                                                           "create",
                                                           "cross",
                                                           "default",
                                                           "deferrable",
                                                           "desc",
                                                           "describe",
                                                           "distinct",
                                                           "do",
                                                           "else",
                                                           "end",
                                                           "except",
                                                           "false",
                                                           "fetch",
                                                           "for",
                                                           "foreign",
                                                           "freeze",
                                                           "from",
                                                           "full",
                                                           "generated",
                                                           "glob",
                                                           "group",
                                                           "having",
                                                           "ilike",
                                                           "in",
                                                           "initially",
                                                           "inner",
                                                           "intersect",
                                                           "into",
                                                           "is",
                                                           "isnull",
                                                           "join",
                                                           "lambda",
                                                           "lateral",
                                                           "leading",
                                                           "left",
                                                           "like",
                                                           "limit",
                                                           "map",
                                                           "natural",
                                                           "not",
                                                           "notnull",
                                                           "null",
                                                           "offset",
                                                           "on",
                                                           "only",
                                                           "or",
                                                           "order",
                                                           "outer",
                                                           "overlaps",
                                                           "pivot",
                                                           "pivot_longer",
                                                           "pivot_wider",
                                                           "placing",
                                                           "positional",
                                                           "primary",
                                                           "qualify",
                                                           "references",
                                                           "returning",
                                                           "right",
                                                           "select",
                                                           "semi",
                                                           "show",
                                                           "similar",
                                                           "some",
                                                           "struct",
                                                           "summarize",
                                                           "symmetric",
                                                           "table",
                                                           "tablesample",
                                                           "then",
                                                           "to",
                                                           "trailing",
                                                           "true",
                                                           "try_cast",
                                                           "union",
                                                           "unique",
                                                           "unpack",
                                                           "unpivot",
                                                           "user",
                                                           "using",
                                                           "variadic",
                                                           "verbose",
                                                           "when",
                                                           "where",
                                                           "window",
                                                           "with"};

}  // namespace

Result<void> CheckExpressionText(std::string_view expression) {
  if (expression.size() > kExpressionBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "an expression of a semantic model has at most {} bytes, this one: {}", kExpressionBytesMax,
                     expression.size());
  }
  return Scanner(expression).Check();
}

SqlExpression ColumnExpression(std::string_view column) {
  const bool is_reserved = std::ranges::find(kReservedNames, LowerAscii(column)) != kReservedNames.end();
  return IsPlainName(column) && !is_reserved ? std::string(column) : QuoteIdentifier(column);
}

std::string ColumnOfExpression(std::string_view expression) {
  const std::string_view text = Trim(expression);
  if (IsPlainName(text)) return std::string(text);
  if (text.size() < 3 || text.front() != '"' || text.back() != '"') return {};
  std::string name;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '"') {
      if (i + 2 >= text.size() || text[i + 1] != '"') return {};
      ++i;
    }
    name += text[i];
  }
  return name;
}

}  // namespace neurolake::semantic
