#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_outputs.h"

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
    if (link.kind != LinkKind::kEntity && !(link.kind == LinkKind::kDimension && link.verb)) continue;
    if (Word(link.end) == "by" && making == 0 && !negated) continue;  // "ordered by revenue" sorts.
    const std::string related = link.kind == LinkKind::kEntity ? link.name : link.field.entity;
    if (making == 0 && link.kind == LinkKind::kEntity && !link.verb && !negated && !Is(noun, {"bought", "buy"}) &&
        !Word(noun).ends_with("ed")) {
      continue;
    }
    SetCondition set{.related = related, .negated = negated};
    if (link.kind == LinkKind::kDimension) set.time_field = link.field;
    size_t end = link.end;
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
      add(values.end, values.cost, sets, values.notes);
      heads.emplace_back(values.end, sets);
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

/// "without orders", "who never ordered", "who bought A and B", "but not in the last 90 days".
void FragmentParser::Sets(size_t at) {
  if (const size_t length = Phrase(at, kSetsWithout); length > 0) {
    for (const Link& link : LinksAt(at + length)) {
      if (link.kind != LinkKind::kEntity || link.verb) continue;
      const auto add = [&](size_t end, const TimeRange& range, std::vector<std::string> notes) {
        Fragment& fragment = Add(FragmentKind::kSet, at, end, link.cost, std::move(notes));
        fragment.sets = {{.related = link.name, .negated = true, .time = range}};
      };
      add(link.end, {}, {});
      for (const TimePhrase& time : ParseTime(From(link.end), time_, problems_)) {
        add(link.end + time.tokens, time.range,
            time.assumption.empty() ? std::vector<std::string>{} : std::vector{time.assumption});
      }
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
