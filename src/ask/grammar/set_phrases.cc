#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_filters.h"
#include "ask/grammar/internal/words_of_outputs.h"
#include "ask/link/join_paths.h"

namespace neurolake::ask {

/// The entity behind a verb or an object, with what limits it: "ordered", "placed an order", "bought Tea and Coffee".
void FragmentParser::SetVerb(size_t at, size_t begin, bool negated, bool needs_object) {
  size_t noun = at;
  const size_t making = Phrase(at, kSetVerbMaking);
  if (making > 0) {
    const size_t object = Phrase(at + making, kSetVerbObjects);
    if (object == 0 && !negated) return;  // "had orders" is left to other phrases: it might be counted.
    noun = at + making + object;
  } else if (needs_object) {
    return;
  }
  if (Is(noun, {"ever", "yet"})) ++noun;
  for (const Link& link : LinksAt(noun)) {
    if (link.event || (link.kind != LinkKind::kEntity && !(link.kind == LinkKind::kDimension && link.verb))) continue;
    if (Word(link.end) == "by" && making == 0 && !negated) continue;  // "ordered by revenue" sorts.
    const std::string related = link.kind == LinkKind::kEntity ? link.name : link.field.entity;
    if (making == 0 && link.kind == LinkKind::kEntity && !link.verb && !negated && !Is(noun, {"bought", "buy"}) &&
        !Word(noun).ends_with("ed")) {
      continue;
    }
    if (making == 0 && Is(link.end, {"the"}) && Is(link.end + 1, {"most", "fewest", "least", "highest", "lowest"}))
      continue;  // "worked the most hours" ranks.
    SetCondition set{.related = related, .negated = negated};
    if (link.kind == LinkKind::kDimension) set.time_field = link.field;
    size_t end = link.end;
    const bool is_role = link.kind == LinkKind::kEntity && link.verb &&
                         std::ranges::any_of(LinksAt(noun), [&](const Link& other) {  // "that left": not a review.
                           return other.kind == LinkKind::kDimension && other.verb && IsTime(other.field);
                         });
    if (is_role && ObjectOf(link, end) == end) continue;
    if (Word(end) == "nothing" && !negated) set.negated = true, ++end;  // "suppliers that sold nothing"
    else if (link.verb) end = ObjectOf(link, end);
    if (Is(end, {"with", "from", "at"}) && Word(end + 1) == "us") end += 2;
    const bool stranded =
        link.verb && Is(end, {"from", "with", "at", "for", "to", "on"});  // "not ordered from in 2025"
    if (stranded && Is(end + 1, {"in", "since", "during", "last", "this", "so"})) ++end;
    if (link.verb && Is(end, {"to", "for", "on", "in"}) && (end + 1 >= tokens_.size() || Is(end + 1, {"?", "."})))
      ++end;
    if (Is(end, {"anything", "something", "once", "before", "yet"})) {
      if (Word(end) != "before" || end + 1 >= tokens_.size() || Is(end + 1, {"?", "."})) ++end;
    }
    const auto add = [&](size_t to, double cost, std::vector<SetCondition> sets, std::vector<std::string> notes) {
      Fragment& fragment = Add(FragmentKind::kSet, begin, to, link.cost + cost, std::move(notes));
      if (!link.note.empty()) fragment.notes.push_back(link.note);
      fragment.sets = std::move(sets);
    };
    add(end, 0, {set}, {});
    // A time right behind belongs to it, and so do values: "ordered Tea and Coffee in 2013".
    size_t values_at = end;
    for (int words = 0; words < 2 && Is(values_at, {"both", "either", "in", "from", "for", "at", "by", "with"});
         ++words)
      ++values_at;
    const bool says_both = Word(end) == "both" || (values_at == end + 2 && Word(end + 1) == "both");
    std::vector<SetHead> heads{{end, {set}}};
    for (const ValuePhrase& values : Values(values_at)) {
      std::vector<SetCondition> sets;
      const bool both = says_both || (values.conjunction && Word(end) != "either");
      for (size_t i = 0; i < (both ? values.values.size() : 1); ++i) {
        SetCondition one = set;
        Filter filter{.field = values.field, .values = values.values};
        if (both) filter.values = {values.values[i]};
        one.filters = {{.any_of = {std::move(filter)}}};
        sets.push_back(std::move(one));
      }
      if (negated && both && values.values.size() > 1) continue;  // Never one, or never all of them?
      size_t behind = values.end;                                 // "ridden both a Cargo and an Electric bike"
      for (const Link& noun : LinksAt(behind)) {
        if (noun.kind == LinkKind::kEntity && !noun.verb && noun.name == values.field.entity) behind = noun.end;
      }
      add(behind, values.cost, sets, values.notes);
      heads.emplace_back(behind, sets);
    }
    TimedSets(begin, link, negated, heads);
  }
}

/// The sets with the time right behind them.
void FragmentParser::TimedSets(size_t begin, const Link& link, bool negated, std::span<const SetHead> heads) {
  for (const auto& [from, sets] : heads) {
    if (!negated && sets.size() == 1) TwiceTimed(begin, Word(from) == "both" ? from + 1 : from, link, sets[0]);
    for (const TimePhrase& time : ParseTime(From(from), time_, problems_)) {
      auto timed = sets;
      for (SetCondition& one : timed) one.time = time.range;
      std::vector<std::string> notes;
      if (!time.assumption.empty()) notes.push_back(time.assumption);
      Fragment& fragment =
          Add(FragmentKind::kSet, begin, from + time.tokens, link.cost + time.cost - 0.005, std::move(notes));
      if (!link.note.empty()) fragment.notes.push_back(link.note);
      fragment.sets = std::move(timed);
    }
  }
}

/// "ordered in November and in December 2024": done in each of two times.
void FragmentParser::TwiceTimed(size_t begin, size_t at, const Link& link, const SetCondition& set) {
  for (const TimePhrase& first : ParseTime(From(at), time_, problems_)) {
    size_t next = at + first.tokens;
    if (!Is(next, {"and"})) continue;
    ++next;
    if (Is(next, {"again", "also"})) ++next;
    for (const TimePhrase& second : ParseTime(From(next), time_, problems_)) {
      const bool periods = first.unit && first.unit == second.unit && first.range.from && second.range.from;
      if (!periods) continue;
      std::vector<SetCondition> sets{set, set};
      TimeRange earlier = first.range;
      if (!first.named && second.named) {  // "in November and in December 2024": both of that year.
        const int64_t years = YearOf(*second.range.from) - YearOf(*first.range.from);
        earlier = {AddPeriods(*first.range.from, TimeGrain::kYear, years),
                   AddPeriods(*first.range.to, TimeGrain::kYear, years)};
      }
      if (earlier == second.range) continue;
      sets[0].time = earlier;
      sets[1].time = second.range;
      Fragment& fragment = Add(FragmentKind::kSet, begin, next + second.tokens, link.cost + 0.02);
      if (!link.note.empty()) fragment.notes.push_back(link.note);
      fragment.sets = std::move(sets);
    }
  }
}

/// "a sickness absence", "urgent orders": a thing with values of what it has before it. `begin` is behind articles.
std::vector<FragmentParser::NounPhrase> FragmentParser::LimitedNouns(size_t begin) const {
  std::vector<NounPhrase> found;
  std::vector<NounPhrase> open{{.end = begin}};
  for (int depth = 0; depth < 3 && !open.empty(); ++depth) {
    std::vector<NounPhrase> next;
    for (const NounPhrase& phrase : open) {
      for (const Link& link : LinksAt(phrase.end)) {
        if (link.kind != LinkKind::kEntity || link.verb) continue;
        const bool has_all = std::ranges::all_of(phrase.filters, [&](const FilterGroup& group) {
          return !ToOnePaths(model_, link.name, group.any_of[0].field.entity).empty();
        });
        if (!has_all) continue;
        NounPhrase made = phrase;
        made.entity = link.name;
        made.end = link.end;
        made.cost += link.cost;
        made.plural = link.plural;
        if (!link.note.empty()) made.notes.push_back(link.note);
        found.push_back(std::move(made));
      }
      const auto limit = [&](size_t end, double cost, Filter filter, const std::vector<std::string>& notes) {
        NounPhrase longer = phrase;
        longer.end = end;
        longer.cost += cost + 0.01;
        longer.filters.push_back({.any_of = {std::move(filter)}});
        longer.notes.insert(longer.notes.end(), notes.begin(), notes.end());
        next.push_back(std::move(longer));
      };
      for (const ValuePhrase& value : Values(phrase.end))
        limit(value.end, value.cost, {.field = value.field, .values = value.values}, value.notes);
      const size_t no = Is(phrase.end, {"not", "non"}) ? 1 : 0;
      for (const Link& link : LinksAt(phrase.end + no)) {
        const auto* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
        if (dimension != nullptr && dimension->value_type == semantic::ValueType::kBoolean)
          limit(link.end, link.cost, {.field = link.field, .values = {no == 0}}, {});
      }
      for (const ValuePhrase& value : no == 1 ? Values(phrase.end + 1) : std::vector<ValuePhrase>{})
        limit(value.end, value.cost, {.field = value.field, .op = FilterOperator::kNotIn, .values = value.values},
              value.notes);
    }
    open = std::move(next);
    if (open.size() > 16) open.resize(16);
  }
  return found;
}

/// The end of an object that says only what is always done so: "borrowed a book", "placed any orders".
size_t FragmentParser::ObjectOf(const Link& verb, size_t at) const {
  size_t noun = at + (Is(at, {"in", "for", "on", "to", "from"}) ? 1 : 0);
  const size_t one = Phrase(noun, kSetVerbObjects);
  if (noun > at && one == 0) return at;
  noun += one;
  while (Is(noun, {"a", "an", "any", "some", "the"})) ++noun;
  const std::string& done = verb.kind == LinkKind::kEntity ? verb.name : verb.field.entity;
  for (const Link& link : LinksAt(noun)) {
    if (link.kind != LinkKind::kEntity || link.verb || (noun == at && !link.plural)) continue;
    if (link.name == done || !ToOnePaths(model_, done, link.name).empty()) return link.end;
  }
  return at;
}

/// "neither a loan nor a card".
void FragmentParser::NeitherNouns(size_t at) {
  static constexpr std::string_view kNeither[] = {"with neither", "have neither",     "had neither",
                                                  "has neither",  "who have neither", "that have neither"};
  if (const size_t length = Phrase(at, kNeither); length > 0) {  // "neither a loan nor a card"
    const auto behind = [&](size_t place) { return place + (Is(place, {"a", "an", "any"}) ? 1 : 0); };
    for (const NounPhrase& first : LimitedNouns(behind(at + length))) {
      if (Word(first.end) != "nor") continue;
      for (const NounPhrase& second : LimitedNouns(behind(first.end + 1))) {
        Fragment& fragment = Add(FragmentKind::kSet, at, second.end, first.cost + second.cost, first.notes);
        fragment.notes.insert(fragment.notes.end(), second.notes.begin(), second.notes.end());
        fragment.sets = {{.related = first.entity, .negated = true, .filters = first.filters},
                         {.related = second.entity, .negated = true, .filters = second.filters}};
      }
    }
  }
}

/// "without damaged goods", "with a P1 ticket in 2025", "that have both gas and electricity meters".
void FragmentParser::SetNouns(size_t at) {
  NeitherNouns(at);
  const auto add_noun = [&](const NounPhrase& noun, bool negated, double extra, bool both) {
    std::vector<SetCondition> sets{{.related = noun.entity, .negated = negated, .filters = noun.filters}};
    if (both) {  // "both gas and electricity meters"
      const Filter values = noun.filters[0].any_of[0];
      sets.clear();
      for (const Literal& value : values.values) {
        Filter one = values;
        one.values = {value};
        sets.push_back({.related = noun.entity, .filters = {{.any_of = {std::move(one)}}}});
      }
    }
    Add(FragmentKind::kSet, at, noun.end, noun.cost + extra, noun.notes).sets = sets;
    for (const TimePhrase& time : ParseTime(From(noun.end), time_, problems_)) {
      for (SetCondition& one : sets) one.time = time.range;
      Fragment& timed = Add(FragmentKind::kSet, at, noun.end + time.tokens, noun.cost + extra, noun.notes);
      if (!time.assumption.empty()) timed.notes.push_back(time.assumption);
      timed.sets = sets;
    }
  };
  const auto add_timed = [&](const NounPhrase& noun, double extra) {
    for (const TimePhrase& time : ParseTime(From(noun.end), time_, problems_)) {
      Fragment& timed = Add(FragmentKind::kSet, at, noun.end + time.tokens, noun.cost + extra, noun.notes);
      if (!time.assumption.empty()) timed.notes.push_back(time.assumption);
      timed.sets = {{.related = noun.entity, .filters = noun.filters, .time = time.range}};
    }
  };
  if (const size_t length = Phrase(at, kSetsWithout); length > 0) {
    for (const NounPhrase& noun : LimitedNouns(at + length)) add_noun(noun, true, 0, false);
  }
  if (const size_t length = Phrase(at, kSetsWith); length > 0) {
    size_t begin = at + length;
    const bool both = Word(begin) == "both";
    const bool either = Word(begin) == "either";
    if (both || either) ++begin;
    const size_t object = both ? 0 : Phrase(begin, kSetVerbObjects);
    for (const NounPhrase& noun : LimitedNouns(begin + object)) {
      const bool listed = noun.filters.size() == 1 && noun.filters[0].any_of[0].values.size() > 1;
      const bool bare = object == 0 && noun.filters.empty();  // "with bookings in 2023"
      const bool timed = bare && !both && noun.plural && !ParseTime(From(noun.end), time_, problems_).empty();
      if (both ? !listed : object == 0 && (!noun.plural || (bare && !timed))) continue;
      if (timed) {
        add_timed(noun, 0.05);
        continue;
      }
      if (object > 0 && noun.filters.empty() && Word(at) != "with") continue;  // SetVerb has these.
      const bool any = either || Says(begin, noun.end, "or");
      if (listed && !both && !any) continue;  // Any of them, or all?
      add_noun(noun, false, object > 0 ? 0.01 : 0.05, both);
      std::vector<ValuePhrase> behind = Values(noun.end);
      if (const size_t lead = Phrase(noun.end, kValueFiltersPrepositions); lead > 0) {
        for (ValuePhrase& value : Values(noun.end + lead)) behind.push_back(std::move(value));
      }
      for (const ValuePhrase& value : behind) {
        if (both || value.field.entity != noun.entity) continue;  // "a travel policy in force"
        NounPhrase longer = noun;
        longer.end = value.end;
        longer.cost += value.cost;
        longer.filters.push_back({.any_of = {{.field = value.field, .values = value.values}}});
        longer.notes.insert(longer.notes.end(), value.notes.begin(), value.notes.end());
        add_noun(longer, false, object > 0 ? 0.01 : 0.05, false);
      }
    }
  }
}

/// "without orders", "who never ordered", "who bought A and B", "but not in the last 90 days".
void FragmentParser::Sets(size_t at) {
  SetNouns(at);
  if (const size_t length = Phrase(at, kSetsNever); length > 0) {
    size_t verb = at + length;
    if (Is(verb, {"ever", "yet", "been", "actually"})) ++verb;
    SetVerb(verb, at, true, false);
  }
  if (const size_t length = Phrase(at, kSetsDid); length > 0) SetVerb(at + length, at, false, false);
  SetVerb(at, at, false, Word(at) == "with");
  if (const size_t length = Phrase(at, kSetsNever); length > 0) {  // "never occurred as main diagnosis"
    size_t as = at + length;
    if (!Is(as, {"as"}) && LinksAt(as).empty()) ++as;
    if (Is(as, {"used", "been", "served", "acted", "listed", "named"})) ++as;
    const size_t noun = SkipDeterminers(as + 1);
    for (const Link& link : Is(as, {"as"}) ? LinksAt(noun) : std::vector<Link>{}) {
      const bool of_role = link.kind == LinkKind::kDimension && link.field.via.size() == 1;
      const std::string name = link.kind == LinkKind::kRole ? link.name : of_role ? link.field.via[0] : "";
      const semantic::Join* join = name.empty() ? nullptr : semantic::FindJoin(model_, name);
      if (join == nullptr) continue;
      Fragment& fragment = Add(FragmentKind::kSet, at, link.end, link.cost + 0.02);
      fragment.sets = {{.related = join->from, .related_via = {join->name}, .negated = true}};
    }
  }
  // "but not in the last 90 days": of the same thing as the set before.
  if (const size_t length = Phrase(at, kSetsNot); length > 0) {
    for (const TimePhrase& time : ParseTime(From(at + length), time_, problems_)) {
      Fragment& fragment = Add(FragmentKind::kSet, at, at + length + time.tokens, 0);
      if (!time.assumption.empty()) fragment.notes.push_back(time.assumption);
      fragment.sets = {{.negated = true, .time = time.range}};
    }
  }
}

}  // namespace neurolake::ask
