#include <algorithm>
#include <array>
#include <string>

#include "privacy/detector/checks.h"
#include "privacy/detector/internal/symbols.h"

namespace neurolake::privacy::checks {
namespace {

/// ISO 7064 mod 11,10 over all digits.
bool Mod11And10(const Symbols& symbols, size_t from) {
  int product = 10;
  for (size_t i = from; i + 1 < symbols.size(); ++i) {
    int sum = (symbols.Value(i) + product) % 10;
    if (sum == 0) sum = 10;
    product = 2 * sum % 11;
  }
  return (11 - product) % 10 == symbols.Value(symbols.size() - 1);
}

/// Digits of each product added, as the German insurance numbers have it; the last of `digits` is the check digit.
int DigitSums(std::span<const int> digits, std::span<const int> weights) {
  int sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) sum += digits[i] * weights[i] / 10 + digits[i] * weights[i] % 10;
  return sum;
}

char SpanishLetter(int64_t number) { return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]; }

}  // namespace

bool UkNhs(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 10 || !symbols.AllDigits() || symbols.AllSame()) return false;
  constexpr int kWeights[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
  return symbols.WeightedSum(kWeights) % 11 == 0;
}

bool IePps(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() < 8 || symbols.size() > 9 || !symbols.AllDigits(0, 7) || symbols.IsDigit(7)) return false;
  constexpr int kWeights[] = {8, 7, 6, 5, 4, 3, 2};
  int64_t sum = symbols.WeightedSum(kWeights);
  if (symbols.size() == 9) {
    const char second = symbols[8];
    if (second == 'A' || second == 'B' || second == 'H') {
      sum += 9 * (second - 'A' + 1);
    } else if (second != 'W' && second != 'T' && second != 'X') {
      return false;
    }
  }
  return symbols[7] == "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23];
}

bool DeTaxId(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 11 || !symbols.AllDigits() || symbols[0] == '0') return false;
  // Of the first ten digits exactly one stands there twice or three times, and three of a kind never in a row.
  std::array<int, 10> counts{};
  for (size_t i = 0; i < 10; ++i) ++counts[symbols.Value(i)];
  const auto repeated = std::ranges::count_if(counts, [](int count) { return count > 1; });
  if (repeated != 1 || std::ranges::max(counts) > 3) return false;
  for (size_t i = 0; i + 2 < 10; ++i) {
    if (symbols[i] == symbols[i + 1] && symbols[i] == symbols[i + 2]) return false;
  }
  return Mod11And10(symbols, 0);
}

bool DeTaxNumber(std::string_view text) {
  const Symbols symbols(text);
  if (!symbols.AllDigits()) return false;
  if (symbols.size() != 13) return symbols.size() == 10 || symbols.size() == 11;
  // The form of all states: the state's number of the tax office, a zero, district, person and check digit.
  return symbols[4] == '0';
}

bool DeVatId(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 11 && symbols[0] == 'D' && symbols[1] == 'E' && symbols.AllDigits(2) && symbols[2] != '0' &&
         Mod11And10(symbols, 2);
}

bool DeIdCard(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {7, 3, 1, 7, 3, 1, 7, 3, 1};
  return symbols.size() == 10 && symbols.IsDigit(9) && symbols.WeightedSum(kWeights) % 10 == symbols.Value(9);
}

bool DeSocialSecurity(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 12 || !symbols.AllDigits(0, 8) || symbols.IsDigit(8) || !symbols.AllDigits(9)) return false;
  const int64_t day = symbols.Number(2, 2) % 50;
  if (symbols.Number(2, 2) > 81 || !IsDayOfSomeCentury(symbols.Number(6, 2), symbols.Number(4, 2), day)) return false;
  const int letter = symbols[8] - 'A' + 1;
  std::array<int, 12> digits{};
  for (size_t i = 0; i < 8; ++i) digits[i] = symbols.Value(i);
  digits[8] = letter / 10, digits[9] = letter % 10, digits[10] = symbols.Value(9), digits[11] = symbols.Value(10);
  constexpr int kWeights[] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
  return DigitSums(digits, kWeights) % 10 == symbols.Value(11);
}

bool DeHealthInsurance(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 10 || symbols.IsDigit(0) || !symbols.AllDigits(1)) return false;
  const int letter = symbols[0] - 'A' + 1;
  std::array<int, 10> digits{letter / 10, letter % 10};
  for (size_t i = 1; i < 9; ++i) digits[i + 1] = symbols.Value(i);
  constexpr int kWeights[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
  return DigitSums(digits, kWeights) % 10 == symbols.Value(9);
}

bool DeLanr(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {4, 9, 4, 9, 4, 9};
  return symbols.size() == 9 && symbols.AllDigits() && !symbols.AllSame() &&
         (10 - symbols.WeightedSum(kWeights) % 10) % 10 == symbols.Value(6);
}

bool AtSvnr(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
  if (symbols.size() != 10 || !symbols.AllDigits() || symbols[0] == '0') return false;
  // Months 13 to 15 stand for days of which all numbers were given away.
  const int64_t month = symbols.Number(6, 2), day = symbols.Number(4, 2);
  if (day < 1 || day > 31 || month < 1 || month > 15) return false;
  return symbols.WeightedSum(kWeights) % 11 == symbols.Value(3);
}

bool ChAhv(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1};
  return symbols.size() == 13 && symbols.AllDigits() && symbols.text().starts_with("756") &&
         symbols.WeightedSum(kWeights) % 10 == 0;
}

bool FrNir(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 15 || !symbols.AllDigits(0, 5) || !symbols.AllDigits(7)) return false;
  const int64_t month = symbols.Number(3, 2);
  if ((month < 1 || month > 12) && !(month >= 20 && month <= 42) && !(month >= 50)) return false;
  // Corsica's departments 2A and 2B count as 19 and 18.
  int64_t number = symbols.Number(0, 5) * 100;
  if (symbols.AllDigits(5, 2)) {
    number += symbols.Number(5, 2);
  } else if (symbols[5] == '2' && (symbols[6] == 'A' || symbols[6] == 'B')) {
    number += symbols[6] == 'A' ? 19 : 18;
  } else {
    return false;
  }
  number = number * 1'000'000 + symbols.Number(7, 6);
  return 97 - number % 97 == symbols.Number(13, 2);
}

bool FrSiret(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 14 || !symbols.AllDigits() || symbols.AllSame()) return false;
  // La Poste's 356 000 000 has more establishments than Luhn leaves numbers: their digits add up to a multiple of 5.
  if (symbols.text().starts_with("356000000") && symbols.text() != "35600000000048") {
    int sum = 0;
    for (size_t i = 0; i < 14; ++i) sum += symbols.Value(i);
    return sum % 5 == 0;
  }
  return Luhn(symbols.text()) && Luhn(symbols.text().substr(0, 9));
}

bool NlBsn(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {9, 8, 7, 6, 5, 4, 3, 2, -1};
  return symbols.size() == 9 && symbols.AllDigits() && symbols.Number(0, 9) > 9'999'999 && !symbols.AllSame() &&
         symbols.WeightedSum(kWeights) % 11 == 0;
}

bool BeNrn(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 11 || !symbols.AllDigits() || symbols.Number(6, 3) == 0 || symbols.Number(6, 3) == 999)
    return false;
  // Month 0 and day 0: not known, or the day's numbers ran out. 20 or 40 more: a bis number, of who is not a resident.
  const int64_t month = symbols.Number(2, 2) % 20, day = symbols.Number(4, 2);
  if (symbols.Number(2, 2) > 52 || month > 12 || day > 31) return false;
  const int64_t first = symbols.Number(0, 9), check = symbols.Number(9, 2);
  return 97 - first % 97 == check || 97 - (2'000'000'000 + first) % 97 == check;
}

bool PtNif(std::string_view text) {
  if (text.starts_with("PT")) text.remove_prefix(2);
  const Symbols symbols(text);
  constexpr int kWeights[] = {9, 8, 7, 6, 5, 4, 3, 2};
  if (symbols.size() != 9 || !symbols.AllDigits() || symbols[0] == '0') return false;
  // 45 is for people who do not live there; there is no other 4.
  if (symbols[0] == '4' && symbols[1] != '5') return false;
  const int64_t rest = symbols.WeightedSum(kWeights) % 11;
  return (rest < 2 ? 0 : 11 - rest) == symbols.Value(8);
}

bool PtCc(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 12 || !symbols.AllDigits(0, 9) || symbols.IsDigit(9) || !symbols.IsDigit(11)) return false;
  int sum = 0;
  for (size_t i = 0; i < 12; ++i) {
    const int value = symbols.Value(i) * (i % 2 == 0 ? 2 : 1);
    sum += i % 2 == 0 && value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0;
}

bool EsNif(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 9 && symbols.AllDigits(0, 8) && symbols.Number(0, 8) > 0 &&
         symbols[8] == SpanishLetter(symbols.Number(0, 8));
}

bool EsNie(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 9 || symbols[0] < 'X' || symbols[0] > 'Z' || !symbols.AllDigits(1, 7)) return false;
  return symbols[8] == SpanishLetter((symbols[0] - 'X') * 10'000'000 + symbols.Number(1, 7));
}

bool ItFiscalCode(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 16) return false;
  // Where two people would share a code, digits are replaced by letters, from the right.
  constexpr std::string_view kOmocodia = "LMNPQRSTUV";
  const auto digit = [&](size_t at) -> int64_t {
    if (symbols.IsDigit(at)) return symbols.Value(at);
    const size_t found = kOmocodia.find(symbols[at]);
    return found == std::string_view::npos ? 1000 : static_cast<int64_t>(found);
  };
  const size_t month = std::string_view("ABCDEHLMPRST").find(symbols[8]);
  const int64_t day = digit(9) * 10 + digit(10);
  if (month == std::string_view::npos ||
      !IsDayOfSomeCentury(digit(6) * 10 + digit(7), static_cast<int64_t>(month) + 1, day > 40 ? day - 40 : day)) {
    return false;
  }
  constexpr int kOdd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (size_t i = 0; i < 15; ++i) {
    const int value = symbols.IsDigit(i) ? symbols.Value(i) : symbols[i] - 'A';
    sum += i % 2 == 0 ? kOdd[value] : value;
  }
  return symbols[15] == 'A' + sum % 26;
}

bool ItVatCode(std::string_view text) {
  if (text.starts_with("IT")) text.remove_prefix(2);
  const Symbols symbols(text);
  return symbols.size() == 11 && symbols.AllDigits() && !symbols.AllSame() && Luhn(symbols.text());
}

bool PlPesel(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 11 || !symbols.AllDigits()) return false;
  // The century stands in the month: 80 more for 18xx, 20 for 20xx, 40 for 21xx, 60 for 22xx.
  constexpr int64_t kCenturies[] = {1900, 2000, 2100, 2200, 1800};
  const int64_t month = symbols.Number(2, 2);
  if (!IsDay(kCenturies[month / 20] + symbols.Number(0, 2), month % 20, symbols.Number(4, 2))) return false;
  constexpr int kWeights[] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
  return symbols.WeightedSum(kWeights) % 10 == 0;
}

bool FiPersonalId(std::string_view text) {
  const std::string_view form = text;
  const Symbols symbols(text);
  if (form.size() != 11 || !symbols.AllDigits(0, 6)) return false;
  const int64_t serial = Symbols(form.substr(7, 3)).Number(0, 3);
  if (!Symbols(form.substr(7, 3)).AllDigits() || serial < 2) return false;
  const char sign = form[6];
  const std::string_view twenties = "ABCDEFabcdef";
  const int64_t century = sign == '+' ? 1800 : twenties.contains(sign) ? 2000 : 1900;
  if (!IsDay(century + symbols.Number(4, 2), symbols.Number(2, 2), symbols.Number(0, 2))) return false;
  const int64_t number = symbols.Number(0, 6) * 1000 + serial;
  return symbols[symbols.size() - 1] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31];
}

bool SePersonnummer(std::string_view text) {
  const Symbols symbols(text);
  if ((symbols.size() != 10 && symbols.size() != 12) || !symbols.AllDigits()) return false;
  const size_t at = symbols.size() - 10;
  // Samordningsnummer: 60 more in the day.
  const int64_t day = symbols.Number(at + 4, 2), real = day > 60 ? day - 60 : day;
  const int64_t month = symbols.Number(at + 2, 2);
  const bool exists = at == 2 ? IsDay(symbols.Number(0, 4), month, real) && symbols.Number(0, 4) >= 1840
                              : IsDayOfSomeCentury(symbols.Number(0, 2), month, real);
  return exists && Luhn(symbols.text().substr(at));
}

bool SeOrganisation(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 10 && symbols.AllDigits() && symbols.Number(2, 2) >= 20 && Luhn(symbols.text());
}

bool DkCpr(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 10 || !symbols.AllDigits()) return false;
  // Numbers given since 2007 need not satisfy the modulus, so the date is all that every one of them has.
  const int64_t seventh = symbols.Value(6), year = symbols.Number(4, 2);
  const int64_t century = seventh <= 3                   ? 1900
                          : seventh == 4 || seventh == 9 ? (year <= 36 ? 2000 : 1900)
                          : year <= 57                   ? 2000
                                                         : 1800;
  return IsDay(century + year, symbols.Number(2, 2), symbols.Number(0, 2)) && symbols.Number(6, 4) != 0;
}

bool NoFodselsnummer(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 11 || !symbols.AllDigits()) return false;
  // D numbers have 40 more in the day; H numbers and test people 40 or 80 more in the month.
  const int64_t day = symbols.Number(0, 2) % 40, month = symbols.Number(2, 2) % 40;
  if (symbols.Number(0, 2) > 71 || !IsDayOfSomeCentury(symbols.Number(4, 2), month, day)) return false;
  constexpr int kFirst[] = {3, 7, 6, 1, 8, 9, 4, 5, 2, 1};
  constexpr int kSecond[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
  return symbols.WeightedSum(kFirst) % 11 == 0 && symbols.WeightedSum(kSecond) % 11 == 0;
}

bool TrNationalId(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 11 || !symbols.AllDigits() || symbols[0] == '0') return false;
  int odd = 0, even = 0;
  for (size_t i = 0; i < 9; ++i) (i % 2 == 0 ? odd : even) += symbols.Value(i);
  const int tenth = ((odd * 7 - even) % 10 + 10) % 10;
  return tenth == symbols.Value(9) && (odd + even + tenth) % 10 == symbols.Value(10);
}

}  // namespace neurolake::privacy::checks
