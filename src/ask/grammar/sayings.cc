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

/// What says nothing of the answer: greetings, thanks, "in the catalogue", "count them" at the end.
void FragmentParser::Sayings(size_t at) {
  const auto ends = [&](size_t place) { return place >= tokens_.size() || tokens_[place].kind == TokenKind::kSymbol; };
  const auto say = [&](size_t length, double cost) {
    if (length > 0) Add(FragmentKind::kRequest, at, at + length, cost);
  };
  if (at <= 2) say(Phrase(at, kGreetings), 0);
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
  const bool only = Is(at, {"only"}) && ends(at + 1);
  const bool ones = Is(at, {"ones"}) && (ends(at + 1) || (Is(at + 1, {"only"}) && ends(at + 2)));
  if ((only || ones) && at > 3) {  // "students by nationality, current ones only"
    const bool behind_value = std::ranges::any_of(links_, [&](const std::vector<Link>& links) {
      return std::ranges::any_of(links,
                                 [&](const Link& link) { return link.end == at && link.kind == LinkKind::kValue; });
    });
    if (behind_value) say(ones && Is(at + 1, {"only"}) ? 2 : 1, 0.01);
  }
  if (at > 0 && Is(at - 1, {","}) && ends(at + 1)) Unit(at - 1);  // "…, minutes"
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
