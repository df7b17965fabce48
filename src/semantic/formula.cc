#include "semantic/formula.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace neurolake::semantic {
namespace {

constexpr size_t kFormulaBytesMax = 4096;
constexpr int kDepthMax = 64;

struct Function {
  std::string_view name;
  size_t least = 1;
  size_t most = 1;
};
constexpr std::array<Function, 5> kFunctions{
    {{"abs", 1, 1}, {"round", 1, 2}, {"coalesce", 2, 8}, {"least", 2, 8}, {"greatest", 2, 8}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Formula> Parse() {
    NL_ASSIGN_OR_RETURN(Formula formula, Sum(0));
    SkipSpace();
    if (at_ != text_.size()) return Refuse("an operator was expected");
    return formula;
  }

 private:
  std::unexpected<Error> Refuse(std::string_view why) const {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a formula is arithmetic over metrics (+ - * / ( ), numbers, abs, round, coalesce, least, "
                     "greatest): {}, at character {}",
                     why, at_ + 1);
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }

  bool Take(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Formula> Sum(int depth) {
    NL_ASSIGN_OR_RETURN(Formula left, Product(depth));
    while (true) {
      const bool adds = Take('+');
      if (!adds && !Take('-')) return left;
      NL_ASSIGN_OR_RETURN(Formula right, Product(depth));
      left = Binary(adds ? Formula::Kind::kAdd : Formula::Kind::kSubtract, std::move(left), std::move(right));
    }
  }

  Result<Formula> Product(int depth) {
    NL_ASSIGN_OR_RETURN(Formula left, Unary(depth));
    while (true) {
      const bool multiplies = Take('*');
      if (!multiplies && !Take('/')) return left;
      NL_ASSIGN_OR_RETURN(Formula right, Unary(depth));
      left = Binary(multiplies ? Formula::Kind::kMultiply : Formula::Kind::kDivide, std::move(left), std::move(right));
    }
  }

  Result<Formula> Unary(int depth) {
    if (depth > kDepthMax) return Refuse("it is nested too deeply");
    if (text_.substr(0, at_).ends_with('-') && text_.substr(at_).starts_with('-')) {
      return Refuse("two dashes begin a comment in SQL");
    }
    if (Take('-')) {
      NL_ASSIGN_OR_RETURN(Formula operand, Unary(depth + 1));
      Formula negated{.kind = Formula::Kind::kNegate};
      negated.arguments.push_back(std::move(operand));
      return negated;
    }
    if (Take('(')) {
      NL_ASSIGN_OR_RETURN(Formula inner, Sum(depth + 1));
      if (!Take(')')) return Refuse("a closing bracket was expected");
      return inner;
    }
    return Atom(depth);
  }

  Result<Formula> Atom(int depth) {
    SkipSpace();
    const size_t begin = at_;
    if (at_ < text_.size() && IsDigit(text_[at_])) {
      while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
      if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        if (at_ >= text_.size() || !IsDigit(text_[at_])) return Refuse("a digit was expected");
        while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
      }
      if (at_ - begin > 30) return Refuse("a number has too many digits");
      return Formula{.kind = Formula::Kind::kNumber, .text = std::string(text_.substr(begin, at_ - begin))};
    }
    if (at_ >= text_.size() || !IsWordStart(text_[at_])) return Refuse("a metric or a number was expected");
    while (at_ < text_.size() && (IsWordStart(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    std::string name(text_.substr(begin, at_ - begin));
    if (!Take('(')) return Formula{.kind = Formula::Kind::kMetric, .text = std::move(name)};
    return Call(std::move(name), depth);
  }

  Result<Formula> Call(std::string name, int depth) {
    const auto function = std::ranges::find(kFunctions, LowerAscii(name), &Function::name);
    if (function == kFunctions.end()) return Refuse("this function is not one of them");
    Formula call{.kind = Formula::Kind::kCall, .text = std::string(function->name)};
    do {
      NL_ASSIGN_OR_RETURN(Formula argument, Sum(depth + 1));
      call.arguments.push_back(std::move(argument));
    } while (Take(','));
    if (!Take(')')) return Refuse("a closing bracket was expected");
    if (call.arguments.size() < function->least || call.arguments.size() > function->most) {
      return Refuse("the function has another number of arguments");
    }
    if (call.text == "round" && call.arguments.size() == 2 && call.arguments[1].kind != Formula::Kind::kNumber) {
      return Refuse("round's second argument is a number");
    }
    return call;
  }

  static Formula Binary(Formula::Kind kind, Formula left, Formula right) {
    Formula node{.kind = kind};
    node.arguments.push_back(std::move(left));
    node.arguments.push_back(std::move(right));
    return node;
  }

  std::string_view text_;
  size_t at_ = 0;
};

void CollectMetrics(const Formula& formula, std::vector<std::string>& names) {
  if (formula.kind == Formula::Kind::kMetric) {
    const auto same = [&](const std::string& name) { return EqualsIgnoringCase(name, formula.text); };
    if (std::ranges::none_of(names, same)) names.push_back(formula.text);
  }
  for (const Formula& argument : formula.arguments) CollectMetrics(argument, names);
}

}  // namespace

Result<Formula> ParseFormula(std::string_view text) {
  if (text.size() > kFormulaBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a formula has at most {} bytes, this one: {}", kFormulaBytesMax,
                     text.size());
  }
  return Parser(text).Parse();
}

std::vector<std::string> MetricsOf(const Formula& formula) {
  std::vector<std::string> names;
  CollectMetrics(formula, names);
  return names;
}

std::string FormulaSql(const Formula& formula, const std::function<std::string(const std::string&)>& metric) {
  const auto argument = [&](size_t index) { return FormulaSql(formula.arguments[index], metric); };
  switch (formula.kind) {
    case Formula::Kind::kNumber: return formula.text;
    case Formula::Kind::kMetric: return metric(formula.text);
    case Formula::Kind::kNegate: return fmt::format("(-{})", argument(0));
    case Formula::Kind::kAdd: return fmt::format("({} + {})", argument(0), argument(1));
    case Formula::Kind::kSubtract: return fmt::format("({} - {})", argument(0), argument(1));
    case Formula::Kind::kMultiply: return fmt::format("({} * {})", argument(0), argument(1));
    case Formula::Kind::kDivide: return fmt::format("(CAST({} AS DOUBLE) / NULLIF({}, 0))", argument(0), argument(1));
    case Formula::Kind::kCall: break;
  }
  std::string text = formula.text + "(";
  for (size_t i = 0; i < formula.arguments.size(); ++i) text += (i == 0 ? "" : ", ") + argument(i);
  return text + ")";
}

}  // namespace neurolake::semantic
