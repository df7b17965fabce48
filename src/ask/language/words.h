#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ask/language/token.h"

namespace neurolake::ask {

/// The form a noun is looked up by: plural endings of English taken off ("countries" is "country", "people" is
/// "person"). Applied to both sides, so that it need not be a word. Words with digits, and of up to three letters, stay
/// as they are.
std::string Singular(std::string_view word);

/// Singular, and endings of verbs taken off ("ordered", "ordering" are "order", "purchased" is "purchas"): says less,
/// so whoever matches by it should trust it less.
std::string Stem(std::string_view word);

/// Whether the word says nothing of its own ("the", "please", also German and French ones) and may be passed over
/// between phrases. Never a negation, a quantity, a preposition of time or a comparison.
bool IsFiller(std::string_view word);

/// Whether the word is a common English one and so no misspelling of another.
bool IsCommonWord(std::string_view word);

/// The cost of reading `typed` as a misspelling of `known`, from 0.19; nullopt if it is too far. Both folded. One slip
/// (a swap, a letter lost, doubled or hit beside its key) from five letters on, two from eight; the first letter is
/// right.
std::optional<double> TypoCost(std::string_view typed, std::string_view known);

enum class NumberUnit : uint8_t { kNone, kPercent, kCurrency };

/// A number that starts at some token.
struct NumberPhrase {
  double value = 0;
  size_t tokens = 0;
  NumberUnit unit = NumberUnit::kNone;
  std::string currency = {};  ///< ISO 4217 of the sign or code, as "EUR".
  bool ordinal = false;       ///< "third", "3rd".
  bool bare = false;          ///< Digits alone: might be a year or a name instead.
};

/// The longest number at the start of `tokens`: "5k", "2.5M", "30 %", "$5,000", "two hundred and fifty", "a dozen",
/// "3rd",
/// "-20". "one" counts, "a" and "an" only before dozen, hundred, thousand and so on.
std::optional<NumberPhrase> ParseNumber(std::span<const Token> tokens);

}  // namespace neurolake::ask
