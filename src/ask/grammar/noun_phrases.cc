#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"
#include "ask/grammar/internal/words_of_noun_phrases.h"
#include "common/text.h"

namespace neurolake::ask {
using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;
using semantic::Measure;
using semantic::Metric;
using semantic::MetricKind;
using semantic::ValueType;

bool IsKey(const semantic::SemanticModel& model, const Entity* entity, const Dimension& dimension) {
  if (dimension.is_label) return true;
  const std::string& column = dimension.expr.empty() ? dimension.name : dimension.expr;
  const auto is_column = [&](const std::string& key) { return EqualsIgnoringCase(key, column); };
  if (entity != nullptr && entity->primary_key.size() == 1 && is_column(entity->primary_key[0])) return true;
  for (const semantic::Join& join : model.joins) {
    if (entity != nullptr && EqualsIgnoringCase(join.from, entity->name) &&
        std::ranges::any_of(join.from_columns, is_column))
      return true;
  }
  return false;
}

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

bool FragmentParser::IsMeasured(const FieldRef& field) const {
  const Dimension* dimension = DimensionOf(field);
  return dimension != nullptr && IsNumeric(*dimension) &&
         !IsKey(model_, semantic::FindEntity(model_, field.entity), *dimension);
}

bool FragmentParser::IsTime(const FieldRef& field) const {
  const Dimension* dimension = DimensionOf(field);
  return dimension != nullptr && dimension->type == DimensionType::kTime;
}

/// The model's own numbers by their names.
void FragmentParser::NamedMetrics(size_t from, std::vector<MetricPhrase>& found) const {
  for (const Link& link : LinksAt(from)) {
    if (link.kind != LinkKind::kMetric) continue;
    MetricPhrase phrase{.end = link.end, .cost = link.cost, .use = {.metric = link.name}};
    if (!link.note.empty()) phrase.notes.push_back(link.note);
    if (Is(phrase.end, {"count", "total", "amount", "volume"}) && LinksAt(phrase.end).empty()) {  // "order count"
      const Metric* metric = semantic::FindMetric(model_, link.name);
      const Measure* measure = metric == nullptr ? nullptr : MeasureOf(model_, *metric);
      const bool counts = measure != nullptr && IsCount(measure->aggregation);
      if (measure != nullptr && (counts ? Word(phrase.end) != "amount" : Word(phrase.end) != "count")) ++phrase.end;
    }
    found.push_back(std::move(phrase));
  }
}

/// Whether "amount of" stands before things that have an amount of money.
bool FragmentParser::IsAmountOf(size_t noun, std::string_view entity) const {
  size_t before = noun;
  while (before > 0 && Is(before - 1, {"the", "our", "all", "these", "those"})) --before;
  return before > 1 && Is(before - 1, {"of"}) && Is(before - 2, {"amount", "amounts", "value"}) &&
         !AmountOf(entity).name.empty();
}

/// Rows and values that are counted: "customers", "distinct brands".
void FragmentParser::CountedThings(size_t noun, bool distinct, std::vector<MetricPhrase>& found) const {
  for (const Link& link : LinksAt(noun)) {
    MetricPhrase phrase{.end = link.end, .cost = link.cost};
    if (!link.note.empty()) phrase.notes.push_back(link.note);
    if (link.kind == LinkKind::kEntity && !link.verb) {
      const auto use = CountOf(link.name);
      if (!use) continue;
      if (noun > 1 && IsAmountOf(noun, link.name)) phrase.cost += 0.5;  // "amount of the invoices" is money.
      phrase.use = *use;
      phrase.distinct = distinct;
      found.push_back(phrase);
      for (MetricUse& among : distinct ? DistinctOf(link.name) : std::vector<MetricUse>{}) {
        phrase.use = std::move(among);
        phrase.distinct = false;
        phrase.cost = link.cost + 0.04;
        found.push_back(phrase);
      }
    } else if (link.kind == LinkKind::kDimension && !link.verb) {
      const Dimension* dimension = DimensionOf(link.field);
      if (dimension == nullptr || dimension->value_type == ValueType::kBoolean ||
          ((dimension->type == DimensionType::kTime || IsMeasured(link.field)) && !distinct))
        continue;  // "how many pieces" are added up.
      phrase.use = {.aggregation = Aggregation::kCountDistinct, .field = link.field};
      phrase.distinct = distinct && dimension->is_label;
      phrase.cost += distinct ? 0.0 : 0.15;
      if (!distinct) phrase.notes.push_back(fmt::format("different values of {} are counted", dimension->label));
      found.push_back(std::move(phrase));
    }
  }
}

std::vector<MetricPhrase> FragmentParser::Metrics(size_t at) const {
  std::vector<MetricPhrase> found;
  at = SkipDeterminers(at);
  NamedMetrics(at, found);
  Aggregated(at, found);
  std::vector<MetricPhrase> averages;  // "discount on average"
  Aggregate(Aggregation::kAverage, 0.5, at, averages);
  for (MetricPhrase& phrase : averages) {
    if (!Is(phrase.end, {"on"}) || Word(phrase.end + 1) != "average") continue;
    phrase.end += 2;
    found.push_back(std::move(phrase));
  }
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
    NamedMetrics(noun, found);
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
  CountedThings(noun, distinct > 0, found);
  if (count > 0) UnitsAsked(noun, found);
  return found;
}

/// Time axes: "month", "order month", "month of shipping", "day of the week".
void FragmentParser::TimeDimensions(size_t at, std::vector<DimensionPhrase>& found) const {
  for (const TimeDimensionsPartWords& entry : kTimeDimensionsParts) {
    const std::string_view phrase[] = {entry.words};
    if (const size_t length = Phrase(at, phrase); length > 0) {
      found.push_back({.end = at + length, .use = DimensionUse{.part = entry.part}});
      for (const Link& link : LinksAt(SkipDeterminers(at + length + 1))) {  // "weekday of arrival"
        const Dimension* dimension =
            Word(at + length) == "of" && link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
        if (dimension == nullptr || dimension->type != DimensionType::kTime) continue;
        found.push_back(
            {.end = link.end, .cost = link.cost, .use = DimensionUse{.field = link.field, .part = entry.part}});
      }
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
  NamedTimes(at, found);
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

/// "month of loss", "loss month": by the time that is called the date of loss.
void FragmentParser::NamedTimes(size_t at, std::vector<DimensionPhrase>& found) const {
  static constexpr std::string_view kTimes[] = {"date", "time", "day", "of", "the", "on", "at", "timestamp"};
  size_t used = 0;
  auto grain = ParseGrain(From(at), used);
  const bool behind = grain && Is(at + used, {"of"});  // Else the grain is behind the word.
  const size_t noun = behind ? SkipDeterminers(at + used + 1) : at;
  if (!behind) grain = ParseGrain(From(at + 1), used);
  if (!grain || noun >= tokens_.size() || tokens_[noun].word.size() < 4) return;
  for (const Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.hidden || dimension.type != DimensionType::kTime) continue;
      std::vector<std::string> names{dimension.label, dimension.name};
      names.insert(names.end(), dimension.synonyms.begin(), dimension.synonyms.end());
      const bool says = std::ranges::any_of(names, [&](const std::string& name) {
        auto words = TokenizeName(name);
        const size_t all = words.size();
        std::erase_if(words, [&](const Token& word) {
          return word.kind == TokenKind::kSymbol || std::ranges::find(kTimes, word.word) != std::end(kTimes);
        });
        return words.size() == 1 && all > 1 && words[0].word == Word(noun);
      });
      if (!says) continue;
      found.push_back({.end = behind ? noun + 1 : noun + 1 + used,
                       .cost = 0.02,
                       .grain = *grain,
                       .time_field = {entity.name, dimension.name}});
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

/// Whether the word is written as a name and is none that is known.
bool FragmentParser::IsUnknownName(size_t at) const {
  if (at >= tokens_.size() || !LinksAt(at).empty() || tokens_[at].kind != TokenKind::kWord) return false;
  const Token& token = tokens_[at];
  const bool capital = !token.text.empty() && token.text[0] >= 'A' && token.text[0] <= 'Z';
  return capital && at > 0 && token.word.size() >= 3 && !IsFiller(token.word) && !IsCommonWord(token.word);
}

std::vector<ValuePhrase> FragmentParser::Values(size_t at) const {
  std::vector<ValuePhrase> found;
  at = SkipDeterminers(at);
  if (IsUnknownName(at) && Is(at + 1, {"or", "and", ","})) {  // "Brazil or Japan" where there is nobody from Brazil
    for (const Link& known : LinksAt(SkipDeterminers(at + 2))) {
      if (known.kind != LinkKind::kValue || !known.note.empty()) continue;
      found.push_back({.end = known.end,
                       .cost = known.cost + 0.1,
                       .field = known.field,
                       .values = {tokens_[at].text, known.value},
                       .notes = {fmt::format("there is no {} called “{}”", known.field.name, tokens_[at].text)},
                       .conjunction = Word(at + 1) == "and"});
    }
  }
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
      const bool again = Is(next, {"in", "from", "for", "at", "with", "by", "on"}) && at > 0 &&
                         (Word(at - 1) == Word(next) || (at > 1 && Word(at - 2) == "both"));
      if (conjunction && again) ++next;  // "both in Paris and in Rome"
      else if (Word(next - 1) == "nor" && Is(next, {"in", "from", "for", "by", "with", "on", "at", "to"})) ++next;
      next = SkipDeterminers(next);
      if (IsUnknownName(next) && phrase.notes.empty()) {
        ValuePhrase longer = phrase;
        longer.end = next + 1;
        longer.cost += 0.1;
        longer.values.push_back(tokens_[next].text);
        longer.notes.push_back(fmt::format("there is no {} called “{}”", phrase.field.name, tokens_[next].text));
        longer.conjunction = conjunction;
        found.push_back(std::move(longer));
      }
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
