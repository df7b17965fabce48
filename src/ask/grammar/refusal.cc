#include "ask/grammar/internal/refusal.h"

#include <array>

namespace neurolake::ask {
namespace {

struct Kind {
  std::string_view words;  ///< Blanks between.
  std::string_view reason;
};
constexpr std::array<Kind, 6> kKinds{{
    {" why cause caused causes reason reasons because explain due driver drivers warum pourquoi driving ",
     "it asks for a cause, which the data does not tell"},
    {" will forecast forecasts predict prediction predicted projected projection expect expected tomorrow estimate "
     "extrapolate ",
     "it asks for a prediction; only what has happened can be answered"},
    {" should recommend recommendation advise suggest advice better worth think opinion feel believe good bad happy "
     "ideal strategy improve optimize optimise ",
     "it asks for an opinion or advice"},
    {" correlation correlate correlated correlates impact affect affects effect influence influences relationship "
     "regression significant causal ",
     "it asks for a relation between numbers, which no metric of the model states"},
    {" if would could hypothetically suppose assuming assume whatif ", "it asks for what might have been"},
    {" delete update insert truncate alter create grant revoke send mail notify schedule export write buy refund "
     "cancel ",
     "it asks for something to be done; only questions are answered"},
}};

}  // namespace

std::optional<std::string> AsksForDeed(std::span<const Token> tokens, const std::vector<Link>& links) {
  static constexpr std::string_view kDeeds[] = {
      "close",  "open",   "reopen",  "approve",   "reject",  "assign",   "refund",     "pay",      "book",
      "cancel", "mark",   "move",    "archive",   "rename",  "reset",    "charge",     "block",    "unblock",
      "hire",   "fire",   "promote", "ship",      "reorder", "merge",    "deactivate", "activate", "renew",
      "extend", "settle", "deny",    "terminate", "suspend", "transfer", "reassign",   "upgrade",  "downgrade",
      "set",    "change", "add",     "email",     "call"};
  size_t at = 0;
  while (at < tokens.size() && (tokens[at].word == "please" || tokens[at].word == "," || tokens[at].word == "kindly"))
    ++at;
  if (at + 1 >= tokens.size() || std::ranges::find(kDeeds, tokens[at].word) == std::end(kDeeds)) return std::nullopt;
  size_t noun = at + 1;
  const bool one = tokens[noun].word == "the" || tokens[noun].word == "this" || tokens[noun].word == "that" ||
                   tokens[noun].word == "a" || tokens[noun].word == "an" || tokens[noun].word == "my";
  if (one) ++noun;
  for (const Link& link : links) {  // "close claim 5123"; "open claims" are counted.
    if (link.begin != noun || link.kind != LinkKind::kEntity || link.verb || link.plural) continue;
    const bool numbered =
        link.end < tokens.size() && (tokens[link.end].kind == TokenKind::kNumber || tokens[link.end].word == "#" ||
                                     tokens[link.end].word == "number");
    if (numbered || link.end == tokens.size()) return "it asks for something to be done; only questions are answered";
  }
  return std::nullopt;
}

std::optional<std::string> OutOfScope(std::span<const Token> tokens, std::span<const Link> links) {
  for (size_t at = 0; at < tokens.size(); ++at) {
    const Token& token = tokens[at];
    if (token.kind != TokenKind::kWord) continue;
    const std::string_view next = at + 1 < tokens.size() ? std::string_view(tokens[at + 1].word) : "";
    const bool polite =
        (token.word == "would" && (next == "like" || next == "need" || next == "love" || next == "want")) ||
        (token.word == "could" && next == "you");
    if ((token.word == "better" || token.word == "worse") && at > 0 && tokens[at - 1].word == "or") continue;
    const bool is_date = token.word == "due" && next != "to" && next != "because";
    const bool is_name = std::ranges::any_of(links, [&](const Link& link) {  // The drivers of parcels are no causes.
      return link.begin <= at && at < link.end && link.note.empty() && !link.verb && link.kind != LinkKind::kRole;
    });
    if (polite || is_date || is_name) continue;
    const std::string padded = " " + token.word + " ";
    for (const Kind& kind : kKinds) {
      if (kind.words.find(padded) != std::string_view::npos) return std::string(kind.reason);
    }
  }
  return std::nullopt;
}

bool SaysFiscal(std::span<const Token> tokens, size_t at) {
  const std::string_view word = tokens[at].word;
  if (word == "fiscal" || word == "fy") return true;
  const std::string_view next = at + 1 < tokens.size() ? std::string_view(tokens[at + 1].word) : "";
  if (word == "financial") return next.starts_with("year") || next.starts_with("quarter");
  const bool is_year = word.starts_with("fy") && (word.size() == 4 || word.size() == 6);
  return is_year && word.substr(2).find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace neurolake::ask
