#include <array>

#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_noun_phrases.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;
using semantic::Measure;
using semantic::Metric;
using semantic::MetricKind;
using semantic::ValueType;

struct AggregationWords {
  std::string_view words;
  Aggregation aggregation;
};
constexpr std::array<AggregationWords, 39> kAggregations{{{"total", Aggregation::kSum},
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

/// Whether it only tells rows apart ("customer number"): nobody adds such up, nor is one of them larger.
bool IsKey(const semantic::SemanticModel& model, const FieldRef& field, const Dimension& dimension) {
  if (dimension.is_label) return true;
  const std::string& column = dimension.expr.empty() ? dimension.name : dimension.expr;
  const auto is_column = [&](const std::string& key) { return EqualsIgnoringCase(key, column); };
  const Entity* entity = semantic::FindEntity(model, field.entity);
  if (entity != nullptr && entity->primary_key.size() == 1 && is_column(entity->primary_key[0])) return true;
  for (const semantic::Join& join : model.joins) {
    if (EqualsIgnoringCase(join.from, field.entity) && std::ranges::any_of(join.from_columns, is_column)) return true;
  }
  return false;
}

bool IsNumeric(const Dimension& dimension) {
  return dimension.type == DimensionType::kCategorical &&
         (dimension.value_type == ValueType::kInteger || dimension.value_type == ValueType::kNumber);
}

const Measure* MeasureOf(const semantic::SemanticModel& model, const Metric& metric) {
  if (metric.kind != MetricKind::kSimple) return nullptr;
  std::string entity_name = metric.entity;
  std::string measure_name = metric.measure;
  if (const size_t dot = measure_name.find('.'); dot != std::string::npos) {
    entity_name = measure_name.substr(0, dot);
    measure_name = measure_name.substr(dot + 1);
  }
  const Entity* entity = semantic::FindEntity(model, entity_name);
  return entity == nullptr ? nullptr : semantic::FindMeasure(*entity, measure_name);
}

bool IsCount(Aggregation aggregation) {
  return aggregation == Aggregation::kCount || aggregation == Aggregation::kCountDistinct;
}

}  // namespace

const semantic::Dimension* FragmentParser::DimensionOf(const FieldRef& field) const {
  const Entity* entity = semantic::FindEntity(model_, field.entity);
  return entity == nullptr ? nullptr : semantic::FindDimension(*entity, field.name);
}

/// The model's own plain count of the entity's rows, else a count without a name.
std::optional<MetricUse> FragmentParser::CountOf(std::string_view name) const {
  const Entity* entity = semantic::FindEntity(model_, name);
  if (entity == nullptr) return std::nullopt;
  for (const Metric& metric : model_.metrics) {
    if (metric.hidden || !metric.filter.empty() || !EqualsIgnoringCase(metric.entity, name)) continue;
    const Measure* measure = MeasureOf(model_, metric);
    if (measure != nullptr && measure->aggregation == Aggregation::kCount && measure->expr.empty() &&
        measure->filter.empty()) {
      return MetricUse{.metric = metric.name};
    }
  }
  return MetricUse{.entity = entity->name};
}

std::optional<FieldRef> FragmentParser::RowFieldOf(const MetricUse& use) const {
  const Metric* metric = use.aggregation ? nullptr : semantic::FindMetric(model_, use.metric);
  const Measure* measure = metric == nullptr || !metric->filter.empty() ? nullptr : MeasureOf(model_, *metric);
  if (measure == nullptr || IsCount(measure->aggregation) || !measure->filter.empty()) return std::nullopt;
  const size_t dot = metric->measure.find('.');
  const Entity* entity =
      semantic::FindEntity(model_, dot == std::string::npos ? metric->entity : metric->measure.substr(0, dot));
  if (entity == nullptr) return std::nullopt;
  const std::string& summed = measure->expr.empty() ? measure->name : measure->expr;
  for (const Dimension& dimension : entity->dimensions) {
    const FieldRef field{entity->name, dimension.name};
    const std::string& column = dimension.expr.empty() ? dimension.name : dimension.expr;
    if (!dimension.hidden && column == summed && IsMeasured(field)) return field;
  }
  return std::nullopt;
}

void FragmentParser::Aggregate(Aggregation aggregation, double percentile, size_t at,
                               std::vector<MetricPhrase>& found) const {
  for (const Link& link : LinksAt(at)) {
    if (link.verb) continue;
    MetricPhrase phrase{.end = link.end, .cost = link.cost};
    if (!link.note.empty()) phrase.notes.push_back(link.note);
    if (link.kind == LinkKind::kDimension) {
      const Dimension* dimension = DimensionOf(link.field);
      const bool of_time = aggregation == Aggregation::kMin || aggregation == Aggregation::kMax;
      if (dimension == nullptr || IsKey(model_, link.field, *dimension) ||
          !(IsNumeric(*dimension) || (of_time && dimension->type == DimensionType::kTime)))
        continue;
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

void FragmentParser::Aggregated(size_t at, std::vector<MetricPhrase>& found) const {
  for (const auto& [words, aggregation] : kAggregations) {
    const std::string_view phrase[] = {words};
    const size_t length = Phrase(at, phrase);
    if (length == 0) continue;
    size_t next = SkipDeterminers(at + length);
    if (Word(next) == "of" || Word(next) == "in") next = SkipDeterminers(next + 1);
    std::vector<MetricPhrase> read;
    Aggregate(aggregation, 0.5, next, read);
    for (MetricPhrase& phrase : read) {
      const Dimension* dimension = DimensionOf(phrase.use.field);
      if (IsEndOfTimes(words) && (dimension == nullptr || dimension->type != DimensionType::kTime)) continue;
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

bool FragmentParser::IsMeasured(const FieldRef& field) const {
  const Dimension* dimension = DimensionOf(field);
  return dimension != nullptr && IsNumeric(*dimension) && !IsKey(model_, field, *dimension);
}

std::vector<MetricPhrase> FragmentParser::Metrics(size_t at) const {
  std::vector<MetricPhrase> found;
  at = SkipDeterminers(at);
  const auto add_links = [&](size_t from, double extra) {
    for (const Link& link : LinksAt(from)) {
      if (link.kind != LinkKind::kMetric) continue;
      MetricPhrase phrase{.end = link.end, .cost = link.cost + extra, .use = {.metric = link.name}};
      if (!link.note.empty()) phrase.notes.push_back(link.note);
      if (Is(phrase.end, {"count", "total", "amount", "volume"}) && LinksAt(phrase.end).empty()) {  // "order count"
        const Metric* metric = semantic::FindMetric(model_, link.name);
        const Measure* measure = metric == nullptr ? nullptr : MeasureOf(model_, *metric);
        const bool counts = measure != nullptr && IsCount(measure->aggregation);
        if (measure != nullptr && (counts ? Word(phrase.end) != "amount" : Word(phrase.end) != "count")) ++phrase.end;
      }
      found.push_back(std::move(phrase));
    }
  };
  add_links(at, 0);
  Aggregated(at, found);
  const size_t distinct = Phrase(at, kMetricsDistinct);
  const size_t count = distinct == 0 ? Phrase(at, kMetricsCounts) : 0;
  if (distinct == 0 && count == 0) {
    for (const Link& link : LinksAt(at)) {  // "customer count", "customers total"
      if (link.kind != LinkKind::kEntity || Word(link.end) != "count") continue;
      if (auto use = CountOf(link.name)) found.push_back({.end = link.end + 1, .cost = link.cost, .use = *use});
    }
    return found;
  }
  const size_t noun = SkipDeterminers(at + std::max(distinct, count));
  if (count > 0) {
    std::vector<MetricPhrase> before;
    std::swap(before, found);
    add_links(noun, 0);
    std::erase_if(found, [&](const MetricPhrase& phrase) {  // "number of revenue" is nothing.
      const Metric* metric = semantic::FindMetric(model_, phrase.use.metric);
      const Measure* measure = metric == nullptr ? nullptr : MeasureOf(model_, *metric);
      if (metric != nullptr && Word(at) != "number" && Word(at) != "how" && Word(at) != "count") return false;
      return measure == nullptr ||
             !(IsCount(measure->aggregation) || (measure->aggregation == Aggregation::kSum &&
                                                 metric->format.unit.empty() && measure->format.unit.empty()));
    });
    found.insert(found.end(), before.begin(), before.end());
  }
  for (const Link& link : LinksAt(noun)) {
    MetricPhrase phrase{.end = link.end, .cost = link.cost};
    if (!link.note.empty()) phrase.notes.push_back(link.note);
    if (link.kind == LinkKind::kEntity && !link.verb) {
      const auto use = CountOf(link.name);
      if (!use) continue;
      phrase.use = *use;
      phrase.distinct = distinct > 0;
      found.push_back(std::move(phrase));
    } else if (link.kind == LinkKind::kDimension && !link.verb) {
      const Dimension* dimension = DimensionOf(link.field);
      if (dimension == nullptr || dimension->value_type == ValueType::kBoolean ||
          (dimension->type == DimensionType::kTime && distinct == 0))
        continue;
      phrase.use = {.aggregation = Aggregation::kCountDistinct, .field = link.field};
      phrase.distinct = distinct > 0 && dimension->is_label;
      phrase.cost += distinct > 0 ? 0.0 : 0.15;
      if (distinct == 0) phrase.notes.push_back(fmt::format("different values of {} are counted", dimension->label));
      found.push_back(std::move(phrase));
    }
  }
  return found;
}

/// Time axes: "month", "order month", "month of shipping", "day of the week".
void FragmentParser::TimeDimensions(size_t at, std::vector<DimensionPhrase>& found) const {
  for (const TimeDimensionsPartWords& entry : kTimeDimensionsParts) {
    const std::string_view phrase[] = {entry.words};
    if (const size_t length = Phrase(at, phrase); length > 0) {
      found.push_back({.end = at + length, .use = DimensionUse{.part = entry.part}});
    }
  }
  size_t used = 0;
  if (const auto grain = ParseGrain(From(at), used)) {
    DimensionPhrase phrase{
        .end = at + used, .grain = *grain, .plural = Singular(Word(at + used - 1)) != Word(at + used - 1)};
    if (Is(phrase.end, {"end", "ends"}) && Word(phrase.end + 1) != "of") ++phrase.end;  // "by month end"
    found.push_back(phrase);
    if (Word(phrase.end) == "of" || Word(phrase.end) == "by") {
      for (const Link& link : LinksAt(SkipDeterminers(phrase.end + 1))) {
        const Dimension* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
        if (dimension == nullptr || dimension->type != DimensionType::kTime) continue;
        found.push_back({.end = link.end, .cost = link.cost, .grain = *grain, .time_field = link.field});
      }
    }
  }
  for (const Link& link : LinksAt(at)) {  // "order date month", "shipping month" by the role's stem
    const Dimension* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
    if (dimension == nullptr || dimension->type != DimensionType::kTime) continue;
    if (const auto grain = ParseGrain(From(link.end), used)) {
      found.push_back({.end = link.end + used, .cost = link.cost, .grain = *grain, .time_field = link.field});
    } else if (!link.verb) {
      found.push_back({.end = link.end,
                       .cost = link.cost,
                       .grain = std::max(dimension->grain, TimeGrain::kDay),
                       .time_field = link.field});
    }
  }
}

std::vector<DimensionPhrase> FragmentParser::Dimensions(size_t at) const {
  std::vector<DimensionPhrase> found;
  at = SkipDeterminers(at);
  if (at >= tokens_.size()) return found;
  TimeDimensions(at, found);
  for (const Link& link : LinksAt(at)) {
    if (link.verb) continue;
    DimensionPhrase phrase{.end = link.end, .cost = link.cost, .plural = link.plural};
    if (!link.note.empty()) phrase.notes.push_back(link.note);
    if (link.kind == LinkKind::kDimension) {
      const Dimension* dimension = DimensionOf(link.field);
      if (dimension == nullptr || dimension->type == DimensionType::kTime) continue;
      phrase.use = DimensionUse{.field = link.field};
      found.push_back(std::move(phrase));
    } else if (link.kind == LinkKind::kEntity) {
      const Entity* entity = semantic::FindEntity(model_, link.name);
      const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
      if (label == nullptr) continue;
      phrase.use = DimensionUse{.field = {entity->name, label->name}};
      phrase.entity = entity->name;
      phrase.cost += 0.12;
      found.push_back(std::move(phrase));
    }
  }
  return found;
}

std::vector<ValuePhrase> FragmentParser::Values(size_t at) const {
  std::vector<ValuePhrase> found;
  at = SkipDeterminers(at);
  for (const Link& first : LinksAt(at)) {
    if (first.kind != LinkKind::kValue) continue;
    ValuePhrase phrase{.end = first.end, .cost = first.cost, .field = first.field, .values = {first.value}};
    if (!first.note.empty()) phrase.notes.push_back(first.note);
    phrase.plural = first.plural;
    found.push_back(phrase);
    phrase.plural = false;
    for (bool more = true; more;) {
      more = false;
      size_t next = phrase.end;
      if (Word(next) == ",") ++next;
      const bool conjunction = Is(next, {"and", "&", "und"});
      if (conjunction || Is(next, {"or", "oder", "nor", "and/or"})) ++next;
      if (next == phrase.end) break;
      if (Word(next - 1) == "nor" && Is(next, {"in", "from", "for", "by", "with", "on", "at", "to"})) ++next;
      next = SkipDeterminers(next);
      for (const Link& link : LinksAt(next)) {
        FieldRef same = link.field;
        if (same.via.empty()) same.via = phrase.field.via;
        if (link.kind != LinkKind::kValue || same != phrase.field) continue;
        phrase.end = link.end;
        phrase.cost += link.cost;
        phrase.values.push_back(link.value);
        if (!link.note.empty()) phrase.notes.push_back(link.note);
        phrase.conjunction = phrase.conjunction || conjunction;
        found.push_back(phrase);
        more = true;
        break;
      }
    }
  }
  return found;
}

}  // namespace neurolake::ask
