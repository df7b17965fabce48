#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_fragments.h"
#include "common/text.h"

namespace neurolake::ask {

std::vector<FragmentParser::DimensionList> FragmentParser::DimensionLists(size_t at) const {
  std::vector<DimensionList> lists;
  std::vector<DimensionList> open{{.end = at}};
  for (int depth = 0; depth < 4 && !open.empty(); ++depth) {
    std::vector<DimensionList> next;
    for (const DimensionList& list : open) {
      size_t from = list.end;
      if (depth > 0) {
        if (Word(from) == ",") ++from;
        if (Is(from, {"and", "then", "&", "x", "und", "plus"})) ++from;
        if (Is(from, {"then", "also"})) ++from;
        if (from == list.end) continue;
        if (Is(from, {"by", "per", "nach", "for"}) && !(Word(from) == "for" && Word(from + 1) != "each")) ++from;
        if (Is(from, {"each", "every"})) ++from;
      }
      const auto times = depth > 0 ? ParseTime(From(from), time_, problems_) : std::vector<TimePhrase>{};
      for (DimensionPhrase& phrase : Dimensions(from)) {
        if (phrase.grain && list.grain) continue;
        std::vector<std::string> problems;  // "by channel, reviews of 2025"
        const bool restarts = depth > 0 && Word(from - 1) == "," && phrase.plural && !EntityNamed(phrase).empty() &&
                              !ParseTime(From(phrase.end), time_, problems).empty();
        if (restarts) continue;
        const bool is_time = phrase.grain && std::ranges::any_of(times, [&](const TimePhrase& time) {
                               return time.tokens > phrase.end - from;  // "by tariff, fiscal year 2024"
                             });
        const bool aside = depth > 0 && Word(from - 1) == "," && !phrase.entity.empty() && phrase.plural;
        if (is_time || (aside && !Is(phrase.end, {"and", ",", "&"}))) continue;  // "by carrier, parcels shipped in May"
        const auto* number = phrase.use ? DimensionOf(phrase.use->field) : nullptr;
        const bool is_unit = phrase.grain ? phrase.plural : number != nullptr && UnitAt(from, number->format.unit);
        if (depth > 0 && Word(from - 1) == "," && is_unit && phrase.end == from + 1) continue;  // "…, minutes"
        DimensionList longer = list;
        longer.end = phrase.end;
        longer.cost += phrase.cost;
        if (phrase.grain) {
          longer.grain = phrase.grain;
          longer.time_field = phrase.time_field;
        } else {
          if (std::find(longer.uses.begin(), longer.uses.end(), *phrase.use) != longer.uses.end()) continue;
          longer.uses.push_back(*phrase.use);
          longer.entity = depth == 0 && !phrase.plural ? EntityNamed(phrase) : "";
        }
        longer.notes.insert(longer.notes.end(), phrase.notes.begin(), phrase.notes.end());
        next.push_back(std::move(longer));
      }
    }
    lists.insert(lists.end(), next.begin(), next.end());
    open = std::move(next);
    if (open.size() > 24) open.resize(24);
  }
  return lists;
}

void FragmentParser::Groups(size_t at) {
  const bool is_value =
      std::any_of(LinksAt(at).begin(), LinksAt(at).end(), [&](const Link& link) {  // "the pro plan", "pro customers"
        const bool is_name = link.kind == LinkKind::kValue || link.kind == LinkKind::kDimension;
        return is_name && link.note.empty() && !link.verb && !Is(at, {"by", "across"});
      });
  const bool foreign = Is(at, {"pro", "par", "nach"}) && !LinksAt(at).empty();  // "pro members"
  const size_t by = is_value || foreign ? 0 : Phrase(at, kGroupsBy);
  const size_t each = Phrase(at, kGroupsEach);
  const auto add = [&](size_t length, bool is_each, double extra) {
    for (DimensionList& list : DimensionLists(at + length)) {
      const bool whom = Word(at) == "among" && list.uses.size() == 1 && !list.grain;
      if (whom && IsLabelField(list.uses[0].field)) continue;  // "among our students" says of whom.
      size_t end = list.end;
      const bool agent = std::ranges::any_of(
          found_, [&](const Fragment& one) { return one.kind == FragmentKind::kEntity && one.each && one.end == end; });
      if (Is(end, {"wise"})) ++end;
      if (Is(end, {"separately", "individually"})) ++end;
      Fragment& fragment = Add(FragmentKind::kGroup, at, end, list.cost + extra + (agent ? 0.4 : 0), list.notes);
      fragment.dimensions = list.uses;
      fragment.grain = list.grain;
      fragment.field = list.time_field;
      fragment.each = is_each;
      const bool measured = std::ranges::any_of(
          list.uses, [&](const DimensionUse& use) { return use.field.entity.empty() ? false : IsMeasured(use.field); });
      if (is_each && measured && IsManyOf(list.uses[0].field))
        fragment.cost += 0.6;  // "bookings per room" divides by a number, and splits by none.
      fragment.entity = is_each ? list.entity : "";
    }
  };
  for (DimensionList& list : at == 0 ? DimensionLists(0) : std::vector<DimensionList>{}) {  // "plan x region: revenue"
    if (Word(list.end) != ":") continue;
    Fragment& fragment = Add(FragmentKind::kGroup, 0, list.end + 1, list.cost + 0.02, list.notes);
    fragment.dimensions = list.uses;
    fragment.grain = list.grain;
    fragment.field = list.time_field;
  }
  if (by > 0) add(by, false, Word(at) == "over" ? 0.1 : 0);
  if (each > 0) add(each, true, Word(at) == "for" && Word(at + 1) == "all" ? 0.05 : 0);
  // "region wise", "monthly", "over time"
  if (by == 0 && each == 0) {
    for (const DimensionPhrase& phrase : Dimensions(at)) {
      if (Word(phrase.end) != "wise") continue;
      Fragment& fragment = Add(FragmentKind::kGroup, at, phrase.end + 1, phrase.cost, phrase.notes);
      if (phrase.use) fragment.dimensions = {*phrase.use};
      fragment.grain = phrase.grain;
    }
  }
  const size_t adverb = Is(at, {"on"}) && Word(at + 1) == "a" ? at + 2 : at;
  if (const auto grain = ParseGrainAdverb(Word(adverb))) {
    size_t end = adverb + 1;
    if (adverb != at && Word(end) == "basis") ++end;
    if (adverb == at || end > adverb + 1) {
      Fragment& fragment = Add(FragmentKind::kGroup, at, end, 0);
      fragment.grain = *grain;
    }
  }
  size_t unit = 0;  // "month by month"
  if (const auto grain = ParseGrain(From(at), unit);
      grain && Is(at + unit, {"by", "for"}) && Word(at) == Word(at + unit + 1))
    Add(FragmentKind::kGroup, at, at + 2 * unit + 1, 0).grain = *grain;
  if (const size_t length = Phrase(at, kGroupsOverTime); length > 0) {
    Fragment& fragment = Add(FragmentKind::kGroup, at, at + length, 0.1, {"over time is read as by month"});
    fragment.grain = TimeGrain::kMonth;
  }
}

void FragmentParser::Which(size_t at) {
  const size_t length = Phrase(at, kWhichWhich);
  const bool of_each =
      Word(at) == "the" && at >= 3 && (Is(at - 2, {"each", "every", "per"}) || Is(at - 3, {"each", "every"}));
  if (length == 0 && at > 0 && !of_each) return;  // "for each site the machine with the most stops"
  const bool asks = length > 0 && Word(at + length - 1) != "the" && !Is(at, {"list", "find", "show", "name"});
  size_t noun = at + length;
  const auto number = ParseNumber(From(noun));
  const bool counted = number && !number->ordinal && number->value >= 1 && number->value <= 1000;
  if (counted) noun += number->tokens;
  for (DimensionList& list : DimensionLists(noun)) {
    if (Is(at, {"who"}) && !list.uses.empty() && IsYesOrNo(list.uses[0].field)) continue;  // "who subscribed"
    Fragment& fragment = Add(FragmentKind::kWhich, at, list.end, list.cost + (asks ? 0 : 0.04), list.notes);
    fragment.dimensions = list.uses;
    fragment.grain = list.grain;
    fragment.field = list.time_field;
    fragment.n = counted ? static_cast<int64_t>(number->value) : 0;
    fragment.plural = Singular(Word(list.end - 1)) != Word(list.end - 1);
    fragment.difference = length == 0;
    fragment.each = !asks;
    const bool measured = std::ranges::any_of(
        list.uses, [&](const DimensionUse& use) { return !use.field.entity.empty() && IsMeasured(use.field); });
    if (measured && !asks) fragment.cost += 0.6;  // "planned quantity of orders that …" asks for the number.
    if (length == 0 && Is(list.end, {",", "and", "&"})) fragment.cost += 0.3;  // "visits, cost and …" lists numbers.
    // "carriers with …", "the carrier with …"
    if (length == 0 && !fragment.plural && !counted && !Is(list.end, {"with", "that", "having", "which"}))
      found_.pop_back();
  }
}

}  // namespace neurolake::ask
