#include <array>
#include <charconv>
#include <cmath>

#include "ask/language/words.h"

namespace neurolake::ask {
namespace {

struct NumberWord {
  std::string_view word;
  double value;
};

constexpr std::array<NumberWord, 31> kUnits{
    {{"zero", 0},      {"one", 1},       {"two", 2},       {"three", 3},    {"four", 4},     {"five", 5},
     {"six", 6},       {"seven", 7},     {"eight", 8},     {"nine", 9},     {"ten", 10},     {"eleven", 11},
     {"twelve", 12},   {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17},
     {"eighteen", 18}, {"nineteen", 19}, {"twenty", 20},   {"thirty", 30},  {"forty", 40},   {"fifty", 50},
     {"sixty", 60},    {"seventy", 70},  {"eighty", 80},   {"ninety", 90},  {"dutzend", 12}, {"drei", 3},
     {"zehn", 10}}};
constexpr std::array<NumberWord, 9> kScales{{{"hundred", 100},
                                             {"dozen", 12},
                                             {"dozens", 12},
                                             {"thousand", 1e3},
                                             {"million", 1e6},
                                             {"millions", 1e6},
                                             {"billion", 1e9},
                                             {"mio", 1e6},
                                             {"mrd", 1e9}}};
constexpr std::array<NumberWord, 13> kOrdinals{{{"first", 1},
                                                {"second", 2},
                                                {"third", 3},
                                                {"fourth", 4},
                                                {"fifth", 5},
                                                {"sixth", 6},
                                                {"seventh", 7},
                                                {"eighth", 8},
                                                {"ninth", 9},
                                                {"tenth", 10},
                                                {"eleventh", 11},
                                                {"twelfth", 12},
                                                {"twentieth", 20}}};
constexpr std::array<NumberWord, 9> kSuffixes{
    {{"k", 1e3}, {"m", 1e6}, {"mm", 1e6}, {"mn", 1e6}, {"mio", 1e6}, {"b", 1e9}, {"bn", 1e9}, {"t", 1e12}, {"th", 1}}};

template <size_t N>
std::optional<double> Look(const std::array<NumberWord, N>& words, std::string_view word) {
  for (const NumberWord& entry : words) {
    if (entry.word == word) return entry.value;
  }
  return std::nullopt;
}

std::optional<std::string> Currency(std::string_view word) {
  if (word == "$" || word == "usd" || word == "dollar" || word == "dollars") return "USD";
  if (word == "€" || word == "eur" || word == "euro" || word == "euros") return "EUR";
  if (word == "£" || word == "gbp" || word == "pounds") return "GBP";
  if (word == "chf") return "CHF";
  if (word == "yen" || word == "jpy" || word == "¥") return "JPY";
  return std::nullopt;
}

std::optional<double> ReadDigits(std::string_view text) {
  std::string plain(text);
  std::erase(plain, ',');
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error != std::errc() || end != plain.data() + plain.size()) return std::nullopt;
  return value;
}

/// "5k", "2.5m", "3rd", "1.2bn": digits with a suffix in one word.
std::optional<NumberPhrase> ReadSuffixed(std::string_view word) {
  const size_t digits = word.find_first_not_of("0123456789.,");
  if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
  const auto value = ReadDigits(word.substr(0, digits));
  if (!value) return std::nullopt;
  const std::string_view suffix = word.substr(digits);
  if (suffix == "st" || suffix == "nd" || suffix == "rd" || suffix == "th") {
    return NumberPhrase{.value = *value, .tokens = 1, .ordinal = true};
  }
  const auto scale = Look(kSuffixes, suffix);
  if (!scale) return std::nullopt;
  return NumberPhrase{.value = *value * *scale, .tokens = 1};
}

/// "two hundred and fifty thousand": each scale multiplies what came since the last larger one.
std::optional<NumberPhrase> ReadWords(std::span<const Token> tokens) {
  double total = 0;
  double current = 0;
  size_t used = 0;
  bool any = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string& word = tokens[i].word;
    if (const auto unit = Look(kUnits, word)) {
      if (any && current > 0 && std::fmod(current, *unit >= 10 ? 100 : 10) != 0) break;
      current += *unit;
    } else if (const auto scale = Look(kScales, word); scale && (any || i == 0 || tokens[0].word == "a")) {
      current = (current == 0 ? 1 : current) * *scale;
      if (*scale >= 1000) {
        total += current;
        current = 0;
      }
    } else if (i == 0 && (word == "a" || word == "an") && tokens.size() > 1 && Look(kScales, tokens[1].word)) {
      continue;
    } else if (any && word == "and" && i + 1 < tokens.size() && current >= 100 && Look(kUnits, tokens[i + 1].word)) {
      continue;
    } else {
      break;
    }
    any = true;
    used = i + 1;
  }
  if (!any) return std::nullopt;
  return NumberPhrase{.value = total + current, .tokens = used};
}

std::optional<NumberPhrase> ReadPlain(std::span<const Token> tokens) {
  const Token& first = tokens[0];
  if (first.kind == TokenKind::kNumber) {
    const auto value = ReadDigits(first.word);
    if (!value) return std::nullopt;
    NumberPhrase number{.value = *value, .tokens = 1, .bare = first.word.find_first_of(".,") == std::string::npos};
    if (tokens.size() > 1) {
      const auto scale = Look(kScales, tokens[1].word);
      const auto suffix =
          tokens[1].word.size() <= 3 && tokens[1].word != "th" && (tokens[1].word != "mm" || tokens[1].glued)
              ? Look(kSuffixes, tokens[1].word)
              : std::nullopt;
      if (scale || suffix) return NumberPhrase{.value = *value * (scale ? *scale : *suffix), .tokens = 2};
    }
    return number;
  }
  if (first.kind != TokenKind::kWord) return std::nullopt;
  if (const auto ordinal = Look(kOrdinals, first.word))
    return NumberPhrase{.value = *ordinal, .tokens = 1, .ordinal = true};
  if (auto suffixed = ReadSuffixed(first.word)) return suffixed;
  return ReadWords(tokens);
}

}  // namespace

std::optional<NumberPhrase> ParseNumber(std::span<const Token> tokens) {
  if (tokens.empty()) return std::nullopt;
  size_t lead = 0;
  double sign = 1;
  std::string currency;
  if (tokens[0].word == "minus" || (tokens[0].word == "-" && tokens.size() > 1 && tokens[1].glued)) {
    sign = -1;
    lead = 1;
  }
  if (lead < tokens.size()) {
    if (auto sign_of_currency = Currency(tokens[lead].word); sign_of_currency && lead + 1 < tokens.size()) {
      currency = *sign_of_currency;
      ++lead;
    }
  }
  if (lead >= tokens.size()) return std::nullopt;
  auto number = ReadPlain(tokens.subspan(lead));
  if (!number) return std::nullopt;
  number->value *= sign;
  number->tokens += lead;
  if (lead > 0) number->bare = false;
  const size_t next = number->tokens;
  if (!currency.empty()) {
    number->unit = NumberUnit::kCurrency;
    number->currency = currency;
  } else if (next < tokens.size() && !number->ordinal) {
    const std::string& word = tokens[next].word;
    const bool per_cent = word == "per" && next + 1 < tokens.size() && tokens[next + 1].word == "cent";
    if (word == "%" || word == "percent" || word == "pct" || word == "prozent" || per_cent) {
      number->unit = NumberUnit::kPercent;
      number->tokens += per_cent ? 2 : 1;
      number->bare = false;
    } else if (auto code = Currency(word)) {
      number->unit = NumberUnit::kCurrency;
      number->currency = *code;
      number->tokens += 1;
      number->bare = false;
    }
  }
  return number;
}

}  // namespace neurolake::ask
