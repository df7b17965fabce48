#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::ask {

enum class TokenKind : uint8_t {
  kWord,    ///< Letters and digits: "sales", "b6", "5k", "q3".
  kNumber,  ///< Digits with their separators: "5,000", "2.5".
  kDate,    ///< Digits that can only be a date: "2013-05-01", "03/04/2024", "2024-w12", "2013-05".
  kQuoted,  ///< What stood between quotes, quotes taken off.
  kSymbol,  ///< One of % $ € £ < > = ! + & ( ) , ; : / - and the ends of sentences.
};

/// A piece of a question.
struct Token {
  std::string text;  ///< As typed.
  std::string word;  ///< Folded: see Fold. Of kSymbol: the symbol, "<=", ">=" and "!=" being one each.
  TokenKind kind = TokenKind::kWord;
  size_t begin = 0;  ///< Bytes of the question, half-open.
  size_t end = 0;
  bool glued = false;  ///< No blank before it: "year-to-date" is three words of which two are glued.
};

inline constexpr size_t kQuestionBytesMax = 1'000;
inline constexpr size_t kQuestionTokensMax = 120;

/// Lower case without accents, compatibility forms undone: "São  Ｐaulo" is "sao paulo", "Straße" is "strasse". Bytes
/// that are no UTF-8 become "?". Pure.
std::string Fold(std::string_view text);

/// Cuts a question into tokens. Contractions are written out ("hasn't" is "has", "not"), possessives dropped
/// ("region's" is "region"), hyphens and underscores part words, an apostrophe inside a name does not ("O'Hare" is
/// "ohare"). Errors: kInvalidArgument if it is longer than kQuestionBytesMax or has more than kQuestionTokensMax
/// tokens. Pure and thread-safe; linear.
Result<std::vector<Token>> Tokenize(std::string_view question);

/// The same for a name or a value of any length up to 64 tokens; what is beyond is cut off.
std::vector<Token> TokenizeName(std::string_view name);

/// The words of `tokens`, blanks between.
std::string JoinWords(std::span<const Token> tokens);

}  // namespace neurolake::ask
