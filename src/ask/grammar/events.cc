#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_filters.h"
#include "ask/grammar/internal/words_of_noun_phrases.h"
#include "common/text.h"

namespace neurolake::ask {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;

/// Different ones among the rows of what leads to them: customers by the orders they have. Several ways are several.
std::vector<MetricUse> FragmentParser::DistinctOf(std::string_view name) const {
  std::vector<MetricUse> uses;
  const Entity* entity = semantic::FindEntity(model_, name);
  const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  if (label == nullptr || label->hidden) return uses;
  for (const semantic::Join& join : model_.joins) {
    const Entity* fact = EqualsIgnoringCase(join.to, name) ? semantic::FindEntity(model_, join.from) : nullptr;
    if (fact == nullptr || fact->default_time.empty() || join.cardinality != semantic::Cardinality::kManyToOne)
      continue;
    const MetricUse use{
        .aggregation = Aggregation::kCountDistinct, .field = {entity->name, label->name}, .entity = fact->name};
    if (std::ranges::find(uses, use) == uses.end()) uses.push_back(use);
  }
  return uses;
}

/// "hires in 2024", "number of cancellations", "new customers per month": what happened at a time of the thing.
void FragmentParser::Events(size_t at) {
  const size_t counted = Phrase(at, kMetricsCounts);
  const auto add = [&](FragmentKind kind, const Link& link, const FieldRef& field, double cost) -> Fragment* {
    const auto use = CountOf(link.name);
    const Dimension* time = DimensionOf(field);
    if (!use || time == nullptr) return nullptr;
    Fragment& fragment = Add(kind, at, link.end, link.cost + cost);
    fragment.notes.push_back(fmt::format("{} by {} are counted", link.name, time->label));
    fragment.metrics = {*use};
    fragment.field = field;
    return &fragment;
  };
  const size_t noun = SkipDeterminers(at + counted);
  for (const Link& link : LinksAt(noun)) {
    const bool as_verb = at > 0 && counted == 0 && Is(at - 1, {"who", "that", "which", "it"});  // "who reports to"
    if (link.event && !as_verb && (link.plural || counted > 0)) add(FragmentKind::kMetric, link, link.field, 0.03);
  }
  for (const Link& link : Is(noun, {"new"}) ? LinksAt(noun + 1) : std::vector<Link>{}) {  // "new hires"
    if (link.event && link.plural) add(FragmentKind::kMetric, link, link.field, 0.03);
  }
  if (Is(noun, {"new", "newly"})) {
    for (const Link& link : LinksAt(noun + 1)) {
      if (link.kind != LinkKind::kEntity || link.verb) continue;
      const Entity* entity = semantic::FindEntity(model_, link.name);
      if (entity == nullptr || entity->default_time.empty() || entity->default_time.contains('.')) continue;
      if (Fragment* made = add(FragmentKind::kMetric, link, {entity->name, entity->default_time}, 0.05))
        made->each = true;
    }
  }
  size_t most = at;
  while (Is(most, {"with", "has", "have", "had", "saw", "the"})) ++most;
  if (!Is(most, {"most", "fewest", "least"})) return;
  for (const Link& link : LinksAt(most + 1)) {
    if (!link.event || !link.plural) continue;
    if (Fragment* made = add(FragmentKind::kTopBy, link, link.field, 0.03)) made->descending = Word(most) == "most";
  }
}

/// "not referred by any doctor", "not assigned to anyone": nobody is there.
void FragmentParser::NotByAny(size_t begin, size_t next) {
  for (const Link& link : LinksAt(next)) {
    const semantic::Join* join = link.kind == LinkKind::kRole ? semantic::FindJoin(model_, link.name) : nullptr;
    const Entity* who = join == nullptr ? nullptr : semantic::FindEntity(model_, join->to);
    const Dimension* label = who == nullptr ? nullptr : semantic::LabelDimension(*who);
    if (label == nullptr) continue;
    static constexpr std::string_view kAny[] = {"anyone",         "anybody",    "any", "any of our", "any of the",
                                                "any one of our", "one of our", "a",   "an",         "our"};
    size_t end = link.end;
    const size_t any = Phrase(end, kAny);
    if (any == 0) continue;
    end += any;
    if (!Is(end - 1, {"anyone", "anybody"})) {
      const auto noun = std::ranges::find_if(LinksAt(end), [&](const Link& one) {
        return one.kind == LinkKind::kEntity && !one.verb && one.name == who->name;
      });
      if (noun == LinksAt(end).end()) continue;
      end = noun->end;
    }
    Fragment& fragment = Add(FragmentKind::kFilter, begin, end, link.cost + 0.03);
    fragment.notes.push_back(fmt::format("those without {}", join->label));
    fragment.filters = {{.any_of = {{.field = {who->name, label->name, {join->name}}, .op = FilterOperator::kIsNull}}}};
  }
}

/// "not yet shipped", "have not been returned": the time of what was done is not there.
void FragmentParser::States(size_t at) {
  static constexpr std::string_view kNever[] = {"never",
                                                "but not",
                                                "but not yet",
                                                "and not yet",
                                                "and not",
                                                "but have not",
                                                "but still not",
                                                "and still not",
                                                "but never",
                                                "but were not",
                                                "but was not",
                                                "have not",
                                                "has not",
                                                "yet to be",
                                                "are still not",
                                                "is still not",
                                                "have still not been",
                                                "were never",
                                                "was never",
                                                "never been",
                                                "have not yet been",
                                                "has not yet been",
                                                "still not",
                                                "not yet been",
                                                "that were never",
                                                "which were never",
                                                "are not yet",
                                                "is not yet",
                                                "that are not yet",
                                                "have never been",
                                                "has never been",
                                                "were not yet",
                                                "have yet to be",
                                                "that have never been"};
  const size_t no = std::max(Phrase(at, kValueFiltersNot), Phrase(at, kNever));
  if (no == 0) return;
  size_t noun = at + no;
  if (Is(noun, {"any", "a", "an"})) ++noun;
  for (const Link& link : Is(at, {"without", "no"}) ? LinksAt(noun) : std::vector<Link>{}) {  // "without any reply"
    const Dimension* time = link.event ? DimensionOf(link.field) : nullptr;
    if (time == nullptr || !ParseTime(From(link.end), time_, problems_).empty()) continue;
    Fragment& fragment = Add(FragmentKind::kFilter, at, link.end, link.cost + 0.05);
    fragment.notes.push_back(fmt::format("those without {}", time->label));
    fragment.filters = {{.any_of = {{.field = link.field, .op = FilterOperator::kIsNull}}}};
  }
  NotByAny(at, at + no);
  for (const Link& link : LinksAt(at + no)) {
    const Dimension* dimension = link.kind == LinkKind::kDimension && link.verb ? DimensionOf(link.field) : nullptr;
    if (dimension == nullptr || dimension->type != DimensionType::kTime || Word(at + no).ends_with("ing")) continue;
    size_t end = link.end;
    if (Is(end, {"yet", "back"})) ++end;
    Fragment& fragment = Add(FragmentKind::kFilter, at, end, link.cost + 0.03);
    fragment.notes.push_back(fmt::format("those without {}", dimension->label));
    fragment.filters = {{.any_of = {{.field = link.field, .op = FilterOperator::kIsNull}}}};
  }
}

/// "5-star hotels", "3 and 4 bedroom flats", "with 2 engines": a number of what a row has.
void FragmentParser::CountedNouns(size_t at) {
  size_t next = at + Phrase(at, kDimensionFiltersWith);
  std::vector<double> values;
  while (values.size() < 8) {
    const auto number = ParseNumber(From(next));
    if (!number || number->ordinal || number->unit != NumberUnit::kNone) break;
    values.push_back(number->value);
    next += number->tokens;
    if (Is(next, {"and", "or", ","}) && ParseNumber(From(next + 1))) ++next;
    else break;
  }
  std::optional<CompareOperator> op;
  if (values.empty()) {  // "at least 4 stars"
    for (const ComparePhrase& compare : Comparisons(next)) {
      if (compare.unit != NumberUnit::kNone || compare.op == CompareOperator::kBetween) continue;
      op = compare.op;
      values = {compare.operand};
      next = compare.end;
    }
  }
  if (values.empty()) return;
  const bool hyphen = Word(next) == "-";
  if (hyphen) ++next;
  size_t used = 0;
  const std::string noun = Singular(Word(next));
  if (noun.size() < 3 || ParseGrain(From(next), used)) return;
  const auto named = [&](const Link& link) {
    return (link.kind == LinkKind::kMetric || link.kind == LinkKind::kEntity) && !link.verb && link.note.empty();
  };
  if (std::ranges::any_of(LinksAt(next), named)) return;
  for (const Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      const FieldRef field{entity.name, dimension.name};
      if (dimension.hidden || !IsMeasured(field)) continue;
      std::vector<std::string> names{dimension.label, dimension.name};
      names.insert(names.end(), dimension.synonyms.begin(), dimension.synonyms.end());
      const bool says = std::ranges::any_of(names, [&](const std::string& name) {
        const auto words = TokenizeName(name);
        return std::ranges::any_of(words, [&](const Token& word) { return Singular(word.word) == noun; });
      });
      if (!says) continue;
      Filter filter{.field = field};
      for (const double value : values) filter.values.push_back(NumberLiteral(value, dimension.value_type));
      size_t end = next + 1;
      if (op) filter.op = OperatorOf(*op);
      if (!op && values.size() == 1 && Is(end, {"or"})) {  // "2 stars or less"
        const bool more = Is(end + 1, {"more", "above", "higher", "better", "over", "greater"});
        const bool less = Is(end + 1, {"less", "below", "lower", "worse", "under", "fewer"});
        if (more) filter.op = FilterOperator::kGreaterOrEqual;
        if (less) filter.op = FilterOperator::kLessOrEqual;
        if (more || less) end += 2;
      }
      if (Is(end, {"for", "of", "on"})) {  // "stars for the food"
        const size_t tail = SkipDeterminers(end + 1);
        const bool named_so = std::ranges::any_of(names, [&](const std::string& name) {
          const auto words = TokenizeName(name);
          return std::ranges::any_of(
              words, [&](const Token& word) { return word.word == Word(tail) && word.word.size() > 3; });
        });
        if (named_so) end = tail + 1;
      }
      Fragment& fragment = Add(FragmentKind::kFilter, at, end, hyphen ? 0.03 : 0.06);
      fragment.filters = {{.any_of = {std::move(filter)}}};
    }
  }
}

}  // namespace neurolake::ask
