#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_filters.h"
#include "ask/link/join_paths.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::ValueType;

FilterGroup One(Filter filter) { return {.any_of = {std::move(filter)}}; }

/// Whether the number is a year, by its name.
bool IsYear(const Dimension& dimension) {
  const auto words = TokenizeName(dimension.label + " " + dimension.name);
  return std::ranges::any_of(words, [](const Token& token) { return token.word == "year"; });
}

}  // namespace

FilterOperator FragmentParser::OperatorOf(CompareOperator op) {
  switch (op) {
    case CompareOperator::kEqual: return FilterOperator::kIn;
    case CompareOperator::kNotEqual: return FilterOperator::kNotIn;
    case CompareOperator::kLess: return FilterOperator::kLess;
    case CompareOperator::kLessOrEqual: return FilterOperator::kLessOrEqual;
    case CompareOperator::kGreater: return FilterOperator::kGreater;
    case CompareOperator::kGreaterOrEqual: return FilterOperator::kGreaterOrEqual;
    case CompareOperator::kBetween: return FilterOperator::kBetween;
  }
  return FilterOperator::kIn;
}

Literal FragmentParser::NumberLiteral(double value, ValueType type) {
  if (type == ValueType::kInteger && value == static_cast<double>(static_cast<int64_t>(value)))
    return static_cast<int64_t>(value);
  return value;
}

/// Whether the tokens are also what is done at some time of the entity: "cancelled", "shipped".
bool FragmentParser::IsRoleOf(size_t begin, size_t end, std::string_view entity) const {
  return std::any_of(LinksAt(begin).begin(), LinksAt(begin).end(), [&](const Link& link) {
    const Dimension* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
    return dimension != nullptr && link.verb && link.end == end && dimension->type == DimensionType::kTime &&
           link.field.entity == entity;
  });
}

/// Whether the tokens are a value of the entity that stands right before its name: those that are so, whenever it came.
bool FragmentParser::IsState(size_t begin, size_t end, std::string_view entity) const {
  const auto is_value = [&](const Link& link) {
    return link.kind == LinkKind::kValue && link.end == end && link.field.entity == entity && link.note.empty();
  };
  const auto names = [&](const Link& link) {
    return link.kind == LinkKind::kEntity && !link.verb && link.name == entity;
  };
  return std::ranges::any_of(LinksAt(begin), is_value) && std::ranges::any_of(LinksAt(end), names);
}

/// Whether the link is an entity whose rows the field names: departments by their name.
bool FragmentParser::IsNamedBy(const Link& link, const FieldRef& field) const {
  if (link.kind != LinkKind::kEntity || link.verb || link.name != field.entity) return false;
  const semantic::Entity* entity = semantic::FindEntity(model_, link.name);
  const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  return label != nullptr && EqualsIgnoringCase(label->name, field.name);
}

/// "booked by", "paid with": who denies it denies what follows.
bool FragmentParser::IsDoneSomehow(size_t at) const {
  const bool participle = Word(at).ends_with("ed") || Is(at, {"paid", "sold", "made", "bought", "sent", "taken"});
  return participle && Is(at + 1, {"by", "via", "through", "over", "on", "with", "using"});
}

/// "in Germany", "for Delta or United", "excluding returns", "cancelled".
void FragmentParser::ValueFilters(size_t at) {
  const size_t negation = Phrase(at, kValueFiltersNegations);
  const size_t had = negation > 0 ? 0 : Has(at);
  size_t lead = negation > 0 ? negation : std::max(had, Phrase(at, kValueFiltersPrepositions));
  if (negation > 0) lead += Phrase(at + lead, kValueFiltersPrepositions);
  if (negation > 0 && IsDoneSomehow(at + negation)) lead = negation + 2;
  if (negation > 0 && Word(at + lead) == "the") ++lead;
  if (lead == 0) lead = DoneBy(at);
  const bool splits_role = at > 0 && std::ranges::any_of(LinksAt(at - 1), [&](const Link& link) {  // "sold | by Berg"
                             return link.kind == LinkKind::kRole && link.end == at + 1;
                           });
  bool takes_role = false;  // "from JFK" is one link; "from" is then no empty word.
  for (const Link& link : LinksAt(at)) takes_role = takes_role || link.kind == LinkKind::kRole;
  for (size_t place = at + 1; negation > 0 && place < at + lead; ++place) {
    const auto& links = LinksAt(place);  // "not from JFK": "from" tells which end.
    if (std::any_of(links.begin(), links.end(), [](const Link& link) { return link.kind == LinkKind::kRole; })) {
      lead = place - at;
    }
  }
  for (const size_t length : {lead, size_t{0}}) {
    if (length == 0 && negation > 0) break;
    for (ValuePhrase& phrase : Values(at + length)) {
      if (negation > 0 && phrase.values.size() < 2 && Says(at, at + length, "neither")) continue;
      const bool qualified = !phrase.field.via.empty();
      const double extra = Word(at) == "by" && length == 1 ? 0.1 : length > 0 && takes_role && !qualified ? 0.5 : 0;
      size_t end = phrase.end;
      for (const Link& link : LinksAt(end)) {  // "the Germany region", "Delta airlines" where that is the dimension
        const bool is_field = link.kind == LinkKind::kDimension && link.field.name == phrase.field.name &&
                              link.field.entity == phrase.field.entity;
        if (is_field || (!link.plural && IsNamedBy(link, phrase.field))) end = link.end;  // "the Sales department"
        const bool are_left_out = negation > 0 && !Is(at, {"not", "non", "no"}) && link.kind == LinkKind::kEntity &&
                                  !link.verb && link.plural;
        if (are_left_out && link.name == phrase.field.entity) end = link.end;  // "without cancelled bookings"
      }
      const Dimension* kind = DimensionOf(phrase.field);
      if (end == phrase.end && kind != nullptr && EndsNameOf(*kind, Word(end)) &&
          std::ranges::all_of(LinksAt(end), [](const Link& link) { return link.kind == LinkKind::kDimension; }))
        ++end;                                                                                // "the WELCOME10 code"
      const bool of_next = std::ranges::any_of(LinksAt(phrase.end), [&](const Link& thing) {  // "law students"
        const auto own = [&](const Link& other) {
          return other.kind == LinkKind::kValue && other.end == phrase.end && other.field.entity == thing.name &&
                 other.note.empty();
        };
        return thing.kind == LinkKind::kEntity && !thing.verb && thing.name != phrase.field.entity &&
               std::ranges::any_of(LinksAt(SkipDeterminers(at + length)), own);
      });
      const bool of_no_such = std::ranges::any_of(LinksAt(phrase.end), [&](const Link& thing) {  // "current term"
        return thing.kind == LinkKind::kEntity && !thing.verb && thing.name != phrase.field.entity &&
               ToOnePaths(model_, thing.name, phrase.field.entity).empty() &&
               ToOnePaths(model_, phrase.field.entity, thing.name).empty();
      });
      if (of_no_such) phrase.cost += 0.4;
      phrase.cost += OriginCost(at, length, phrase.field);
      Fragment& fragment = Add(FragmentKind::kFilter, at, end,
                               phrase.cost + extra + (of_next ? 0.3 : 0) + (splits_role ? 0.4 : 0), phrase.notes);
      fragment.listed = phrase.conjunction;
      fragment.had = length > 0 && length == had;
      if (fragment.had) fragment.cost += 0.03;
      fragment.role = negation == 0 && IsRoleOf(at + length, phrase.end, phrase.field.entity) &&
                      !IsState(at + length, phrase.end, phrase.field.entity);
      fragment.filters = {One({.field = phrase.field,
                               .op = negation > 0 ? FilterOperator::kNotIn : FilterOperator::kIn,
                               .values = phrase.values})};
      const Filter made = fragment.filters[0].any_of[0];
      AsRole(end, at, phrase, negation > 0);  // Adds: `fragment` is not to be used behind it.
      OfRole(at, phrase.end, made, phrase.cost + extra);
    }
    if (length == 0) break;
  }
  BooleanFilters(at);
}

/// "cancelled flights", "not active".
void FragmentParser::BooleanFilters(size_t at) {
  const size_t no = Phrase(at, kValueFiltersNot);
  const size_t lead_boolean = no > 0 ? no : Phrase(at, kValueFiltersYes);
  const size_t hyphen = no > 0 && Word(at + lead_boolean) == "-" ? 1 : 0;  // "non-stop"
  for (const Link& link : LinksAt(SkipDeterminers(at + lead_boolean + hyphen))) {
    const Dimension* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
    if (dimension == nullptr || dimension->value_type != ValueType::kBoolean) continue;
    Fragment& fragment = Add(FragmentKind::kFilter, at, link.end, link.cost + 0.02);
    if (!link.note.empty()) fragment.notes.push_back(link.note);
    fragment.filters = {One({.field = link.field, .op = FilterOperator::kIn, .values = {no == 0}})};
    OfRole(at, link.end, fragment.filters[0].any_of[0], link.cost);
  }
}

/// "whose country is Germany", "with distance over 1000", "name starts with A", "email is missing".
void FragmentParser::DimensionFilters(size_t at) {
  const size_t lead = Phrase(at, kDimensionFiltersLeads);
  MissingFilters(at);
  for (const size_t length : {std::max(lead, Has(at)), size_t{0}}) {
    for (const Link& link : LinksAt(SkipDeterminers(at + length))) {
      if (link.kind != LinkKind::kDimension || link.verb) continue;
      if (length > 0 && Word(at) == "whose" && IsOfAnother(at, link)) continue;
      DimensionPhrase phrase{.end = link.end, .cost = link.cost, .use = DimensionUse{.field = link.field}};
      phrase.plural = link.plural;
      if (!link.note.empty()) phrase.notes.push_back(link.note);
      TextFilter(phrase.end, at, phrase);
      NumberFilters(phrase.end, at, phrase);
    }
    if (length == 0) break;
  }
  for (const size_t length : {Phrase(at, kValueFiltersPrepositions), size_t{0}}) {  // "in hotel Lisbon"
    for (const Link& link : LinksAt(SkipDeterminers(at + length))) {
      for (const ValuePhrase& value : link.plural ? std::vector<ValuePhrase>{} : Values(link.end)) {
        if (!IsNamedBy(link, value.field)) continue;
        Fragment& fragment = Add(FragmentKind::kFilter, at, value.end, link.cost + value.cost, value.notes);
        fragment.filters = {One({.field = value.field, .values = value.values})};
      }
    }
    if (length == 0) break;
  }
  // "over 1000 miles": a dimension known by its unit; "more than 100 seats": by its name behind the number.
  const size_t had = Has(at);
  for (const size_t length : {std::max(had, Phrase(at, kDimensionFiltersWith)), size_t{0}}) {
    for (const ComparePhrase& compare : Comparisons(at + length)) {
      if (length == 0 || length != had) UnitFilter(at, compare);  // What was paid is no price of who pays.
      for (const Link& link : LinksAt(compare.end)) {
        const Dimension* dimension =
            link.kind == LinkKind::kDimension && !link.verb ? DimensionOf(link.field) : nullptr;
        if (dimension == nullptr || dimension->type == DimensionType::kTime) continue;
        if (!IsMeasured(link.field)) continue;
        const auto operand = Operand(compare, dimension->format, compare.operand);
        if (!operand) continue;
        Fragment& fragment = Add(FragmentKind::kFilter, at, link.end, link.cost + 0.03);
        Filter filter{.field = link.field,
                      .op = OperatorOf(compare.op),
                      .values = {NumberLiteral(*operand, dimension->value_type)}};
        if (compare.op == CompareOperator::kBetween)
          filter.values.push_back(NumberLiteral(compare.upper, dimension->value_type));
        fragment.filters = {One(std::move(filter))};
      }
    }
    if (length == 0) break;
  }
  for (const AdjectiveWords& entry : kUnitAdjectives) {  // "heavier than 200 kg": the unit says which number.
    const std::string_view phrase[] = {entry.words};
    const size_t length = Phrase(at, phrase);
    if (length == 0 || IsAgeInTime(at, at + length)) continue;
    for (ComparePhrase compare : Comparisons(at + length)) UnitFilter(at, compare);
    if (const auto number = ParseNumber(From(at + length)); number && !number->ordinal && entry.op)
      UnitFilter(
          at, {.end = at + length + number->tokens, .op = *entry.op, .operand = number->value, .unit = number->unit});
  }
  WithSome(at);
  Signs(at);
  InTheName(at);
  Given(at);
}

/// Whether the words before name another entity than the link's, which has a field of these words, too: "accounts whose
/// name" is not the name of an employee.
bool FragmentParser::IsOfAnother(size_t at, const Link& link) const {
  for (size_t begin = at > 3 ? at - 3 : 0; begin < at; ++begin) {
    for (const Link& owner : LinksAt(begin)) {
      if (owner.end != at || owner.kind != LinkKind::kEntity || owner.verb || owner.name == link.field.entity) continue;
      const auto own = [&](const Link& other) {
        return other.kind == LinkKind::kDimension && other.end == link.end && other.field.entity == owner.name;
      };
      if (std::ranges::any_of(LinksAt(link.begin), own)) return true;
    }
  }
  return false;
}

/// "with a negative balance".
void FragmentParser::Signs(size_t at) {
  size_t next = SkipDeterminers(at + Phrase(at, kDimensionFiltersLeads));
  const bool negative = Word(next) == "negative";
  if (!negative && Word(next) != "positive") return;
  for (const Link& link : LinksAt(next + 1)) {
    const Dimension* dimension = link.kind == LinkKind::kDimension && !link.verb ? DimensionOf(link.field) : nullptr;
    if (dimension == nullptr || !IsMeasured(link.field)) continue;
    Fragment& fragment = Add(FragmentKind::kFilter, at, link.end, link.cost + 0.01);
    fragment.filters = {One({.field = link.field,
                             .op = negative ? FilterOperator::kLess : FilterOperator::kGreater,
                             .values = {NumberLiteral(0, dimension->value_type)}})};
  }
}

/// "loans over 100,000": by the one number that says how large such a thing is.
void FragmentParser::SizeFilters(size_t at) {
  for (size_t begin = at > 3 ? at - 3 : 0; begin < at; ++begin) {
    for (const Link& link : LinksAt(begin)) {
      if (link.end != at || link.kind != LinkKind::kEntity || link.verb) continue;
      FieldRef field = SizeOf(link.name);
      const bool worth = Is(at, {"worth", "costing"});
      if (worth && field.name.empty()) field = AmountOf(link.name);
      const Dimension* dimension = DimensionOf(field);
      if (dimension == nullptr) continue;
      for (const ComparePhrase& compare : Comparisons(worth ? at + 1 : at)) {
        const auto operand = Operand(compare, dimension->format, compare.operand);
        if (!operand || !LinksAt(compare.end).empty()) continue;
        Fragment& fragment = Add(FragmentKind::kFilter, at, compare.end, 0.1,
                                 {fmt::format("the number is compared with {}", dimension->label)});
        Filter filter{
            .field = field, .op = OperatorOf(compare.op), .values = {NumberLiteral(*operand, dimension->value_type)}};
        if (compare.op == CompareOperator::kBetween)
          filter.values.push_back(NumberLiteral(compare.upper, dimension->value_type));
        fragment.filters = {One(std::move(filter))};
      }
    }
  }
}

/// The dimension that the only sum of an entity adds up; none where there are several, or where the entity is looked up
/// by others (what makes a customer large is open).
FieldRef FragmentParser::SizeOf(std::string_view name) const {
  const semantic::Entity* entity = semantic::FindEntity(model_, name);
  if (entity == nullptr) return {};
  const semantic::Measure* size = nullptr;
  for (const semantic::Measure& measure : entity->measures) {
    if (measure.hidden || measure.aggregation != semantic::Aggregation::kSum) continue;
    const auto column_of = [](const semantic::Measure& one) { return one.expr.empty() ? one.name : one.expr; };
    if (size != nullptr && column_of(*size) != column_of(measure)) return {};
    if (size == nullptr || !size->filter.empty()) size = &measure;
  }
  const bool is_looked_up = std::ranges::any_of(
      model_.joins, [&](const semantic::Join& join) { return EqualsIgnoringCase(join.to, entity->name); });
  if (size == nullptr || is_looked_up) return {};
  const auto column = [](const auto& member) { return member.expr.empty() ? member.name : member.expr; };
  for (const Dimension& dimension : entity->dimensions) {
    const FieldRef field{entity->name, dimension.name};
    if (!dimension.hidden && column(dimension) == column(*size) && IsMeasured(field)) return field;
  }
  return {};
}

void FragmentParser::TextFilter(size_t at, size_t begin, const DimensionPhrase& dimension) {
  const FieldRef& field = dimension.use->field;
  const Dimension* kind = DimensionOf(field);
  if (kind == nullptr) return;
  size_t next = at;
  for (const TextFilterWords& entry : kTextFilterWords) {
    const std::string_view phrase[] = {entry.words};
    const size_t length = Phrase(at, phrase);
    next = at + length;
    if (Is(next, {"the"})) ++next;
    if (Is(next, {"letter", "letters", "word", "text", "string"})) ++next;
    if (length == 0 || kind->value_type != ValueType::kText || next >= tokens_.size() ||
        tokens_[next].kind == TokenKind::kSymbol)
      continue;
    size_t end = next + 1;
    std::string literal = tokens_[next].text;  // "B-101" is one.
    while (end < tokens_.size() && tokens_[end].glued && !Is(end, {"?", ".", "!", ",", ";", ")"}))
      literal += tokens_[end++].text;
    Fragment& fragment = Add(FragmentKind::kFilter, begin, end, dimension.cost, dimension.notes);
    fragment.filters = {One({.field = field, .op = entry.op, .values = {literal}})};
  }
  for (const TextFilterNulls& entry : kTextFilterNulls) {
    const std::string_view phrase[] = {entry.words};
    if (const size_t length = Phrase(at, phrase); length > 0) {
      Fragment& fragment = Add(FragmentKind::kFilter, begin, at + length, dimension.cost, dimension.notes);
      fragment.filters = {
          One({.field = field, .op = entry.null ? FilterOperator::kIsNull : FilterOperator::kIsNotNull})};
    }
  }
  const size_t negated = Phrase(at, kTextFilterIsNot);
  const size_t is = negated > 0 ? negated : Phrase(at, kTextFilterIs);
  for (const ValuePhrase& value : Values(at + is)) {
    const bool same = value.field.name == field.name;
    // "where the referrer is a junior", "whose supplier is German": of the one that is named.
    const bool own = IsLabelField(field) && (is > 0 || negated > 0) && value.field.via.empty();
    if (value.field.entity != field.entity || (!same && !own)) continue;
    if (!same) {
      size_t end = value.end;
      for (const Link& noun : LinksAt(end)) {
        if (noun.kind == LinkKind::kEntity && !noun.verb && noun.name == field.entity) end = std::max(end, noun.end);
      }
      Fragment& fragment = Add(FragmentKind::kFilter, begin, end, dimension.cost + value.cost + 0.02, value.notes);
      fragment.filters = {One({.field = {field.entity, value.field.name, field.via},
                               .op = negated > 0 ? FilterOperator::kNotIn : FilterOperator::kIn,
                               .values = value.values})};
      continue;
    }
    Fragment& fragment = Add(FragmentKind::kFilter, begin, value.end, dimension.cost + value.cost - 0.01, value.notes);
    FieldRef said = field;
    if (said.via.empty()) said.via = value.field.via;
    fragment.filters = {
        One({.field = said, .op = negated > 0 ? FilterOperator::kNotIn : FilterOperator::kIn, .values = value.values})};
    fragment.listed = value.conjunction;
  }
  // A value that no index holds, said outright: in quotes, or with digits behind the dimension's name.
  const size_t literal = at + is;
  if (literal >= tokens_.size() || kind->value_type != ValueType::kText) return;
  const Token& token = tokens_[literal];
  const bool code = token.kind == TokenKind::kWord && token.word.find_first_of("0123456789@") != std::string::npos;
  if (token.kind != TokenKind::kQuoted && !code) return;
  std::vector<std::string> problems;  // "per payer in FY25" names no payer.
  if (code && (!ParseTime(From(literal), time_, problems).empty() || !problems.empty())) return;
  for (const Link& link : LinksAt(literal)) {
    if (link.kind == LinkKind::kValue && link.field.name == field.name && link.field.entity == field.entity) return;
  }
  Fragment& fragment = Add(FragmentKind::kFilter, begin, literal + 1, dimension.cost + 0.05, dimension.notes);
  fragment.filters = {
      One({.field = field, .op = negated > 0 ? FilterOperator::kNotIn : FilterOperator::kIn, .values = {token.text}})};
}

/// "with GmbH in the name", "have “green” in their name".
void FragmentParser::InTheName(size_t at) {
  const size_t lead = Phrase(at, kInTheNameLeads);
  const size_t literal = at + lead;
  if (lead == 0 || literal + 2 >= tokens_.size() || tokens_[literal].kind == TokenKind::kSymbol) return;
  if (Word(literal + 1) != "in") return;
  const size_t noun = SkipDeterminers(literal + 2);
  for (const Link& link : LinksAt(noun)) {
    const Dimension* dimension = link.kind == LinkKind::kDimension && !link.verb ? DimensionOf(link.field) : nullptr;
    if (dimension == nullptr || dimension->value_type != ValueType::kText || dimension->type == DimensionType::kTime)
      continue;
    const bool of_another = IsOfAnother(at, link);
    Fragment& fragment = Add(FragmentKind::kFilter, at, link.end, link.cost + (of_another ? 0.32 : 0.02));
    if (!link.note.empty()) fragment.notes.push_back(link.note);
    fragment.filters = {One({.field = link.field, .op = FilterOperator::kContains, .values = {tokens_[literal].text}})};
  }
}

void FragmentParser::NumberFilters(size_t at, size_t begin, const DimensionPhrase& dimension) {
  const FieldRef& field = dimension.use->field;
  const Dimension* kind = DimensionOf(field);
  if (kind == nullptr || kind->type == DimensionType::kTime) return;
  if (kind->value_type != ValueType::kInteger && kind->value_type != ValueType::kNumber) return;
  size_t next = at;
  if (Is(next, {"is", "was", "are", "were", "of"})) ++next;
  const auto add = [&](size_t end, FilterOperator op, std::vector<Literal> values) {
    Fragment& fragment = Add(FragmentKind::kFilter, begin, end, dimension.cost, dimension.notes);
    fragment.filters = {One({.field = field, .op = op, .values = std::move(values)})};
  };
  const auto unit_at = [&](size_t end) -> UnitPhrase {
    const bool pieces = kind->format.unit.empty() && Is(end, {"pieces", "units", "items", "points", "credits"});
    return pieces ? UnitPhrase{.tokens = 1} : UnitAt(end, kind->format.unit).value_or(UnitPhrase{});
  };
  if (IsYear(*kind)) {  // "built before 1980"
    using enum FilterOperator;
    const auto year = ParseNumber(From(next + 1));
    const bool is_year = year && year->value >= 1000 && year->value < 3000 && !year->ordinal;
    const std::optional<FilterOperator> op = Is(next, {"before"})          ? std::optional(kLess)
                                             : Is(next, {"after"})         ? std::optional(kGreater)
                                             : Is(next, {"since", "from"}) ? std::optional(kGreaterOrEqual)
                                             : Is(next, {"until", "by"})   ? std::optional(kLessOrEqual)
                                             : Is(next, {"in"})            ? std::optional(kIn)
                                                                           : std::nullopt;
    if (op && is_year) add(next + 1 + year->tokens, *op, {NumberLiteral(year->value, kind->value_type)});
  }
  for (const ComparePhrase& compare : Comparisons(next)) {
    if (!IsMeasured(field) && compare.op != CompareOperator::kEqual && compare.op != CompareOperator::kNotEqual)
      continue;
    const auto operand = Operand(compare, kind->format, compare.operand);
    if (!operand) continue;
    const UnitPhrase unit = unit_at(compare.end);
    std::vector<Literal> values{NumberLiteral(*operand * unit.factor, kind->value_type)};
    if (compare.op == CompareOperator::kBetween)
      values.push_back(NumberLiteral(compare.upper * unit.factor, kind->value_type));
    add(compare.end + unit.tokens, OperatorOf(compare.op), std::move(values));
  }
  if (const auto number = ParseNumber(From(next)); number && !number->ordinal && number->unit == NumberUnit::kPercent) {
    const ComparePhrase percent{.unit = NumberUnit::kPercent};
    if (const auto value = Operand(percent, kind->format, number->value))
      add(next + number->tokens, FilterOperator::kIn, {NumberLiteral(*value, kind->value_type)});
  } else if (number && !number->ordinal && number->unit == NumberUnit::kNone &&
             (IsMeasured(field) || !dimension.plural)) {  // "reviews of 2025" are no review of that number.
    const UnitPhrase unit = unit_at(next + number->tokens);
    add(next + number->tokens + unit.tokens, FilterOperator::kIn,
        {NumberLiteral(number->value * unit.factor, kind->value_type)});
  }
}

}  // namespace neurolake::ask
