#include <set>

#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_comparisons.h"

namespace neurolake::ask {

/// "MWh of gas consumption": what is kept in the unit that stands there.
std::vector<MetricPhrase> FragmentParser::MetricsBehindUnit(size_t at) const {
  std::vector<MetricPhrase> found;
  for (size_t of = at + 1; of <= at + 3; ++of) {
    if (!Is(of, {"of", "in", "worth"})) continue;
    for (MetricPhrase& metric : Metrics(of + 1)) {
      const auto* known = semantic::FindMetric(model_, metric.use.metric);
      const auto unit = known == nullptr ? std::nullopt : UnitAt(at, known->format.unit);
      if (unit && at + unit->tokens == of) found.push_back(std::move(metric));
    }
  }
  return found;
}

/// How many of what is kept one of the unit is that was said: "under 30,000 kWh", "30 MWh of consumption".
UnitPhrase FragmentParser::UnitOf(size_t end, size_t number_end, std::string_view kept) const {
  UnitPhrase unit = UnitAt(end, kept).value_or(UnitPhrase{});
  const auto behind = unit.tokens == 0 && end > number_end ? UnitAt(number_end, kept) : std::nullopt;
  if (behind && number_end + behind->tokens < end) unit.factor = behind->factor;
  return unit;
}

/// "more than 100 flights", "revenue over 5k", "with at least 10 % margin".
void FragmentParser::Havings(size_t at) {
  size_t lead = std::max(Phrase(at, kHavingsLeads), Has(at));
  size_t verb = at;  // "have opened at least 12 tickets"
  while (Is(verb, {"who", "that", "which", "have", "has", "had"})) ++verb;
  for (const Link& link : LinksAt(verb)) {
    if (link.kind == LinkKind::kEntity && link.verb && !link.event) lead = std::max(lead, link.end - at);
  }
  for (const size_t length : {lead, size_t{0}}) {
    const auto add = [&](size_t end, const ComparePhrase& compare, const MetricPhrase& metric) {
      const semantic::Metric* known = semantic::FindMetric(model_, metric.use.metric);
      const semantic::Format format = known != nullptr ? known->format : semantic::Format{};
      static constexpr std::string_view kPieces[] = {"pieces", "units", "items", "points", "credits"};
      const bool pieces = end == compare.end && std::ranges::find(kPieces, Word(end)) != std::end(kPieces);
      const UnitPhrase unit = UnitOf(end, compare.end, format.unit);
      end += pieces ? 1 : unit.tokens;
      auto operand = Operand(compare, format, compare.operand);
      auto upper =
          compare.op == CompareOperator::kBetween ? Operand(compare, format, compare.upper) : std::optional(0.0);
      if (!operand || !upper) return;
      *operand *= unit.factor;
      *upper *= unit.factor;
      if (const auto field = RowFieldOf(metric.use)) {  // "visits with a cost above 4k": of each visit.
        const semantic::Dimension* dimension = DimensionOf(*field);
        Filter filter{.field = *field, .op = OperatorOf(compare.op)};
        filter.values.push_back(NumberLiteral(*operand, dimension->value_type));
        if (compare.op == CompareOperator::kBetween)
          filter.values.push_back(NumberLiteral(*upper, dimension->value_type));
        Fragment& rows = Add(FragmentKind::kFilter, at, end, metric.cost + 0.03, metric.notes);
        rows.filters = {{.any_of = {filter}}};
        rows.of_rows = true;
      }
      Fragment& fragment = Add(FragmentKind::kHaving, at, end, metric.cost, metric.notes);
      fragment.metrics = {metric.use};
      fragment.average_of_sum = metric.average_of_sum;
      fragment.op = compare.op;
      fragment.operand = *operand;
      fragment.upper = *upper;
    };
    for (const ComparePhrase& compare : Comparisons(at + length)) {
      const size_t noun = Is(compare.end, {"in", "of", "worth"}) ? compare.end + 1 : compare.end;
      for (const MetricPhrase& metric : Metrics(noun)) add(metric.end, compare, metric);
      for (const MetricPhrase& metric : MetricsBehindUnit(compare.end)) add(metric.end, compare, metric);
      for (const Link& link : LinksAt(noun)) {
        if (link.kind != LinkKind::kEntity || link.verb) continue;
        if (const auto use = CountOf(link.name))
          add(link.end, compare, {.end = link.end, .cost = link.cost + 0.01, .use = *use});
      }
      for (const ValuePhrase& value : Values(noun)) {  // "more than 3 breakdowns": stops that are such
        auto use = value.plural && value.values.size() == 1 ? CountOf(value.field.entity) : std::nullopt;
        if (!use) continue;
        use->filters = {{.any_of = {{.field = value.field, .values = value.values}}}};
        add(value.end, compare, {.end = value.end, .cost = value.cost + 0.06, .use = *use, .notes = value.notes});
      }
      for (const NounPhrase& limited : LimitedNouns(noun)) {  // "at least two storm outages"
        auto use = limited.filters.empty() ? std::nullopt : CountOf(limited.entity);
        if (!use) continue;
        use->filters = limited.filters;
        add(limited.end, compare, {.end = limited.end, .cost = limited.cost + 0.01, .use = *use});
      }
    }
    for (const MetricPhrase& metric : Metrics(at + length)) {
      size_t next = metric.end;
      if (Is(next, {"is", "was", "are", "were", "of", "that", "being"})) ++next;
      for (const ComparePhrase& compare : Comparisons(next)) add(compare.end, compare, metric);
    }
    if (length == 0) break;
  }
}

/// A time told by the question's own: "the same days of the previous month", "the 4 weeks before", "a year earlier",
/// "last year to date".
std::pair<size_t, ComparisonTarget> FragmentParser::RelativeTarget(size_t at) const {
  using Kind = ComparisonTarget::Kind;
  const std::pair<size_t, ComparisonTarget> none{at, {}};
  size_t used = 0;
  const auto to_date = [&](size_t place) -> size_t {
    if (Is(place, {"ytd"})) return 1;
    if (Word(place) == "so" && Word(place + 1) == "far") return 2;
    if (Word(place) == "to" && Word(place + 1) == "date") return 2;
    return 0;
  };
  const auto by_grain = [](TimeGrain grain) {
    return grain == TimeGrain::kYear ? ComparisonTarget{.kind = Kind::kSameLastYear}
                                     : ComparisonTarget{.kind = Kind::kOffset, .grain = grain};
  };
  size_t next = at;
  if (Is(next, {"that", "those"}) && Is(next + 1, {"of", "in", "from"})) next += 2;
  if (Is(next, {"in", "for", "during"}) && Is(next + 1, {"the"}) && Is(next + 2, {"same"})) ++next;
  if (Word(next) == "the") ++next;
  const bool same = Word(next) == "same";
  if (same) {
    ++next;
    const bool weekday = Is(next, {"weekday", "weekdays"});
    const auto grain = ParseGrain(From(next), used);
    if (grain) next += used;
    else if (Is(next,
                {"period", "periods", "time", "timeframe", "span", "stretch", "part", "dates", "weekday", "weekdays"}))
      ++next;
    else return none;
    while (Is(next, {"of", "in", "during", "the", "for", "from"})) ++next;
    const bool past = Is(next, {"previous", "prior", "preceding", "last"});
    if (past) ++next;
    const bool one = !past && Is(next, {"a", "one"});
    if (one) ++next;
    const auto back = ParseGrain(From(next), used);
    if (!back) return none;
    next += used;
    const bool behind = Is(next, {"before", "earlier", "ago", "prior", "previously"});
    if (!past && !behind) return none;
    if (behind) ++next;
    if (weekday && *back == TimeGrain::kYear) return {next, {.kind = Kind::kSameWeekday}};
    return {next, by_grain(*back)};
  }
  if (Is(next, {"a", "one"})) {  // "a year earlier"
    const auto back = ParseGrain(From(next + 1), used);
    if (back && Is(next + 1 + used, {"before", "earlier", "ago", "prior"})) return {next + 2 + used, by_grain(*back)};
    return none;
  }
  const bool past = Is(next, {"last", "previous", "prior", "preceding"});
  if (past) ++next;
  int64_t count = 0;
  if (const auto number = ParseNumber(From(next)); number && !number->ordinal && number->value >= 2) {
    count = static_cast<int64_t>(number->value);
    next += number->tokens;
  }
  const auto grain = ParseGrain(From(next), used);
  if (!grain) {
    const size_t date = past && count == 0 ? to_date(next) : 0;  // "prior ytd"
    return date > 0 ? std::pair<size_t, ComparisonTarget>{next + date, {.kind = Kind::kSameLastYear, .to_date = true}}
                    : none;
  }
  next += used;
  if (past && count == 0) {
    const size_t date = to_date(next);
    if (date == 0) return none;
    ComparisonTarget target = by_grain(*grain);
    target.to_date = true;
    return {next + date, target};
  }
  if (!Is(next, {"before", "earlier", "prior", "previously"})) {
    return past ? std::pair<size_t, ComparisonTarget>{next, {.kind = Kind::kPrevious, .grain = grain, .count = count}}
                : none;
  }
  if (Word(next + 1) == "last") return none;  // "the month before last" is a time of its own.
  return {next + 1, {.kind = Kind::kPrevious, .grain = grain, .count = count}};
}

/// "compared with last year", "vs the previous month", "year over year", "Germany vs France".
void FragmentParser::Compares(size_t at) {
  using Kind = ComparisonTarget::Kind;
  if (const size_t with = Phrase(at, kComparesWith); with > 0) {
    const bool weak = Is(at, {"from", "over", "than", "to", "and", "with", "since", "on"}) && with == 1;
    size_t longest = 0;
    for (const ComparesTarget& entry : kComparesTargets) {
      const std::string_view phrase[] = {entry.words};
      const size_t length = Phrase(at + with, phrase);
      if (length == 0 || length < longest) continue;
      longest = length;
      Fragment& fragment = Add(FragmentKind::kCompare, at, at + with + length, weak ? 0.08 : 0);
      fragment.target = {.kind = entry.kind, .grain = entry.grain};
    }
    if (const auto [end, target] = RelativeTarget(at + with); end > at + with + longest) {
      longest = end - at - with;
      Add(FragmentKind::kCompare, at, end, weak ? 0.08 : 0.01).target = target;
    }
    const bool relative =
        longest > 0 && !(Is(at + with, {"last", "this"}));  // "the previous month" is previous to the question's.
    if ((!weak || Word(at) == "than") && !relative) {
      for (TimePhrase& phrase : ParseTime(From(at + with), time_, problems_)) {
        if (!phrase.unit && !(phrase.range.from && phrase.range.to)) continue;
        Fragment& fragment = Add(FragmentKind::kCompare, at, at + with + phrase.tokens, 0.02);
        if (!phrase.assumption.empty()) fragment.notes.push_back(phrase.assumption);
        fragment.target = {.kind = Kind::kRange, .time = std::move(phrase)};
      }
    }
  }
  for (const ComparesPeriodic& entry : kComparesPeriodic) {
    const std::string_view phrase[] = {entry.words};
    const size_t length = Phrase(at, phrase);
    if (length == 0) continue;
    size_t end = at + length;
    end += Phrase(end, kComparesTails);
    Fragment& fragment = Add(FragmentKind::kCompare, at, end, 0);
    for (size_t place = at; place < end; ++place)
      fragment.difference = fragment.difference || Is(place, {"change", "increase", "comparison", "development"});
    fragment.target = {.kind = Kind::kOffset, .grain = entry.grain, .growth = true};
  }
  // "Germany vs France", "2013 versus 2012", "compare A with B".
  const size_t lead = Word(at) == "compare" ? 1 : 0;
  const size_t for_values = Is(at + lead, {"for", "in", "of", "from"}) ? 1 : 0;
  for (const ValuePhrase& first : Values(at + lead + for_values)) {
    const auto behind_noun = [&](size_t place) {  // "master students compared with bachelor students"
      for (const Link& noun : LinksAt(place)) {
        if (noun.kind == LinkKind::kEntity && !noun.verb && noun.name == first.field.entity) return noun.end;
      }
      return place;
    };
    const size_t first_end = behind_noun(first.end);
    const size_t link_words = Phrase(first_end, kComparesVersus);
    if (link_words == 0 || first.values.size() > 1 ||
        (Is(first_end, {"with", "to", "and"}) && lead == 0 && Word(0) != "compare"))
      continue;
    for (const ValuePhrase& second : Values(first_end + link_words)) {
      FieldRef same = second.field;
      if (same.via.empty()) same.via = first.field.via;
      if (same != first.field || second.values.size() > 1) continue;
      for (const size_t end :
           std::set<size_t>{second.end, behind_noun(second.end)}) {  // The noun may be what is counted.
        Fragment& fragment = Add(FragmentKind::kVersus, at, end, first.cost + second.cost, first.notes);
        if (end < behind_noun(second.end)) fragment.cost += 0.1;
        fragment.notes.insert(fragment.notes.end(), second.notes.begin(), second.notes.end());
        fragment.field = first.field;
        fragment.filters = {{.any_of = {{.field = first.field, .values = {first.values[0], second.values[0]}}}}};
      }
    }
  }
  if (lead > 0) Add(FragmentKind::kRequest, at, at + 1, 0).difference = true;
}

/// "growth of", "how did revenue change", "fastest growing": against what, the rest of the question says.
void FragmentParser::Growths(size_t at) {
  if (const size_t length = Phrase(at, kGrowthsGrowth); length > 0) Add(FragmentKind::kGrowth, at, at + length, 0);
  const bool by_how_much =
      std::ranges::any_of(tokens_.first(at), [](const Token& token) { return token.word == "by"; }) &&
      (Phrase(0, kGrowthsGrowth) > 3 || Phrase(1, kGrowthsGrowth) > 3);
  if (const size_t length = by_how_much ? Phrase(at, kGrowthsVerbs) : 0; length > 0)
    Add(FragmentKind::kRequest, at, at + length, 0);  // "by how many percent did it rise"
  const bool asks = at > 0 || !Is(at, {"drop", "fall", "rise", "decline", "decrease", "move", "climb", "shrink"});
  if (const size_t length = asks ? Phrase(at, kGrowthsChange) : 0; length > 0)  // "drop Denmark" leaves it out.
    Add(FragmentKind::kGrowth, at, at + length, 0.01).difference = true;
  const size_t fast = Phrase(at, kGrowthsFastest);
  const size_t slow = Phrase(at, kGrowthsSlowest);
  if (fast == 0 && slow == 0) return;
  Fragment& fragment = Add(FragmentKind::kGrowth, at, at + std::max(fast, slow), 0);
  fragment.n = 1;  // Ranks by it.
  fragment.descending = fast > 0;
}

/// "share of revenue", "percentage of total flights", "as a percentage of the total", "share within each country".
void FragmentParser::Shares(size_t at) {
  if (const size_t length = Phrase(at, kSharesOf); length > 0) {
    for (MetricPhrase& metric : Metrics(at + length)) {
      const bool is_name = std::ranges::any_of(LinksAt(at), [&](const Link& link) {  // "share of upheld complaints"
        return link.kind == LinkKind::kMetric && link.end >= metric.end;
      });
      Fragment& fragment = Add(FragmentKind::kShare, at, metric.end, metric.cost + (is_name ? 0.2 : 0), metric.notes);
      fragment.metrics = {metric.use};
      fragment.average_of_sum = metric.average_of_sum;
    }
    for (const Link& link : LinksAt(SkipDeterminers(at + length))) {
      if (link.kind != LinkKind::kEntity || link.verb) continue;
      if (const auto use = CountOf(link.name)) {
        const size_t noun = SkipDeterminers(at + length);
        const bool is_number = !link.plural && std::ranges::any_of(LinksAt(noun), [&](const Link& other) {
          return other.kind == LinkKind::kMetric && other.end == link.end && other.note.empty();
        });
        Fragment& fragment = Add(FragmentKind::kShare, at, link.end, link.cost + (is_number ? 0.3 : 0));
        if (!link.note.empty()) fragment.notes.push_back(link.note);
        fragment.metrics = {*use};
      }
    }
  }
  std::vector<std::string> problems;  // "what percentage of 2024 sales is from …"
  if (const size_t length = Phrase(at, kSharesOf);
      length > 0 && (!LinksAt(SkipDeterminers(at + length)).empty() ||
                     !ParseTime(From(SkipDeterminers(at + length)), time_, problems).empty()))
    Add(FragmentKind::kShare, at, at + length,  // "share of urgent orders": of what stands behind.
        0.04 + (std::ranges::any_of(
                    LinksAt(at),
                    [&](const Link& link) { return link.kind == LinkKind::kMetric && link.end > at + length; })
                    ? 0.2
                    : 0));
  for (const MetricPhrase& metric : Metrics(at)) {  // "revenue share"
    if (!Is(metric.end, {"share", "shares", "percentage", "contribution"})) continue;
    const bool is_name = std::ranges::any_of(LinksAt(SkipDeterminers(at)), [&](const Link& link) {  // "switch share"
      return link.kind == LinkKind::kMetric && link.end > metric.end && link.note.empty();
    });
    Fragment& fragment = Add(FragmentKind::kShare, at, metric.end + 1, metric.cost + (is_name ? 0.2 : 0), metric.notes);
    fragment.metrics = {metric.use};
  }
  Contributions(at);
  RatioOfTwo(at);
  SharesOfEach(at);
  if (const size_t length = Phrase(at, kSharesAs); length > 0) Add(FragmentKind::kShare, at, at + length, 0.01);
  const size_t within = Phrase(at, kSharesWithin);
  const bool of_shares = std::ranges::any_of(
      tokens_.first(at), [](const Token& token) { return token.word == "share" || token.word == "percentage"; });
  if (within == 0 || (Word(at) == "within" && !(of_shares && Is(at + 1, {"its", "their"})))) return;
  for (const DimensionPhrase& phrase : Dimensions(at + within)) {
    if (!phrase.use) continue;
    size_t end = phrase.end;
    if (Is(end, {"total", "totals", "revenue"}) && LinksAt(end).empty()) ++end;
    Fragment& fragment = Add(FragmentKind::kShare, at, end, phrase.cost, phrase.notes);
    fragment.calculation = CalculationKind::kShareOfParent;
    fragment.dimensions = {*phrase.use};
  }
}

/// "tips as a percentage of sales", "ratio of complaints to orders": one number divided by another.
void FragmentParser::RatioOfTwo(size_t at) {
  static constexpr std::string_view kAs[] = {"as a percentage of",
                                             "as a share of",
                                             "as percentage of",
                                             "as a percent of",
                                             "as % of",
                                             "as a % of",
                                             "as share of",
                                             "as a proportion of",
                                             "as a fraction of",
                                             "in percent of",
                                             "in % of",
                                             "in relation to",
                                             "relative to",
                                             "divided by",
                                             "as a percentage of the"};
  static constexpr std::string_view kRatio[] = {"ratio of", "the ratio of", "ratio between", "the ratio between"};
  const size_t ratio = Phrase(at, kRatio);
  const auto numbers = [&](size_t place) {
    std::vector<MetricPhrase> found = Metrics(place);
    for (const Link& link : LinksAt(SkipDeterminers(place))) {
      const auto use = link.kind == LinkKind::kEntity && !link.verb && link.plural ? CountOf(link.name) : std::nullopt;
      if (use) found.push_back({.end = link.end, .cost = link.cost + 0.01, .use = *use});
    }
    return found;
  };
  for (const MetricPhrase& first : numbers(at + ratio)) {
    const size_t length = ratio > 0 ? (Is(first.end, {"to", "and"}) ? 1 : 0) : Phrase(first.end, kAs);
    if (length == 0) continue;
    for (const MetricPhrase& second : numbers(first.end + length)) {
      if (second.use == first.use) continue;
      Fragment& fragment = Add(FragmentKind::kCalculation, at, second.end, first.cost + second.cost, first.notes);
      fragment.notes.insert(fragment.notes.end(), second.notes.begin(), second.notes.end());
      fragment.metrics = {first.use, second.use};
      fragment.calculation = CalculationKind::kRatio;
    }
  }
}

/// "share of each line in the premium", "each dish's share of quantity"; of which number may be said elsewhere.
void FragmentParser::SharesOfEach(size_t at) {
  static constexpr std::string_view kLeads[] = {
      "share of each",      "share of every",     "the share of each",    "the share of every",
      "percentage of each", "proportion of each", "what share does each", "what percentage does each"};
  static constexpr std::string_view kOf[] = {"in",       "of",     "in the total", "of the total", "in total",
                                             "of total", "in all", "of all",       "of overall",   "in overall",
                                             "of the",   "in the", "have of",      "have in",      "make up of",
                                             "has of",   "has in"};
  static constexpr std::string_view kShare[] = {"share of", "share of the", "share of total", "share in",
                                                "percentage of"};
  const size_t lead = Phrase(at, kLeads);
  const bool owns = lead == 0 && Is(at, {"each", "every"});  // "each region's share of revenue"
  if (lead == 0 && !owns) return;
  for (const DimensionPhrase& phrase : Dimensions(at + (owns ? 1 : lead))) {
    if (!phrase.use) continue;
    const size_t of = owns ? Phrase(phrase.end, kShare) : Phrase(phrase.end, kOf);
    if (of > 0) {
      for (const MetricPhrase& metric : Metrics(phrase.end + of)) {
        Fragment& fragment = Add(FragmentKind::kShare, at, metric.end, phrase.cost + metric.cost - 0.02, metric.notes);
        fragment.metrics = {metric.use};
        fragment.dimensions = {*phrase.use};
      }
      const size_t noun = SkipDeterminers(phrase.end + of);
      for (const Link& link : LinksAt(noun)) {
        const auto use =
            link.kind == LinkKind::kEntity && !link.verb && link.plural ? CountOf(link.name) : std::nullopt;
        if (!use) continue;
        Fragment& fragment = Add(FragmentKind::kShare, at, link.end, phrase.cost + link.cost);
        fragment.metrics = {*use};
        fragment.dimensions = {*phrase.use};
      }
    }
    if (!owns) Add(FragmentKind::kShare, at, phrase.end, phrase.cost + 0.05, phrase.notes).dimensions = {*phrase.use};
  }
}

/// "contribution of each tier to total weight", "how much does each channel contribute to revenue".
void FragmentParser::Contributions(size_t at) {
  static constexpr std::string_view kLeads[] = {"contribution of",      "contributions of", "the contribution of",
                                                "how much does",        "how much do",      "what does",
                                                "what percentage does", "what share does",  "how much did"};
  static constexpr std::string_view kLinks[] = {"contribute to", "contributes to", "add to", "contributed to",
                                                "account for of"};
  const size_t lead = Phrase(at, kLeads);
  if (lead == 0) return;
  const bool noun = Word(at + lead - 1) == "of";
  size_t place = at + lead;
  if (Is(place, {"each", "every", "the"})) ++place;
  if (Is(place, {"different", "various"})) ++place;
  for (const DimensionPhrase& phrase : Dimensions(place)) {
    const size_t link = noun ? (Word(phrase.end) == "to" ? 1 : 0) : Phrase(phrase.end, kLinks);
    if (!phrase.use || link == 0) continue;
    for (const MetricPhrase& metric : Metrics(phrase.end + link)) {
      Fragment& fragment = Add(FragmentKind::kShare, at, metric.end, phrase.cost + metric.cost, metric.notes);
      fragment.metrics = {metric.use};
      fragment.dimensions = {*phrase.use};
    }
  }
}

/// "cumulative", "running total of", "7 day moving average of", "rolling 3 month revenue".
void FragmentParser::Calculations(size_t at) {
  if (const size_t length = Phrase(at, kCalculationsRunning); length > 0) {
    // "cumulative number of orders": "number of" belongs to what follows.
    const bool counts = Word(at + length - 1) == "of" && Is(at + length - 2, {"number", "count"});
    Add(FragmentKind::kCalculation, at, counts ? at + length - 2 : at + length, 0).calculation =
        CalculationKind::kCumulative;
  }
  size_t next = at;
  const bool rolling_first = Is(next, {"rolling", "moving", "trailing"});
  if (rolling_first) ++next;
  const auto number = ParseNumber(From(next));
  size_t grain_used = 0;
  if (number && !number->ordinal && number->value >= 2 && number->value <= 1000) {
    next += number->tokens;
    if (Word(next) == "-") ++next;
    const auto grain = ParseGrain(From(next), grain_used);
    const bool periods = Is(next, {"period", "periods"});
    if (!grain && !periods) return;
    next += grain ? grain_used : 1;
    if (Word(next) == "-") ++next;
    bool rolling = rolling_first;
    if (Is(next, {"rolling", "moving", "trailing"})) {
      rolling = true;
      ++next;
    }
    if (!rolling) return;
    const bool average = Is(next, {"average", "avg", "mean"});
    const bool sum = Is(next, {"sum", "total"});
    if (average || sum) ++next;
    if (!average && rolling_first && !sum && LinksAt(SkipDeterminers(next)).empty())
      return;  // "rolling 30 days" is a time.
    if (Is(next, {"of", "in", "for"})) ++next;
    Fragment& fragment = Add(FragmentKind::kCalculation, at, next, 0);
    fragment.calculation = average ? CalculationKind::kRollingAverage : CalculationKind::kRollingSum;
    fragment.n = static_cast<int64_t>(number->value);
    fragment.grain = grain;
  } else if (rolling_first && Is(next, {"average", "sum", "total"})) {
    const bool average = Word(next) == "average";
    ++next;
    if (Is(next, {"of", "for"})) ++next;
    size_t window_at = SkipDeterminers(Is(at + 2, {"over", "across"}) ? at + 3 : at + 2);
    if (Is(window_at, {"last", "past"})) ++window_at;
    if (const auto window = ParseNumber(From(window_at));
        window && Is(at + 2, {"over", "across"}) && !window->ordinal && window->value >= 2) {
      const size_t unit = window_at + window->tokens;
      const auto grain = ParseGrain(From(unit), grain_used);
      if (grain && Is(unit + grain_used, {"of", "for"}) && window->value <= 1000) {  // "over 3 months of downtime"
        Fragment& fragment = Add(FragmentKind::kCalculation, at, unit + grain_used + 1, 0);
        fragment.calculation = average ? CalculationKind::kRollingAverage : CalculationKind::kRollingSum;
        fragment.n = static_cast<int64_t>(window->value);
        fragment.grain = grain;
      }
    }
    for (MetricPhrase& metric : Metrics(next)) {  // "moving average of revenue over 7 days"
      size_t after = metric.end;
      if (!Is(after, {"over", "across", "with"})) continue;
      after = SkipDeterminers(after + 1);
      if (Is(after, {"last", "past"})) ++after;
      const auto window = ParseNumber(From(after));
      if (!window || window->ordinal || window->value < 2 || window->value > 1000) continue;
      const auto grain = ParseGrain(From(after + window->tokens), grain_used);
      if (!grain) continue;
      Fragment& fragment =
          Add(FragmentKind::kCalculation, at, after + window->tokens + grain_used, metric.cost, metric.notes);
      fragment.metrics = {metric.use};
      fragment.calculation = average ? CalculationKind::kRollingAverage : CalculationKind::kRollingSum;
      fragment.n = static_cast<int64_t>(window->value);
      fragment.grain = grain;
    }
  }
}

}  // namespace neurolake::ask
