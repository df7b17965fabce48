#include <cmath>

#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_noun_phrases.h"

namespace neurolake::ask {

std::vector<ComparePhrase> FragmentParser::Comparisons(size_t at) const {
  std::vector<ComparePhrase> found;
  size_t longest = 0;
  for (const ComparisonsWords& entry : kComparisonsWords) {
    const std::string_view phrase[] = {entry.words};
    const size_t length = Phrase(at, phrase);
    if (length == 0 || length < longest) continue;
    const auto number = ParseNumber(From(at + length));
    size_t unit = 0;
    const bool half = Is(at + length, {"half"}) && Is(at + length + 1, {"a", "an"});
    const size_t one = at + length + (half ? 2 : 1);
    if (!number && (half || Is(at + length, {"a", "an", "one"})) &&
        (ParseGrain(From(one), unit) || Is(one, {"minute", "second"}))) {  // "more than an hour"
      if (length > longest) found.clear();
      longest = length;
      found.push_back({.end = one, .op = entry.op, .operand = half ? 0.5 : 1.0});
      continue;
    }
    if (!number || number->ordinal) continue;
    if (length > longest) found.clear();
    longest = length;
    found.push_back(
        {.end = at + length + number->tokens, .op = entry.op, .operand = number->value, .unit = number->unit});
  }
  const size_t between = Word(at) == "between" || Word(at) == "from" ? 1 : 0;
  if (const auto first = ParseNumber(From(at + between)); first && !first->ordinal) {
    const size_t next = at + between + first->tokens;
    const bool linked = between > 0 ? Is(next, {"and", "to", "-"}) : Word(next) == "to" && !LinksAt(next + 2).empty();
    const auto second = linked ? ParseNumber(From(next + 1)) : std::nullopt;
    if (second && !second->ordinal && second->value >= first->value) {
      found.push_back({.end = next + 1 + second->tokens,
                       .op = CompareOperator::kBetween,
                       .operand = first->value,
                       .upper = second->value,
                       .unit = second->unit});
    }
    if (between == 0 && Word(next) == "or" && Is(next + 1, {"more", "greater", "higher", "above", "over"})) {
      found.push_back(
          {.end = next + 2, .op = CompareOperator::kGreaterOrEqual, .operand = first->value, .unit = first->unit});
    }
    if (between == 0 && Word(next) == "or" && Is(next + 1, {"less", "fewer", "lower", "below", "under"})) {
      found.push_back(
          {.end = next + 2, .op = CompareOperator::kLessOrEqual, .operand = first->value, .unit = first->unit});
    }
    if (between == 0 && Word(next) == "+") {
      found.push_back(
          {.end = next + 1, .op = CompareOperator::kGreaterOrEqual, .operand = first->value, .unit = first->unit});
    }
  }
  return found;
}

/// `value` in the units the metric is kept in; nullopt if the units do not fit.
std::optional<double> FragmentParser::Operand(const ComparePhrase& compare, const semantic::Format& format,
                                              double value) const {
  const bool fraction = format.pattern == "percent" && format.unit != "%";
  if (compare.unit == NumberUnit::kPercent) {
    if (format.unit == "%") return value;
    return fraction ? std::optional(value / 100) : std::nullopt;
  }
  if (fraction && std::abs(value) > 1) return std::nullopt;  // 5 or 5 %?
  if (compare.unit == NumberUnit::kCurrency && !(format.pattern == "currency" || format.unit.size() == 3))
    return std::nullopt;
  return value;
}

}  // namespace neurolake::ask
