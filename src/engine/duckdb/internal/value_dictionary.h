#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb::parquet {

inline uint64_t MixBits(uint64_t value) {
  value *= 0x9E3779B97F4A7C15U;
  return value ^ value >> 32;
}
template <typename T>
uint64_t DictionaryHash(const T& value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return MixBits(bits);
}
inline uint64_t DictionaryHash(const native::string_t& text) {
  if (!text.IsInlined()) return native::Hash(text.GetData(), text.GetSize());
  uint64_t words[2];
  std::memcpy(words, &text, sizeof(words));
  return MixBits(words[0] ^ MixBits(words[1] + 1));
}

/// Numbers values by their bits, or their text, in the order in which they come. Texts must outlive it.
template <typename T>
class ValueDictionary {
 public:
  void Clear(size_t values_max) {
    values_.clear();
    values_max_ = values_max;
    slots_.assign(std::bit_ceil(2 * values_max), kFree);
  }

  static constexpr uint32_t kFull = ~uint32_t{0};
  /// The value's number; `kFull` if it is new and there are as many as there may be.
  uint32_t Number(const T& value) {
    const size_t mask = slots_.size() - 1;
    for (size_t slot = DictionaryHash(value) & mask;; slot = (slot + 1) & mask) {
      const uint32_t number = slots_[slot];
      if (number == kFree) {
        if (values_.size() == values_max_) return kFull;
        slots_[slot] = static_cast<uint32_t>(values_.size());
        values_.push_back(value);
        return slots_[slot];
      }
      if (Same(values_[number], value)) return number;
    }
  }

  const std::vector<T>& values() const { return values_; }

 private:
  static constexpr uint32_t kFree = ~uint32_t{0};
  static bool Same(const native::string_t& a, const native::string_t& b) { return a == b; }
  template <typename Number>
  static bool Same(const Number& a, const Number& b) {
    return std::memcmp(&a, &b, sizeof(Number)) == 0;  // The two zeros are two, and NaN is itself.
  }

  std::vector<T> values_;
  std::vector<uint32_t> slots_;
  size_t values_max_ = 0;
};

}  // namespace neurolake::engine::duckdb::parquet
