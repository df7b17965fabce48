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

std::optional<std::string> OutOfScope(std::span<const Token> tokens) {
  for (size_t at = 0; at < tokens.size(); ++at) {
    const Token& token = tokens[at];
    if (token.kind != TokenKind::kWord) continue;
    const std::string_view next = at + 1 < tokens.size() ? std::string_view(tokens[at + 1].word) : "";
    const bool polite = (token.word == "would" && next == "like") || (token.word == "could" && next == "you");
    const bool is_date = token.word == "due" && next != "to" && next != "because";
    if (polite || is_date) continue;
    const std::string padded = " " + token.word + " ";
    for (const Kind& kind : kKinds) {
      if (kind.words.find(padded) != std::string_view::npos) return std::string(kind.reason);
    }
  }
  return std::nullopt;
}

}  // namespace neurolake::ask
