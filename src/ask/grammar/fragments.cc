#include <array>

#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_fragments.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

constexpr double kFragmentCost =
    0.02;  ///< Each fragment costs a little: one phrase that says it all is the better reading.

}  // namespace

FragmentParser::FragmentParser(std::span<const Token> tokens, const std::vector<Link>& links,
                               const semantic::SemanticModel& model, const TimeContext& time,
                               std::vector<std::string>& problems)
    : tokens_(tokens), links_(tokens.size()), model_(model), time_(time), problems_(problems) {
  for (const Link& link : links) links_[link.begin].push_back(link);
}

const std::vector<Link>& FragmentParser::LinksAt(size_t at) const {
  static const std::vector<Link> kNone;
  return at < links_.size() ? links_[at] : kNone;
}

bool FragmentParser::Is(size_t at, std::initializer_list<std::string_view> words) const {
  return std::find(words.begin(), words.end(), Word(at)) != words.end() && at < tokens_.size();
}

size_t FragmentParser::Phrase(size_t at, std::span<const std::string_view> phrases) const {
  size_t longest = 0;
  for (const std::string_view phrase : phrases) {
    size_t position = at;
    size_t from = 0;
    bool matches = true;
    while (matches && from < phrase.size()) {
      const size_t blank = std::min(phrase.find(' ', from), phrase.size());
      matches = position < tokens_.size() && Word(position) == phrase.substr(from, blank - from);
      ++position;
      from = blank + 1;
      // A hyphen may stand where the phrase has a blank: year-over-year.
      if (matches && from < phrase.size() && Word(position) == "-") ++position;
    }
    if (matches) longest = std::max(longest, position - at);
  }
  return longest;
}

bool FragmentParser::Says(size_t begin, size_t end, std::string_view word) const {
  for (size_t at = begin; at < end; ++at) {
    if (Word(at) == word) return true;
  }
  return false;
}

size_t FragmentParser::SkipDeterminers(size_t at) const {
  while (Is(at, {"the", "a", "an", "our", "all", "its", "their", "my", "overall", "each", "der", "die", "das"})) {
    if (Word(at) == "my" || (Word(at) == "all" && Word(at + 1) == "time")) break;
    if (Word(at) == "each") break;
    ++at;
  }
  return at;
}

Fragment& FragmentParser::Add(FragmentKind kind, size_t begin, size_t end, double cost,
                              std::vector<std::string> notes) {
  found_.push_back({.kind = kind, .begin = begin, .end = end, .cost = cost + kFragmentCost, .notes = std::move(notes)});
  return found_.back();
}

std::optional<double> FragmentParser::SkipCost(size_t at) const {
  const Token& token = tokens_[at];
  if (token.kind == TokenKind::kSymbol) {
    return Is(at, {",", ".", "?", "!", ";", ":", "-", "(", ")"}) ? std::optional(0.005) : std::nullopt;
  }
  if (token.kind == TokenKind::kWord && OnlySaysThatItWas(at)) return IsInsideName(at, LinkKind::kMetric) ? 0.2 : 0.03;
  const bool shares = std::ranges::any_of(tokens_, [](const Token& one) {  // Among whom is then the whole.
    return one.word == "share" || one.word == "percentage" || one.word == "proportion" || one.word == "percent";
  });
  if (Is(at, {"among", "amongst"}) && !shares && !LimitedNouns(SkipDeterminers(at + 1)).empty()) return 0.03;
  if (at == 0 && Is(at, {"and", "then"})) return std::nullopt;  // It goes on from something.
  if (SaysNoMore(at)) return 0.02;
  if (token.kind != TokenKind::kWord || !IsFiller(token.word) || IsUnitedStates(at)) return std::nullopt;
  for (const Link& link : LinksAt(at)) {  // "from" before an airport tells which end is meant.
    if (link.end == at + 1 && link.kind == LinkKind::kRole) return 0.6;
  }
  for (const Link& link : LinksAt(at)) {  // "the Data team": a filler that is also a name is seldom one.
    if (link.end == at + 1 && link.kind == LinkKind::kValue && link.note.empty()) return 0.5;
  }
  if (at > 0 && Is(at, {"numbers", "figures"})) {  // "account numbers" are no filler behind accounts.
    for (size_t begin = 0; begin < at; ++begin) {
      for (const Link& link : LinksAt(begin)) {
        if (link.end == at && link.kind == LinkKind::kEntity) return std::nullopt;
      }
    }
  }
  const auto preposition = [&](size_t place) {
    return Is(place, {"in", "for", "with", "to", "from", "on", "at", "of", "during", "having"});
  };
  if (!preposition(at)) return 0.008;
  // A preposition with nothing behind it had something that was not understood.
  const bool dangles = at + 1 >= tokens_.size() || preposition(at + 1) || tokens_[at + 1].kind == TokenKind::kSymbol;
  if (dangles && IsStranded(at)) return 0.05;
  return dangles ? std::nullopt : std::optional(Word(at) == "of" ? 0.008 : 0.06);
}

/// Whether the word is part of a longer name: "patients seen" where that is a number.
bool FragmentParser::IsInsideName(size_t at, LinkKind kind) const {
  for (size_t begin = at > 4 ? at - 4 : 0; begin < at; ++begin) {
    for (const Link& link : LinksAt(begin)) {
      if (link.end > at && link.kind == kind && !link.verb && link.note.empty()) return true;
    }
  }
  return false;
}

std::vector<Fragment> FragmentParser::At(size_t at) {
  found_.clear();
  Requests(at);
  MetricsAndEntities(at);
  Functions(at);
  LastTimes(at);
  Agents(at);
  Groups(at);
  Compounds(at);
  RoleGroups(at);
  EndsOfEach(at);
  OtherThan(at);
  BooleanVersus(at);
  Which(at);
  Tops(at);
  TopBys(at);
  OrderBys(at);
  Extremes(at);
  EndsOfRows(at);
  AmountsOf(at);
  LastDoneRows(at);
  Averages(at);
  MostDone(at);
  Events(at);
  States(at);
  CountedNouns(at);
  ValueFilters(at);
  DimensionFilters(at);
  SizeFilters(at);
  Times(at);
  Havings(at);
  Compares(at);
  Growths(at);
  Shares(at);
  Calculations(at);
  Sets(at);
  Outputs(at);
  Columns(at);
  Privacy(at);
  Sayings(at);
  Identified(at);
  ThingsDone(at);
  HowLongUntil(at);
  AmountsDone(at);
  AmountsAsked(at);
  PreferLongerNames(at);
  return std::move(found_);
}

/// "rooms sold" where that is a number of the model: not rooms, and what was sold.
void FragmentParser::PreferLongerNames(size_t at) {
  const size_t noun = SkipDeterminers(at);
  size_t longest = 0;
  for (const Link& link : LinksAt(noun)) {
    if (link.kind == LinkKind::kMetric && link.note.empty() && link.end > noun + 1)
      longest = std::max(longest, link.end);
  }
  for (Fragment& fragment : found_) {
    const bool part = fragment.kind == FragmentKind::kEntity || fragment.kind == FragmentKind::kWhich ||
                      (fragment.kind == FragmentKind::kSet && fragment.begin == noun) ||
                      (fragment.kind == FragmentKind::kGroup && fragment.begin == noun);
    if (part && fragment.end < longest) fragment.cost += 0.15;
  }
  const bool of_field = IsInsideName(noun, LinkKind::kDimension);
  const bool of_number = IsInsideName(at, LinkKind::kMetric);
  for (Fragment& fragment : found_) {
    using enum FragmentKind;
    if (of_number && (fragment.kind == kSet || fragment.kind == kTimeField)) fragment.cost += 0.15;
    if (of_field && (fragment.kind == kEntity || fragment.kind == kMetric)) fragment.cost += 0.1;
  }
}

void FragmentParser::Requests(size_t at) {
  if (const size_t length = Phrase(at, kRequestsAsk); length > 0) Add(FragmentKind::kRequest, at, at + length, -0.01);
  const bool relative = at > 0 && Is(at, {"who", "which"});  // "users who signed up" does not ask who.
  if (const size_t length = Phrase(at, kRequestsList); length > 0 && !relative)
    Add(FragmentKind::kRequest, at, at + length, 0).rows = true;
  if (const size_t length = Phrase(at, kRequestsCounts); length > 0) Add(FragmentKind::kCount, at, at + length, 0);
  static constexpr std::string_view kAll[] = {
      "in total", "altogether", "all together", "in all",    "all told", "in sum",   "in the end", "overall",
      "at all",   "to date",    "until now",    "up to now", "till now", "thus far", "as yet",     "to this day"};
  size_t period = 0;  // "this year to date" is a time.
  const bool of_time = at > 0 && Is(at, {"to"}) && ParseGrain(From(at - 1), period).has_value();
  if (const size_t length = at > 0 ? Phrase(at, kAll) : 0; length > 0)
    Add(FragmentKind::kRequest, at, at + length, of_time ? 0.2 : 0.01);
  const bool last = at + 2 >= tokens_.size() || tokens_[at + 2].kind == TokenKind::kSymbol;
  if (at > 1 && last && Is(at, {"so"}) && Word(at + 1) == "far" && !IsBehindLimit(at))
    Add(FragmentKind::kRequest, at, at + 2, 0.02);
  if (Is(at, {"so"}) && Word(at + 1) == "far" && Word(at + 2) == "today") Add(FragmentKind::kRequest, at, at + 2, 0.01);
  static constexpr std::string_view kNow[] = {"right now",   "now",         "currently",      "at the moment",
                                              "at present",  "presently",   "as of now",      "current",
                                              "as of today", "the current", "at this moment", "for the moment"};
  const bool is_period = Is(at, {"current"}) && !ParseTime(From(at), time_, problems_).empty();
  const bool is_state =
      std::ranges::any_of(LinksAt(at), [](const Link& link) { return link.kind == LinkKind::kValue; });
  if (const size_t length = is_period || (at == 0 && Is(at, {"now"})) ? 0 : Phrase(at, kNow); length > 0)
    Add(FragmentKind::kRequest, at, at + length, is_state ? 0.2 : 0.01).nth = true;
  static constexpr std::string_view kLatest[] = {"latest week",
                                                 "the latest week",
                                                 "in the latest week",
                                                 "latest month",
                                                 "the latest month",
                                                 "in the latest month",
                                                 "most recent week",
                                                 "the most recent week",
                                                 "in the most recent week",
                                                 "most recent month",
                                                 "the most recent month",
                                                 "as of the latest date",
                                                 "latest available",
                                                 "at the latest date",
                                                 "as of the latest count",
                                                 "latest figures",
                                                 "at the last count",
                                                 "as of the last count",
                                                 "in the most recent month",
                                                 "most recent",
                                                 "latest"};
  const size_t latest = at > 0 ? Phrase(at, kLatest) : 0;
  if (latest > 1 || (latest == 1 && at + 1 >= tokens_.size()))
    Add(FragmentKind::kRequest, at, at + latest, 0.03).role = true;
  static constexpr std::string_view kCares[] = {"look after", "looks after", "take care of", "be responsible for"};
  const size_t cares = Phrase(at, kCares);
  if (cares > 0 && at + cares >= tokens_.size() - (Word(tokens_.size() - 1) == "?" ? 1 : 0))
    Add(FragmentKind::kRequest, at, at + cares, 0.03);
  if (at > 0 && Is(at, {"in", "("})) Unit(at);
  static constexpr std::string_view kPercent[] = {"in percent", "in %", "in percentage", "in percentages",
                                                  "in percentage terms"};
  if (const size_t length = at > 0 ? Phrase(at, kPercent) : 0; length > 0)
    Add(FragmentKind::kRequest, at, at + length, 0).percent = true;
  if (Is(at, {"instead"}) && Word(at + 1) == "of") {  // "per airline instead of origin"
    for (const DimensionPhrase& phrase : Dimensions(at + 2))
      Add(FragmentKind::kFollowUp, at, phrase.end, phrase.cost + 0.01);
    for (const MetricPhrase& phrase : Metrics(at + 2)) Add(FragmentKind::kFollowUp, at, phrase.end, phrase.cost + 0.01);
    for (const Link& link : LinksAt(SkipDeterminers(at + 2)))
      if (link.kind == LinkKind::kRole || link.kind == LinkKind::kEntity)
        Add(FragmentKind::kFollowUp, at, link.end, link.cost + 0.01);
  }
  if (Is(at, {"instead"}) && Word(at + 1) == "of") return;
  const bool is_verb = at > 0 && Is(at, {"use", "as"}) && Is(at - 1, {"we", "you", "they", "do", "i"});
  if (const size_t length = is_verb ? 0 : Phrase(at, kRequestsFollow); length > 0) {
    // Between the phrases of a whole question "and", "only" and "just" only join.
    const bool joins = Is(at, {"and", "only", "just", "but", "also", "now", "then", "too"}) && length == 1;
    Add(FragmentKind::kFollowUp, at, at + length, joins ? 0.01 : 0.05).each = joins;
  }
}

void FragmentParser::MetricsAndEntities(size_t at) {
  for (MetricPhrase& phrase : Metrics(at)) {
    Fragment& fragment = Add(FragmentKind::kMetric, at, phrase.end, phrase.cost, std::move(phrase.notes));
    fragment.metrics = {std::move(phrase.use)};
    fragment.average_of_sum = phrase.average_of_sum;
    fragment.nth = phrase.distinct;
  }
  for (auto& [end, metrics, cost] : FunctionLists(at)) {
    Add(FragmentKind::kMetric, at, end, cost).metrics = std::move(metrics);
  }
  for (ValuePhrase& phrase : Values(at)) {  // "errors": the events that are one
    const bool named = std::any_of(LinksAt(SkipDeterminers(at)).begin(), LinksAt(SkipDeterminers(at)).end(),
                                   [&](const Link& link) { return link.kind != LinkKind::kValue; });
    const bool limits = (at == 1 && Is(0, {"for", "in", "with", "on", "from", "only", "just"})) ||  // "for tablets"
                        (at > 0 && Is(at - 1, {"are", "is", "were", "was", "as"}));  // "that are companies"
    const auto use = phrase.plural && !named && !limits ? CountOf(phrase.field.entity) : std::nullopt;
    if (!use) continue;
    Fragment& fragment = Add(FragmentKind::kMetric, at, phrase.end, phrase.cost + 0.1, std::move(phrase.notes));
    fragment.notes.push_back(fmt::format("{} with that value are counted", phrase.field.entity));
    fragment.metrics = {*use};
    fragment.filters = {{.any_of = {{.field = phrase.field, .values = phrase.values}}}};
  }
  const size_t noun = SkipDeterminers(at);
  for (const Link& link : LinksAt(noun)) {  // "no-shows": the shifts that are one
    const auto* is = link.kind == LinkKind::kDimension && link.plural && !link.verb ? DimensionOf(link.field) : nullptr;
    const bool behind_value = std::ranges::any_of(LinksAt(0), [&](const Link& value) {  // "business subscribers"
      return value.kind == LinkKind::kValue && value.end == noun;
    });
    const bool stands = noun == 0 || behind_value || Is(noun - 1, {"many", "of", "show", "count", "me", "total"});
    if (is == nullptr || is->value_type != semantic::ValueType::kBoolean || !stands) continue;
    const auto names_it = [&](const Link& other) {
      return other.kind == LinkKind::kEntity && !other.verb && other.end == link.end && other.name == link.field.entity;
    };
    const bool has_noun = std::any_of(links_.begin() + static_cast<std::ptrdiff_t>(noun),
                                      links_.begin() + static_cast<std::ptrdiff_t>(link.end),
                                      [&](const auto& links) { return std::ranges::any_of(links, names_it); });
    const auto use = has_noun ? std::nullopt : CountOf(link.field.entity);
    if (!use) continue;
    Fragment& fragment = Add(FragmentKind::kMetric, at, link.end, link.cost + 0.1);
    fragment.notes.push_back(fmt::format("{} that are so are counted", link.field.entity));
    fragment.metrics = {*use};
    fragment.filters = {{.any_of = {{.field = link.field, .values = {true}}}}};
  }
  for (const Link& link : LinksAt(noun)) {
    if (link.kind != LinkKind::kEntity || link.verb) continue;
    if (noun > 0 && !link.plural && Is(noun - 1, {"we", "you", "they", "i"})) continue;  // "what did we invoice"
    const bool is_metric = std::any_of(LinksAt(noun).begin(), LinksAt(noun).end(), [&](const Link& other) {
      return other.kind == LinkKind::kMetric && other.end == link.end;
    });
    Fragment& fragment = Add(FragmentKind::kEntity, at, link.end, link.cost + (is_metric ? 0.04 : 0));
    if (!link.note.empty()) fragment.notes.push_back(link.note);
    fragment.entity = link.name;
    fragment.difference = is_metric;
    fragment.plural = link.plural;
    const auto count = !is_metric && ListedWithNumbers(at, link.end) ? CountOf(link.name) : std::nullopt;
    if (count) Add(FragmentKind::kMetric, at, link.end, link.cost + 0.01).metrics = {*count};
  }
  for (ValuePhrase& phrase : Values(at)) {  // "list the laptops"
    const bool listed = phrase.plural && (Is(0, {"list", "show", "which"}) || Is(1, {"list", "show"}));
    if (!listed || at > 3 || semantic::FindEntity(model_, phrase.field.entity) == nullptr) continue;
    Fragment& fragment = Add(FragmentKind::kEntity, at, phrase.end, phrase.cost + 0.1, std::move(phrase.notes));
    fragment.entity = phrase.field.entity;
    fragment.plural = true;
    fragment.filters = {{.any_of = {{.field = phrase.field, .values = phrase.values}}}};
  }
}

/// Whether a number stands beside it, joined by a comma or "and": "visits, total cost and satisfaction".
bool FragmentParser::ListedWithNumbers(size_t begin, size_t end) const {
  for (size_t before = begin > 3 ? begin - 3 : 0; before < begin; ++before) {
    if (Is(before, {"versus", "vs", "against"})) return false;  // "smart versus classic meters, consumption"
  }
  size_t next = end;
  if (Word(next) == ",") ++next;
  if (Is(next, {"and", "&", "plus"})) ++next;
  if (next > end && !Metrics(next).empty()) return true;
  const auto names_rows = [](const Link& link) { return link.kind == LinkKind::kEntity && !link.verb && link.plural; };
  const bool counted = std::ranges::any_of(LinksAt(begin), [&](const Link& link) {  // "enrolments and loans per term"
    return link.end == end && names_rows(link);
  });
  if (counted && next > end && std::ranges::any_of(LinksAt(next), names_rows)) return true;
  size_t before = begin;
  while (before > 0 && Is(before - 1, {"and", "&", ",", "plus", "the"})) --before;
  if (before == begin || before == 0) return false;
  for (size_t from = before > 3 ? before - 3 : 0; counted && from < before; ++from) {
    const auto ends_here = [&](const Link& link) { return link.end == before && names_rows(link); };
    if (std::ranges::any_of(LinksAt(from), ends_here)) return true;
  }
  for (size_t from = before > 6 ? before - 6 : 0; from < before; ++from) {
    for (const MetricPhrase& phrase : Metrics(from)) {
      if (phrase.end == before) return true;
    }
  }
  return false;
}

/// Whether the number says how many of something there are: "rooms of a hotel".
bool FragmentParser::IsManyOf(const FieldRef& field) const {
  const semantic::Dimension* dimension = DimensionOf(field);
  const auto words = dimension == nullptr ? std::vector<Token>{} : TokenizeName(dimension->label);
  return std::ranges::any_of(
      words, [](const Token& word) { return word.word.size() > 3 && Singular(word.word) != word.word; });
}

bool FragmentParser::IsLabelField(const FieldRef& field) const {
  const semantic::Entity* entity = semantic::FindEntity(model_, field.entity);
  const auto* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  return label != nullptr && EqualsIgnoringCase(label->name, field.name);
}

/// The entity whose rows the phrase names, by its own name or that of its label; empty: none.
std::string FragmentParser::EntityNamed(const DimensionPhrase& phrase) const {
  if (!phrase.entity.empty() || !phrase.use || !phrase.use->field.via.empty()) return phrase.entity;
  return IsLabelField(phrase.use->field) ? phrase.use->field.entity : "";
}

}  // namespace neurolake::ask
