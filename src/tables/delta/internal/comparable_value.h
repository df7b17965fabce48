#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "tables/delta/schema.h"

namespace neurolake::tables::delta::internal {

/// A value of a primitive type, read from the text that partition values and statistics have for it.
/// Values of one type can be compared; of two types they cannot.
class ComparableValue {
 public:
  /// nullopt for a text that is not of the type, NaN, and types that have no order here.
  static std::optional<ComparableValue> Parse(const std::string& text, const DataType& type);
  /// What a bound in the statistics may really have been: a timestamp was cut to milliseconds, and a number may be the
  /// shortest text of a FLOAT. Other types stay as they are.
  ComparableValue WidenedUp() const;
  ComparableValue WidenedDown() const;
  bool operator<(const ComparableValue& other) const { return value_ < other.value_; }

 private:
  using Value = std::variant<int64_t, double, __int128, std::string>;
  explicit ComparableValue(Value value) : value_(std::move(value)) {}
  Value value_;
  bool is_time_ = false;
};

}  // namespace neurolake::tables::delta::internal
