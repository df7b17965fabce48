#include "ask/grammar/internal/rephrase.h"

#include <map>

#include "ask/grammar/internal/words_of_sentences.h"
#include "ask/language/words.h"

namespace neurolake::ask {
namespace {

constexpr size_t kLongMax = 48;  ///< Words of <1> and *1,
constexpr size_t kVagueMax = 4;  ///< … of ~1.
constexpr size_t kStepsMax = 2;
constexpr size_t kMatchesMax = 3;  ///< Ways in which one pattern fits that are tried.

/// One piece of a pattern, or of what it is rewritten into.
struct Piece {
  enum class Kind : uint8_t { kWords, kLong, kAny, kOne, kVague, kNumber, kFields };
  Kind kind = Kind::kWords;
  char name = 0;
  bool optional = false;
  std::vector<std::string_view> words = {};
};

std::vector<std::string_view> Split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(by), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Piece PieceOf(std::string_view text) {
  using enum Piece::Kind;
  if (text.size() == 3 && text[0] == '<' && text[2] == '>') return {.kind = kLong, .name = text[1]};
  if (text.size() == 3 && text[0] == '{' && text[2] == '}') return {.kind = kOne, .name = text[1]};
  if (text.size() == 2 && text[0] == '*') return {.kind = kAny, .name = text[1]};
  if (text.size() == 2 && text[0] == '~') return {.kind = kVague, .name = text[1]};
  if (text.size() == 2 && text[0] == '=') return {.kind = kFields, .name = text[1]};
  if (text.size() == 2 && text[0] == '#') return {.kind = kNumber, .name = text[1]};
  const bool optional = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (optional) text = text.substr(1, text.size() - 2);
  return {.optional = optional, .words = Split(text, '|')};
}

struct Rule {
  std::vector<Piece> said;
  std::vector<Piece> meant;
};

std::vector<Rule> RulesOf(std::span<const Sentence> sentences) {
  std::vector<Rule> rules;
  for (const Sentence& sentence : sentences) {
    Rule& rule = rules.emplace_back();
    for (const std::string_view part : Split(sentence.said, ' ')) rule.said.push_back(PieceOf(part));
    for (const std::string_view part : Split(sentence.meant, ' ')) rule.meant.push_back(PieceOf(part));
  }
  return rules;
}

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> kRules = RulesOf(kSentences);
  return kRules;
}

const std::vector<Rule>& Courtesies() {
  static const std::vector<Rule> kRules = RulesOf(kCourtesies);
  return kRules;
}

/// Words of who asks, and what for: of a question they say nothing, and no name is one of them.
bool SaysWhatFor(const Token& token) {
  static constexpr std::string_view kWords[] = {
      "all",      "there",       "team",         "everyone",   "folks",     "colleagues", "analytics", "data",
      "the",      "my",          "our",          "a",          "an",        "this",       "next",      "board",
      "paper",    "report",      "slide",        "slides",     "deck",      "meeting",    "review",    "audit",
      "auditors", "controlling", "boss",         "call",       "memo",      "briefing",   "summary",   "workshop",
      "planning", "dashboard",   "presentation", "newsletter", "monthly",   "weekly",     "annual",    "quarterly",
      "yearly",   "management",  "reporting",    "budget",     "department"};
  return token.kind == TokenKind::kWord && token.word == token.text &&
         std::ranges::find(kWords, token.word) != std::end(kWords);
}

/// Whether it is more than an article: "our" alone is nothing that is counted.
bool IsOfWeight(const Token& token) {
  static constexpr std::string_view kWords[] = {"our", "the", "a",  "an", "my",   "their",
                                                "its", "all", "we", "us", "your", "this"};
  return token.kind != TokenKind::kSymbol && std::ranges::find(kWords, token.word) == std::end(kWords);
}

using Bound = std::map<char, std::pair<size_t, size_t>>;  ///< What each name stands for: tokens, half-open.

/// Where one pattern fits.
class Fit {
 public:
  Fit(const std::vector<Token>& tokens, const std::vector<bool>& things, const std::vector<Piece>& said)
      : tokens_(tokens), things_(things), said_(said), end_(tokens.size()) {
    while (end_ > 0 && (tokens[end_ - 1].word == "?" || tokens[end_ - 1].word == "." || tokens[end_ - 1].word == "!"))
      --end_;
  }

  std::vector<Bound> All() {
    const bool has_all = std::ranges::all_of(said_, [&](const Piece& piece) {
      return piece.kind != Piece::Kind::kWords || piece.optional ||
             std::ranges::any_of(tokens_, [&](const Token& token) { return Says(piece, token); });
    });
    if (has_all) Try(0, 0);
    return std::move(found_);
  }

 private:
  static bool Says(const Piece& piece, const Token& token) {
    if (token.word == "-" && token.glued) return false;  // "follow-up" is one word.
    return token.kind != TokenKind::kQuoted && std::ranges::find(piece.words, token.word) != piece.words.end();
  }

  /// How many tokens the piece may take at `at`, least first.
  std::pair<size_t, size_t> Range(const Piece& piece, size_t at) const {
    const size_t left = end_ - at;
    switch (piece.kind) {
      case Piece::Kind::kWords: {
        const size_t most = left > 0 && Says(piece, tokens_[at]) ? 1 : 0;
        return {piece.optional ? 0 : 1, most};
      }
      case Piece::Kind::kLong: return {1, std::min(left, kLongMax)};
      case Piece::Kind::kFields: {
        size_t most = 0;
        while (most < std::min(left, kLongMax) && !things_[at + most]) ++most;
        return {1, most};
      }
      case Piece::Kind::kAny: return {0, std::min(left, kLongMax)};
      case Piece::Kind::kOne: return {1, left > 0 && tokens_[at].kind == TokenKind::kWord ? 1 : 0};
      case Piece::Kind::kVague: {
        size_t most = 0;
        while (most < std::min(left, kVagueMax) && SaysWhatFor(tokens_[at + most])) ++most;
        return {1, most};
      }
      case Piece::Kind::kNumber: {
        const auto number = ParseNumber(std::span(tokens_).subspan(at, left));
        const size_t length = number && !number->ordinal && number->unit == NumberUnit::kNone ? number->tokens : 0;
        return {std::max<size_t>(length, 1), length};
      }
    }
    return {1, 0};
  }

  void Try(size_t piece, size_t at) {
    if (found_.size() >= kMatchesMax || ++steps_ > 4000) return;
    if (piece == said_.size()) {
      const bool names_things = std::ranges::all_of(bound_, [&](const auto& one) {
        const auto [from, to] = one.second;
        return from == to || std::ranges::any_of(std::span(tokens_).subspan(from, to - from), IsOfWeight);
      });
      if (at == end_ && names_things) found_.push_back(bound_);
      return;
    }
    const auto [least, most] = Range(said_[piece], at);
    const bool greedy = said_[piece].optional;
    for (size_t i = 0; least + i <= most; ++i) {
      const size_t length = greedy ? most - i : least + i;
      if (said_[piece].name != 0) bound_[said_[piece].name] = {at, at + length};
      Try(piece + 1, at + length);
    }
  }

  const std::vector<Token>& tokens_;
  const std::vector<bool>& things_;
  const std::vector<Piece>& said_;
  size_t end_ = 0;
  size_t steps_ = 0;
  Bound bound_ = {};
  std::vector<Bound> found_ = {};
};

std::vector<Token> Made(const std::vector<Token>& tokens, const std::vector<Piece>& meant, const Bound& bound) {
  std::vector<Token> made;
  for (const Piece& piece : meant) {
    if (piece.name == 0) {
      for (Token& token : TokenizeName(piece.words[0])) made.push_back(std::move(token));
      continue;
    }
    const auto place = bound.find(piece.name);
    if (place == bound.end()) continue;
    for (size_t at = place->second.first; at < place->second.second; ++at) made.push_back(tokens[at]);
  }
  // A comma or full stop at an end was of the sentence.
  const auto parts = [](const Token& token) {
    return token.word == "," || token.word == ";" || token.word == ":" || token.word == "." || token.word == "?";
  };
  while (!made.empty() && parts(made.back())) made.pop_back();
  while (!made.empty() && parts(made.front())) made.erase(made.begin());
  return made;
}

/// Which tokens are of a word for things of the model, in the plural: "orders".
std::vector<bool> Things(const std::vector<Token>& tokens, const Linker& linker) {
  std::vector<bool> things(tokens.size(), false);
  for (const Link& link : linker.Find(tokens)) {
    const bool is_thing = link.kind == LinkKind::kEntity && !link.verb && link.plural;
    for (size_t at = link.begin; is_thing && at < link.end; ++at) things[at] = true;
  }
  return things;
}

/// Without what says who asks and how politely.
std::vector<Token> Plain(std::vector<Token> tokens) {
  for (size_t step = 0; step < 2 * std::size(kCourtesies); ++step) {
    const std::vector<bool> things(tokens.size(), false);
    bool shorter = false;
    for (const Rule& rule : Courtesies()) {
      const auto fits = Fit(tokens, things, rule.said).All();
      if (fits.empty()) continue;
      std::vector<Token> made = Made(tokens, rule.meant, fits[0]);
      if (made.empty() || made.size() >= tokens.size()) continue;
      tokens = std::move(made);
      shorter = true;
      break;
    }
    if (!shorter) break;
  }
  return tokens;
}

}  // namespace

std::vector<Rephrased> Rephrase(const std::vector<Token>& tokens, const Linker& linker) {
  std::vector<Rephrased> found{{.tokens = tokens}};
  std::vector<std::string> seen{JoinWords(tokens)};
  if (std::vector<Token> plain = Plain(tokens); plain.size() < tokens.size()) {
    seen.push_back(JoinWords(plain));
    found.push_back({.tokens = std::move(plain), .steps = 1});
  }
  const size_t first = found.size() - 1;
  for (size_t next = first; next < found.size() && found.size() <= kRephrasedMax; ++next) {
    if (found[next].steps >= kStepsMax) continue;
    const std::vector<Token> from = found[next].tokens;
    const std::vector<bool> things = Things(from, linker);
    for (const Rule& rule : Rules()) {
      for (const Bound& bound : Fit(from, things, rule.said).All()) {
        Rephrased other{.tokens = Made(from, rule.meant, bound), .steps = found[next].steps + 1};
        std::string key = JoinWords(other.tokens);
        if (other.tokens.empty() || std::ranges::find(seen, key) != seen.end()) continue;
        seen.push_back(std::move(key));
        found.push_back(std::move(other));
        if (found.size() > kRephrasedMax) return {found.begin() + 1, found.end()};
      }
    }
  }
  found.erase(found.begin());
  return found;
}

}  // namespace neurolake::ask
