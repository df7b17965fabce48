// Reading expressions of tables' metadata; expression_text.cc writes them.
#include "tables/delta/expression.h"

#include <algorithm>

#include "common/text.h"
#include "tables/delta/internal/expression_functions.h"
#include "tables/delta/internal/expression_lexer.h"

namespace neurolake::tables::delta {
namespace {

constexpr int kDepthMax = 100;  ///< Keeps a hostile text from using up the stack.

using Dialect = Expression::Dialect;
using Kind = Expression::Kind;
using Token = internal::ExpressionToken;
using TokenKind = internal::ExpressionTokenKind;

std::unexpected<Error> NotUnderstood(std::string_view what) {
  return MakeError(ErrorCode::kNotSupported, "an expression of a table has something that is not understood: {}", what);
}

/// Recursive descent, loosest operator first.
class Parser {
 public:
  Parser(std::vector<Token> tokens, Dialect dialect) : tokens_(std::move(tokens)), dialect_(dialect) {}

  Result<Expression> Run() {
    NL_ASSIGN_OR_RETURN(auto expression, ParseOr());
    if (Now().kind != TokenKind::kEnd) return Unexpected();
    return expression;
  }

 private:
  const Token& Now(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool IsWord(std::string_view word, size_t ahead = 0) const {
    return Now(ahead).kind == TokenKind::kWord && EqualsIgnoringCase(Now(ahead).text, word);
  }
  bool IsSymbol(std::string_view symbol, size_t ahead = 0) const {
    return Now(ahead).kind == TokenKind::kSymbol && Now(ahead).text == symbol;
  }
  bool AcceptWord(std::string_view word) { return IsWord(word) && ++at_ > 0; }
  bool AcceptSymbol(std::string_view symbol) { return IsSymbol(symbol) && ++at_ > 0; }
  Result<void> Expect(std::string_view symbol) {
    if (AcceptSymbol(symbol)) return {};
    return MakeError(ErrorCode::kSyntaxError, "syntax error in an expression of a table: expected \"{}\"", symbol);
  }
  Result<void> ExpectWord(std::string_view word) {
    if (AcceptWord(word)) return {};
    return MakeError(ErrorCode::kSyntaxError, "syntax error in an expression of a table: expected {}", word);
  }
  std::unexpected<Error> Unexpected() const {
    if (Now().kind == TokenKind::kEnd) {
      return MakeError(ErrorCode::kSyntaxError, "syntax error in an expression of a table: it ends too early");
    }
    const bool shown = Now().kind == TokenKind::kWord || Now().kind == TokenKind::kSymbol;
    return NotUnderstood(shown ? Now().text : "a literal at this place");
  }

  static Expression Binary(std::string op, Expression left, Expression right) {
    Expression expression;
    expression.kind = Kind::kBinary;
    expression.text = std::move(op);
    expression.children.push_back(std::move(left));
    expression.children.push_back(std::move(right));
    return expression;
  }
  static Expression Unary(std::string op, Expression child) {
    Expression expression;
    expression.kind = Kind::kUnary;
    expression.text = std::move(op);
    expression.children.push_back(std::move(child));
    return expression;
  }
  static Expression Leaf(Kind kind, std::string text) {
    Expression expression;
    expression.kind = kind;
    expression.text = std::move(text);
    return expression;
  }

  Result<Expression> ParseOr() {
    if (++depth_ > kDepthMax) return NotUnderstood(fmt::format("more than {} parts inside each other", kDepthMax));
    NL_ASSIGN_OR_RETURN(auto left, ParseAnd());
    while (AcceptWord("or")) {
      NL_ASSIGN_OR_RETURN(auto right, ParseAnd());
      left = Binary("OR", std::move(left), std::move(right));
    }
    --depth_;
    return left;
  }

  Result<Expression> ParseAnd() {
    NL_ASSIGN_OR_RETURN(auto left, ParseNot());
    while (AcceptWord("and")) {
      NL_ASSIGN_OR_RETURN(auto right, ParseNot());
      left = Binary("AND", std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expression> ParseNot() {
    if (IsWord("not") || IsSymbol("!")) {
      if (++depth_ > kDepthMax) return NotUnderstood("too many NOT");
      ++at_;
      NL_ASSIGN_OR_RETURN(auto child, ParseNot());
      --depth_;
      return Unary("NOT", std::move(child));
    }
    return ParseComparison();
  }

  Result<Expression> ParseComparison() {
    NL_ASSIGN_OR_RETURN(auto left, ParseSum());
    for (;;) {
      NL_ASSIGN_OR_RETURN(const bool more, ContinueComparison(left));
      if (!more) return left;
    }
  }

  /// What stands behind a value: =, IS NULL, IN, BETWEEN, LIKE … False if nothing of it does.
  Result<bool> ContinueComparison(Expression& left) {
    for (const std::string_view op : {"=", "==", "<>", "!=", "<=>", "<", "<=", ">", ">="}) {
      if (!AcceptSymbol(op)) continue;
      NL_ASSIGN_OR_RETURN(auto right, ParseSum());
      left = Binary(op == "==" ? "=" : op == "!=" ? "<>" : std::string(op), std::move(left), std::move(right));
      return true;
    }
    if (AcceptWord("is")) {
      NL_RETURN_IF_ERROR(ParseIs(left));
      return true;
    }
    const bool negated = IsWord("not") && (IsWord("in", 1) || IsWord("between", 1) || IsWord("like", 1));
    if (negated) ++at_;
    if (AcceptWord("in")) {
      NL_RETURN_IF_ERROR(ParseIn(left, negated));
    } else if (AcceptWord("between")) {
      NL_ASSIGN_OR_RETURN(auto low, ParseSum());
      NL_RETURN_IF_ERROR(ExpectWord("and"));
      NL_ASSIGN_OR_RETURN(auto high, ParseSum());
      Expression between = Leaf(Kind::kBetween, "");
      between.negated = negated;
      between.children = {std::move(left), std::move(low), std::move(high)};
      left = std::move(between);
    } else if (AcceptWord("like")) {
      // The two take a backslash in a pattern for different things.
      if (Now().kind != TokenKind::kText || Now().text.contains('\\') || IsWord("escape", 1)) {
        return NotUnderstood("LIKE with anything but a text without a backslash");
      }
      NL_ASSIGN_OR_RETURN(auto pattern, ParseSum());
      left = Binary("LIKE", std::move(left), std::move(pattern));
      if (negated) left = Unary("NOT", std::move(left));
    } else {
      return false;
    }
    return true;
  }

  Result<void> ParseIs(Expression& left) {
    const bool negated = AcceptWord("not");
    Expression result;
    if (AcceptWord("null")) {
      result = Leaf(Kind::kIsNull, "");
      result.children.push_back(std::move(left));
      result.negated = negated;
    } else if (AcceptWord("distinct")) {
      NL_RETURN_IF_ERROR(ExpectWord("from"));
      NL_ASSIGN_OR_RETURN(auto right, ParseSum());
      result = Binary("<=>", std::move(left), std::move(right));
      if (!negated) result = Unary("NOT", std::move(result));
    } else if (IsWord("true") || IsWord("false")) {
      Expression constant = Leaf(Kind::kKeyword, IsWord("true") ? "TRUE" : "FALSE");
      ++at_;
      result = Binary("<=>", std::move(left), std::move(constant));
      if (negated) result = Unary("NOT", std::move(result));
    } else {
      return Unexpected();
    }
    left = std::move(result);
    return {};
  }

  Result<void> ParseIn(Expression& left, bool negated) {
    Expression in = Leaf(Kind::kIn, "");
    in.negated = negated;
    in.children.push_back(std::move(left));
    NL_RETURN_IF_ERROR(Expect("("));
    do {
      NL_ASSIGN_OR_RETURN(auto value, ParseOr());
      in.children.push_back(std::move(value));
    } while (AcceptSymbol(","));
    NL_RETURN_IF_ERROR(Expect(")"));
    left = std::move(in);
    return {};
  }

  Result<Expression> ParseSum() {
    NL_ASSIGN_OR_RETURN(auto left, ParseProduct());
    while (IsSymbol("+") || IsSymbol("-") || IsSymbol("||")) {
      std::string op = tokens_[at_++].text;
      NL_ASSIGN_OR_RETURN(auto right, ParseProduct());
      left = Binary(std::move(op), std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expression> ParseProduct() {
    NL_ASSIGN_OR_RETURN(auto left, ParseSign());
    while (IsSymbol("*") || IsSymbol("/") || IsSymbol("%")) {
      std::string op = tokens_[at_++].text;
      NL_ASSIGN_OR_RETURN(auto right, ParseSign());
      left = Binary(std::move(op), std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expression> ParseSign() {
    if (IsSymbol("-") || IsSymbol("+")) {
      if (++depth_ > kDepthMax) return NotUnderstood("too many signs");
      const bool minus = tokens_[at_++].text == "-";
      NL_ASSIGN_OR_RETURN(auto child, ParseSign());
      --depth_;
      return minus ? Unary("-", std::move(child)) : std::move(child);
    }
    NL_ASSIGN_OR_RETURN(auto value, ParsePrimary());
    while (dialect_ == Dialect::kOurs && AcceptSymbol("::")) {
      NL_ASSIGN_OR_RETURN(auto type, ParseTypeName());
      value = Cast(std::move(value), std::move(type));
    }
    return value;
  }

  static Expression Cast(Expression value, DataType type) {
    Expression cast = Leaf(Kind::kCast, "");
    cast.type = std::move(type);
    cast.children.push_back(std::move(value));
    return cast;
  }

  Result<Expression> ParsePrimary() {
    if (AcceptSymbol("(")) {
      NL_ASSIGN_OR_RETURN(auto inner, ParseOr());
      NL_RETURN_IF_ERROR(Expect(")"));
      return inner;
    }
    const Token token = Now();
    switch (token.kind) {
      case TokenKind::kNumber: ++at_; return Leaf(Kind::kNumber, token.text);
      case TokenKind::kText: ++at_; return Leaf(Kind::kText, token.text);
      case TokenKind::kQuotedName: return ParseColumn();
      case TokenKind::kWord: return ParseWord();
      case TokenKind::kSymbol:
      case TokenKind::kEnd: return Unexpected();
    }
    NL_UNREACHABLE();
  }

  Result<Expression> ParseWord() {
    const std::string lower = LowerAscii(Now().text);
    if (lower == "true" || lower == "false" || lower == "null") {
      ++at_;
      return Leaf(Kind::kKeyword, lower == "true" ? "TRUE" : lower == "false" ? "FALSE" : "NULL");
    }
    if (lower == "case") return ParseCase();
    if (lower == "cast" && IsSymbol("(", 1)) return ParseCast();
    if ((lower == "date" || lower == "timestamp") && Now(1).kind == TokenKind::kText) {
      Expression typed = Leaf(Kind::kTyped, Now(1).text);
      typed.type = *LeafTypeByName(lower, dialect_);
      at_ += 2;
      return typed;
    }
    if ((lower == "current_date" || lower == "current_timestamp") && !IsSymbol("(", 1)) {
      ++at_;
      return Leaf(Kind::kCall, lower);
    }
    if (IsSymbol("(", 1)) return ParseCall(lower);
    // Words that begin what is not in the language; a column of that name is quoted.
    for (const std::string_view word :
         {"interval", "exists", "select", "from", "where", "not", "and", "or", "in", "is"}) {
      if (lower == word) return NotUnderstood(Now().text);
    }
    return ParseColumn();
  }

  Result<Expression> ParseColumn() {
    Expression column = Leaf(Kind::kColumn, "");
    do {
      if (Now().kind != TokenKind::kWord && Now().kind != TokenKind::kQuotedName) return Unexpected();
      column.path.push_back(tokens_[at_++].text);
    } while (AcceptSymbol("."));
    if (IsSymbol("(")) return NotUnderstood("a function with a qualified name");
    return column;
  }

  Result<Expression> ParseCase() {
    ++at_;
    Expression result = Leaf(Kind::kCase, "");
    std::optional<Expression> subject;
    if (!IsWord("when")) {
      NL_ASSIGN_OR_RETURN(subject, ParseOr());
    }
    while (AcceptWord("when")) {
      NL_ASSIGN_OR_RETURN(auto condition, ParseOr());
      if (subject) condition = Binary("=", *subject, std::move(condition));
      NL_RETURN_IF_ERROR(ExpectWord("then"));
      NL_ASSIGN_OR_RETURN(auto value, ParseOr());
      result.children.push_back(std::move(condition));
      result.children.push_back(std::move(value));
    }
    if (result.children.empty()) return Unexpected();
    if (AcceptWord("else")) {
      NL_ASSIGN_OR_RETURN(auto value, ParseOr());
      result.children.push_back(std::move(value));
    }
    NL_RETURN_IF_ERROR(ExpectWord("end"));
    return result;
  }

  Result<Expression> ParseCast() {
    at_ += 2;
    NL_ASSIGN_OR_RETURN(auto value, ParseOr());
    NL_RETURN_IF_ERROR(ExpectWord("as"));
    NL_ASSIGN_OR_RETURN(auto type, ParseTypeName());
    NL_RETURN_IF_ERROR(Expect(")"));
    return Cast(std::move(value), std::move(type));
  }

  Result<DataType> ParseTypeName() {
    if (Now().kind != TokenKind::kWord) return Unexpected();
    std::string name = LowerAscii(tokens_[at_++].text);
    if (name == "double") AcceptWord("precision");
    if (name == "timestamp" && IsWord("with") && IsWord("time", 1) && IsWord("zone", 2)) {
      name = "timestamptz";
      at_ += 3;
    }
    const bool decimal = name == "decimal" || name == "numeric" || name == "dec";
    if (decimal && AcceptSymbol("(")) {
      std::string digits = tokens_[at_++].text;
      std::string scale = "0";
      if (AcceptSymbol(",")) scale = tokens_[at_++].text;
      NL_RETURN_IF_ERROR(Expect(")"));
      name = fmt::format("decimal({},{})", digits, scale);
    }
    auto type = LeafTypeByName(name, dialect_);
    if (!type) return NotUnderstood(fmt::format("a cast to {}", name));
    return *std::move(type);
  }

  Result<Expression> ParseCall(const std::string& lower) {
    at_ += 2;
    std::vector<Expression> arguments;
    if (!AcceptSymbol(")")) {
      do {
        NL_ASSIGN_OR_RETURN(auto argument, ParseOr());
        arguments.push_back(std::move(argument));
      } while (AcceptSymbol(","));
      NL_RETURN_IF_ERROR(Expect(")"));
    }
    if (lower == "if" && arguments.size() == 3) {
      Expression result = Leaf(Kind::kCase, "");
      result.children = std::move(arguments);
      return result;
    }
    if (lower == "mod" && arguments.size() == 2) return Binary("%", std::move(arguments[0]), std::move(arguments[1]));
    const internal::Function* function = internal::FindFunction(lower);
    if (function == nullptr) return NotUnderstood(fmt::format("the function {}", lower));
    // Ours has the unit in front: date_diff('day', a, b).
    if (lower == "date_diff") return NotUnderstood("date_diff; use datediff(end, start)");
    const auto count = static_cast<int>(arguments.size());
    if (count < function->arguments_min || count > function->arguments_max) {
      return NotUnderstood(fmt::format("the function {} with {} arguments", lower, count));
    }
    Expression call = Leaf(Kind::kCall, std::string(function->name));
    call.children = std::move(arguments);
    return call;
  }

  std::vector<Token> tokens_;
  Dialect dialect_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Expression> Expression::Parse(std::string_view text, Dialect dialect) {
  NL_ASSIGN_OR_RETURN(auto tokens, internal::SplitExpression(text, dialect));
  return Parser(std::move(tokens), dialect).Run();
}

}  // namespace neurolake::tables::delta
