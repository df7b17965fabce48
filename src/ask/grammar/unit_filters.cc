#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::ValueType;

bool IsCurrencyCode(std::string_view unit) {
  return unit.size() == 3 && std::ranges::all_of(unit, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool IsPeriod(std::string_view word) {
  static constexpr std::string_view kPeriods[] = {"day", "week", "month", "quarter", "year"};
  return std::ranges::find(kPeriods, Singular(word)) != std::end(kPeriods);
}

}  // namespace

/// As it was typed.
std::string FragmentParser::TextOf(size_t begin, size_t end) const {
  std::string text;
  for (size_t at = begin; at < std::min(end, tokens_.size()); ++at)
    text += (text.empty() || tokens_[at].glued ? "" : " ") + tokens_[at].text;
  return text;
}

std::optional<UnitPhrase> FragmentParser::UnitAt(size_t at, std::string_view kept) const {
  if (at >= tokens_.size() || tokens_[at].kind == TokenKind::kQuoted) return std::nullopt;
  const bool degrees = kept.find("\xc2\xb0") != std::string_view::npos;
  if (degrees && (Singular(Word(at)) == "degree" || Is(at, {"celsius"}))) return UnitPhrase{.tokens = 1};
  return ParseUnit(From(at), kept);
}

/// "how many MWh", "number of hours": the sums that are kept in such a unit. Days and weeks may be counted themselves.
void FragmentParser::UnitsAsked(size_t noun, std::vector<MetricPhrase>& found) const {
  if (noun >= tokens_.size() || IsPeriod(Word(noun))) return;
  const bool named = std::ranges::any_of(LinksAt(noun), [](const Link& link) { return link.note.empty(); });
  for (const semantic::Metric& metric : model_.metrics) {
    const auto* measure = metric.hidden ? nullptr : MeasureOf(model_, metric);
    if (named || measure == nullptr || measure->aggregation != Aggregation::kSum || metric.format.unit.empty())
      continue;
    const auto unit = UnitAt(noun, metric.format.unit);
    if (!unit || unit->tokens == 0) continue;
    const bool limited = !measure->filter.empty() || !metric.filter.empty();
    MetricPhrase phrase{.end = noun + unit->tokens, .cost = limited ? 0.1 : 0.05, .use = {.metric = metric.name}};
    if (unit->factor != 1) phrase.use.unit = TextOf(noun, noun + unit->tokens);
    phrase.notes.push_back(fmt::format("{} is what is kept in {}", metric.label, metric.format.unit));
    found.push_back(std::move(phrase));
  }
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
  const auto says = [&](std::string_view word) {
    return std::ranges::any_of(TokenizeName(dimension->label), [&](const Token& one) { return one.word == word; });
  };
  if (says("yearly") || says("annual")) {  // "more than 50 MWh a year"
    if (Is(at, {"yearly", "annually"})) return at + 1;
    if (Is(at, {"a", "per", "each", "every"}) && Is(at + 1, {"year", "annum"})) return at + 2;
  }
  if (says("monthly") && Is(at, {"a", "per", "each", "every"}) && Is(at + 1, {"month"})) return at + 2;
  if (Is(at, {"of", "in", "to"}) && alike(Word(at + 1))) return at + 2;
  const bool generic = Is(at, {"amount", "value", "number", "total", "price", "cost"});
  if (!generic && Word(at).size() >= 3 && says(Word(at)) && LinksAt(at).empty()) return at + 1;  // "2.5k euros net"
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
  for (const semantic::Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      const FieldRef field{entity.name, dimension.name};
      const bool number = dimension.value_type == ValueType::kInteger || dimension.value_type == ValueType::kNumber;
      if (dimension.hidden || !number) continue;
      const bool keeps_money = dimension.format.pattern == "currency" || IsCurrencyCode(dimension.format.unit);
      const auto said = UnitAt(compare.end, dimension.format.unit);
      if (is_money ? !keeps_money : !said) continue;
      if (!is_money && said->factor != 1 && IsPeriod(Word(compare.end))) continue;  // Days may be those since then.
      const double factor = is_money ? 1.0 : said->factor;
      const size_t end = is_money ? compare.end : compare.end + said->tokens;
      const std::string unit = is_money ? dimension.format.unit : JoinWords(tokens_.subspan(compare.end, said->tokens));
      Fragment& fragment = Add(FragmentKind::kFilter, begin, UnitTail(end, field), 0.05,
                               {fmt::format("{} is what is measured in {}", dimension.label, unit)});
      Filter filter{.field = field,
                    .op = OperatorOf(compare.op),
                    .values = {NumberLiteral(compare.operand * factor, dimension.value_type)}};
      if (compare.op == CompareOperator::kBetween)
        filter.values.push_back(NumberLiteral(compare.upper * factor, dimension.value_type));
      fragment.filters = {{.any_of = {std::move(filter)}}};
      fragment.by_unit = true;
      if (is_money && IsPartOfAmount(entity, dimension)) fragment.cost += 0.2;
    }
  }
}

/// "in km", "in MWh": the unit that the number is kept in, or can be told in.
void FragmentParser::Unit(size_t at) {
  size_t longest = 0;
  const auto look = [&](const auto& member, const std::string& unit) {
    const auto said = member.hidden ? std::nullopt : UnitAt(at + 1, unit);
    if (said) longest = std::max(longest, said->tokens);
  };
  for (const semantic::Metric& metric : model_.metrics) look(metric, metric.format.unit);
  for (const semantic::Entity& entity : model_.entities) {
    for (const semantic::Dimension& dimension : entity.dimensions) look(dimension, dimension.format.unit);
  }
  if (longest == 0) return;
  const size_t end = at + 1 + longest;
  if (Is(at, {"("}) && !Is(end, {")"})) return;
  Add(FragmentKind::kRequest, at, Is(at, {"("}) ? end + 1 : end, 0.01).entity = TextOf(at + 1, end);
}

}  // namespace neurolake::ask
