#include "tables/delta/internal/comparable_value.h"

#include <charconv>
#include <cmath>

#include "common/text.h"

namespace neurolake::tables::delta::internal {
namespace {

using Kind = DataType::Kind;

template <typename Number>
std::optional<Number> ParseWhole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The digits as a whole number of the last place that the type has; nullopt if there are more than fit.
std::optional<__int128> ParseDecimal(std::string_view text, int scale) {
  constexpr int kDigitsMax = 38;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  __int128 digits = 0;
  int seen = 0;
  int places = -1;  // After the point; -1 until there is one.
  for (const char c : text) {
    if (c == '.' && places < 0) {
      places = 0;
      continue;
    }
    if (c < '0' || c > '9' || ++seen > kDigitsMax) return std::nullopt;
    if (places >= 0 && ++places > scale) {
      if (c != '0') return std::nullopt;
      --places;
      --seen;
      continue;
    }
    digits = digits * 10 + (c - '0');
  }
  if (seen == 0) return std::nullopt;
  for (int place = std::max(places, 0); place < scale; ++place) {
    if (++seen > kDigitsMax) return std::nullopt;
    digits *= 10;
  }
  return negative ? -digits : digits;
}

std::optional<int64_t> ParseMicroseconds(const std::string& text) {
  auto time = ParseTimestamp(text);
  if (!time.has_value()) return std::nullopt;
  return time->time_since_epoch().count();
}

}  // namespace

std::optional<ComparableValue> ComparableValue::Parse(const std::string& text, const DataType& type) {
  const auto wrap = [](auto parsed) -> std::optional<ComparableValue> {
    if (!parsed.has_value()) return std::nullopt;
    return ComparableValue(Value(*std::move(parsed)));
  };
  switch (type.kind) {
    case Kind::kLong:
    case Kind::kInteger:
    case Kind::kShort:
    case Kind::kByte: return wrap(ParseWhole<int64_t>(text));
    case Kind::kFloat:
    case Kind::kDouble: {
      const auto number = ParseWhole<double>(text);
      if (!number.has_value() || std::isnan(*number)) return std::nullopt;
      return ComparableValue(Value(*number));
    }
    case Kind::kDecimal: return wrap(ParseDecimal(text, type.scale));
    case Kind::kDate: return wrap(ParseMicroseconds(text));
    case Kind::kTimestamp:
    case Kind::kTimestampNtz: {
      auto value = wrap(ParseMicroseconds(text));
      if (value.has_value()) value->is_time_ = true;
      return value;
    }
    case Kind::kString: return ComparableValue(Value(text));
    case Kind::kBoolean:
      if (text != "true" && text != "false") return std::nullopt;
      return ComparableValue(Value(int64_t{text == "true"}));
    default: return std::nullopt;
  }
}

ComparableValue ComparableValue::WidenedUp() const {
  constexpr int64_t kMillisecond = 1000;
  if (const double* number = std::get_if<double>(&value_)) {
    return ComparableValue(Value(static_cast<double>(std::nextafter(static_cast<float>(*number), HUGE_VALF))));
  }
  const int64_t* micros = std::get_if<int64_t>(&value_);
  if (!is_time_ || *micros > INT64_MAX - kMillisecond) return *this;
  return ComparableValue(Value(*micros + kMillisecond));
}

ComparableValue ComparableValue::WidenedDown() const {
  const double* number = std::get_if<double>(&value_);
  if (number == nullptr) return *this;
  return ComparableValue(Value(static_cast<double>(std::nextafter(static_cast<float>(*number), -HUGE_VALF))));
}

}  // namespace neurolake::tables::delta::internal
