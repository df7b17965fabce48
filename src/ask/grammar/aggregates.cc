#include <array>

#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;
using semantic::Measure;
using semantic::Metric;
using semantic::MetricKind;

struct AggregationWords {
  std::string_view words;
  Aggregation aggregation;
};
constexpr std::array<AggregationWords, 44> kAggregations{{{"total", Aggregation::kSum},
                                                          {"cheapest", Aggregation::kMin},
                                                          {"dearest", Aggregation::kMax},
                                                          {"priciest", Aggregation::kMax},
                                                          {"costliest", Aggregation::kMax},
                                                          {"most expensive", Aggregation::kMax},
                                                          {"sum of", Aggregation::kSum},
                                                          {"sum", Aggregation::kSum},
                                                          {"total amount of", Aggregation::kSum},
                                                          {"combined", Aggregation::kSum},
                                                          {"average", Aggregation::kAverage},
                                                          {"avg", Aggregation::kAverage},
                                                          {"mean", Aggregation::kAverage},
                                                          {"average value of", Aggregation::kAverage},
                                                          {"avg .", Aggregation::kAverage},
                                                          {"typical", Aggregation::kMedian},
                                                          {"durchschnittliche", Aggregation::kAverage},
                                                          {"moyenne", Aggregation::kAverage},
                                                          {"minimum", Aggregation::kMin},
                                                          {"min", Aggregation::kMin},
                                                          {"smallest", Aggregation::kMin},
                                                          {"lowest", Aggregation::kMin},
                                                          {"shortest", Aggregation::kMin},
                                                          {"least", Aggregation::kMin},
                                                          {"maximum", Aggregation::kMax},
                                                          {"max", Aggregation::kMax},
                                                          {"largest", Aggregation::kMax},
                                                          {"highest", Aggregation::kMax},
                                                          {"biggest", Aggregation::kMax},
                                                          {"longest", Aggregation::kMax},
                                                          {"greatest", Aggregation::kMax},
                                                          {"median", Aggregation::kMedian},
                                                          {"standard deviation of", Aggregation::kStandardDeviation},
                                                          {"standard deviation in", Aggregation::kStandardDeviation},
                                                          {"stddev of", Aggregation::kStandardDeviation},
                                                          {"variance of", Aggregation::kVariance},
                                                          {"variance in", Aggregation::kVariance},
                                                          {"earliest", Aggregation::kMin},
                                                          {"latest", Aggregation::kMax},
                                                          {"most recent", Aggregation::kMax},
                                                          {"first", Aggregation::kMin},
                                                          {"last", Aggregation::kMax},
                                                          {"newest", Aggregation::kMax},
                                                          {"oldest", Aggregation::kMin}}};

/// Ends of times, and of nothing else: the first revenue is not the smallest.
bool IsEndOfTimes(std::string_view words) {
  static constexpr std::string_view kWords[] = {"earliest", "latest", "most recent", "first",
                                                "last",     "newest", "oldest"};
  return std::ranges::find(kWords, words) != std::end(kWords);
}

/// Ends of what something costs, and of nothing else.
bool IsEndOfPrices(std::string_view words) {
  static constexpr std::string_view kWords[] = {"cheapest", "dearest", "priciest", "costliest", "most expensive"};
  return std::ranges::find(kWords, words) != std::end(kWords);
}

/// Whether the number is an amount of money, as far as its unit or its name says.
bool IsPrice(const Dimension& dimension) {
  static constexpr std::string_view kPrices[] = {"price", "cost", "fare", "rate", "fee", "amount", "premium", "charge"};
  if (dimension.format.pattern == "currency" || AreConvertible("cents", dimension.format.unit)) return true;
  return std::ranges::any_of(TokenizeName(dimension.label), [](const Token& word) {
    return std::ranges::find(kPrices, Singular(word.word)) != std::end(kPrices);
  });
}

/// Whether sums of the number mean something, as far as the model says: it has no measure of it but averages, and it is
/// no rate, age or temperature by its name.
bool AddsUp(const semantic::SemanticModel& model, const FieldRef& field, const Dimension& dimension) {
  static constexpr std::string_view kNever[] = {"rate",  "ratio",  "percent", "percentage", "temperature", "age",
                                                "score", "rating", "level",   "latitude",   "humidity",    "longitude",
                                                "year",  "index",  "speed",   "grade",      "rank",        "position"};
  if (dimension.format.pattern == "percent" || dimension.format.unit == "%") return false;
  for (const Token& word : TokenizeName(dimension.label)) {
    if (std::ranges::find(kNever, Singular(word.word)) != std::end(kNever)) return false;
  }
  const auto column = [](const auto& member) { return member.expr.empty() ? member.name : member.expr; };
  const Entity* entity = semantic::FindEntity(model, field.entity);
  bool measured = false;
  for (const Measure& measure : entity == nullptr ? std::vector<Measure>{} : entity->measures) {
    if (column(measure) != column(dimension)) continue;
    if (measure.aggregation == Aggregation::kSum) return true;
    measured = measured || measure.aggregation == Aggregation::kAverage;
  }
  return !measured;
}

}  // namespace

void FragmentParser::Aggregate(Aggregation aggregation, double percentile, size_t at,
                               std::vector<MetricPhrase>& found) const {
  for (const Link& link : LinksAt(at)) {
    if (link.verb) continue;
    MetricPhrase phrase{.end = link.end, .cost = link.cost};
    if (!link.note.empty()) phrase.notes.push_back(link.note);
    if (link.kind == LinkKind::kDimension) {
      const Dimension* dimension = DimensionOf(link.field);
      const bool of_time = aggregation == Aggregation::kMin || aggregation == Aggregation::kMax;
      if (dimension == nullptr || IsKey(model_, semantic::FindEntity(model_, link.field.entity), *dimension) ||
          !(IsNumeric(*dimension) || (of_time && dimension->type == DimensionType::kTime)))
        continue;
      if (aggregation == Aggregation::kSum && !AddsUp(model_, link.field, *dimension)) continue;
      const bool is_number = std::ranges::any_of(LinksAt(at), [&](const Link& other) {
        const Metric* metric = other.kind == LinkKind::kMetric ? semantic::FindMetric(model_, other.name) : nullptr;
        const Measure* measure = metric == nullptr ? nullptr : MeasureOf(model_, *metric);
        return measure != nullptr && !measure->filter.empty() && metric->entity == link.field.entity &&
               other.end == link.end && other.note.empty();
      });
      if (aggregation == Aggregation::kSum && is_number) continue;
      phrase.use = {.aggregation = aggregation, .percentile = percentile, .field = link.field};
      phrase.cost += 0.03;
      found.push_back(std::move(phrase));
    } else if (link.kind == LinkKind::kMetric) {
      const Metric* metric = semantic::FindMetric(model_, link.name);
      const Measure* measure = metric == nullptr ? nullptr : MeasureOf(model_, *metric);
      if (metric == nullptr) continue;
      phrase.use.metric = metric->name;
      for (size_t i = link.begin; i < link.end;
           ++i) {  // "highest average delay" ranks, it is no maximum of an average.
        const bool sums = measure != nullptr && measure->aggregation == Aggregation::kSum &&
                          aggregation == Aggregation::kAverage && Is(i, {"number"});
        if (sums) continue;  // "average number of defects per inspection"
        if (Is(i, {"average", "avg", "mean", "total", "number"}) && aggregation != Aggregation::kSum)
          measure = nullptr, metric = nullptr;
      }
      if (metric == nullptr) continue;
      if (measure ==
          nullptr) {  // A ratio or the like: "average" of one is the ratio of the whole, nothing else makes sense.
        if (aggregation != Aggregation::kAverage || metric->kind != MetricKind::kRatio) continue;
        phrase.notes.push_back(
            fmt::format("{} is computed over all rows together, no average of averages", metric->label));
        phrase.cost += 0.1;
      } else if (aggregation != measure->aggregation) {
        if (aggregation == Aggregation::kSum && IsCount(measure->aggregation)) {
          phrase.cost += 0;  // "total orders"
        } else if (IsCount(measure->aggregation) || aggregation == Aggregation::kSum) {
          continue;
        } else {
          phrase.use.aggregation = aggregation;
          phrase.use.percentile = percentile;
          phrase.average_of_sum = aggregation == Aggregation::kAverage && measure->aggregation == Aggregation::kSum;
          // "highest revenue" is more likely to rank something than to ask for the largest row.
          const bool plain =
              Is(at - 1, {"average", "avg", "mean", "minimum", "min", "maximum", "max", "median", "of", "the"});
          phrase.cost += phrase.average_of_sum ? 0.1 : plain ? 0.05 : 0.2;
        }
      }
      found.push_back(std::move(phrase));
    }
  }
}

/// "the median instead": another function of the number of the question before.
void FragmentParser::Functions(size_t at) {
  if (Is(at, {"("}) && Word(at + 2) == ")") {  // "typical air time (median)": the same again
    const auto of = [&](size_t place) {
      const auto named = [&](const AggregationWords& entry) { return entry.words == Word(place); };
      const auto found = std::ranges::find_if(kAggregations, named);
      return found == kAggregations.end() ? std::optional<Aggregation>() : found->aggregation;
    };
    for (size_t before = 0; before < at && of(at + 1); ++before) {
      if (of(before) == of(at + 1)) return static_cast<void>(Add(FragmentKind::kRequest, at, at + 3, 0.01));
    }
  }
  const size_t noun = SkipDeterminers(at);
  for (const auto& [words, aggregation] : kAggregations) {
    if (words.ends_with(" of") || words.ends_with(" in")) continue;
    const std::string_view phrase[] = {words};
    const size_t length = Phrase(noun, phrase);
    if (length == 0 ||
        (noun + length < tokens_.size() && !Is(noun + length, {"instead", "rather", "?", ".", "please"})))
      continue;
    Add(FragmentKind::kMetric, at, noun + length, 0.05).metrics = {MetricUse{.aggregation = aggregation}};
  }
}

/// "min, max and average distance": several functions of one number.
std::vector<FragmentParser::FunctionList> FragmentParser::FunctionLists(size_t at) const {
  std::vector<Aggregation> listed;
  bool of_prices = false;
  size_t next = SkipDeterminers(at);
  bool joined = true;
  while (joined) {
    size_t longest = 0;
    for (const auto& [words, aggregation] : kAggregations) {
      const std::string_view phrase[] = {words};
      const size_t length = Phrase(next, phrase);
      if (length <= longest) continue;
      if (longest > 0) listed.pop_back();
      longest = length;
      listed.push_back(aggregation);
      of_prices = of_prices || IsEndOfPrices(words);
    }
    if (longest == 0) return {};
    next += longest;
    const size_t before = next;
    if (Word(next) == ",") ++next;
    if (Is(next, {"and", "&"})) ++next;
    joined = next != before;
    next = SkipDeterminers(next);
  }
  if (listed.size() < 2) return {};
  std::vector<FunctionList> lists;
  std::vector<MetricPhrase> last;
  Aggregate(listed.back(), 0.5, next, last);
  for (const MetricPhrase& phrase : last) {
    const Dimension* price = DimensionOf(phrase.use.field);
    if (of_prices && (price == nullptr || !IsPrice(*price))) continue;
    FunctionList list{.end = phrase.end, .cost = phrase.cost};
    for (const Aggregation aggregation : listed) {
      std::vector<MetricPhrase> found;
      Aggregate(aggregation, 0.5, next, found);
      const auto same = std::ranges::find_if(found, [&](const MetricPhrase& other) {
        return other.end == phrase.end && other.use.metric == phrase.use.metric &&
               other.use.field == phrase.use.field && other.average_of_sum == phrase.average_of_sum;
      });
      if (same != found.end()) list.metrics.push_back(same->use);
    }
    if (list.metrics.size() == listed.size()) lists.push_back(std::move(list));
  }
  return lists;
}

/// The function that is named at `at`, of what is named at `noun`; a number whose own name begins so is that.
void FragmentParser::AggregatedBehind(size_t at, size_t noun, std::vector<MetricPhrase>& found) const {
  const auto named = [&](const AggregationWords& entry) { return entry.words == Word(at); };
  const auto function = std::ranges::find_if(kAggregations, named);
  if (function == kAggregations.end()) return;
  Aggregate(function->aggregation, 0.5, noun, found);
  for (const Link& link : LinksAt(noun)) {  // "electricity usage" of a metric that is called total usage
    const Metric* metric = link.kind == LinkKind::kMetric ? semantic::FindMetric(model_, link.name) : nullptr;
    const Measure* measure = metric == nullptr ? nullptr : MeasureOf(model_, *metric);
    const bool same =
        measure != nullptr && (measure->aggregation == function->aggregation ||
                               (function->aggregation == Aggregation::kSum && IsCount(measure->aggregation)));
    const bool known = std::ranges::any_of(found, [&](const MetricPhrase& one) {
      return one.end == link.end && one.use.metric == link.name && !one.use.aggregation;
    });
    if (same && !known) found.push_back({.end = link.end, .cost = link.cost, .use = {.metric = link.name}});
  }
}

void FragmentParser::Aggregated(size_t at, std::vector<MetricPhrase>& found) const {
  for (const auto& [words, aggregation] : kAggregations) {
    const std::string_view phrase[] = {words};
    const size_t length = Phrase(at, phrase);
    if (length == 0) continue;
    size_t next = SkipDeterminers(at + length);
    if (Word(next) == "of" || Word(next) == "in") next = SkipDeterminers(next + 1);
    const bool is_name = std::ranges::any_of(LinksAt(next), [](const Link& link) {  // "number of defects" is a number.
      return link.kind == LinkKind::kMetric && link.end > link.begin + 1;
    });
    const bool many = aggregation != Aggregation::kSum && !is_name && Word(next) == "number" && Word(next + 1) == "of";
    std::vector<MetricPhrase> read;
    if (many) Aggregate(aggregation, 0.5, SkipDeterminers(next + 2), read);  // "average number of seats"
    Aggregate(aggregation, 0.5, next, read);
    for (MetricPhrase& phrase : read) {
      const Dimension* dimension = DimensionOf(phrase.use.field);
      const bool named = dimension != nullptr && aggregation == Aggregation::kAverage &&
                         std::ranges::any_of(LinksAt(at), [&](const Link& link) {
                           return link.kind == LinkKind::kMetric && link.end == phrase.end && link.note.empty();
                         });
      if (named) phrase.cost += 0.1;  // "average invoice amount" where that is a number of the model.
      if (IsEndOfTimes(words) && (dimension == nullptr || dimension->type != DimensionType::kTime)) continue;
      if (IsEndOfPrices(words) && (dimension == nullptr || !IsPrice(*dimension))) continue;
      found.push_back(std::move(phrase));
    }
  }
  // "p95 of", "95th percentile of"
  const std::string_view word = Word(at);
  std::optional<double> percentile;
  size_t next = at + 1;
  if (word.size() >= 2 && word.size() <= 3 && word[0] == 'p' &&
      word.find_first_not_of("0123456789", 1) == std::string_view::npos) {
    percentile = std::stod(std::string(word.substr(1)));
  } else if (const auto number = ParseNumber(From(at));
             number && Is(at + number->tokens, {"percentile", "perzentil"})) {
    percentile = number->value;
    next = at + number->tokens + 1;
  }
  if (!percentile || *percentile <= 0 || *percentile >= 100) return;
  next = SkipDeterminers(next);
  if (Word(next) == "of" || Word(next) == "for") next = SkipDeterminers(next + 1);
  Aggregate(Aggregation::kPercentile, *percentile / 100, next, found);
}

}  // namespace neurolake::ask
