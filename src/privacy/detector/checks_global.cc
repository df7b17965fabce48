#include <arpa/inet.h>
#include <openssl/sha.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "privacy/detector/checks.h"
#include "privacy/detector/internal/assigned_value.h"
#include "privacy/detector/internal/keccak.h"
#include "privacy/detector/internal/symbols.h"

namespace neurolake::privacy {

bool IsDay(int64_t year, int64_t month, int64_t day) {
  if (month < 1 || month > 12 || day < 1) return false;
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool IsDayOfSomeCentury(int64_t year_of_century, int64_t month, int64_t day) {
  return IsDay((year_of_century == 0 ? 2000 : 1900) + year_of_century, month, day);
}

size_t AssignedValueAt(std::string_view text) {
  size_t at = text.find_first_of(":=");
  if (at == std::string_view::npos) {
    at = text.find(" is ");
    return at == std::string_view::npos ? 0 : at + 4;
  }
  at = text.find_first_not_of(":=> \"'", at);
  return at == std::string_view::npos ? text.size() : at;
}

namespace checks {
namespace {

/// Characters in ISO 3166 order with their lengths: the registry of ISO 13616, SWIFT, release 99.
constexpr std::string_view kIbanLengths =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22"
    "GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20"
    "MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26"
    "UA29VA22VG24XK20YE30";

size_t IbanLength(std::string_view country) {
  for (size_t at = 0; at + 4 <= kIbanLengths.size(); at += 4) {
    if (kIbanLengths.substr(at, 2) == country) return (kIbanLengths[at + 2] - '0') * 10u + (kIbanLengths[at + 3] - '0');
  }
  return 0;
}

bool Base58Check(std::string_view text) {
  constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::array<uint8_t, 25> bytes{};
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    uint32_t carry = static_cast<uint32_t>(value);
    for (size_t i = bytes.size(); i-- > 0;) {
      carry += 58u * bytes[i];
      bytes[i] = static_cast<uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) return false;
  }
  std::array<uint8_t, SHA256_DIGEST_LENGTH> once{}, twice{};
  SHA256(bytes.data(), 21, once.data());
  SHA256(once.data(), once.size(), twice.data());
  return std::equal(twice.begin(), twice.begin() + 4, bytes.begin() + 21);
}

bool Bech32(std::string_view text) {
  constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  constexpr uint32_t kGenerator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const size_t separator = lower.rfind('1');
  if (separator == std::string::npos || separator == 0) return false;
  uint32_t check = 1;
  const auto add = [&](uint32_t value) {
    const uint32_t top = check >> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (int i = 0; i < 5; ++i) check ^= (top >> i & 1) != 0 ? kGenerator[i] : 0;
  };
  for (size_t i = 0; i < separator; ++i) add(static_cast<uint8_t>(lower[i]) >> 5);
  add(0);
  for (size_t i = 0; i < separator; ++i) add(static_cast<uint8_t>(lower[i]) & 31);
  for (size_t i = separator + 1; i < lower.size(); ++i) {
    const size_t value = kAlphabet.find(lower[i]);
    if (value == std::string_view::npos) return false;
    add(static_cast<uint32_t>(value));
  }
  return check == 1 || check == 0x2bc830a3;  // Bech32, Bech32m.
}

/// The three numbers of a date, in the order in which they stand; a month's name counts as its number.
std::vector<int64_t> DateNumbers(std::string_view text) {
  constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < text.size() && numbers.size() < 3;) {
    if (text[i] >= '0' && text[i] <= '9') {
      int64_t number = 0;
      for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) number = number * 10 + (text[i] - '0');
      numbers.push_back(number);
    } else if (std::isalpha(static_cast<unsigned char>(text[i])) != 0 && i + 3 <= text.size()) {
      std::string word;
      for (size_t j = i; j < i + 3; ++j) word += static_cast<char>(text[j] | 0x20);
      const size_t month = kMonths.find(word);
      if (month != std::string_view::npos && month % 3 == 0) numbers.push_back(static_cast<int64_t>(month / 3) + 1);
      while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) != 0) ++i;
    } else {
      ++i;
    }
  }
  return numbers;
}

}  // namespace

bool Luhn(std::string_view text) {
  int sum = 0, count = 0;
  for (size_t i = text.size(); i-- > 0;) {
    if (text[i] < '0' || text[i] > '9') continue;
    const int value = (text[i] - '0') * (count % 2 == 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
    ++count;
  }
  return count > 1 && sum % 10 == 0;
}

bool PaymentCard(std::string_view text) {
  const Symbols symbols(text);
  if (!symbols.AllDigits() || symbols.AllSame() || symbols.size() < 12) return false;
  const size_t length = symbols.size();
  const int64_t two = symbols.Number(0, 2), four = symbols.Number(0, 4);
  bool issued = false;
  if (symbols[0] == '4') {
    issued = length == 13 || length == 16 || length == 19;  // Visa
  } else if (two == 34 || two == 37) {
    issued = length == 15;  // American Express
  } else if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) {
    issued = length == 16;  // Mastercard
  } else if (two == 36 || two == 38 || two == 39 || (four >= 3000 && four <= 3059)) {
    issued = length >= 14 && length <= 19;  // Diners Club
  } else if (four >= 3528 && four <= 3589) {
    issued = length >= 16 && length <= 19;  // JCB
  } else if (two == 62 || four == 6011 || (four >= 6440 && four <= 6499) || two == 65 || two == 60) {
    issued = length >= 16 && length <= 19;  // UnionPay, Discover, RuPay
  } else if (two == 50 || (two >= 56 && two <= 69)) {
    issued = length >= 12 && length <= 19;  // Maestro
  }
  return issued && Luhn(symbols.text());
}

bool Iban(std::string_view text) {
  const Symbols symbols(text);
  if (symbols.size() < 15 || symbols.size() != IbanLength(symbols.text().substr(0, 2)) || !symbols.AllDigits(2, 2)) {
    return false;
  }
  int64_t rest = 0;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const int value = symbols.Value((i + 4) % symbols.size());
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

bool BitcoinAddress(std::string_view text) {
  const bool segwit = text.size() > 3 && (text[0] | 0x20) == 'b' && (text[1] | 0x20) == 'c' && text[2] == '1';
  return segwit ? Bech32(text) : Base58Check(text);
}

bool EthereumAddress(std::string_view text) {
  if (text.size() != 42) return false;
  const std::string_view digits = text.substr(2);
  std::string lower(digits);
  bool has_upper = false, has_lower = false;
  for (char& c : lower) {
    has_lower = has_lower || (c >= 'a' && c <= 'f');
    if (c >= 'A' && c <= 'F') {
      has_upper = true;
      c = static_cast<char>(c + 32);
    }
  }
  if (!has_upper || !has_lower) return digits != std::string(40, '0');
  const auto hash = Keccak256(lower);
  for (size_t i = 0; i < 40; ++i) {
    const int nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;
    const bool letter = lower[i] >= 'a';
    if (letter && (digits[i] < 'a') != (nibble >= 8)) return false;
  }
  return true;
}

bool IpAddress(std::string_view text) {
  const std::string address(text);
  std::array<uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return bytes[0] != 0 && bytes[0] != 255;
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  return std::ranges::any_of(bytes, [](uint8_t byte) { return byte != 0; }) && address.size() > 4;
}

bool Email(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() - at > 254) return false;
  if (text.front() == '.' || text[at - 1] == '.' || text.find("..") != std::string_view::npos) return false;
  const std::string_view domain = text.substr(at + 1);
  for (size_t from = 0; from <= domain.size();) {
    const size_t dot = std::min(domain.find('.', from), domain.size());
    const std::string_view label = domain.substr(from, dot - from);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    from = dot + 1;
  }
  // A domain that ends in a digit is a version or an address in a program.
  const std::string_view top = domain.substr(domain.rfind('.') + 1);
  return domain.size() > top.size() && top.size() >= 2 &&
         std::ranges::none_of(top, [](char c) { return c >= '0' && c <= '9'; });
}

bool Date(std::string_view text) {
  const auto numbers = DateNumbers(text);
  if (numbers.size() != 3) return false;
  const auto [a, b, c] = std::array{numbers[0], numbers[1], numbers[2]};
  const auto year_fits = [](int64_t year) { return year < 100 || (year >= 1850 && year < 2200); };
  if (a > 31) return year_fits(a) && IsDay(a, b, c);
  return year_fits(c) && (IsDay(c < 100 ? 2000 + c : c, b, a) || IsDay(c < 100 ? 2000 + c : c, a, b));
}

bool Jwt(std::string_view text) {
  if (std::ranges::count(text, '.') != 2 && std::ranges::count(text, '.') != 4) return false;
  const std::string_view header = text.substr(0, text.find('.'));
  std::string decoded;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : header) {
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '-'             ? 62
                                             : 63;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += static_cast<char>(bits >> count);
  }
  return decoded.starts_with('{') && decoded.find("\"alg\"") != std::string::npos && decoded.ends_with('}');
}

bool GithubToken(std::string_view text) {
  if (text.starts_with("github_pat_")) return true;  // Its checksum is not published.
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (text.size() != 40) return false;
  const std::string_view random = text.substr(4, 30);
  uLong checksum = crc32(0, reinterpret_cast<const Bytef*>(random.data()), static_cast<uInt>(random.size()));
  for (size_t i = text.size(); i-- > 34; checksum /= 62) {
    if (text[i] != kAlphabet[checksum % 62]) return false;
  }
  return checksum == 0;
}

bool HighEntropy(std::string_view text) {
  std::array<int, 256> counts{};
  bool digit = false, letter = false;
  for (const char c : text) {
    ++counts[static_cast<uint8_t>(c)];
    digit = digit || (c >= '0' && c <= '9');
    letter = letter || std::isalpha(static_cast<unsigned char>(c)) != 0;
  }
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return digit && letter && bits >= 3;
}

bool AssignedSecret(std::string_view text) { return HighEntropy(text.substr(AssignedValueAt(text))); }

}  // namespace checks
}  // namespace neurolake::privacy
