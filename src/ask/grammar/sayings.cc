#include "ask/grammar/internal/fragment_parser.h"

namespace neurolake::ask {
namespace {

constexpr std::string_view kGreetings[] = {
    "good morning",     "good afternoon",   "good evening",    "good day",     "hi there",        "hello there",
    "hi team",          "hello team",       "hey team",        "dear team",    "dear all",        "dear colleagues",
    "quick question",   "one question",     "a question",      "sorry",        "excuse me",       "so tell me",
    "just wondering",   "just curious",     "i am wondering",  "i wonder",     "i was wondering", "out of interest",
    "a quick question", "just to be clear", "for the meeting", "for a report", "for my report",   "for the report"};
constexpr std::string_view kPolite[] = {"thanks in advance",
                                        "many thanks",
                                        "thank you very much",
                                        "thanks a lot",
                                        "thank you so much",
                                        "thanks so much",
                                        "cheers",
                                        "if possible",
                                        "if you can",
                                        "if you could",
                                        "when you have a minute",
                                        "when you get a chance",
                                        "asap",
                                        "as soon as possible",
                                        "for me",
                                        "for us",
                                        "that would be great",
                                        "would be great",
                                        "please and thank you",
                                        "much appreciated"};
/// Where everything is that is asked for.
constexpr std::string_view kInTheData[] = {
    "in the catalogue",      "in the catalog",  "in our catalogue", "in our catalog",
    "in the database",       "in our database", "in the system",    "in our system",
    "in our systems",        "in the data",     "in our data",      "in our records",
    "in the records",        "on file",         "on record",        "on our books",
    "on the books",          "in the books",    "in the portfolio", "in our portfolio",
    "in the warehouse data", "in the lake",     "in the register",  "in the registry",
    "in existence",          "exist",           "do exist",         "exist in total",
    "in the list",           "on the list"};
/// Behind "what did …" or "how did …": that the number itself is asked for.
constexpr std::string_view kAmountTo[] = {"add up to",   "amount to",   "come to",       "sum up to",
                                          "work out to", "come out at", "stand at",      "look like",
                                          "come in at",  "total up to", "turn out to be"};
/// Behind a thing, where what follows says of what kind or when: no more than that it is so.
constexpr std::string_view kShown[] = {"shown for",     "shown in",       "displayed for", "reported for",
                                       "restricted to", "limited to",     "covering only", "as measured in",
                                       "as seen in",    "taken over",     "looking at",    "considering",
                                       "measured over", "calculated over"};
/// Behind a thing: with us, in our company.
constexpr std::string_view kWithUs[] = {"us",
                                        "the company",
                                        "our company",
                                        "the firm",
                                        "the whole group",
                                        "the whole company",
                                        "the entire company",
                                        "the whole business",
                                        "the group",
                                        "the business",
                                        "the service",
                                        "our service",
                                        "the platform",
                                        "our platform",
                                        "the team",
                                        "with us",
                                        "for us",
                                        "at our company",
                                        "in our company",
                                        "in the company",
                                        "on our platform",
                                        "on the platform",
                                        "in our network",
                                        "in the network",
                                        "in our fleet",
                                        "in the fleet",
                                        "on the menu",
                                        "on the menus",
                                        "on offer",
                                        "in our range",
                                        "in the range",
                                        "in our assortment",
                                        "in our team",
                                        "in the team"};
/// Behind a question: that what was named is counted.
constexpr std::string_view kCountThem[] = {
    "count them",       "count those",       "count these",         "count it",         "how many are there",
    "how many is that", "how many are they", "how many were there", "how many of them", "how many were they",
    "just the count",   "only the count",    "just the number",     "only the number",  "how many"};
/// Verbs that only say what something has to do with the word before them.
constexpr std::string_view kBelong[] = {"come from", "came from",    "comes from",  "are from",       "is from",
                                        "live in",   "lives in",     "located in",  "are located in", "is located in",
                                        "based in",  "are based in", "is based in", "belong to",      "belongs to",
                                        "work in",   "works in",     "sit in",      "originate from", "stem from"};

}  // namespace

/// "for the monthly report", "for our board meeting": what the answer is for; its length.
size_t FragmentParser::Occasion(size_t at) const {
  static constexpr std::string_view kOccasions[] = {
      "report", "meeting",  "review", "presentation", "board", "deck",     "dashboard", "newsletter", "audit",
      "call",   "planning", "slides", "slide",        "memo",  "briefing", "summary",   "workshop"};
  if (!Is(at, {"for"}) || !Is(at + 1, {"the", "my", "our", "a", "an", "tomorrow", "today", "this"})) return 0;
  for (size_t length = std::min<size_t>(5, tokens_.size() - at); length >= 3; --length) {
    const size_t last = at + length - 1;
    if (std::ranges::find(kOccasions, Word(last)) == std::end(kOccasions) || !LinksAt(last).empty()) continue;
    const bool named = std::ranges::any_of(tokens_.subspan(at + 2, length - 3), [](const Token& token) {
      return token.text != token.word;  // "for the Narnia meeting" may mean Narnia.
    });
    if (named) continue;
    if (at == 0 || last + 1 >= tokens_.size() || tokens_[last + 1].kind == TokenKind::kSymbol || Is(at - 1, {","}))
      return length;
  }
  return 0;
}

/// What says nothing of the answer: greetings, thanks, "in the catalogue", "count them" at the end.
void FragmentParser::Sayings(size_t at) {
  const auto ends = [&](size_t place) { return place >= tokens_.size() || tokens_[place].kind == TokenKind::kSymbol; };
  const auto say = [&](size_t length, double cost) {
    if (length > 0) Add(FragmentKind::kRequest, at, at + length, cost);
  };
  if (at <= 2) say(Phrase(at, kGreetings), 0);
  say(Occasion(at), 0);
  if (const size_t length = Phrase(at, kPolite); length > 0 && (at == 0 || ends(at + length))) say(length, 0);
  if (at > 0) say(Phrase(at, kInTheData), 0.01);
  const size_t count = at > 1 ? Phrase(at, kCountThem) : 0;
  if (count > 0 && at + count >= tokens_.size() - (ends(tokens_.size() - 1) ? 1 : 0))
    Add(FragmentKind::kCount, at, at + count, 0.01);
  if (const size_t length = at > 0 ? Phrase(at, kBelong) : 0; length > 0 && ends(at + length)) {
    const bool behind_noun = std::ranges::any_of(links_, [&](const std::vector<Link>& links) {
      return std::ranges::any_of(
          links, [&](const Link& link) { return link.end == at && link.kind == LinkKind::kEntity && !link.verb; });
    });
    if (behind_noun) say(length, 0.02);
  }
  const bool earns =
      at > 1 && Is(at, {"earn", "make", "spend", "take", "pay", "collect", "get", "earned", "made", "spent", "paid",
                        "taken", "have", "bring", "charge", "lose", "raise", "book", "generate"});
  if (earns && (Is(at - 1, {"we", "they", "you", "it", "i"}) || Is(at - 1, {"did"}))) {  // "did we earn in fares"
    const size_t particle = at + 1 + (Is(at + 1, {"in", "on", "from", "for", "with", "out"}) ? 1 : 0);
    if (particle > at + 1 && !Metrics(particle).empty()) say(particle - at, 0.03);
  }
  const bool did = Is(0, {"what", "how"}) || Is(1, {"what", "how"});
  if (const size_t length = did && at > 1 ? Phrase(at, kAmountTo) : 0; length > 0) say(length, 0.02);
  static constexpr std::string_view kTakeOut[] = {"take out", "put in",      "hand in",   "bring in",
                                                  "send in",  "sign up for", "carry out", "take on",
                                                  "hand out", "send out",    "go on",     "come in"};
  const bool asks_done = std::ranges::any_of(tokens_.first(at), [](const Token& token) { return token.word == "did"; });
  if (const size_t length = asks_done && at > 3 ? Phrase(at, kTakeOut) : 0; length > 0 && LinksAt(at).empty())
    say(length, 0.03);
  if (const size_t length = at > 0 ? Phrase(at, kShown) : 0; length > 0) {
    std::vector<std::string> problems;
    const size_t time = Is(at + length - 1, {"for", "in", "over"}) ? at + length - 1 : at + length;
    if (!ParseTime(From(time), time_, problems).empty()) say(time - at, 0.02);
  }
  if (const size_t length = at > 1 ? Phrase(at, kWithUs) : 0; length > 0) {
    std::vector<std::string> problems;
    const size_t end = at + length;
    const bool breaks = ends(end) ||
                        Is(end, {"and", "in", "since", "during", "last", "this", "by", "per", "between"}) ||
                        !ParseTime(From(end), time_, problems).empty();
    const auto links_it = [&](const Link& link) { return link.end > at; };
    const auto own = [&](const std::vector<Link>& links) { return std::ranges::any_of(links, links_it); };
    const bool known = std::any_of(links_.begin() + static_cast<std::ptrdiff_t>(at),
                                   links_.begin() + static_cast<std::ptrdiff_t>(end), own);
    const bool left = Is(at - 1, {"left", "joined", "leave", "join", "quit", "leaving", "joining"});
    // "joined us", "with the platform"; but "revenue US" and "hours the team" may name what nothing is known of.
    const bool bare = Is(at, {"us", "the"}) && !left && !Is(at - 1, {"with", "for", "at", "by"});
    const bool is_place = IsUnitedStates(at + length - 1);
    if (breaks && (!known || left) && !bare && !is_place) say(length, 0.02);
  }
  static constexpr std::string_view kOfThem[] = {"of them",  "of those",    "of these",     "of the ones",
                                                 "of that",  "among them",  "among those",  "among these",
                                                 "of which", "out of them", "out of these", "out of those"};
  const size_t them = at > 0 && Is(at - 1, {"many"}) ? Phrase(at, kOfThem) : 0;
  say(them, 0.01);
  if (at > 0 && Is(at, {"so"}) && Word(at + 1) == "far" && Is(at - 1, {"today"})) say(2, 0.01);
  const bool only = Is(at, {"only"}) && ends(at + 1);
  const bool ones = Is(at, {"ones"}) && (ends(at + 1) || (Is(at + 1, {"only"}) && ends(at + 2)));
  if (only && at > 3 && IsBehindLimit(at)) say(1, 0.01);  // "delivered orders of December only"
  if ((only || ones) && at > 3) {                         // "students by nationality, current ones only"
    const bool behind_value = std::ranges::any_of(links_, [&](const std::vector<Link>& links) {
      return std::ranges::any_of(links,
                                 [&](const Link& link) { return link.end == at && link.kind == LinkKind::kValue; });
    });
    if (behind_value) say(ones && Is(at + 1, {"only"}) ? 2 : 1, 0.01);
  }
  NotThatTime(at);
  if (at > 0 && Is(at - 1, {",", "?", "-"}) && (ends(at + 1) || ends(at + 2))) Unit(at - 1);  // "…, minutes"
}

/// "booked (not scheduled) in May": by the one time, and not the other.
void FragmentParser::NotThatTime(size_t at) {
  if (at == 0 || !Is(at, {"("}) || !Is(at + 1, {"not"})) return;
  for (const Link& link : LinksAt(at + 2)) {
    const bool of_time = link.kind == LinkKind::kDimension && link.verb && IsTime(link.field);
    const bool other = of_time && std::ranges::any_of(links_, [&](const std::vector<Link>& links) {
                         return std::ranges::any_of(links, [&](const Link& said) {
                           return said.end <= at && said.verb && said.kind == LinkKind::kDimension &&
                                  IsTime(said.field) && said.field != link.field &&
                                  said.field.entity == link.field.entity;
                         });
                       });
    if (other && Is(link.end, {")"})) Add(FragmentKind::kRequest, at, link.end + 1, 0);
  }
}

/// Whether a time, or a thing with a value before it, ends here.
bool FragmentParser::IsBehindLimit(size_t at) const {
  std::vector<std::string> problems;
  for (size_t begin = at > 6 ? at - 6 : 0; begin < at; ++begin) {
    const auto times = ParseTime(From(begin), time_, problems);
    if (std::ranges::any_of(times, [&](const TimePhrase& time) { return begin + time.tokens == at; })) return true;
    for (const NounPhrase& noun : LimitedNouns(begin)) {
      if (noun.end == at && !noun.filters.empty()) return true;
    }
  }
  return false;
}

/// "which products did we finish orders for last month": a preposition whose noun stands before the verb.
bool FragmentParser::IsStranded(size_t at) const {
  if (at < 3 || !Is(at, {"for", "from", "with", "in", "on", "to"})) return false;
  const bool asked = std::ranges::any_of(tokens_.first(at), [](const Token& token) {
    return token.word == "did" || token.word == "do" || token.word == "does" || token.word == "nobody" ||
           token.word == "we" || token.word == "never";
  });
  const bool behind_noun = std::ranges::any_of(links_, [&](const std::vector<Link>& links) {
    return std::ranges::any_of(links,
                               [&](const Link& link) { return link.end == at && link.kind == LinkKind::kEntity; });
  });
  if (!asked || !behind_noun) return false;
  std::vector<std::string> problems;
  return at + 1 >= tokens_.size() || tokens_[at + 1].kind == TokenKind::kSymbol ||
         (Is(at + 1, {"in", "during", "since", "last", "this", "between"}) &&
          !ParseTime(From(at + 1), time_, problems).empty());
}

}  // namespace neurolake::ask
