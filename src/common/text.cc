#include "common/text.h"

#include <fmt/chrono.h>
#include <openssl/sha.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace neurolake {
namespace {

char LowerAsciiChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string Quote(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (char c : text) {
    quoted += c;
    if (c == mark) quoted += mark;
  }
  return quoted += mark;
}

/// Reads exactly `digits` decimal digits at the front of `text`.
std::optional<int> TakeDigits(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// "12:34[:56[.ffffff]]" as microseconds of the day.
std::optional<std::chrono::microseconds> TakeTimeOfDay(std::string_view& text) {
  const auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23 || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::chrono::microseconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (!TakeChar(text, ':')) return time;
  const auto second = TakeDigits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  time += std::chrono::seconds(*second);
  if (!TakeChar(text, '.')) return time;
  int64_t scale = 100'000;
  bool any = false;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    time += std::chrono::microseconds((text[0] - '0') * scale);
    scale /= 10;
    any = true;
    text.remove_prefix(1);
  }
  return any ? std::optional(time) : std::nullopt;
}

/// "", "Z", "+01", "+01:00", "-0530": what to subtract to get UTC.
std::optional<std::chrono::minutes> TakeOffset(std::string_view& text) {
  if (text.empty() || TakeChar(text, 'Z') || TakeChar(text, 'z')) return std::chrono::minutes(0);
  const int sign = text[0] == '-' ? -1 : 1;
  if (!TakeChar(text, '+') && !TakeChar(text, '-')) return std::nullopt;
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 18) return std::nullopt;
  if (text.empty()) return std::chrono::minutes(sign * *hours * 60);
  TakeChar(text, ':');
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

std::optional<WallTime> ParseTimestampParts(std::string_view text) {
  const auto year = TakeDigits(text, 4);
  if (!year || !TakeChar(text, '-')) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, '-')) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  WallTime time{std::chrono::sys_days(date)};
  if (text.empty()) return time;
  if (!TakeChar(text, 'T') && !TakeChar(text, 't') && !TakeChar(text, ' ')) return std::nullopt;
  const auto of_day = TakeTimeOfDay(text);
  if (!of_day) return std::nullopt;
  TakeChar(text, ' ');
  const auto offset = TakeOffset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return time + *of_day - *offset;
}

struct Unit {
  std::string_view name;
  int64_t factor;
};

/// Splits "16MiB" into 16 and the factor of its unit, and multiplies. nullopt: malformed, negative or too large.
std::optional<int64_t> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  text = Trim(text);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view suffix = Trim(std::string_view(end, text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (!EqualsIgnoringCase(suffix, unit.name)) continue;
    if (number > std::numeric_limits<int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return LowerAsciiChar(x) == LowerAsciiChar(y); });
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), LowerAsciiChar);
  return lower;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (size_t start = 0;;) {
    const auto end = text.find(separator, start);
    parts.emplace_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string QuoteIdentifier(std::string_view name) { return Quote(name, '"'); }
std::string QuoteLiteral(std::string_view text) { return Quote(text, '\''); }

std::string FormatTimestamp(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto rest = time - day;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest).count();
  const auto micros = (rest - std::chrono::seconds(seconds)).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), seconds / 3600,
                     seconds / 60 % 60, seconds % 60, micros);
}

Result<WallTime> ParseTimestamp(std::string_view text) {
  const auto time = ParseTimestampParts(Trim(text));
  if (!time) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "not a timestamp, expected 'YYYY-MM-DD[ hh:mm[:ss[.ffffff]]][Z|+hh:mm]'");
  }
  return *time;
}

Result<int64_t> ParseBytes(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1},
                                    {"B", 1},
                                    {"KB", 1'000},
                                    {"MB", 1'000'000},
                                    {"GB", 1'000'000'000},
                                    {"TB", 1'000'000'000'000},
                                    {"KiB", 1LL << 10},
                                    {"MiB", 1LL << 20},
                                    {"GiB", 1LL << 30},
                                    {"TiB", 1LL << 40}};
  const auto bytes = ParseWithUnit(text, kUnits);
  if (!bytes)
    return MakeError(ErrorCode::kInvalidArgument, "not a size, expected a number and B, KiB, MiB, GiB or TiB");
  return *bytes;
}

std::string FormatBytes(int64_t bytes) {
  static constexpr Unit kUnits[] = {{"TiB", 1LL << 40}, {"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}};
  for (const Unit& unit : kUnits) {
    if (std::abs(bytes) >= unit.factor)
      return fmt::format("{:.1f} {}", static_cast<double>(bytes) / unit.factor, unit.name);
  }
  return fmt::format("{} B", bytes);
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const auto duration = ParseWithUnit(text, kUnits);
  if (!duration)
    return MakeError(ErrorCode::kInvalidArgument, "not a duration, expected a number and ms, s, m, h or d");
  return std::chrono::milliseconds(*duration);
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  for (unsigned char byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

}  // namespace neurolake
