#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"

namespace neurolake::ask {
namespace {

bool IsParticiple(std::string_view word) {
  static constexpr std::string_view kIrregular[] = {"paid",  "spent",   "sold", "bought", "lent",
                                                    "sent",  "won",     "lost", "made",   "taken",
                                                    "given", "written", "held", "built",  "earned"};
  return (word.ends_with("ed") && word.size() > 3) || std::ranges::find(kIrregular, word) != std::end(kIrregular);
}

/// Whether the verb, done, is the participle: "owe" and "owed", "spend" and "spent".
bool IsBaseOf(std::string_view base, std::string_view participle) {
  static constexpr std::pair<std::string_view, std::string_view> kIrregular[] = {
      {"pay", "paid"},   {"spend", "spent"},   {"sell", "sold"}, {"buy", "bought"}, {"lend", "lent"},
      {"send", "sent"},  {"win", "won"},       {"lose", "lost"}, {"make", "made"},  {"take", "taken"},
      {"give", "given"}, {"write", "written"}, {"hold", "held"}, {"build", "built"}};
  for (const auto& [one, other] : kIrregular) {
    if (one == base && other == participle) return true;
  }
  if (base.size() < 3 || !participle.starts_with(base)) {
    return base.ends_with("y") && participle.size() == base.size() + 2 && participle.ends_with("ied") &&
           participle.starts_with(base.substr(0, base.size() - 1));
  }
  const std::string_view tail = participle.substr(base.size());
  return tail == "ed" || (tail == "d" && base.ends_with("e")) ||
         (tail.size() == 3 && tail[0] == base.back() && tail.ends_with("ed"));
}

}  // namespace

/// "tuition paid in 2024", "how much was paid": the amount that a number's name says was paid.
void FragmentParser::AmountsDone(size_t at) {
  if (!IsParticiple(Word(at))) return;
  static constexpr std::string_view kAmounts[] = {"amount", "value", "sum", "money", "total"};
  for (const semantic::Metric& metric : model_.metrics) {
    if (metric.hidden) continue;
    std::vector<std::string> names{metric.label};
    names.insert(names.end(), metric.synonyms.begin(), metric.synonyms.end());
    const bool says = std::ranges::any_of(names, [&](const std::string& name) {
      const auto words = TokenizeName(name);
      return words.size() == 2 && words[1].word == Word(at) &&
             std::ranges::find(kAmounts, words[0].word) != std::end(kAmounts);
    });
    const bool in_name = at > 0 && Is(at - 1, {"amount", "value", "sum", "money", "total", "amounts"});
    const bool adjective = std::ranges::any_of(LinksAt(at + 1), [](const Link& link) {  // "paid invoices"
      return link.kind == LinkKind::kEntity && !link.verb;
    });
    if (!says || in_name || adjective) continue;
    Fragment& fragment =
        Add(FragmentKind::kMetric, at, at + 1, 0.06, {fmt::format("“{}” is read as {}", Word(at), metric.label)});
    fragment.metrics = {{.metric = metric.name}};
  }
}

/// "how many different patients were seen": a number that is called "patients seen".
void FragmentParser::ThingsDone(size_t at) {
  size_t next = SkipDeterminers(at);
  static constexpr std::string_view kCounts[] = {"how many",
                                                 "how many different",
                                                 "how many distinct",
                                                 "how many unique",
                                                 "number of",
                                                 "number of different",
                                                 "number of distinct",
                                                 "number of unique",
                                                 "different",
                                                 "unique",
                                                 "distinct"};
  next = SkipDeterminers(next + Phrase(next, kCounts));
  if (next == at) return;
  const std::string noun = Singular(Word(next));
  size_t verb = next + 1;
  while (Is(verb, {"were", "was", "have", "has", "had", "been", "are", "did", "do", "we"})) ++verb;
  if (verb >= tokens_.size() || noun.size() < 3) return;
  for (const semantic::Metric& metric : model_.metrics) {
    if (metric.hidden) continue;
    std::vector<std::string> names{metric.label};
    names.insert(names.end(), metric.synonyms.begin(), metric.synonyms.end());
    const bool says = std::ranges::any_of(names, [&](const std::string& name) {
      auto words = TokenizeName(name);
      if (words.size() == 4 && words[0].word == "number" && words[1].word == "of")
        words.erase(words.begin(), words.begin() + 2);
      const bool done = words.size() == 2 && (IsParticiple(words[1].word) || words[1].word == "seen");
      return done && Singular(words[0].word) == noun &&
             (words[1].word == Word(verb) || (Is(verb - 1, {"we"}) && IsBaseOf(Word(verb), words[1].word)));
    });
    if (!says) continue;
    Fragment& fragment = Add(FragmentKind::kMetric, at, verb + 1, -0.04);
    fragment.metrics = {{.metric = metric.name}};
  }
}

/// "how much did we collect", "how much premium do we owe": the amount that a number's name says was collected.
void FragmentParser::AmountsAsked(size_t at) {
  static constexpr std::string_view kLeads[] = {"how much", "what", "how many", "which amount", "what amount"};
  static constexpr std::string_view kWho[] = {"we", "they",        "you",         "i",     "it",
                                              "us", "the company", "our company", "people"};
  if (Phrase(0, kLeads) == 0 && Phrase(1, kLeads) == 0 && Phrase(2, kLeads) == 0) return;
  if (tokens_[at].kind != TokenKind::kWord) return;
  const bool asked = std::ranges::any_of(tokens_.first(at), [](const Token& token) {
    return token.word == "did" || token.word == "do" || token.word == "does" || token.word == "have";
  });
  const auto behind_subject = [&](size_t place) {  // "did we actually", "have we"
    if (!Is(place, {"did", "do", "does", "have", "has"})) return place;
    const size_t who = Phrase(place + 1, kWho);
    if (who == 0) return place;
    place += 1 + who;
    return Is(place, {"actually", "really", "already"}) ? place + 1 : place;
  };
  for (const semantic::Metric& metric : model_.metrics) {
    if (metric.hidden) continue;
    std::vector<std::string> names{metric.label};
    names.insert(names.end(), metric.synonyms.begin(), metric.synonyms.end());
    for (const std::string& name : names) {
      std::vector<std::string> rest;
      std::string participle;
      for (const Token& word : TokenizeName(name)) {
        static constexpr std::string_view kNoMore[] = {"amount", "value", "sum", "money", "total",
                                                       "to",     "by",    "of",  "the"};
        if (participle.empty() && IsParticiple(word.word)) participle = word.word;
        else if (std::ranges::find(kNoMore, word.word) == std::end(kNoMore)) rest.push_back(Singular(word.word));
      }
      if (participle.empty() || rest.size() > 1) continue;
      size_t next = Is(at, {"how"}) && Is(at + 1, {"many", "much"}) ? at + 2 : at;
      const size_t start = next;
      const bool noun_first = rest.size() == 1 && Singular(Word(next)) == rest[0];
      if (noun_first) next = behind_subject(next + 1);
      if (noun_first ? next == start + 1 : !asked || start != at) continue;
      if (!IsBaseOf(Word(next), participle) && !(noun_first && Word(next) == participle)) continue;
      ++next;
      if (!noun_first && rest.size() == 1) {            // "do we owe (to) restaurants"
        const bool each = Is(next, {"each", "every"});  // "each restaurant" splits it.
        const size_t noun = SkipDeterminers(each || Is(next, {"to", "in", "for"}) ? next + 1 : next);
        if (Singular(Word(noun)) != rest[0]) continue;
        if (!each) next = noun + 1;
      }
      if (Is(next, {"out", "back"}) && LinksAt(next).empty()) ++next;
      if (noun_first && start == at && at >= 2 && Is(at - 2, {"how"})) continue;  // "how many" is part of it.
      Fragment& fragment = Add(FragmentKind::kMetric, at, next, 0.05, {fmt::format("read as {}", metric.label)});
      fragment.metrics = {{.metric = metric.name}};
      break;
    }
  }
}

/// "how long does it take until an invoice is paid": the one average of days or minutes whose name says so.
void FragmentParser::HowLongUntil(size_t at) {
  static constexpr std::string_view kLeads[] = {"how long does it take",
                                                "how long did it take",
                                                "how long does it usually take",
                                                "how long do we take",
                                                "how many days does it take",
                                                "how long does it typically take",
                                                "how long do",
                                                "how long does",
                                                "how long did we take",
                                                "how many days did it take"};
  static constexpr std::string_view kLinks[] = {"until", "till", "to", "for", "before", "from", "in the mean until"};
  const size_t lead = Phrase(at, kLeads);
  if (lead == 0) return;
  size_t next = at + lead;
  if (Is(next, {"us"})) ++next;
  if (Is(next, {"on"}) && Is(next + 1, {"average"})) next += 2;
  const size_t link = Phrase(next, kLinks);
  if (link == 0) return;
  std::vector<std::string> stems;
  std::string entity;
  size_t end = next + link;
  while (end < tokens_.size() && end < next + link + 7 && tokens_[end].kind == TokenKind::kWord) {
    for (const Link& noun : LinksAt(end)) {
      if (noun.kind == LinkKind::kEntity && !noun.verb && entity.empty()) entity = noun.name;
    }
    for (const Link& value : LinksAt(end)) {
      const bool limits = std::ranges::any_of(
          LinksAt(value.end), [](const Link& noun) { return noun.kind == LinkKind::kEntity && !noun.verb; });
      if (value.kind == LinkKind::kValue && value.note.empty() && limits) return;  // "a billing ticket"
    }
    stems.push_back(Stem(Word(end)));
    ++end;
    std::vector<std::string> problems;
    if (Is(end, {"in", "by", "per", "for", "since", "on"}) || !ParseTime(From(end), time_, problems).empty()) break;
  }
  if (Is(end, {"on"}) && Is(end + 1, {"average"})) end += 2;
  std::vector<std::string> found;
  for (const semantic::Metric& metric : model_.metrics) {
    const auto* measure = metric.hidden ? nullptr : MeasureOf(model_, metric);
    static constexpr std::string_view kTimes[] = {"day", "days",   "d", "h",      "hour",
                                                  "min", "minute", "s", "second", "week"};
    if (measure == nullptr || measure->aggregation != Aggregation::kAverage || entity.empty() ||
        metric.entity != entity || std::ranges::find(kTimes, Fold(metric.format.unit)) == std::end(kTimes))
      continue;
    std::string names = metric.label + " " + metric.name;
    for (const std::string& synonym : metric.synonyms) names += " " + synonym;
    const auto words = TokenizeName(names);
    const bool says = std::ranges::any_of(stems, [&](const std::string& stem) {
      return stem.size() >= 3 && std::ranges::any_of(words, [&](const Token& word) {
               return Stem(word.word).starts_with(stem) && word.word.size() < stem.size() + 6 && word.word != "time";
             });
    });
    if (says) found.push_back(metric.name);
  }
  if (found.size() != 1) return;
  Fragment& fragment = Add(FragmentKind::kMetric, at, end, 0.1,
                           {fmt::format("read as {}", semantic::FindMetric(model_, found[0])->label)});
  fragment.metrics = {{.metric = found[0]}};
}

/// "amount paid by students that withdrew": those who did it limit the number, and do not split it.
void FragmentParser::Agents(size_t at) {
  if (at == 0 || !Is(at, {"by"})) return;
  bool done = IsParticiple(Word(at - 1));
  for (size_t back = 2; back <= 5 && back <= at && !done; ++back) {  // "paid in 2024 by students that …"
    std::vector<std::string> problems;
    const auto times =
        IsParticiple(Word(at - back)) ? ParseTime(From(at - back + 1), time_, problems) : std::vector<TimePhrase>{};
    done = std::ranges::any_of(times, [&](const TimePhrase& time) { return time.tokens == back - 1; });
  }
  if (!done) return;
  for (const Link& link : LinksAt(SkipDeterminers(at + 1))) {
    if (link.kind != LinkKind::kEntity || link.verb || !link.plural) continue;
    if (!Is(link.end, {"that", "who", "which", "with", "without", "whose", "having", "from", "in", "of", "aged"}))
      continue;
    Fragment& fragment = Add(FragmentKind::kEntity, at, link.end, link.cost);
    if (!link.note.empty()) fragment.notes.push_back(link.note);
    fragment.entity = link.name;
    fragment.plural = true;
    fragment.each = true;
  }
}

}  // namespace neurolake::ask
