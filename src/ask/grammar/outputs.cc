#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_outputs.h"
#include "ask/link/join_paths.h"

namespace neurolake::ask {

/// The entity behind a verb or an object, with what limits it: "ordered", "placed an order", "bought Tea and Coffee".
void FragmentParser::SetVerb(size_t at, size_t begin, bool negated, bool needs_object) {
  size_t noun = at;
  const size_t making = Phrase(at, kSetVerbMaking);
  if (making > 0) {
    const size_t object = Phrase(at + making, kSetVerbObjects);
    if (object == 0 && !negated) return;  // "had orders" is left to other phrases: it might be counted.
    noun = at + making + object;
  } else if (needs_object) {
    return;
  }
  if (Is(noun, {"ever", "yet"})) ++noun;
  for (const Link& link : LinksAt(noun)) {
    if (link.event || (link.kind != LinkKind::kEntity && !(link.kind == LinkKind::kDimension && link.verb))) continue;
    if (Word(link.end) == "by" && making == 0 && !negated) continue;  // "ordered by revenue" sorts.
    const std::string related = link.kind == LinkKind::kEntity ? link.name : link.field.entity;
    if (making == 0 && link.kind == LinkKind::kEntity && !link.verb && !negated && !Is(noun, {"bought", "buy"}) &&
        !Word(noun).ends_with("ed")) {
      continue;
    }
    SetCondition set{.related = related, .negated = negated};
    if (link.kind == LinkKind::kDimension) set.time_field = link.field;
    size_t end = link.end;
    if (Word(end) == "nothing" && !negated) set.negated = true, ++end;  // "suppliers that sold nothing"
    else if (link.verb) end = ObjectOf(link, end);
    if (Is(end, {"with", "from", "at"}) && Word(end + 1) == "us") end += 2;
    if (link.verb && Is(end, {"to", "for", "on", "in"}) && (end + 1 >= tokens_.size() || Is(end + 1, {"?", "."})))
      ++end;
    if (Is(end, {"anything", "something", "once", "before", "yet"})) {
      if (Word(end) != "before" || end + 1 >= tokens_.size() || Is(end + 1, {"?", "."})) ++end;
    }
    const auto add = [&](size_t to, double cost, std::vector<SetCondition> sets, std::vector<std::string> notes) {
      Fragment& fragment = Add(FragmentKind::kSet, begin, to, link.cost + cost, std::move(notes));
      if (!link.note.empty()) fragment.notes.push_back(link.note);
      fragment.sets = std::move(sets);
    };
    add(end, 0, {set}, {});
    // A time right behind belongs to it, and so do values: "ordered Tea and Coffee in 2013".
    size_t values_at = end;
    if (Is(values_at, {"both", "either", "in", "from", "for"})) ++values_at;
    std::vector<std::pair<size_t, std::vector<SetCondition>>> heads{{end, {set}}};
    for (const ValuePhrase& values : Values(values_at)) {
      std::vector<SetCondition> sets;
      const bool both = Word(end) == "both" || (values.conjunction && Word(end) != "either");
      for (size_t i = 0; i < (both ? values.values.size() : 1); ++i) {
        SetCondition one = set;
        Filter filter{.field = values.field, .values = values.values};
        if (both) filter.values = {values.values[i]};
        one.filters = {{.any_of = {std::move(filter)}}};
        sets.push_back(std::move(one));
      }
      if (negated && both && values.values.size() > 1) continue;  // Never one, or never all of them?
      size_t behind = values.end;                                 // "ridden both a Cargo and an Electric bike"
      for (const Link& noun : LinksAt(behind)) {
        if (noun.kind == LinkKind::kEntity && !noun.verb && noun.name == values.field.entity) behind = noun.end;
      }
      add(behind, values.cost, sets, values.notes);
      heads.emplace_back(behind, sets);
    }
    for (auto& [from, sets] : heads) {
      for (const TimePhrase& time : ParseTime(From(from), time_, problems_)) {
        auto timed = sets;
        for (SetCondition& one : timed) one.time = time.range;
        std::vector<std::string> notes;
        if (!time.assumption.empty()) notes.push_back(time.assumption);
        add(from + time.tokens, time.cost - 0.005, std::move(timed), std::move(notes));
      }
    }
  }
}

/// "a sickness absence", "urgent orders": a thing with values of what it has before it. `begin` is behind articles.
std::vector<FragmentParser::NounPhrase> FragmentParser::LimitedNouns(size_t begin) const {
  std::vector<NounPhrase> found;
  std::vector<NounPhrase> open{{.end = begin}};
  for (int depth = 0; depth < 3 && !open.empty(); ++depth) {
    std::vector<NounPhrase> next;
    for (const NounPhrase& phrase : open) {
      for (const Link& link : LinksAt(phrase.end)) {
        if (link.kind != LinkKind::kEntity || link.verb) continue;
        const bool has_all = std::ranges::all_of(phrase.filters, [&](const FilterGroup& group) {
          return !ToOnePaths(model_, link.name, group.any_of[0].field.entity).empty();
        });
        if (!has_all) continue;
        NounPhrase made = phrase;
        made.entity = link.name;
        made.end = link.end;
        made.cost += link.cost;
        made.plural = link.plural;
        if (!link.note.empty()) made.notes.push_back(link.note);
        found.push_back(std::move(made));
      }
      const auto limit = [&](size_t end, double cost, Filter filter, const std::vector<std::string>& notes) {
        NounPhrase longer = phrase;
        longer.end = end;
        longer.cost += cost + 0.01;
        longer.filters.push_back({.any_of = {std::move(filter)}});
        longer.notes.insert(longer.notes.end(), notes.begin(), notes.end());
        next.push_back(std::move(longer));
      };
      for (const ValuePhrase& value : Values(phrase.end))
        limit(value.end, value.cost, {.field = value.field, .values = value.values}, value.notes);
      const size_t no = Is(phrase.end, {"not", "non"}) ? 1 : 0;
      for (const Link& link : LinksAt(phrase.end + no)) {
        const auto* dimension = link.kind == LinkKind::kDimension ? DimensionOf(link.field) : nullptr;
        if (dimension != nullptr && dimension->value_type == semantic::ValueType::kBoolean)
          limit(link.end, link.cost, {.field = link.field, .values = {no == 0}}, {});
      }
      for (const ValuePhrase& value : no == 1 ? Values(phrase.end + 1) : std::vector<ValuePhrase>{})
        limit(value.end, value.cost, {.field = value.field, .op = FilterOperator::kNotIn, .values = value.values},
              value.notes);
    }
    open = std::move(next);
    if (open.size() > 16) open.resize(16);
  }
  return found;
}

/// The end of an object that says only what is always done so: "borrowed a book", "placed any orders".
size_t FragmentParser::ObjectOf(const Link& verb, size_t at) const {
  size_t noun = at + (Is(at, {"in", "for", "on", "to", "from"}) ? 1 : 0);
  const size_t one = Phrase(noun, kSetVerbObjects);
  if (noun > at && one == 0) return at;
  noun += one;
  while (Is(noun, {"a", "an", "any", "some", "the"})) ++noun;
  const std::string& done = verb.kind == LinkKind::kEntity ? verb.name : verb.field.entity;
  for (const Link& link : LinksAt(noun)) {
    if (link.kind != LinkKind::kEntity || link.verb || (noun == at && !link.plural)) continue;
    if (link.name == done || !ToOnePaths(model_, done, link.name).empty()) return link.end;
  }
  return at;
}

/// "without orders", "who never ordered", "who bought A and B", "but not in the last 90 days".
void FragmentParser::Sets(size_t at) {
  const auto add_noun = [&](const NounPhrase& noun, bool negated, double extra, bool both) {
    std::vector<SetCondition> sets{{.related = noun.entity, .negated = negated, .filters = noun.filters}};
    if (both) {  // "both gas and electricity meters"
      const Filter values = noun.filters[0].any_of[0];
      sets.clear();
      for (const Literal& value : values.values) {
        Filter one = values;
        one.values = {value};
        sets.push_back({.related = noun.entity, .filters = {{.any_of = {std::move(one)}}}});
      }
    }
    Add(FragmentKind::kSet, at, noun.end, noun.cost + extra, noun.notes).sets = sets;
    for (const TimePhrase& time : ParseTime(From(noun.end), time_, problems_)) {
      for (SetCondition& one : sets) one.time = time.range;
      Fragment& timed = Add(FragmentKind::kSet, at, noun.end + time.tokens, noun.cost + extra, noun.notes);
      if (!time.assumption.empty()) timed.notes.push_back(time.assumption);
      timed.sets = sets;
    }
  };
  if (const size_t length = Phrase(at, kSetsWithout); length > 0) {
    for (const NounPhrase& noun : LimitedNouns(at + length)) add_noun(noun, true, 0, false);
  }
  if (const size_t length = Phrase(at, kSetsWith); length > 0) {
    size_t begin = at + length;
    const bool both = Word(begin) == "both";
    if (both) ++begin;
    const size_t object = both ? 0 : Phrase(begin, kSetVerbObjects);
    for (const NounPhrase& noun : LimitedNouns(begin + object)) {
      const bool listed = noun.filters.size() == 1 && noun.filters[0].any_of[0].values.size() > 1;
      if (both ? !listed : object == 0 && (!noun.plural || noun.filters.empty())) continue;
      if (object > 0 && noun.filters.empty() && Word(at) != "with") continue;  // SetVerb has these.
      if (listed && !both) continue;                                           // Any of them, or all?
      add_noun(noun, false, object > 0 ? 0.01 : 0.05, both);
    }
  }
  if (const size_t length = Phrase(at, kSetsNever); length > 0) {
    size_t verb = at + length;
    if (Is(verb, {"ever", "yet", "been", "actually"})) ++verb;
    SetVerb(verb, at, true, false);
  }
  if (const size_t length = Phrase(at, kSetsDid); length > 0) SetVerb(at + length, at, false, false);
  SetVerb(at, at, false, Word(at) == "with");
  // "but not in the last 90 days": of the same thing as the set before.
  if (const size_t length = Phrase(at, kSetsNot); length > 0) {
    for (const TimePhrase& time : ParseTime(From(at + length), time_, problems_)) {
      Fragment& fragment = Add(FragmentKind::kSet, at, at + length + time.tokens, 0);
      if (!time.assumption.empty()) fragment.notes.push_back(time.assumption);
      fragment.sets = {{.negated = true, .time = time.range}};
    }
  }
}

void FragmentParser::Outputs(size_t at) {
  if (const size_t length = at <= 1 ? Phrase(at, kOutputsExists) : 0; length > 0)
    Add(FragmentKind::kExists, at, at + length, 0);
  if (const size_t length = Phrase(at, kOutputsAskable); length > 0) {
    Add(FragmentKind::kAskable, at, at + length, 0);
    if (Is(at + length, {"about", "of", "on"})) {  // "what can I ask about flights"
      for (const Link& link : LinksAt(SkipDeterminers(at + length + 1))) {
        if (link.kind == LinkKind::kEntity && !link.verb) Add(FragmentKind::kAskable, at, link.end, link.cost);
      }
    }
  }
  for (const OutputsFrame& frame : kOutputsDescribe) {
    const std::string_view before[] = {frame.before};
    const size_t length = Phrase(at, before);
    if (length == 0) continue;
    const size_t noun = SkipDeterminers(at + length);
    for (const Link& link : LinksAt(noun)) {
      if (link.verb || link.kind == LinkKind::kValue || link.kind == LinkKind::kRole) continue;
      size_t end = link.end;
      if (!frame.after.empty()) {
        const std::string_view after[] = {frame.after};
        const size_t tail = Phrase(end, after);
        if (tail == 0) continue;
        end += tail;
      }
      Fragment& fragment =
          Add(FragmentKind::kDescribe, at, end, link.cost + (link.kind == LinkKind::kMetric ? 0 : 0.1));
      if (!link.note.empty()) fragment.notes.push_back(link.note);
      fragment.entity = link.kind == LinkKind::kDimension ? link.field.entity + "." + link.field.name : link.name;
    }
  }
  if (const size_t length = Phrase(at, kOutputsEmpty); length > 0) Add(FragmentKind::kKeepEmpty, at, at + length, 0);
  const size_t first = Phrase(at, kOutputsFirst);
  if (const auto number = ParseNumber(From(at + first));
      number && !number->ordinal && number->value >= 1 && number->value <= 1e6 && number->unit == NumberUnit::kNone) {
    size_t end = at + first + number->tokens;
    if (Is(end, {"rows", "row", "records", "lines", "results", "examples", "entries", "example"})) ++end;
    else if (first == 0 || !Is(at, {"limit", "limited"})) return;
    Add(FragmentKind::kLimit, at, end, 0).n = static_cast<int64_t>(number->value);
  }
}

/// "list hotels with their stars and city": fields to be shown of the rows.
void FragmentParser::Columns(size_t at) {
  static constexpr std::string_view kLeads[] = {
      "with",          "with their", "with its", "with the",        "including", "including the", "along with",
      "together with", "and their",  "and its",  "including their", "showing",   "with all their"};
  size_t next = at + Phrase(at, kLeads);
  if (next == at) return;
  std::vector<std::pair<size_t, std::vector<DimensionUse>>> open{{next, {}}};
  for (int depth = 0; depth < 6 && !open.empty(); ++depth) {
    std::vector<std::pair<size_t, std::vector<DimensionUse>>> longer;
    for (const auto& [end, uses] : open) {
      size_t from = end;
      if (depth > 0) {
        if (Word(from) == ",") ++from;
        if (Is(from, {"and", "&"})) ++from;
        if (from == end) continue;
      }
      for (const Link& link : LinksAt(SkipDeterminers(from))) {
        if (link.verb || link.event) continue;
        DimensionUse use{.field = link.field};
        if (link.kind == LinkKind::kEntity) {
          const auto* entity = semantic::FindEntity(model_, link.name);
          const auto* label = entity == nullptr || link.plural ? nullptr : semantic::LabelDimension(*entity);
          if (label == nullptr) continue;
          use.field = {entity->name, label->name};
        } else if (link.kind == LinkKind::kMetric) {  // "with their weight", where weights are averaged
          const auto field = RowFieldOf({.metric = link.name});
          if (!field) continue;
          use.field = *field;
        } else if (link.kind != LinkKind::kDimension) {
          continue;
        }
        auto all = uses;
        all.push_back(use);
        Fragment& fragment = Add(FragmentKind::kColumns, at, link.end, 0.02 + link.cost);
        if (!link.note.empty()) fragment.notes.push_back(link.note);
        fragment.dimensions = all;
        longer.emplace_back(link.end, std::move(all));
      }
    }
    open = std::move(longer);
    if (open.size() > 16) open.resize(16);
  }
}

/// "remove PII", "without personal data", "mask the e-mails".
void FragmentParser::Privacy(size_t at) {
  if (const size_t remove = Phrase(at, kPrivacyRemove); remove > 0) {
    if (const size_t personal = Phrase(at + remove, kPrivacyPersonal); personal > 0)
      Add(FragmentKind::kPrivacy, at, at + remove + personal, 0);
  }
  if (const size_t removed = Phrase(at, kPrivacyRemoved); removed > 0 && Word(at) != "without")
    Add(FragmentKind::kPrivacy, at, at + removed, 0.02);
  const size_t mask = Phrase(at, kPrivacyMask);
  if (mask == 0) return;
  if (const size_t personal = Phrase(at + mask, kPrivacyPersonal); personal > 0) {
    Fragment& fragment = Add(FragmentKind::kPrivacy, at, at + mask + personal, 0);
    fragment.mask = true;
  }
  std::vector<DimensionUse> uses;
  double cost = 0;
  size_t next = at + mask;
  for (int i = 0; i < 6; ++i) {
    const Link* found = nullptr;
    for (const Link& link : LinksAt(SkipDeterminers(next))) {
      if (link.kind == LinkKind::kDimension && !link.verb && (found == nullptr || link.cost < found->cost))
        found = &link;
    }
    if (found == nullptr) break;
    uses.push_back({.field = found->field});
    cost += found->cost;
    Fragment& fragment = Add(FragmentKind::kPrivacy, at, found->end, cost);
    fragment.mask = true;
    fragment.dimensions = uses;
    next = found->end;
    if (Is(next, {"addresses", "address"})) ++next;
    if (Word(next) == ",") ++next;
    if (Is(next, {"and", "&"})) ++next;
    if (next == found->end) break;
  }
}

}  // namespace neurolake::ask
