#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/members.h"

namespace neurolake::ask {
namespace {

bool IsParticiple(std::string_view word) {
  static constexpr std::string_view kIrregular[] = {"paid",  "spent",   "sold", "bought", "lent",
                                                    "sent",  "won",     "lost", "made",   "taken",
                                                    "given", "written", "held", "built",  "earned"};
  return word.ends_with("ed") || std::ranges::find(kIrregular, word) != std::end(kIrregular);
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
    if (!says || in_name) continue;
    Fragment& fragment =
        Add(FragmentKind::kMetric, at, at + 1, 0.06, {fmt::format("“{}” is read as {}", Word(at), metric.label)});
    fragment.metrics = {{.metric = metric.name}};
  }
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
