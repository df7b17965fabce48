#include <array>

#include "privacy/detector/checks.h"
#include "privacy/detector/internal/symbols.h"

namespace neurolake::privacy::checks {
namespace {

constexpr std::string_view kSpanishAlphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ";

/// The 11-minus-remainder digit of the Brazilian numbers, over `count` symbols with weights that begin anew after 9.
int BrazilianDigit(const Symbols& symbols, size_t count, int top) {
  int64_t sum = 0;
  int weight = 2;
  for (size_t i = count; i-- > 0;) {
    sum += (symbols[i] - '0') * weight;
    weight = weight == top ? 2 : weight + 1;
  }
  const int64_t rest = sum % 11;
  return rest < 2 ? 0 : static_cast<int>(11 - rest);
}

bool KoreanDate(const Symbols& symbols) {
  return IsDayOfSomeCentury(symbols.Number(0, 2), symbols.Number(2, 2), symbols.Number(4, 2));
}

}  // namespace

bool UsSsn(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 9 || !symbols.AllDigits()) return false;
  const int64_t area = symbols.Number(0, 3);
  return area != 0 && area != 666 && area < 900 && symbols.Number(3, 2) != 0 && symbols.Number(5, 4) != 0 &&
         // Printed in advertisements, and so in every test.
         symbols.text() != "078051120" && symbols.text() != "219099999" && symbols.text() != "123456789";
}

bool AbaRouting(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 9 || !symbols.AllDigits()) return false;
  const int64_t district = symbols.Number(0, 2);
  if (!(district <= 12 || (district >= 21 && district <= 32) || (district >= 61 && district <= 72) || district == 80)) {
    return false;
  }
  constexpr int kWeights[] = {3, 7, 1, 3, 7, 1, 3, 7, 1};
  return symbols.Number(0, 9) != 0 && symbols.WeightedSum(kWeights) % 10 == 0;
}

bool UsNpi(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 10 || !symbols.AllDigits() || (symbols[0] != '1' && symbols[0] != '2')) return false;
  // Luhn over 80840 (health applications, United States) and the number.
  int sum = 24;
  for (size_t i = 0; i < 10; ++i) {
    const int value = symbols.Value(i) * (i % 2 == 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0;
}

bool UsDea(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 9 || symbols.IsDigit(0) || !symbols.AllDigits(2)) return false;
  constexpr int kWeights[] = {1, 2, 1, 2, 1, 2};
  return symbols.WeightedSum(kWeights, 2) % 10 == symbols.Value(8);
}

bool MxCurp(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 18 || !symbols.AllDigits(4, 6) || !symbols.IsDigit(17)) return false;
  const int64_t year = symbols.Number(4, 2) + (symbols.IsDigit(16) ? 1900 : 2000);
  if (!IsDay(year, symbols.Number(6, 2), symbols.Number(8, 2))) return false;
  int64_t sum = 0;
  for (size_t i = 0; i < 17; ++i)
    sum += static_cast<int64_t>(kSpanishAlphabet.find(symbols[i])) * (18 - static_cast<int64_t>(i));
  return (10 - sum % 10) % 10 == symbols.Value(17);
}

bool MxRfc(std::string_view text) {
  // '&' is a letter of company names, so the text is read as it is.
  std::array<char, 13> symbols{};
  size_t size = 0;
  for (char c : text) {
    if (c == ' ' || c == '-') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (size == symbols.size() || !kSpanishAlphabet.contains(c)) return false;
    symbols[size++] = c;
  }
  if (size < 12) return false;
  const Symbols date({symbols.data() + size - 9, 6});
  if (!date.AllDigits() || !IsDayOfSomeCentury(date.Number(0, 2), date.Number(2, 2), date.Number(4, 2))) return false;
  // Companies' numbers have three letters; a blank, worth 37, stands in front of them.
  int64_t sum = size == 12 ? 37 * 13 : 0;
  for (size_t i = 0; i + 1 < size; ++i) {
    sum += static_cast<int64_t>(kSpanishAlphabet.find(symbols[i])) * static_cast<int64_t>(size - i);
  }
  const int64_t check = (11 - sum % 11) % 11;
  return symbols[size - 1] == (check == 10 ? 'A' : static_cast<char>('0' + check));
}

bool BrCpf(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 11 && symbols.AllDigits() && !symbols.AllSame() &&
         BrazilianDigit(symbols, 9, 11) == symbols.Value(9) && BrazilianDigit(symbols, 10, 11) == symbols.Value(10);
}

bool BrCnpj(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 14 && symbols.AllDigits(12) && !symbols.AllSame() &&
         BrazilianDigit(symbols, 12, 9) == symbols.Value(12) && BrazilianDigit(symbols, 13, 9) == symbols.Value(13);
}

bool SgNric(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 9 || !symbols.AllDigits(1, 7) || symbols.IsDigit(8)) return false;
  constexpr int kWeights[] = {2, 7, 6, 5, 4, 3, 2};
  const int64_t sum = symbols.WeightedSum(kWeights, 1);
  switch (symbols[0]) {
    case 'S': return symbols[8] == "JZIHGFEDCBA"[sum % 11];
    case 'T': return symbols[8] == "JZIHGFEDCBA"[(sum + 4) % 11];
    case 'F': return symbols[8] == "XWUTRQPNMLK"[sum % 11];
    case 'G': return symbols[8] == "XWUTRQPNMLK"[(sum + 4) % 11];
    case 'M': return symbols[8] == "KLJNPQRTUWX"[10 - (sum + 3) % 11];
    default: return false;
  }
}

bool SgUen(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() == 9 && symbols.AllDigits(0, 8)) {  // Businesses.
    constexpr int kWeights[] = {10, 4, 9, 3, 8, 2, 7, 1};
    return symbols[8] == "XMKECAWLJDB"[symbols.WeightedSum(kWeights) % 11];
  }
  if (symbols.size() != 10) return false;
  if (symbols.AllDigits(0, 9)) {  // Local companies; the year of registration comes first.
    constexpr int kWeights[] = {10, 8, 6, 4, 9, 7, 5, 3, 1};
    return symbols.Number(0, 4) >= 1900 && symbols.Number(0, 4) < 2100 &&
           symbols[9] == "ZKCMDNERGWH"[symbols.WeightedSum(kWeights) % 11];
  }
  constexpr std::string_view kAlphabet = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
  constexpr int kWeights[] = {4, 3, 5, 3, 10, 2, 2, 5, 7};
  int64_t sum = 0;
  for (size_t i = 0; i < 9; ++i) {
    const size_t value = kAlphabet.find(symbols[i]);
    if (value == std::string_view::npos) return false;
    sum += static_cast<int64_t>(value) * kWeights[i];
  }
  return symbols[9] == kAlphabet[static_cast<size_t>(((sum - 5) % 11 + 11) % 11)];
}

bool AuAbn(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
  return symbols.size() == 11 && symbols.AllDigits() && symbols[0] != '0' &&
         (symbols.WeightedSum(kWeights) - 10) % 89 == 0;
}

bool AuAcn(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {8, 7, 6, 5, 4, 3, 2, 1};
  return symbols.size() == 9 && symbols.AllDigits() && !symbols.AllSame() &&
         (10 - symbols.WeightedSum(kWeights) % 10) % 10 == symbols.Value(8);
}

bool AuTfn(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {1, 4, 3, 7, 5, 8, 6, 9, 10};
  return symbols.size() == 9 && symbols.AllDigits() && !symbols.AllSame() && symbols.WeightedSum(kWeights) % 11 == 0;
}

bool AuMedicare(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {1, 3, 7, 9, 1, 3, 7, 9};
  return (symbols.size() == 10 || symbols.size() == 11) && symbols.AllDigits() && symbols[0] >= '2' &&
         symbols[0] <= '6' && symbols.WeightedSum(kWeights) % 10 == symbols.Value(8);
}

bool Verhoeff(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() < 2 || !symbols.AllDigits() || symbols.AllSame()) return false;
  // Multiplication in D5, by what it means: 0–4 are rotations, 5–9 reflections.
  const auto multiply = [](int a, int b) {
    if (a < 5) return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
    return b < 5 ? 5 + (a - b + 5) % 5 : (a - b + 5) % 5;
  };
  constexpr int kPermutation[] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  int check = 0;
  for (size_t i = 0; i < symbols.size(); ++i) {
    int digit = symbols.Value(symbols.size() - 1 - i);
    for (size_t turn = 0; turn < i % 8; ++turn) digit = kPermutation[digit];
    check = multiply(check, digit);
  }
  return check == 0;
}

bool InGstin(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 15 || !symbols.AllDigits(0, 2) || symbols.Number(0, 2) == 0 || symbols.Number(0, 2) > 38 ||
      symbols[13] != 'Z' || symbols[12] == '0' || !symbols.AllDigits(7, 4)) {
    return false;
  }
  int sum = 0;  // Luhn mod 36.
  for (size_t i = 0; i < 15; ++i) {
    const int value = symbols.Value(14 - i) * (i % 2 == 1 ? 2 : 1);
    sum += value / 36 + value % 36;
  }
  return sum % 36 == 0;
}

bool JpMyNumber(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  if (symbols.size() != 12 || !symbols.AllDigits() || symbols.AllSame()) return false;
  const int64_t rest = symbols.WeightedSum(kWeights) % 11;
  return (rest <= 1 ? 0 : 11 - rest) == symbols.Value(11);
}

bool KrRrn(std::string_view text) {
  const Symbols symbols(text);
  // Numbers given since October 2020 end in random digits, so the date and the seventh digit are what all have.
  return symbols.size() == 13 && symbols.AllDigits() && KoreanDate(symbols) && symbols[6] >= '1' && symbols[6] <= '4';
}

bool KrFrn(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 13 && symbols.AllDigits() && KoreanDate(symbols) && symbols[6] >= '5' && symbols[6] <= '8';
}

bool KrBrn(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 10 || !symbols.AllDigits() || symbols.AllSame()) return false;
  constexpr int kWeights[] = {1, 3, 7, 1, 3, 7, 1, 3, 5};
  const int64_t sum = symbols.WeightedSum(kWeights) + symbols.Value(8) * 5 / 10;
  return (10 - sum % 10) % 10 == symbols.Value(9);
}

bool KrDriverLicense(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 12 && symbols.AllDigits() && symbols.Number(0, 2) >= 11 && symbols.Number(0, 2) <= 28 &&
         symbols.Number(0, 2) != 27;
}

bool ThTnin(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() != 13 || !symbols.AllDigits() || symbols[0] == '0' || symbols[0] == '9') return false;
  constexpr int kWeights[] = {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
  return (11 - symbols.WeightedSum(kWeights) % 11) % 10 == symbols.Value(12);
}

bool PhTin(std::string_view text) {
  const Symbols symbols(text);
  constexpr int kWeights[] = {9, 8, 7, 6, 5, 4, 3, 2};
  return (symbols.size() == 9 || symbols.size() == 12) && symbols.AllDigits() && !symbols.AllSame() &&
         symbols.WeightedSum(kWeights) % 11 == symbols.Value(8);
}

bool ZaId(std::string_view text) {
  const Symbols symbols(text);
  return symbols.size() == 13 && symbols.AllDigits() && symbols[10] <= '2' &&
         IsDayOfSomeCentury(symbols.Number(0, 2), symbols.Number(2, 2), symbols.Number(4, 2)) && Luhn(symbols.text());
}

}  // namespace neurolake::privacy::checks
