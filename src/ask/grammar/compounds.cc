#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"
#include "common/text.h"

/// Numbers that are named by several words which do not stand side by side in the model.
namespace neurolake::ask {

using semantic::Aggregation;
using semantic::Dimension;
using semantic::Metric;

bool FragmentParser::IsYesOrNo(const FieldRef& field) const {
  const Dimension* dimension = DimensionOf(field);
  return dimension != nullptr && dimension->value_type == semantic::ValueType::kBoolean;
}

/// "total electricity usage", "average private bill": a function, what limits the number, and the number.
void FragmentParser::Compounds(size_t at) {
  static constexpr std::string_view kFunctions[] = {"total",  "average", "avg",     "mean",   "median",
                                                    "lowest", "highest", "maximum", "minimum"};
  const size_t function = SkipDeterminers(at);
  if (std::ranges::find(kFunctions, Word(function)) != std::end(kFunctions)) {
    for (const ValuePhrase& value : Values(function + 1)) {
      if (value.values.size() > 1 || value.plural) continue;
      std::vector<MetricPhrase> numbers;
      AggregatedBehind(function, value.end, numbers);
      for (MetricPhrase& phrase : numbers) {
        Fragment& fragment = Add(FragmentKind::kMetric, at, phrase.end, phrase.cost + value.cost + 0.02, phrase.notes);
        fragment.notes.insert(fragment.notes.end(), value.notes.begin(), value.notes.end());
        fragment.metrics = {std::move(phrase.use)};
        fragment.average_of_sum = phrase.average_of_sum;
        fragment.filters = {{.any_of = {{.field = value.field, .values = value.values}}}};
      }
    }
  }
  DurationsOf(at);
  Listed(at);
  EndToEnd(at);
  FirstOnes(at);
}

/// "how long do we need on average to close a billing ticket": the time that a number's name says something takes.
void FragmentParser::DurationsOf(size_t at) {
  static constexpr std::string_view kLeads[] = {
      "how long do we need",       "how long did we need",      "how long does it take",
      "how long did it take",      "how long do we take",       "how long did we take",
      "how much time do we need",  "how much time did we need", "how much time does it take",
      "how much time did it take", "how long do they need",     "how long do they take"};
  static constexpr std::string_view kOften[] = {"on average", "us on average", "typically",  "usually",
                                                "us",         "normally",      "in general", "generally"};
  size_t next = at + Phrase(at, kLeads);
  if (next == at) return;
  next += Phrase(next, kOften);
  if (!Is(next, {"to", "until"}) || next + 1 >= tokens_.size()) return;
  const std::string verb = Stem(Word(next + 1));
  const size_t noun = SkipDeterminers(next + 2);
  if (verb.size() < 3) return;
  for (const Metric& metric : model_.metrics) {
    const auto* measure = metric.hidden ? nullptr : MeasureOf(model_, metric);
    if (measure == nullptr || measure->aggregation != Aggregation::kAverage ||
        (!AreConvertible("hours", metric.format.unit) && !AreConvertible("days", metric.format.unit)))
      continue;
    std::vector<std::string> names{metric.label, metric.name};
    names.insert(names.end(), metric.synonyms.begin(), metric.synonyms.end());
    const bool says = std::ranges::any_of(names, [&](const std::string& name) {
      return std::ranges::any_of(TokenizeName(name), [&](const Token& word) {
        const std::string stem = Stem(word.word);
        const size_t shared = std::min<size_t>({stem.size(), verb.size(), 5});
        return shared >= 4 && stem.substr(0, shared) == verb.substr(0, shared);
      });
    });
    if (!says) continue;
    for (const NounPhrase& of : LimitedNouns(noun)) {
      if (!EqualsIgnoringCase(of.entity, metric.entity)) continue;
      Fragment& fragment = Add(FragmentKind::kMetric, at, of.end, of.cost + 0.04, of.notes);
      fragment.notes.push_back(fmt::format("read as {}", metric.label));
      fragment.metrics = {{.metric = metric.name}};
      fragment.filters = of.filters;
    }
  }
}

/// "invoices due last month: number and net amount": numbers of what stands before the colon.
void FragmentParser::Listed(size_t at) {
  size_t colon = 0;
  for (size_t back = at; back-- > 1 && colon == 0;) {
    if (Is(back, {":"})) colon = back;
  }
  if (colon == 0) return;
  const semantic::Entity* entity = nullptr;
  for (size_t begin = 0; begin < colon && entity == nullptr; ++begin) {
    for (const Link& link : LinksAt(begin)) {
      if (link.kind == LinkKind::kEntity && !link.verb && entity == nullptr)
        entity = semantic::FindEntity(model_, link.name);
    }
  }
  if (entity == nullptr) return;
  const auto ends = [&](size_t end) {
    return end >= tokens_.size() || Is(end, {",", "and", "&", "?", ".", "by", "per", "plus"});
  };
  const size_t word = SkipDeterminers(at);
  static constexpr std::string_view kCounts[] = {"number",         "count",        "how many",
                                                 "number of them", "their number", "quantity"};
  if (const size_t length = Phrase(word, kCounts); length > 0 && ends(word + length) && LinksAt(word).empty()) {
    if (auto use = CountOf(entity->name)) Add(FragmentKind::kMetric, at, word + length, 0.04).metrics = {*use};
  }
  for (const Link& link : LinksAt(word)) {
    const bool own = link.kind == LinkKind::kDimension && !link.verb && link.field.entity == entity->name;
    if (!own || !ends(link.end) || !IsMeasured(link.field)) continue;
    std::vector<MetricPhrase> sums;
    Aggregate(Aggregation::kSum, 0.5, word, sums);
    for (MetricPhrase& phrase : sums) {
      if (phrase.end != link.end || phrase.use.field != link.field) continue;
      Fragment& fragment = Add(FragmentKind::kMetric, at, phrase.end, phrase.cost + 0.04, phrase.notes);
      fragment.notes.push_back(fmt::format("{} is added up", link.shown));
      fragment.metrics = {std::move(phrase.use)};
    }
  }
}

/// "sorted from fastest to slowest", "from best to worst".
void FragmentParser::EndToEnd(size_t at) {
  struct End {
    std::string_view large, small;
    bool judged = false, fast = false;
  };
  static constexpr End kEnds[] = {{"highest", "lowest"},
                                  {"largest", "smallest"},
                                  {"biggest", "smallest"},
                                  {"most", "least"},
                                  {"most", "fewest"},
                                  {"high", "low"},
                                  {"longest", "shortest"},
                                  {"best", "worst", true},
                                  {"large", "small"},
                                  {"fastest", "slowest", true, true},
                                  {"quickest", "slowest", true, true}};
  size_t next = at;
  if (Is(next, {"sorted", "ordered", "ranked", "sort", "order", "rank"})) ++next;
  if (next > at && Is(next, {"it", "them", "this", "that"})) ++next;
  if (!Is(next, {"from"})) return;
  const size_t first = SkipDeterminers(next + 1);
  if (Word(first + 1) != "to") return;
  const size_t second = SkipDeterminers(first + 2);
  for (const End& end : kEnds) {
    const bool down = Word(first) == end.large && Word(second) == end.small;
    if (!down && !(Word(first) == end.small && Word(second) == end.large)) continue;
    Fragment& fragment = Add(FragmentKind::kDirection, at, second + 1, 0.01);
    fragment.descending = down;
    fragment.judged = end.judged;
    fragment.role = end.fast;
    return;
  }
}

/// ", first 3 only": so many of what is sorted.
void FragmentParser::FirstOnes(size_t at) {
  const size_t next = SkipDeterminers(at + (Is(at, {"only", "just"}) ? 1 : 0));
  if (at == 0 || !Is(next, {"first", "top"})) return;
  const auto number = ParseNumber(From(next + 1));
  const bool counts = number && !number->ordinal && number->unit == NumberUnit::kNone && number->value >= 1;
  if (!counts || number->value > 1000) return;
  size_t end = next + 1 + number->tokens;
  if (Is(end, {"ones"})) ++end;
  if (Is(end, {"only"})) ++end;
  if (end < tokens_.size() && tokens_[end].kind != TokenKind::kSymbol) return;
  Fragment& fragment = Add(FragmentKind::kTop, at, end, 0.02);
  fragment.n = static_cast<int64_t>(number->value);
  fragment.difference = true;
}

/// "contracts sold by each agent": by who is said to have done it.
void FragmentParser::RoleGroups(size_t at) {
  for (const Link& role : LinksAt(at)) {
    const auto* join =
        role.kind == LinkKind::kRole && !role.name.empty() ? semantic::FindJoin(model_, role.name) : nullptr;
    if (join == nullptr || !Is(role.end, {"each", "every"})) continue;
    for (const DimensionPhrase& phrase : Dimensions(role.end + 1)) {
      if (!phrase.use || phrase.plural || phrase.use->field.entity != join->to || !IsLabelField(phrase.use->field))
        continue;
      Fragment& fragment = Add(FragmentKind::kGroup, at, phrase.end, role.cost + phrase.cost, phrase.notes);
      fragment.dimensions = {*phrase.use};
      fragment.dimensions[0].field.via = {join->name};
    }
  }
}

}  // namespace neurolake::ask
