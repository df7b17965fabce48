#include "ask/grammar/internal/assembler.h"
#include "ask/grammar/internal/fragment_parser.h"

namespace neurolake::ask {

/// Whether the word is a verb that adds nothing to the noun before it: "orders placed in June", "loans taken by each
/// member", "how many flights did Delta operate", "do we use".
bool FragmentParser::OnlySaysThatItWas(size_t at) const {
  const bool behind_who = at > 0 && Is(at - 1, {"we", "they", "you", "i"});  // "how much did we bill", where bills are
  const auto is_verb_of = [&](const Link& link) {
    return link.kind == LinkKind::kEntity && !link.event && (link.verb || (behind_who && !link.plural));
  };
  if (at == 0 || !std::ranges::all_of(LinksAt(at), is_verb_of)) return false;
  if (Is(at, {"use", "have"}) && Is(at - 1, {"we", "you", "they", "i"})) return true;
  const bool light = Is(
      at, {"placed",  "made",     "taken",   "recorded", "registered", "received", "happened",  "occurred",  "reported",
           "logged",  "seen",     "done",    "handled",  "processed",  "issued",   "performed", "generated", "given",
           "awarded", "achieved", "reached", "granted",  "obtained",   "measured", "observed",  "scored",    "found"});
  const bool asked = Is(at, {"get",   "receive", "make",  "see",   "take",   "record", "generate", "handle", "process",
                             "do",    "bring",   "issue", "have",  "manage", "own",    "hold",     "lead",   "happen",
                             "occur", "run",     "serve", "offer", "carry",  "cover",  "contain"});
  const bool moves = Is(at, {"went", "go", "going", "ran", "run", "travelled", "traveled", "left"}) &&
                     std::ranges::any_of(LinksAt(at + 1), [](const Link& link) {
                       return link.kind == LinkKind::kRole || !link.field.via.empty();
                     });
  if (moves && LinksAt(at).empty()) return true;  // "rides that went from A to B"
  if (LinksAt(at).empty() && !light && !asked) return false;
  std::vector<std::string> problems;
  const bool ends =
      at + 1 >= tokens_.size() || tokens_[at + 1].kind == TokenKind::kSymbol ||
      Is(at + 1, {"in",     "on",    "during",    "per",     "since", "last",   "this",   "between", "from", "until",
                  "before", "after", "yesterday", "today",   "so",    "each",   "every",  "by",      "for",  "at",
                  "to",     "with",  "via",       "through", "over",  "within", "across", "and"}) ||
      !ParseTime(From(at + 1), time_, problems).empty();
  if (!ends) return false;
  const auto names_it = [&](const Link& noun) {
    if (noun.verb || (noun.kind != LinkKind::kEntity && noun.kind != LinkKind::kMetric)) return false;
    if (LinksAt(at).empty()) return true;
    const std::vector<std::string> bases =
        noun.kind == LinkKind::kEntity ? std::vector{noun.name} : BaseEntities(model_, {.metric = noun.name});
    return std::ranges::any_of(LinksAt(at),
                               [&](const Link& verb) { return std::ranges::find(bases, verb.name) != bases.end(); });
  };
  for (size_t many = 0; many + 1 < at; ++many) {  // "how many MWh did our customers use"
    std::vector<MetricPhrase> units;
    if (Is(many, {"many", "much"})) UnitsAsked(many + 1, units);
    for (const MetricPhrase& unit : units) {
      const auto bases = BaseEntities(model_, unit.use);
      const auto own = [&](const Link& verb) { return std::ranges::find(bases, verb.name) != bases.end(); };
      if (std::ranges::any_of(LinksAt(at), own)) return true;
    }
  }
  size_t noun_end = at;  // "how many trips have been taken"
  while (noun_end > 0 && Is(noun_end - 1, {"have", "has", "had", "been", "were", "was", "are", "is", "being", "get",
                                           "got", "that", "which", "being", "ever"}))
    --noun_end;
  const bool did = std::ranges::any_of(tokens_.first(at), [](const Token& token) {
    return token.word == "did" || token.word == "do" || token.word == "does";
  });
  return std::ranges::any_of(links_, [&](const std::vector<Link>& links) {
    return std::ranges::any_of(links, [&](const Link& noun) {
      return (did || (light && LinksAt(at).empty()) ? noun.end <= at : noun.end == noun_end && !asked) &&
             names_it(noun);
    });
  });
}

/// "handled by", "borrowed by", "treated at": the length of a verb that says no more than that it was, with its
/// preposition.
size_t FragmentParser::DoneBy(size_t at) const {
  static constexpr std::string_view kAgents[] = {"by", "at", "in", "from", "through", "via", "to", "with", "for"};
  for (const Link& link : LinksAt(at)) {
    if (link.kind != LinkKind::kEntity || !link.verb || link.event) continue;
    if (const size_t length = Phrase(link.end, kAgents); length > 0) return link.end + length - at;
  }
  const bool says_who =
      Is(at, {"handled",   "managed", "supplied", "served",       "processed", "made",  "done",    "run",   "operated",
              "provided",  "written", "authored", "published",    "taught",    "led",   "treated", "seen",  "performed",
              "conducted", "created", "produced", "manufactured", "sold",      "owned", "played",  "driven"}) &&
      LinksAt(at).empty();
  return says_who && Word(at + 1) == "by" ? 2 : 0;
}

}  // namespace neurolake::ask
