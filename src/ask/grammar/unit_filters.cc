#include "ask/grammar/internal/fragment_parser.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::ValueType;

bool IsCurrencyCode(std::string_view unit) {
  return unit.size() == 3 && std::ranges::all_of(unit, [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Seconds in a unit of time, as it is written in models and said; 0: none.
double SecondsIn(std::string_view unit) {
  const std::string one = Singular(unit);
  if (one == "s" || one == "sec" || one == "second") return 1;
  if (one == "min" || one == "minute") return 60;
  if (one == "h" || one == "hour") return 3600;
  return 0;
}

}  // namespace

bool FragmentParser::SaysUnit(std::string_view word, std::string_view unit_name) {
  if (unit_name.empty() || word.empty()) return false;
  const std::string unit = Singular(Fold(unit_name));
  const std::string said = Singular(word);
  const bool degrees = unit.find("\xc2\xb0") != std::string::npos && (said == "degree" || said == "celsius");
  return degrees || said == unit || (unit == "mi" && said == "mile") || (unit == "min" && said == "minute") ||
         (unit == "h" && said == "hour") || (unit == "km" && said == "kilometer") ||
         (unit == "kg" && said == "kilogram");
}

/// What a number said in `word`s is in the dimension's unit: 20 minutes are 1,200 s; nullopt if they do not fit.
std::optional<double> FragmentParser::FactorOf(std::string_view word, std::string_view unit) {
  if (SaysUnit(word, unit)) return 1;
  const double said = SecondsIn(word), kept = SecondsIn(Fold(unit));
  return said > 0 && kept > 0 ? std::optional(said / kept) : std::nullopt;
}

/// The end of what says once more what a unit's number is of: "5 mm of rain", "100 hours to resolve".
size_t FragmentParser::UnitTail(size_t at, const FieldRef& field) const {
  const Dimension* dimension = DimensionOf(field);
  if (dimension == nullptr) return at;
  const auto alike = [&](std::string_view said) {
    const auto words = TokenizeName(dimension->label);
    return said.size() >= 4 && std::ranges::any_of(words, [&](const Token& word) {
             const size_t length = std::min<size_t>({said.size(), word.word.size(), 5});
             return length >= 4 && word.word.substr(0, length) == said.substr(0, length);
           });
  };
  if (Is(at, {"celsius"})) return at + 1;
  if (Is(at, {"of", "in", "to"}) && alike(Word(at + 1))) return at + 2;
  return at;
}

/// Whether the thing has another sum of money that says what it costs, and this one is only beside it: a tip, a tax.
bool FragmentParser::IsPartOfAmount(const semantic::Entity& entity, const Dimension& dimension) const {
  static constexpr std::string_view kWhole[] = {"amount", "total", "value", "price", "cost", "sum"};
  static constexpr std::string_view kBeside[] = {"tip",      "tax",     "fee",        "discount", "commission",
                                                 "shipping", "deposit", "surcharge",  "refund",   "vat",
                                                 "freight",  "excess",  "deductible", "penalty",  "bonus"};
  const auto says = [](const Dimension& one, const auto& nouns) {
    return std::ranges::any_of(TokenizeName(one.label + " " + one.name), [&](const Token& word) {
      return std::ranges::find(nouns, Singular(word.word)) != std::end(nouns);
    });
  };
  if (!says(dimension, kBeside)) return false;
  return std::ranges::any_of(entity.dimensions, [&](const Dimension& other) {
    return !other.hidden && &other != &dimension && IsMeasured({entity.name, other.name}) && says(other, kWhole) &&
           !says(other, kBeside) && other.format.unit == dimension.format.unit;
  });
}

/// "longer than 1000 miles": a dimension that is measured in miles. Where several are, each is a reading.
void FragmentParser::UnitFilter(size_t begin, const ComparePhrase& compare) {
  const bool is_money = compare.unit == NumberUnit::kCurrency;
  if (compare.unit == NumberUnit::kPercent) return;
  const size_t end = is_money ? compare.end : compare.end + 1;
  for (const semantic::Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      const FieldRef field{entity.name, dimension.name};
      const bool number = dimension.value_type == ValueType::kInteger || dimension.value_type == ValueType::kNumber;
      if (dimension.hidden || !number) continue;
      const bool keeps_money = dimension.format.pattern == "currency" || IsCurrencyCode(dimension.format.unit);
      const auto factor = is_money ? (keeps_money ? std::optional(1.0) : std::nullopt)
                                   : FactorOf(Word(compare.end), dimension.format.unit);
      if (!factor) continue;
      const std::string unit = is_money ? dimension.format.unit : std::string(Word(compare.end));
      Fragment& fragment = Add(FragmentKind::kFilter, begin, UnitTail(end, field), 0.05,
                               {fmt::format("{} is what is measured in {}", dimension.label, unit)});
      Filter filter{.field = field,
                    .op = OperatorOf(compare.op),
                    .values = {NumberLiteral(compare.operand * *factor, dimension.value_type)}};
      if (compare.op == CompareOperator::kBetween)
        filter.values.push_back(NumberLiteral(compare.upper * *factor, dimension.value_type));
      fragment.filters = {{.any_of = {std::move(filter)}}};
      fragment.by_unit = true;
      if (is_money && IsPartOfAmount(entity, dimension)) fragment.cost += 0.2;
    }
  }
}

}  // namespace neurolake::ask
