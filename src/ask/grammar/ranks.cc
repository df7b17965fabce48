#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_ranks.h"

namespace neurolake::ask {
namespace {

/// 1 for the large end, -1 for the small one, 0 for no superlative. `either` is set for best and worst: which end that
/// is depends on what is measured.
int Superlative(std::string_view word, bool& either) {
  either = word == "best" || word == "worst";
  static constexpr std::string_view kLarge[] = {
      "top",      "highest", "largest", "biggest", "greatest", "most",    "leading",  "strongest", "longest", "best",
      "heaviest", "maximum", "max",     "hochste", "grosste",  "topmost", "furthest", "farthest",  "busiest"};
  static constexpr std::string_view kSmall[] = {"bottom",   "lowest", "smallest", "fewest",  "least", "weakest",
                                                "shortest", "worst",  "lightest", "minimum", "min",   "nearest"};
  if (std::find(std::begin(kLarge), std::end(kLarge), word) != std::end(kLarge)) return 1;
  if (std::find(std::begin(kSmall), std::end(kSmall), word) != std::end(kSmall)) return -1;
  return 0;
}

}  // namespace

/// "top 5 carriers", "the 3 largest customers", "second largest region", "top 10".
void FragmentParser::Tops(size_t at) {
  size_t start = at + Phrase(at, kTopsLeads);
  const auto first_number = ParseNumber(From(start));
  size_t next = start;
  int64_t n = 0;
  bool nth = false;
  const auto take = [&](const std::optional<NumberPhrase>& number) {
    if (!number || number->unit != NumberUnit::kNone || number->value < 1 || number->value > 100'000) return false;
    n = static_cast<int64_t>(number->value);
    nth = number->ordinal;
    next += number->tokens;
    return true;
  };
  bool either = false;
  if (Superlative(Word(start), either) == 0) {
    if (!take(first_number)) return;
  }
  const size_t at_superlative = next;
  const int direction = Superlative(Word(next), either);
  bool frequent = Word(next) == "busiest";
  bool done = frequent;  // By what happened, and not by how many there are of a kind.
  const bool resized = at > 1 && Is(at - 1, {"it", "that", "to"}) && Is(at - 2, {"make", "change"});
  if (resized && direction == 0 && n > 0 && !nth) {  // "make it 10"
    Fragment& fragment = Add(FragmentKind::kTop, at, next, 0);
    fragment.n = n;
    fragment.difference = true;
    return;
  }
  if (direction == 0 && n > 0 && !nth && start == at && at > 0) return;
  if (direction != 0) {
    ++next;
    if (n == 0 && !nth) take(ParseNumber(From(next)));
    if (Is(next, {"performing", "ranked", "ranking", "used", "popular", "common", "frequent", "active", "visited",
                  "selling", "grossing", "earning"}) &&
        (LinksAt(next).empty() || Is(next, {"used", "selling"}))) {
      frequent = Is(next, {"used", "popular", "common", "frequent"});
      done = Is(next, {"used", "popular"});
      ++next;
    }
    bool ignored = false;
    if (n > 0 && Superlative(Word(next), ignored) == direction) ++next;  // "top 5 largest"
  } else if (nth) {
    return;
  }
  if (Is(next, {"%", "percent"})) return;  // The top 10 % are not a number of rows.
  Fragment shape{.kind = FragmentKind::kTop, .begin = at, .n = n, .nth = nth, .each = done};
  shape.judged = either && direction != 0;
  shape.role = shape.judged && Word(at_superlative) == "best";
  shape.frequent = frequent;
  shape.difference = direction == 0;  // No end said: a TopBy must say it.
  TopsOf(next, direction, shape);
}

/// The top ones of what is named at `next`, or of what the rest of the question names.
void FragmentParser::TopsOf(size_t next, int direction, const Fragment& shape) {
  const auto add = [&](size_t end, double cost, bool descending) -> Fragment& {
    Fragment& fragment = Add(FragmentKind::kTop, shape.begin, end, cost + (shape.judged ? 0.05 : 0));
    fragment.n = shape.n;
    fragment.nth = shape.nth;
    fragment.descending = descending;
    fragment.judged = shape.judged;
    fragment.role = shape.role;
    fragment.frequent = shape.frequent;
    fragment.each = shape.each;
    fragment.difference = shape.difference;
    return fragment;
  };
  for (const bool descending : {true, false}) {
    if (!shape.judged && descending != (direction >= 0)) continue;
    for (const DimensionPhrase& phrase : Dimensions(next)) {
      const bool is_number =
          direction != 0 && std::ranges::any_of(LinksAt(next), [&](const Link& other) {
            return other.kind == LinkKind::kMetric && other.end == phrase.end && other.note.empty() && !phrase.plural;
          });
      Fragment& fragment = add(phrase.end, phrase.cost + (is_number && !phrase.entity.empty() ? 0.3 : 0), descending);
      fragment.notes = phrase.notes;
      if (phrase.use) fragment.dimensions = {*phrase.use};
      fragment.grain = phrase.grain;
      fragment.field = phrase.time_field;
      fragment.plural = phrase.plural;
      fragment.entity = phrase.entity;
      if (shape.judged)
        fragment.notes.push_back(descending ? "best and worst are read as highest and lowest"
                                            : "best and worst are read as lowest and highest");
    }
    if (shape.n > 0 && direction != 0 && !shape.nth) add(next, 0.1, descending);
  }
}

/// "the most flights", "highest average delay", "with the lowest revenue".
void FragmentParser::TopBys(size_t at) {
  size_t next = at + Phrase(at, kTopBysLeads);
  for (const Link& link : LinksAt(at)) {  // "placed the most orders"
    if (link.kind == LinkKind::kEntity && link.verb && !link.event && Is(link.end, {"the", "most", "fewest", "least"}))
      next = SkipDeterminers(link.end);
  }
  int64_t n = 0;
  bool nth = false;
  if (const auto number = ParseNumber(From(next)); number && number->ordinal) {
    n = static_cast<int64_t>(number->value);
    nth = true;
    next += number->tokens;
  }
  bool either = false;
  const int direction = Superlative(Word(next), either);
  if (direction == 0 || Word(next) == "top" || Word(next) == "bottom") return;
  ++next;
  if (Is(next, {"overall"})) ++next;
  for (MetricPhrase& phrase : Metrics(next)) {
    for (const bool descending : {true, false}) {
      if (!either && descending != (direction > 0)) continue;
      Fragment& fragment = Add(FragmentKind::kTopBy, at, phrase.end, phrase.cost + (either ? 0.05 : 0), phrase.notes);
      fragment.metrics = {phrase.use};
      fragment.descending = descending;
      fragment.n = n;
      fragment.nth = nth;
      fragment.average_of_sum = phrase.average_of_sum;
      fragment.judged = either;
      fragment.role = Word(next - 1) == "best" || Word(next - 2) == "best";
    }
  }
  for (ValuePhrase& phrase : Values(next)) {  // "the most errors"
    const auto use =
        phrase.plural && Is(next - 1, {"most", "fewest", "least"}) ? CountOf(phrase.field.entity) : std::nullopt;
    if (!use) continue;
    Fragment& fragment = Add(FragmentKind::kTopBy, at, phrase.end, phrase.cost + 0.1, std::move(phrase.notes));
    fragment.notes.push_back(fmt::format("{} with that value are counted", phrase.field.entity));
    fragment.metrics = {*use};
    fragment.filters = {{.any_of = {{.field = phrase.field, .values = phrase.values}}}};
    fragment.descending = direction > 0;
    fragment.n = n;
    fragment.nth = nth;
  }
  for (const Link& link : LinksAt(next)) {  // "the most flights": an entity, counted
    if (link.kind != LinkKind::kEntity || link.verb || !Is(next - 1, {"most", "fewest", "least"})) continue;
    const auto use = CountOf(link.name);
    if (!use) continue;
    const bool is_number = std::ranges::any_of(LinksAt(next), [&](const Link& other) {  // "the most downtime" is long.
      return other.kind == LinkKind::kMetric && other.end == link.end && !link.plural;
    });
    Fragment& fragment = Add(FragmentKind::kTopBy, at, link.end, link.cost + (is_number ? 0.25 : 0));
    if (!link.note.empty()) fragment.notes.push_back(link.note);
    fragment.metrics = {*use};
    fragment.descending = direction > 0;
    fragment.n = n;
    fragment.nth = nth;
  }
}

void FragmentParser::OrderBys(size_t at) {
  const size_t length = Phrase(at, kOrderBysBy);
  const auto direction = [&](size_t& end) -> std::optional<bool> {
    if (Word(end) == ",") ++end;
    if (const size_t down = Phrase(end, kOrderBysDown); down > 0) return end += down, true;
    if (const size_t up = Phrase(end, kOrderBysUp); up > 0) return end += up, false;
    return std::nullopt;
  };
  if (length > 0) {
    for (MetricPhrase& phrase : Metrics(at + length)) {
      size_t end = phrase.end;
      size_t with_direction = end;
      const auto descending = direction(with_direction);
      Fragment& fragment =
          Add(FragmentKind::kOrderBy, at, descending ? with_direction : end, phrase.cost, phrase.notes);
      fragment.metrics = {phrase.use};
      fragment.descending = descending.value_or(true);
      fragment.nth = descending.has_value();  // A direction was said.
      fragment.average_of_sum = phrase.average_of_sum;
    }
    for (const Link& link :
         LinksAt(SkipDeterminers(at + length))) {  // "top carriers by flights" where flights is an entity
      if (link.kind != LinkKind::kEntity || link.verb || !link.plural) continue;
      const auto use = CountOf(link.name);
      if (!use) continue;
      Fragment& fragment = Add(FragmentKind::kOrderBy, at, link.end, link.cost + 0.05);
      fragment.metrics = {*use};
    }
    for (const NounPhrase& noun : LimitedNouns(SkipDeterminers(at + length))) {  // "by current students"
      auto use = noun.plural && !noun.filters.empty() ? CountOf(noun.entity) : std::nullopt;
      if (!use) continue;
      use->filters = noun.filters;
      Add(FragmentKind::kOrderBy, at, noun.end, noun.cost + 0.05, noun.notes).metrics = {*use};
    }
    const bool sorts = Is(at, {"sorted", "ordered", "sort", "order"});
    for (DimensionPhrase& phrase : sorts ? Dimensions(at + length) : std::vector<DimensionPhrase>{}) {
      size_t end = phrase.end;
      const auto descending = direction(end);
      Fragment& fragment = Add(FragmentKind::kOrderBy, at, descending ? end : phrase.end, phrase.cost, phrase.notes);
      if (phrase.use) fragment.dimensions = {*phrase.use};
      fragment.grain = phrase.grain;
      fragment.descending = descending.value_or(false);
    }
  }
  size_t end = at + (Is(at, {"sort", "sorted", "order", "ordered"}) ? 1 : 0);
  if (Is(at, {"sort", "order"}) && Is(end, {"it", "them", "this", "that"})) ++end;
  if (const auto descending = direction(end); descending && end > at && Word(at) != ",") {
    Add(FragmentKind::kDirection, at, end, 0).descending = *descending;
  }
  if (const size_t names = Phrase(at, kOrderBysNames); names > 0) {
    Fragment& fragment = Add(FragmentKind::kDirection, at, at + names, 0);
    fragment.descending = false;
    fragment.plural = true;  // By the dimensions, not by a number.
  }
  if (const size_t times = Phrase(at, kOrderBysTimes); times > 0) {
    Fragment& fragment = Add(FragmentKind::kDirection, at, at + times, 0);
    fragment.descending = false;
    fragment.grain = TimeGrain::kDay;
  }
}

}  // namespace neurolake::ask
