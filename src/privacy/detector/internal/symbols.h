#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace neurolake::privacy {

/// The letters (in upper case) and digits of a text, without what separates them. At most 40: longer ones are no
/// identifier that is checked this way, and have size 0.
class Symbols {
 public:
  explicit Symbols(std::string_view text) {
    for (const char c : text) {
      const bool lower = c >= 'a' && c <= 'z';
      if (!lower && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) continue;
      if (size_ == symbols_.size()) {
        size_ = 0;
        return;
      }
      symbols_[size_++] = lower ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }

  size_t size() const { return size_; }
  char operator[](size_t at) const { return symbols_[at]; }
  std::string_view text() const { return {symbols_.data(), size_}; }

  bool IsDigit(size_t at) const { return symbols_[at] >= '0' && symbols_[at] <= '9'; }
  bool AllDigits(size_t from = 0, size_t count = std::string_view::npos) const {
    const size_t end = count == std::string_view::npos ? size_ : from + count;
    for (size_t i = from; i < end; ++i) {
      if (!IsDigit(i)) return false;
    }
    return end <= size_;
  }
  /// '7' is 7, 'A' is 10, 'Z' is 35: the value of ISO 7064 and ICAO 9303.
  int Value(size_t at) const { return IsDigit(at) ? symbols_[at] - '0' : symbols_[at] - 'A' + 10; }
  /// Digits from `from` on as a number; letters are not looked for.
  int64_t Number(size_t from, size_t count) const {
    int64_t number = 0;
    for (size_t i = from; i < from + count && i < size_; ++i) number = number * 10 + (symbols_[i] - '0');
    return number;
  }
  bool AllSame() const {
    for (size_t i = 1; i < size_; ++i) {
      if (symbols_[i] != symbols_[0]) return false;
    }
    return true;
  }
  /// Sum of weight × Value from `from` on.
  int64_t WeightedSum(std::span<const int> weights, size_t from = 0) const {
    int64_t sum = 0;
    for (size_t i = 0; i < weights.size() && from + i < size_; ++i) sum += weights[i] * Value(from + i);
    return sum;
  }

 private:
  std::array<char, 40> symbols_{};
  size_t size_ = 0;
};

/// Whether there is such a day; years are of the Gregorian calendar, `month` and `day` count from 1.
bool IsDay(int64_t year, int64_t month, int64_t day);
/// The same where only two digits of the year are known: 29 February is a day if it is one in any century.
bool IsDayOfSomeCentury(int64_t year_of_century, int64_t month, int64_t day);

}  // namespace neurolake::privacy
