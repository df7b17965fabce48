#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"
#include "ask/grammar/internal/words_of_ranks.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::Entity;

/// 1 for the large end of numbers, -1 for the small one, 0 for no such word.
int EndOf(std::string_view word) {
  static constexpr std::string_view kLarge[] = {"highest", "largest", "biggest", "greatest", "longest",
                                                "maximum", "max",     "latest",  "newest"};
  static constexpr std::string_view kSmall[] = {"lowest",  "smallest", "shortest", "least",
                                                "minimum", "min",      "earliest", "oldest"};
  if (std::ranges::find(kLarge, word) != std::end(kLarge)) return 1;
  return std::ranges::find(kSmall, word) != std::end(kSmall) ? -1 : 0;
}

}  // namespace

/// The one sum of money that a row of the entity is about; none where there are several or none.
FieldRef FragmentParser::AmountOf(std::string_view name) const {
  static constexpr std::string_view kAmounts[] = {"amount", "value", "total", "price", "cost", "fare", "premium"};
  const Entity* entity = semantic::FindEntity(model_, name);
  FieldRef found;
  for (const Dimension& dimension : entity == nullptr ? std::vector<Dimension>{} : entity->dimensions) {
    const FieldRef field{entity->name, dimension.name};
    const bool money = dimension.format.pattern == "currency" || dimension.format.unit.size() == 3;
    if (dimension.hidden || !money || !IsMeasured(field) || IsPartOfAmount(*entity, dimension)) continue;
    const auto words = TokenizeName(dimension.label + " " + dimension.name);
    const bool says = std::ranges::any_of(words, [&](const Token& word) {
      return std::ranges::find(kAmounts, Singular(word.word)) != std::end(kAmounts);
    });
    if (!says) continue;
    if (!found.name.empty()) return {};
    found = field;
  }
  return found;
}

/// What the superlative is about in the entity, where that is one field.
FieldRef FragmentParser::MeasuredIn(std::string_view name, std::string_view superlative) const {
  const Entity* entity = semantic::FindEntity(model_, name);
  if (entity == nullptr) return {};
  const MeasuredBy* gradable = GradableOf(superlative);
  if (const MeasuredBy* word = gradable != nullptr ? gradable : SuperlativeOf(superlative)) {
    const auto fields = MeasuresOf(*entity, *word);
    if (fields.size() == 1) return fields[0].first;
    if (fields.size() > 1) return {};
  }
  static constexpr std::string_view kSized[] = {"highest", "largest", "biggest", "greatest", "lowest", "smallest"};
  if (std::ranges::find(kSized, superlative) == std::end(kSized)) return {};
  const FieldRef size = SizeOf(name);
  return size.name.empty() ? AmountOf(name) : size;
}

/// The end that the words at `at` name, and how many there are: "cheapest", "most expensive"; 0: none.
std::pair<int, size_t> FragmentParser::EndAt(size_t at) const {
  if (Is(at, {"most", "least"})) {
    const MeasuredBy* word = GradableOf(Word(at + 1));
    if (word == nullptr || word->of_times) return {0, 0};
    return {(Word(at) == "most") == word->large ? 1 : -1, 2};
  }
  if (Is(at, {"cheapest", "lightest"})) return {-1, 1};
  if (Is(at, {"priciest", "heaviest", "costliest"})) return {1, 1};
  return {EndOf(Word(at)), 1};
}

/// "smallest and largest room", "the highest invoice in each quarter": ends of what rows are measured by.
void FragmentParser::EndsOfRows(size_t at) {
  const size_t first = SkipDeterminers(at);
  const auto [end, length] = EndAt(first);
  if (end == 0) return;
  size_t noun = first + length;
  std::string_view second;
  if (Is(noun, {"and", "&", "/", ","})) {
    const size_t other = SkipDeterminers(noun + 1);
    const auto [other_end, other_length] = EndAt(other);
    if (other_end != -end) return;
    second = other_length == 2 ? Word(other + 1) : Word(other);
    noun = other + other_length;
  }
  if (length == 2 && second.empty()) return;
  const std::string_view said = length == 2 ? Word(first + 1) : Word(first);
  const auto function = [](int direction) { return direction > 0 ? Aggregation::kMax : Aggregation::kMin; };
  for (const Link& link : LinksAt(noun)) {
    if (link.kind != LinkKind::kEntity || link.verb || (second.empty() && link.plural)) continue;
    const FieldRef field = MeasuredIn(link.name, said);
    if (field.name.empty() || (!second.empty() && MeasuredIn(link.name, second) != field)) continue;
    const bool split = std::ranges::any_of(From(link.end), [](const Token& token) {
      return token.word == "each" || token.word == "every" || token.word == "per" || token.word == "by";
    });
    Fragment& fragment =
        Add(FragmentKind::kMetric, at, link.end, link.cost + (second.empty() ? (split ? 0.1 : 0.3) : 0.03));
    fragment.metrics = {{.aggregation = function(end), .field = field}};
    if (!second.empty()) fragment.metrics.push_back({.aggregation = function(-end), .field = field});
    fragment.notes.push_back(fmt::format("told by {}", DimensionOf(field)->label));
    const auto words = TokenizeName(DimensionOf(field)->label);
    const bool repeats = Is(link.end, {"in"}) && std::ranges::any_of(words, [&](const Token& word) {  // "in nights"
                           return word.word.size() > 3 && Singular(word.word) == Singular(Word(link.end + 1));
                         });
    if (repeats) fragment.end += 2;
  }
}

/// "amount of the open invoices": the sum of what each is about; of the model's own sum of it, where that is of all.
void FragmentParser::AmountsOf(size_t at) {
  static constexpr std::string_view kLeads[] = {"amount of", "amounts of", "total amount of",
                                                "value of",  "sum of",     "total value of"};
  const size_t lead = Phrase(SkipDeterminers(at), kLeads);
  if (lead == 0) return;
  for (const NounPhrase& noun : LimitedNouns(SkipDeterminers(SkipDeterminers(at) + lead))) {
    const FieldRef field = AmountOf(noun.entity);
    if (!noun.plural || field.name.empty()) continue;
    Fragment& fragment = Add(FragmentKind::kMetric, at, noun.end, noun.cost + 0.04, noun.notes);
    fragment.filters = noun.filters;
    fragment.metrics = {{.aggregation = Aggregation::kSum, .field = field}};
    fragment.notes.push_back(fmt::format("the sum of {}", DimensionOf(field)->label));
  }
}

/// "the most recently opened clinic", "the 3 last hired employees": rows by when something was done.
void FragmentParser::LastDoneRows(size_t at) {
  size_t next = at + Phrase(at, kTopsLeads);
  next = SkipDeterminers(next);
  int64_t n = 0;
  const auto number = [&] {
    const auto read = ParseNumber(From(next));
    if (n > 0 || !read || read->ordinal || read->unit != NumberUnit::kNone || read->value < 1 || read->value > 100'000)
      return;
    n = static_cast<int64_t>(read->value);
    next += read->tokens;
  };
  number();
  static constexpr std::string_view kLast[] = {"most recently", "last", "latest", "newest", "most recent"};
  static constexpr std::string_view kFirst[] = {"first", "earliest"};
  const size_t last = Phrase(next, kLast);
  const size_t first = Phrase(next, kFirst);
  if (last == 0 && first == 0) return;
  next += std::max(last, first);
  number();
  for (const Link& verb : LinksAt(next)) {
    if (verb.kind != LinkKind::kDimension || !verb.verb || !IsTime(verb.field)) continue;
    for (const Link& noun : LinksAt(verb.end)) {
      if (noun.kind != LinkKind::kEntity || noun.verb || noun.name != verb.field.entity) continue;
      Fragment& fragment = Add(FragmentKind::kExtreme, at, noun.end, verb.cost + noun.cost);
      fragment.entity = noun.name;
      fragment.field = verb.field;
      fragment.n = n;
      fragment.descending = last > 0;
      fragment.plural = noun.plural;
      fragment.rows = true;
    }
  }
}

}  // namespace neurolake::ask
