#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_fragments.h"

namespace neurolake::ask {

/// "when was the last order shipped", "date of the first visit": an end of the times of what is named.
void FragmentParser::LastTimes(size_t at) {
  const size_t lead = Phrase(at, kLastTimesLeads);
  const bool asks_when =
      lead == 0 && std::ranges::any_of(From(at), [](const Token& token) { return token.word == "when"; });
  if (lead == 0 && !asks_when) return;
  const size_t recent = Is(at + lead, {"most"}) && Is(at + lead + 1, {"recent"}) ? 1 : 0;
  const bool last = recent > 0 || Is(at + lead, {"last", "latest", "newest"});
  if (!last && !Is(at + lead, {"first", "earliest", "oldest"})) return;
  for (const NounPhrase& link : LimitedNouns(at + lead + recent + 1)) {
    const semantic::Entity* entity = semantic::FindEntity(model_, link.entity);
    if (entity == nullptr) continue;
    const auto add = [&](size_t end, FieldRef field, double cost) {
      if (asks_when) {  // "first order ever - when?"
        if (Is(end, {"ever"})) ++end;
        while (Is(end, {"-", ":", ",", "?", "and", "was", "that", "–"})) ++end;
        if (!Is(end, {"when"})) return;
        ++end;
        if (Is(end, {"was", "is"}) && Is(end + 1, {"that", "it"})) end += 2;
      }
      Fragment& fragment = Add(FragmentKind::kMetric, at, end, cost, link.notes);
      fragment.filters = link.filters;
      fragment.metrics = {{.aggregation = last ? Aggregation::kMax : Aggregation::kMin, .field = std::move(field)}};
    };
    for (const Link& verb : LinksAt(link.end)) {
      const bool is_role = verb.kind == LinkKind::kDimension && verb.verb && verb.field.entity == entity->name;
      if (is_role) add(verb.end, verb.field, link.cost + verb.cost);
    }
    if (entity->default_time.empty() || entity->default_time.contains('.')) continue;
    if (const auto* made = MadeTime(*entity); made != nullptr && Is(link.end, {"made", "taken", "done", "created"})) {
      add(link.end + 1, {entity->name, made->name}, link.cost + 0.02);  // "the last booking made": not of the stay.
      continue;
    }
    add(link.end, {entity->name, entity->default_time}, link.cost + 0.03);
  }
}

/// The time that a thing came to be at, by what the model calls it; null: it has none.
const semantic::Dimension* FragmentParser::MadeTime(const semantic::Entity& entity) const {
  static constexpr std::string_view kMade[] = {"booked", "placed", "ordered", "made", "created", "reserved", "taken"};
  for (const semantic::Dimension& dimension : entity.dimensions) {
    const bool made = std::ranges::find(kMade, Fold(dimension.role)) != std::end(kMade);
    if (!dimension.hidden && dimension.type == semantic::DimensionType::kTime && made) return &dimension;
  }
  return nullptr;
}

void FragmentParser::Times(size_t at) {
  const auto add = [&](size_t from, size_t begin, const FieldRef& field, double cost) {
    for (TimePhrase& phrase : ParseTime(From(from), time_, problems_)) {
      Fragment& fragment = Add(FragmentKind::kTime, begin, from + phrase.tokens, cost + phrase.cost);
      if (!phrase.assumption.empty()) fragment.notes.push_back(phrase.assumption);
      // A bare number of four digits might be anything else.
      if (!phrase.connective && phrase.unit == TimeGrain::kYear && phrase.tokens == 1) fragment.cost += 0.02;
      fragment.field = field;
      fragment.time = std::move(phrase);
    }
  };
  add(at, at, {}, 0);
  size_t noun = at + Phrase(at, kTimesLeads);
  if (noun != at && !tokens_.empty()) noun = SkipDeterminers(noun);
  for (const Link& link : LinksAt(noun)) {
    const semantic::Dimension* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
    if (dimension == nullptr || dimension->type != semantic::DimensionType::kTime) continue;
    size_t next = link.end;
    if (Is(next, {"is", "was", "were", "are", "falls", "lies"})) ++next;
    add(next, at, link.field, link.cost);
    if (link.verb) {
      const bool is_state = noun == at && IsState(at, link.end, link.field.entity);  // "delivered orders in May"
      Fragment& fragment = Add(FragmentKind::kTimeField, at, link.end, link.cost + (is_state ? 0.4 : 0.1));
      fragment.field = link.field;
      fragment.role = true;
    }
  }
  static constexpr std::string_view kCame[] = {
      "signed up",     "joined",        "registered",  "were created",   "created",        "were added",
      "who signed up", "who joined",    "that joined", "who registered", "that signed up", "have signed up",
      "have joined",   "were acquired", "acquired",    "onboarded",      "were onboarded", "that were created"};
  if (const size_t length = Phrase(at, kCame); length > 0) {  // Of a thing with a beginning, where no date is named so.
    for (const semantic::Entity& entity : model_.entities) {
      const auto is_owner = [&](const Link& link) {
        return link.kind == LinkKind::kEntity && !link.verb && link.end <= at && link.name == entity.name;
      };
      const bool named = std::ranges::any_of(
          links_, [&](const std::vector<Link>& links) { return std::ranges::any_of(links, is_owner); });
      if (named && !entity.default_time.empty() && !entity.default_time.contains('.'))
        add(at + length, at, {entity.name, entity.default_time}, 0.06);
    }
  }
  if (const size_t length = Phrase(at, kTimesBy); length > 0 && Word(at) != "by") {
    for (const Link& link : LinksAt(SkipDeterminers(at + length))) {
      const semantic::Dimension* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
      if (dimension == nullptr || dimension->type != semantic::DimensionType::kTime) continue;
      Add(FragmentKind::kTimeField, at, link.end, link.cost).field = link.field;
    }
  }
  if (auto part = ParseTimePart(From(at))) {
    Fragment& fragment = Add(FragmentKind::kTimePart, at, at + part->tokens, 0);
    fragment.part = std::move(part);
  }
}

}  // namespace neurolake::ask
