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
  /// Of a timestamp that was cut to milliseconds: later than what it may have been.
  ComparableValue PlusMillisecond() const;
  bool operator<(const ComparableValue& other) const { return value_ < other.value_; }

 private:
  using Value = std::variant<int64_t, double, __int128, std::string>;
  explicit ComparableValue(Value value) : value_(std::move(value)) {}
  Value value_;
};

}  // namespace neurolake::tables::delta::internal
