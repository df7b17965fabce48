#include "ask/grammar/internal/assembler.h"
#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"
#include "ask/grammar/internal/words_of_ranks.h"
#include "ask/link/join_paths.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;

/// Where in `nouns` the first word of the member's names is; nullopt: none of them is.
std::optional<size_t> NounOf(const semantic::Described& member, std::span<const std::string_view> nouns) {
  std::vector<std::string> words;
  const auto add = [&](std::string_view name) {
    for (const Token& token : TokenizeName(name)) words.push_back(Singular(token.word));
  };
  add(member.label);
  add(member.name);
  for (const std::string& synonym : member.synonyms) add(synonym);
  for (size_t i = 0; i < nouns.size(); ++i) {
    if (std::ranges::find(words, nouns[i]) != words.end()) return i;
  }
  return std::nullopt;
}

bool SaysAge(const Dimension& dimension) {
  static constexpr std::string_view kAge[] = {"age"};
  return NounOf(dimension, kAge).has_value();
}

/// Whether what is kept in the unit is what the superlative is about.
bool IsKeptIn(std::string_view unit, std::string_view superlative) {
  static constexpr std::string_view kLong[] = {"s", "sec", "min", "h", "d", "days", "minutes", "hours", "km", "mi"};
  static constexpr std::string_view kHeavy[] = {"kg", "g", "t", "lb"};
  static constexpr std::string_view kMoney[] = {"EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY"};
  const auto kept = [&](const auto& units) { return std::ranges::find(units, unit) != std::end(units); };
  if (superlative == "longest" || superlative == "shortest") return kept(kLong);
  if (superlative == "heaviest" || superlative == "lightest") return kept(kHeavy);
  return (superlative == "expensive" || superlative == "cheapest" || superlative == "costly") && kept(kMoney);
}

}  // namespace

/// What of a row the word is about, and whether its largest is meant: the price of "cheapest", the smallest.
std::vector<std::pair<FieldRef, bool>> FragmentParser::MeasuresOf(const Entity& entity, const MeasuredBy& word) const {
  std::vector<std::pair<FieldRef, bool>> found;
  size_t best = SIZE_MAX;
  for (const Dimension& dimension : entity.dimensions) {
    if (dimension.hidden) continue;
    const FieldRef field{entity.name, dimension.name};
    const bool is_time = dimension.type == DimensionType::kTime;
    if (is_time ? !word.of_times : !IsMeasured(field)) continue;
    const auto noun = NounOf(dimension, word.nouns);
    if (!noun) continue;
    if (*noun > best) continue;
    if (*noun < best) found.clear();
    best = *noun;
    found.emplace_back(field, !is_time && word.of_times && SaysAge(dimension) ? !word.large : word.large);
  }
  if (found.empty()) {  // "longest stop": what is kept in minutes.
    for (const Dimension& dimension : entity.dimensions) {
      const FieldRef field{entity.name, dimension.name};
      if (!dimension.hidden && IsMeasured(field) && IsKeptIn(dimension.format.unit, word.word))
        found.emplace_back(field, word.large);
    }
    if (found.size() > 1) found.clear();
  }
  const bool by_time = word.of_times && found.empty() && word.word != "youngest";
  if (by_time && !entity.default_time.empty() && !entity.default_time.contains('.'))
    found.emplace_back(FieldRef{entity.name, entity.default_time}, word.large);
  return found;
}

/// Rows of what is named at `at`, or, where nothing is, of what the rest of the question names.
void FragmentParser::ExtremesOf(size_t at, size_t begin, size_t end, const MeasuredBy& word, const Fragment& shape) {
  const auto add = [&](const Entity& entity, size_t to, double cost, std::string_view note, bool plural, bool named) {
    for (const auto& [field, large] : MeasuresOf(entity, word)) {
      Fragment& fragment = Add(FragmentKind::kExtreme, begin, to, cost + 0.01);
      if (!note.empty()) fragment.notes.emplace_back(note);
      fragment.entity = entity.name;
      fragment.field = field;
      fragment.n = shape.n;
      fragment.nth = shape.nth;
      fragment.descending = large == shape.descending;
      fragment.plural = plural;
      fragment.rows = named;
    }
  };
  const bool sized = word.word == "largest" || word.word == "biggest" || word.word == "smallest";
  for (const Link& link : LinksAt(at)) {
    const Entity* entity =
        link.kind == LinkKind::kEntity && !link.verb ? semantic::FindEntity(model_, link.name) : nullptr;
    if (entity == nullptr || (sized && !SizeOf(link.name).name.empty())) continue;
    add(*entity, link.end, link.cost, link.note, link.plural, true);
  }
  for (const NounPhrase& noun : LimitedNouns(at)) {  // "the ten biggest open claims"
    const Entity* entity = noun.filters.empty() ? nullptr : semantic::FindEntity(model_, noun.entity);
    if (entity == nullptr) continue;
    FieldRef size = sized ? SizeOf(noun.entity) : FieldRef{};
    if (sized && size.name.empty()) size = AmountOf(noun.entity);
    const size_t before = found_.size();
    add(*entity, noun.end, noun.cost, "", noun.plural, true);
    if (!size.name.empty() && found_.size() == before) {
      Fragment& fragment = Add(FragmentKind::kExtreme, begin, noun.end, noun.cost + 0.06);
      fragment.entity = entity->name;
      fragment.field = size;
      fragment.n = shape.n;
      fragment.nth = shape.nth;
      fragment.descending = word.large == shape.descending;
      fragment.plural = noun.plural;
      fragment.rows = true;
    }
    for (size_t i = before; i < found_.size(); ++i) {
      found_[i].filters = noun.filters;
      found_[i].notes.insert(found_[i].notes.end(), noun.notes.begin(), noun.notes.end());
    }
  }
  const bool ends = at >= tokens_.size() || tokens_[at].kind == TokenKind::kSymbol ||
                    Is(at, {"in", "of", "from", "for", "at", "on", "by", "with", "during", "per", "last", "this"});
  if (!ends || begin == 0 || word.word == "first" || word.word == "last") return;
  for (const Entity& entity : model_.entities) add(entity, end, 0.05, "", false, false);
}

/// "cheapest room", "5 most expensive products", "latest 3 loans", "the highest paid employee", "is the oldest".
void FragmentParser::Extremes(size_t at) {
  size_t next = at + Phrase(at, kTopsLeads);
  if (Is(next, {"is", "are", "was", "were"})) ++next;
  next = SkipDeterminers(next);
  Fragment shape;
  const auto number = [&] {
    const auto read = ParseNumber(From(next));
    if (shape.n > 0 || !read || read->unit != NumberUnit::kNone || read->value < 1 || read->value > 100'000) return;
    shape.n = static_cast<int64_t>(read->value);
    shape.nth = read->ordinal;
    next += read->tokens;
  };
  const auto first = ParseNumber(From(next));  // "first" is also an end of times.
  if (first && !(Is(next, {"first"}) && ParseNumber(From(next + 1)))) number();
  const bool most = Is(next, {"most", "least"});
  const MeasuredBy* word = most ? GradableOf(Word(next + 1)) : SuperlativeOf(Word(next));
  if (Is(next, {"longest"}) && Is(next + 1, {"serving", "standing", "established", "running"})) {
    word = SuperlativeOf("earliest");
    ++next;
  }
  const bool ranks = Is(next, {"highest", "lowest", "best", "worst", "top"});
  if (ranks && ParticipleOf(Word(next + 1)) != nullptr) {
    word = ParticipleOf(Word(next + 1));
    shape.descending = Is(next, {"highest", "best", "top"});
    next += 2;
  } else if (word != nullptr) {
    shape.descending = !most || Word(next) == "most";
    next += most ? 2 : 1;
  } else {
    return;
  }
  number();
  const bool counted = shape.n > 0 && !shape.nth;
  if ((word->word == "first" || word->word == "last") && !counted) return;
  ExtremesOf(SkipDeterminers(next), at, next, *word, shape);
}

/// "has the longest sessions on average", "is the most expensive on average": by the average of what is measured.
void FragmentParser::Averages(size_t at) {
  size_t next = at + Phrase(at, kTopBysLeads);
  if (Is(next, {"is", "are", "was", "were"})) ++next;
  next = SkipDeterminers(next);
  const bool most = Is(next, {"most", "least"});
  const MeasuredBy* word = most ? GradableOf(Word(next + 1)) : SuperlativeOf(Word(next));
  if (word == nullptr || word->of_times) return;
  const bool descending = word->large == (!most || Word(next) == "most");
  next += most ? 2 : 1;
  const auto add = [&](size_t end, std::string_view entity, double cost) {
    if (!Is(end, {"on"}) || Word(end + 1) != "average") return;
    for (const semantic::Metric& metric : model_.metrics) {
      const auto* measure = MeasureOf(model_, metric);
      const bool averages = metric.kind == semantic::MetricKind::kRatio ||
                            (measure != nullptr && measure->aggregation == Aggregation::kAverage);
      if (metric.hidden || !averages || !NounOf(metric, word->nouns)) continue;
      if (!entity.empty() && !EqualsIgnoringCase(metric.entity, entity)) continue;
      Fragment& fragment = Add(FragmentKind::kTopBy, at, end + 2, cost + 0.03);
      fragment.notes.push_back(fmt::format("ranked by {}", metric.label));
      fragment.metrics = {{.metric = metric.name}};
      fragment.descending = descending;
    }
  };
  add(next, "", 0);
  for (const Link& link : LinksAt(next)) {
    if (link.kind == LinkKind::kEntity && !link.verb) add(link.end, link.name, link.cost);
  }
}

/// By what the most `verb` of an entity are told: `use`, or, where its rows have no one such, the one number that is
/// called so: dishes by "dishes ordered".
MetricUse FragmentParser::DoneOf(const MetricUse& use, std::string_view verb, std::string_view entity) const {
  const auto reaches = [&](const MetricUse& one) {
    const auto bases = BaseEntities(model_, one);
    return bases.size() == 1 && !ToOnePaths(model_, bases[0], entity).empty();
  };
  if (reaches(use)) return use;
  std::vector<MetricUse> found;
  for (const semantic::Metric& metric : model_.metrics) {
    const auto* measure = metric.hidden ? nullptr : MeasureOf(model_, metric);
    if (measure == nullptr || measure->aggregation != Aggregation::kSum || !reaches({.metric = metric.name})) continue;
    std::string names = metric.label;
    for (const std::string& synonym : metric.synonyms) names += " " + synonym;
    const auto words = TokenizeName(names);
    if (std::ranges::any_of(words, [&](const Token& word) { return word.word == verb; }))
      found.push_back({.metric = metric.name});
  }
  if (found.size() > 1) {  // How many were, and not what they cost.
    std::erase_if(found,
                  [&](const MetricUse& one) { return !semantic::FindMetric(model_, one.metric)->format.unit.empty(); });
  }
  return found.size() == 1 ? found[0] : use;
}

/// "the most borrowed books", "was prescribed least often": by how often it was done.
void FragmentParser::MostDone(size_t at) {
  const auto verb_of = [&](size_t place, size_t& end) -> std::optional<MetricUse> {
    for (const Link& link : LinksAt(place)) {
      const bool base = !link.verb && !link.plural && place > 0 && Is(link.end, {"most", "least", "the"}) &&
                        !VerbsOf(Singular(Word(place))).empty();  // "which customers order most often"
      if (link.kind != LinkKind::kEntity || (!link.verb && !base) || link.event) continue;
      end = link.end;
      return CountOf(link.name);
    }
    return std::nullopt;
  };
  const auto often = [&](size_t place) { return Is(place, {"often", "frequently"}) ? place + 1 : place; };
  size_t end = 0;
  size_t next = at;
  while (Is(next, {"is", "are", "was", "were", "has", "been", "have", "did", "get", "gets", "got"})) ++next;
  if (const auto use = verb_of(next, end)) {  // "prescribed least", "ordered the most often"
    const size_t superlative = SkipDeterminers(end);
    if (Is(superlative, {"most", "least"})) {
      const size_t behind = often(superlative + 1);
      // "which airline flew the most" may be by miles; what "was prescribed least" was counted.
      const bool passive = next > at && Is(next - 1, {"is", "are", "was", "were", "been", "get", "gets", "got"});
      const bool done = behind > superlative + 1 || (passive && (behind >= tokens_.size() || LinksAt(behind).empty()));
      if (done) {
        Fragment& fragment = Add(FragmentKind::kTopBy, at, behind, 0.02);
        fragment.metrics = {*use};
        fragment.descending = Word(superlative) == "most";
      }
    }
  }
  size_t start = at + Phrase(at, kTopsLeads);
  start = SkipDeterminers(start);
  Fragment shape;
  if (const auto number = ParseNumber(From(start)); number && number->unit == NumberUnit::kNone && number->value >= 1) {
    shape.n = static_cast<int64_t>(number->value);
    shape.nth = number->ordinal;
    start += number->tokens;
  }
  if (!Is(start, {"most", "least"})) return;
  const size_t adverb = Is(start + 1, {"often", "frequently", "commonly"}) ? start + 2 : start + 1;
  const auto use = verb_of(adverb, end);
  if (!use) return;
  for (const DimensionPhrase& phrase : Dimensions(end)) {
    if (!phrase.use) continue;
    const auto ranked = DoneOf(*use, Word(end - 1), phrase.use->field.entity);
    Fragment& fragment = Add(FragmentKind::kTop, at, phrase.end, phrase.cost, phrase.notes);
    fragment.dimensions = {*phrase.use};
    fragment.metrics = {ranked};
    fragment.n = shape.n;
    fragment.nth = shape.nth;
    fragment.descending = Word(start) == "most";
    fragment.plural = phrase.plural;
    fragment.entity = phrase.entity;
  }
}

}  // namespace neurolake::ask
