#include <array>

#include "ask/grammar/internal/assembler.h"
#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"
#include "ask/grammar/internal/words_of_ranks.h"
#include "ask/link/join_paths.h"

namespace neurolake::ask {
namespace {

/// What the best selling ones are told by.
constexpr std::array<std::string_view, 4> kSold{"sale", "revenue", "turnover", "sold"};

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
  int direction = Superlative(Word(next), either);
  std::span<const std::string_view> measures;  // What the words themselves rank by.
  if (Is(next, {"most", "least"}) && GradableOf(Word(next + 1)) != nullptr && !GradableOf(Word(next + 1))->of_times) {
    const MeasuredBy& gradable = *GradableOf(Word(next + 1));  // "the second most valuable category"
    measures = gradable.nouns;
    if (!gradable.large) direction = -direction;
    ++next;
  }
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
    if (measures.empty() && Is(next, {"selling", "grossing"}) &&
        Is(next - 1, {"best", "top", "worst", "biggest", "highest"})) {
      measures = kSold;
      direction = Is(next - 1, {"worst"}) ? -1 : 1;
      either = false;
    }
    const bool of_name = std::ranges::any_of(LinksAt(next), [&](const Link& link) { return link.end > next + 1; });
    if (!of_name &&
        Is(next, {"performing", "ranked", "ranking", "used", "popular", "common", "frequent", "active", "visited",
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
  if (!measures.empty()) RankWords(next, direction, measures);
}

/// "best selling brands", "most valuable customers": by the one sum that the words name. `found_` has the ranks
/// without.
void FragmentParser::RankWords(size_t next, int direction, std::span<const std::string_view> nouns) {
  const size_t count = found_.size();
  for (size_t i = 0; i < count; ++i) {
    if (found_[i].kind != FragmentKind::kTop || !found_[i].metrics.empty() || found_[i].end <= next) continue;
    if (found_[i].dimensions.size() != 1 || found_[i].grain) continue;
    std::vector<std::string> found;
    size_t best = SIZE_MAX;
    for (const semantic::Metric& metric : model_.metrics) {
      const auto* measure = metric.hidden || !metric.filter.empty() ? nullptr : MeasureOf(model_, metric);
      if (measure == nullptr || measure->aggregation != Aggregation::kSum) continue;
      const auto bases = BaseEntities(model_, {.metric = metric.name});
      const bool reaches =
          bases.size() == 1 && !ToOnePaths(model_, bases[0], found_[i].dimensions[0].field.entity).empty();
      std::vector<std::string> words;
      std::string names = metric.label + " " + metric.name;
      for (const std::string& synonym : metric.synonyms) names += " " + synonym;
      for (const Token& word : TokenizeName(names)) words.push_back(Singular(word.word));
      const auto says = std::ranges::find_if(
          nouns, [&](std::string_view noun) { return std::ranges::find(words, noun) != words.end(); });
      const auto place = static_cast<size_t>(says - nouns.begin());
      if (!reaches || says == nouns.end() || place > best) continue;
      if (place < best) found.clear();
      best = place;
      found.push_back(metric.name);
    }
    for (const std::string& name : found) {
      Fragment ranked = found_[i];
      const bool by_price = !found_[i].entity.empty() && direction != 0 && nouns.data() != kSold.data();
      ranked.cost += by_price ? 0.15 : 0.03;  // "most expensive invoices" are rows by their own amount.
      ranked.judged = false;
      ranked.descending = direction > 0;
      ranked.metrics = {{.metric = name}};
      ranked.notes.push_back(fmt::format("ranked by {}", semantic::FindMetric(model_, name)->label));
      found_.push_back(std::move(ranked));
    }
  }
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
      const bool of_measure = Is(next - 1, {"most", "fewest", "least"}) && phrase.use &&
                              !phrase.use->field.name.empty() &&
                              IsMeasured(phrase.use->field);  // "the most hours" are summed.
      Fragment& fragment =
          add(phrase.end, phrase.cost + ((is_number && !phrase.entity.empty()) || of_measure ? 0.3 : 0), descending);
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
    for (const NounPhrase& noun : direction != 0 ? LimitedNouns(next) : std::vector<NounPhrase>{}) {
      const auto* entity = semantic::FindEntity(model_, noun.entity);  // "top 5 active customers"
      const auto* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
      if (noun.filters.empty() || label == nullptr) continue;
      Fragment& fragment = add(noun.end, noun.cost + 0.12, descending);
      fragment.notes = noun.notes;
      fragment.dimensions = {{.field = {entity->name, label->name}}};
      fragment.filters = noun.filters;
      fragment.plural = noun.plural;
      fragment.entity = entity->name;
    }
    if (shape.n > 0 && direction != 0 && !shape.nth) add(next, 0.1, descending);
  }
}

/// "worked the most hours": by the sum of what rows have.
std::vector<Fragment> FragmentParser::SummedMost(size_t at, size_t noun, bool descending) const {
  std::vector<Fragment> found;
  if (!Is(noun - 1, {"most", "fewest", "least"})) return found;
  for (const Link& link : LinksAt(noun)) {
    if (link.kind != LinkKind::kDimension || link.verb || !IsMeasured(link.field)) continue;
    for (const semantic::Metric& metric : model_.metrics) {
      const auto* measure = metric.hidden ? nullptr : MeasureOf(model_, metric);
      if (measure == nullptr || measure->aggregation != Aggregation::kSum) continue;
      if (RowFieldOf({.metric = metric.name}) != link.field) continue;
      found.push_back({.kind = FragmentKind::kTopBy,
                       .begin = at,
                       .end = link.end,
                       .cost = link.cost + 0.04,
                       .metrics = {{.metric = metric.name}},
                       .descending = descending});
    }
  }
  return found;
}

/// "the most flights", "highest average delay", "with the lowest revenue".
void FragmentParser::TopBys(size_t at) {
  size_t next = at + std::max(Phrase(at, kTopBysLeads), Has(at));
  if (next > at) next = SkipDeterminers(next);
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
  for (const NounPhrase& noun :
       Is(next - 1, {"most", "fewest", "least"}) ? LimitedNouns(next) : std::vector<NounPhrase>{}) {
    auto use = noun.plural && !noun.filters.empty() ? CountOf(noun.entity) : std::nullopt;  // "the most deep cleanings"
    if (!use) continue;
    use->filters = noun.filters;
    Fragment& fragment = Add(FragmentKind::kTopBy, at, noun.end, noun.cost + 0.05, noun.notes);
    fragment.metrics = {*use};
    fragment.descending = direction > 0;
    fragment.n = n;
    fragment.nth = nth;
  }
  for (Fragment& summed : SummedMost(at, next, direction > 0)) {
    summed.n = n;
    summed.nth = nth;
    found_.push_back(std::move(summed));
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

/// "the best month for sales", "top 3 dishes (quantity)": by what is named so.
void FragmentParser::NamedOrders(size_t at) {
  const bool best = at > 1 && Is(at, {"for", "in"}) && [&] {  // "the best month for sales"
    for (size_t back = 2; back <= 4 && back <= at; ++back) {
      bool either = false;
      if (Superlative(Word(at - back), either) != 0) return true;
    }
    return false;
  }();
  if (best) {
    for (const MetricPhrase& phrase : Metrics(at + 1))
      Add(FragmentKind::kOrderBy, at, phrase.end, phrase.cost + 0.03, phrase.notes).metrics = {phrase.use};
    for (const Link& link : LinksAt(SkipDeterminers(at + 1))) {
      const auto use = link.kind == LinkKind::kEntity && !link.verb && link.plural ? CountOf(link.name) : std::nullopt;
      if (use) Add(FragmentKind::kOrderBy, at, link.end, link.cost + 0.05).metrics = {*use};
    }
  }
  if (at > 2 && Word(at) == "(") {  // "top 3 dishes (quantity)": by that.
    for (const MetricPhrase& phrase : Metrics(Is(at + 1, {"by", "in"}) ? at + 2 : at + 1)) {
      if (Word(phrase.end) != ")") continue;
      Fragment& fragment = Add(FragmentKind::kOrderBy, at, phrase.end + 1, phrase.cost + 0.03, phrase.notes);
      fragment.metrics = {phrase.use};
    }
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
  NamedOrders(at);
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
