#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_fragments.h"

namespace neurolake::ask {

/// "when did we sign our first contract", "when did Anna close her last ticket": an end of the time it was done at.
void FragmentParser::LastDone(size_t at) {
  if (!Is(at, {"when"}) || !Is(at + 1, {"did"})) return;
  static constexpr std::string_view kWho[] = {"we",          "they",        "you",     "i",
                                              "the company", "our company", "anybody", "anyone"};
  const size_t who = Phrase(at + 2, kWho);
  if (who == 0) return;
  for (const Link& verb : LinksAt(at + 2 + who)) {
    const bool of_thing = verb.kind == LinkKind::kEntity && (verb.verb || !verb.plural);
    if (!verb.verb && !of_thing) continue;
    if (verb.kind == LinkKind::kDimension ? !IsTime(verb.field) : verb.kind != LinkKind::kEntity) continue;
    size_t end = SkipDeterminers(verb.end);
    if (Is(end, {"very"})) ++end;
    const bool last = Is(end, {"last", "latest", "newest"});
    if (!last && !Is(end, {"first", "earliest"})) continue;
    for (const NounPhrase& noun : LimitedNouns(end + 1)) {
      const semantic::Entity* entity = semantic::FindEntity(model_, noun.entity);
      const bool own = verb.kind == LinkKind::kEntity ? verb.name == noun.entity : verb.field.entity == noun.entity;
      if (entity == nullptr || !own || noun.plural) continue;
      FieldRef field{entity->name, entity->default_time};
      if (verb.kind == LinkKind::kDimension) field = verb.field;
      if (field.name.empty() || field.name.contains('.')) continue;
      Fragment& fragment = Add(FragmentKind::kMetric, at, noun.end, noun.cost + verb.cost, noun.notes);
      fragment.filters = noun.filters;
      fragment.metrics = {{.aggregation = last ? Aggregation::kMax : Aggregation::kMin, .field = std::move(field)}};
    }
  }
}

/// "when was the last order shipped", "date of the first visit": an end of the times of what is named.
void FragmentParser::LastTimes(size_t at) {
  LastDone(at);
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

/// Whether it is said how old something is, and nothing in the model is an age: "older than 2 hours" is no duration.
bool FragmentParser::IsAgeInTime(size_t at, size_t number_at) const {
  const auto number = ParseNumber(From(number_at));
  size_t used = 0;
  if (!Is(at, {"older", "newer", "younger"}) || !number || !ParseGrain(From(number_at + number->tokens), used))
    return false;
  return std::ranges::none_of(model_.entities, [](const semantic::Entity& entity) {
    return std::ranges::any_of(entity.dimensions, [](const semantic::Dimension& one) {
      return std::ranges::any_of(TokenizeName(one.label + " " + one.name),
                                 [](const Token& word) { return word.word == "age"; });
    });
  });
}

/// "tickets older than 30 days": by when the thing began; of people it would be their age.
void FragmentParser::Ages(size_t at) {
  const bool older = Is(at, {"older"});
  if ((!older && !Is(at, {"newer", "younger"})) || !Is(at + 1, {"than"})) return;
  const auto number = ParseNumber(From(at + 2));
  size_t used = 0;
  const size_t unit = at + 2 + (number ? number->tokens : 0);
  const auto grain = number && unit < tokens_.size() ? ParseGrain(From(unit), used) : std::nullopt;
  const bool whole = number && !number->ordinal && number->value >= 1 && number->value <= 10'000 &&
                     number->value == static_cast<double>(static_cast<int64_t>(number->value));
  if (!grain || *grain < TimeGrain::kDay || !whole) return;
  size_t noun = at;
  while (noun > 0 && Is(noun - 1, {"that", "which", "are", "is", "were"})) --noun;
  for (size_t begin = noun > 4 ? noun - 4 : 0; begin < noun; ++begin) {
    for (const Link& link : LinksAt(begin)) {
      const auto* entity = link.kind == LinkKind::kEntity && !link.verb && link.end == noun
                               ? semantic::FindEntity(model_, link.name)
                               : nullptr;
      if (entity == nullptr || entity->default_time.empty() || entity->default_time.contains('.')) continue;
      const bool has_age = std::ranges::any_of(entity->dimensions, [](const semantic::Dimension& one) {
        const auto words = TokenizeName(one.label + " " + one.name);
        return !one.personal.empty() || std::ranges::any_of(words, [](const Token& word) {
          return word.word == "age" || word.word == "birth" || word.word == "born" || word.word == "birthday";
        });
      });
      const semantic::Dimension* time = semantic::FindDimension(*entity, entity->default_time);
      if (has_age || time == nullptr) continue;
      const LocalTime today = FloorTo(time_.now, TimeGrain::kDay, time_.calendar);
      const LocalTime edge = AddPeriods(today, *grain, -static_cast<int64_t>(number->value));
      Fragment& fragment = Add(FragmentKind::kTime, at, unit + used, 0.03);
      fragment.field = {entity->name, entity->default_time};
      TimePhrase phrase;
      phrase.tokens = unit + used - at;
      phrase.range = older ? TimeRange{std::nullopt, edge} : TimeRange{edge, std::nullopt};
      phrase.text = (older ? "before " : "from ") + TimeName(edge) + (older ? "" : " on");
      phrase.named = phrase.connective = true;
      fragment.notes.push_back(fmt::format("how old they are goes by {}: {}", time->label, phrase.text));
      fragment.time = std::move(phrase);
    }
  }
}

void FragmentParser::Times(size_t at) {
  Ages(at);
  const auto add = [&](size_t from, size_t begin, const FieldRef& field, double cost) {
    for (TimePhrase& phrase : ParseTime(From(from), time_, problems_)) {
      Fragment& fragment = Add(FragmentKind::kTime, begin, from + phrase.tokens, cost + phrase.cost);
      if (!phrase.assumption.empty()) fragment.notes.push_back(phrase.assumption);
      if (phrase.partial && !phrase.to_date && phrase.range.from && Word(fragment.end) == "so" &&
          Word(fragment.end + 1) == "far") {  // "2025 so far"
        phrase.range.to = AddPeriods(FloorTo(time_.now, TimeGrain::kDay, time_.calendar), TimeGrain::kDay, 1);
        phrase.to_date = true;
        phrase.partial = false;
        fragment.end += 2;
      }
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
    if (part->part == semantic::TimePart::kHourOfDay) fragment.notes.push_back(part->text);
    fragment.part = std::move(part);
  }
}

}  // namespace neurolake::ask
