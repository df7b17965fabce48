#include "arrow/internal/text_values.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/check.h"

namespace neurolake::arrow {
namespace {

int64_t TicksPerSecond(ArrowTimeUnit unit) {
  switch (unit) {
    case NANOARROW_TIME_UNIT_SECOND: return 1;
    case NANOARROW_TIME_UNIT_MILLI: return 1'000;
    case NANOARROW_TIME_UNIT_MICRO: return 1'000'000;
    case NANOARROW_TIME_UNIT_NANO: return 1'000'000'000;
  }
  NL_UNREACHABLE();
}

char* TwoDigits(int64_t value, char* out) {
  *out++ = static_cast<char>('0' + value / 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}

// `digits` digits of `value` with leading zeros.
void AppendPadded(uint64_t value, int digits, std::string& out) {
  char buffer[20];
  for (int i = digits - 1; i >= 0; --i) {
    buffer[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(buffer, static_cast<size_t>(digits));
}

// `.123`, in groups of three digits and without trailing groups of zeros.
void AppendFraction(int64_t nanoseconds, std::string& out) {
  if (nanoseconds == 0) return;
  out.push_back('.');
  if (nanoseconds % 1'000'000 == 0) {
    AppendPadded(static_cast<uint64_t>(nanoseconds / 1'000'000), 3, out);
  } else if (nanoseconds % 1'000 == 0) {
    AppendPadded(static_cast<uint64_t>(nanoseconds / 1'000), 6, out);
  } else {
    AppendPadded(static_cast<uint64_t>(nanoseconds), 9, out);
  }
}

void AppendClock(int64_t seconds, int64_t nanoseconds, std::string& out) {
  // TIME '24:00:00' is a value of its own in SQL, so hours are not reduced.
  char buffer[8];
  char* end = TwoDigits(seconds / 3600 % 100, buffer);
  *end++ = ':';
  end = TwoDigits(seconds / 60 % 60, end);
  *end++ = ':';
  end = TwoDigits(seconds % 60, end);
  out.append(buffer, end);
  AppendFraction(nanoseconds, out);
}

template <typename Float>
void AppendAnyFloat(Float value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  // Without it a reader takes the column for integers as soon as all values are whole.
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

void AppendInteger(int64_t value, std::string& out) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}

void AppendUnsigned(uint64_t value, std::string& out) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}

void AppendFloat(double value, std::string& out) { AppendAnyFloat(value, out); }
void AppendFloat(float value, std::string& out) { AppendAnyFloat(value, out); }

float HalfToFloat(uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F;
  const int mantissa = bits & 0x3FF;
  float value = 0;
  if (exponent == 31) {
    value = mantissa == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<float>(mantissa), -24);
  } else {
    value = std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

__int128 LoadInt128(const void* bytes) {
  __int128 value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void AppendDecimal(__int128 value, int32_t scale, std::string& out) {
  const bool negative = value < 0;
  auto magnitude = static_cast<unsigned __int128>(value);
  if (negative) magnitude = -magnitude;
  // 39 digits, a point and a leading zero fit; filled from the right.
  char buffer[48];
  char* const end = buffer + sizeof buffer;
  char* begin = end;
  int32_t digits = 0;
  const auto put = [&](unsigned digit) {
    if (digits == scale && scale > 0) *--begin = '.';
    *--begin = static_cast<char>('0' + digit);
    ++digits;
  };
  while (magnitude > std::numeric_limits<uint64_t>::max()) {
    put(static_cast<unsigned>(magnitude % 10));
    magnitude /= 10;
  }
  for (auto rest = static_cast<uint64_t>(magnitude); rest > 0 || digits <= scale; rest /= 10) {
    put(static_cast<unsigned>(rest % 10));
  }
  if (negative) *--begin = '-';
  out.append(begin, static_cast<size_t>(end - begin));
}

void AppendDate(int64_t days, std::string& out) {
  // Howard Hinnant's civil_from_days; std::chrono's years end at 32767.
  const int64_t shifted = days + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
  const int64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char buffer[10];
  char* end = buffer;
  if (year >= 0 && year <= 9'999) {
    end = TwoDigits(year % 100, TwoDigits(year / 100, end));
  } else {
    out.push_back(year < 0 ? '-' : '+');
    const auto magnitude = static_cast<uint64_t>(year < 0 ? -year : year);
    AppendPadded(magnitude, magnitude < 10'000 ? 4 : (magnitude < 1'000'000 ? 6 : 12), out);
  }
  *end++ = '-';
  end = TwoDigits(month, end);
  *end++ = '-';
  end = TwoDigits(day, end);
  out.append(buffer, static_cast<size_t>(end - buffer));
}

void AppendTimeOfDay(int64_t ticks, ArrowTimeUnit unit, std::string& out) {
  const int64_t per_second = TicksPerSecond(unit);
  if (ticks < 0) {
    out.push_back('-');
    // -INT64_MIN does not exist; no time of day is near it, so any text will do.
    ticks = ticks == std::numeric_limits<int64_t>::min() ? std::numeric_limits<int64_t>::max() : -ticks;
  }
  AppendClock(ticks / per_second, ticks % per_second * (1'000'000'000 / per_second), out);
}

void AppendTimestamp(int64_t ticks, ArrowTimeUnit unit, bool zoned, std::string& out) {
  if (ticks == std::numeric_limits<int64_t>::max() || ticks == -std::numeric_limits<int64_t>::max()) {
    out += ticks > 0 ? "infinity" : "-infinity";
    return;
  }
  const int64_t per_second = TicksPerSecond(unit);
  const int64_t per_day = per_second * 86'400;
  int64_t days = ticks / per_day;
  int64_t rest = ticks % per_day;
  if (rest < 0) {
    rest += per_day;
    --days;
  }
  AppendDate(days, out);
  out.push_back('T');
  AppendClock(rest / per_second, rest % per_second * (1'000'000'000 / per_second), out);
  if (zoned) out.push_back('Z');
}

void AppendInterval(int64_t months, int64_t days, int64_t nanoseconds, std::string& out) {
  if (months == 0 && days == 0 && nanoseconds == 0) {
    out += "PT0S";
    return;
  }
  const auto part = [&out](int64_t value, char unit) {
    if (value == 0) return;
    AppendInteger(value, out);
    out.push_back(unit);
  };
  out.push_back('P');
  part(months / 12, 'Y');
  part(months % 12, 'M');
  part(days, 'D');
  if (nanoseconds == 0) return;
  out.push_back('T');
  const int64_t seconds = nanoseconds / 1'000'000'000;
  const int64_t fraction = nanoseconds % 1'000'000'000;
  part(seconds / 3600, 'H');
  part(seconds / 60 % 60, 'M');
  if (seconds % 60 == 0 && fraction == 0) return;
  if (nanoseconds < 0) out.push_back('-');
  AppendInteger(std::abs(seconds % 60), out);
  AppendFraction(std::abs(fraction), out);
  out.push_back('S');
}

void AppendBase64(std::string_view bytes, std::string& out) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  size_t i = 0;
  const auto at = [&](size_t index) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[index])); };
  for (; i + 3 <= bytes.size(); i += 3) {
    const uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    const char text[4] = {kAlphabet[group >> 18], kAlphabet[group >> 12 & 63], kAlphabet[group >> 6 & 63],
                          kAlphabet[group & 63]};
    out.append(text, 4);
  }
  const size_t left = bytes.size() - i;
  if (left == 0) return;
  const uint32_t group = at(i) << 16 | (left == 2 ? at(i + 1) << 8 : 0);
  out.push_back(kAlphabet[group >> 18]);
  out.push_back(kAlphabet[group >> 12 & 63]);
  out.push_back(left == 2 ? kAlphabet[group >> 6 & 63] : '=');
  out.push_back('=');
}

void AppendHex(std::string_view bytes, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\x";
  out.reserve(out.size() + bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
}

}  // namespace neurolake::arrow
