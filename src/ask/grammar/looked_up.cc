#include <set>

#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"

namespace neurolake::ask {

using semantic::Dimension;
using semantic::ValueType;

/// "work order 40123", "ticket no. 17": one row, by the number that rows are told apart by.
void FragmentParser::Identified(size_t at) {
  size_t next = at;
  if (Is(next, {"number", "no", "nr", "id", "#", "num"})) ++next;
  if (next > at && Word(next) == ".") ++next;
  if (next > at && Word(next) == "#") ++next;
  if (next >= tokens_.size() || tokens_[next].kind != TokenKind::kNumber || at == 0) return;
  std::vector<std::string> problems;
  const bool said = next > at;
  if (!said && !ParseTime(From(next), time_, problems).empty()) return;  // "downtime 2025" is no stop of that number.
  const auto number = ParseNumber(From(next));
  const bool whole = number && !number->ordinal && number->unit == NumberUnit::kNone &&
                     number->value == static_cast<double>(static_cast<int64_t>(number->value));
  if (!whole) return;
  for (size_t begin = at > 4 ? at - 4 : 0; begin < at; ++begin) {
    for (const Link& link : LinksAt(begin)) {
      if (link.end != at || link.kind != LinkKind::kEntity || link.verb || link.plural) continue;
      const auto* entity = semantic::FindEntity(model_, link.name);
      const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
      if (label == nullptr || !IsNumeric(*label)) continue;
      Fragment& fragment = Add(FragmentKind::kFilter, at, next + number->tokens, 0.01);
      fragment.filters = {{.any_of = {{.field = {entity->name, label->name},
                                       .values = {NumberLiteral(number->value, label->value_type)}}}}};
    }
  }
}

/// "at the end of each quarter": the level at the end of each.
void FragmentParser::EndsOfEach(size_t at) {
  static constexpr std::string_view kLeads[] = {"at the end of each",
                                                "at the end of every",
                                                "by the end of each",
                                                "as of the end of each",
                                                "the end of each",
                                                "end of each",
                                                "end of every",
                                                "on the last day of each",
                                                "at each",
                                                "at every",
                                                "as of each",
                                                "on the last day of every"};
  const size_t length = Phrase(at, kLeads);
  size_t used = 0;
  const auto grain = length > 0 ? ParseGrain(From(at + length), used) : std::nullopt;
  if (!grain) return;
  size_t end = at + length + used;
  const bool says_end = Is(at + length - 2, {"of"});
  if (!says_end && !Is(end, {"end"})) return;
  if (Is(end, {"end"})) ++end;
  Fragment& fragment = Add(FragmentKind::kGroup, at, end, 0);
  fragment.grain = *grain;
  fragment.role = true;  // Of levels alone.
}

/// "for other reasons than setup and maintenance", "any type but lathes": all values of a field but some.
void FragmentParser::OtherThan(size_t at) {
  size_t noun = at + (Is(at, {"for", "in", "with", "of", "from", "on", "by", "at"}) ? 1 : 0);
  if (Is(noun, {"a", "any", "all"})) ++noun;
  const bool other = Is(noun, {"other", "another", "different"});
  const bool any = noun > at && Is(noun - 1, {"any", "all"});
  if (other) ++noun;
  if (!other && !any) return;
  for (const Link& link : LinksAt(noun)) {
    if (link.kind != LinkKind::kDimension || link.verb) continue;
    const bool but = other ? Is(link.end, {"than", "from"})
                           : Is(link.end, {"but", "except"}) || (Is(link.end, {"other"}) && Is(link.end + 1, {"than"}));
    if (!but) continue;
    for (const ValuePhrase& phrase : Values(Is(link.end, {"other"}) ? link.end + 2 : link.end + 1)) {
      if (phrase.field.entity != link.field.entity || phrase.field.name != link.field.name) continue;
      Fragment& fragment = Add(FragmentKind::kFilter, at, phrase.end, link.cost + phrase.cost, phrase.notes);
      fragment.filters = {{.any_of = {{.field = phrase.field, .op = FilterOperator::kNotIn, .values = phrase.values}}}};
    }
  }
}

/// "planned versus unplanned", "external and internal": both sides of what is yes or no, side by side.
void FragmentParser::BooleanVersus(size_t at) {
  static constexpr std::string_view kVersus[] = {"versus",        "vs",  "vs .", "against", "compared to",
                                                 "compared with", "and", "or",   "to",      "/"};
  const size_t lead = Is(at, {"compare"}) ? 1 : 0;
  static constexpr std::string_view kOthers[] = {
      "others",        "the others",         "the rest",    "all others",     "all the others",
      "everyone else", "everybody else",     "other ones",  "the other ones", "rest",
      "the remaining", "the remaining ones", "all the rest"};
  const auto side = [&](size_t place) {  // "non-stop"
    return Is(place, {"not", "non", "no"}) ? (Word(place + 1) == "-" ? 2 : 1) : 0;
  };
  const auto behind_noun = [&](size_t place, std::string_view entity) {  // "pro customers", "non-pro customers"
    size_t end = place;
    for (const Link& noun : LinksAt(place)) {
      if (noun.kind == LinkKind::kEntity && !noun.verb && noun.name == entity) end = std::max(end, noun.end);
    }
    return end;
  };
  const size_t first_no = static_cast<size_t>(side(at + lead));
  for (const Link& first : LinksAt(at + lead + first_no)) {
    const Dimension* dimension = first.kind == LinkKind::kDimension && !first.verb ? DimensionOf(first.field) : nullptr;
    if (dimension == nullptr || dimension->value_type != ValueType::kBoolean) continue;
    const size_t first_end = behind_noun(first.end, first.field.entity);
    const size_t versus = Phrase(first_end, kVersus);
    const size_t second = first_end + versus;
    if (versus == 0) continue;
    if (const size_t rest = Phrase(second, kOthers); rest > 0 && !Is(first_end, {"or", "to"})) {
      Fragment& fragment = Add(FragmentKind::kGroup, at, behind_noun(second + rest, first.field.entity), first.cost);
      fragment.dimensions = {{.field = first.field}};
    }
    const size_t second_no = static_cast<size_t>(side(second));
    if ((first_no > 0) == (second_no > 0)) continue;
    for (const Link& other : LinksAt(second + second_no)) {
      if (other.kind != LinkKind::kDimension || other.field != first.field) continue;
      for (const size_t end : std::set<size_t>{other.end, behind_noun(other.end, first.field.entity)})
        Add(FragmentKind::kGroup, at, end, first.cost + other.cost).dimensions = {{.field = first.field}};
    }
  }
}

}  // namespace neurolake::ask
