#include "privacy/detector/internal/pattern_shape.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace neurolake::privacy {
namespace {

constexpr size_t kUnbounded = 64;

/// A parser by recursive descent; expressions are ours, so that a wrong one is found by the tests.
class ShapeParser {
 public:
  ShapeParser(std::string_view regex, bool any_case) : regex_(regex), any_case_(any_case) {}

  PatternShape Alternatives() {
    PatternShape shape = Sequence();
    while (at_ < regex_.size() && regex_[at_] == '|') {
      ++at_;
      const PatternShape other = Sequence();
      shape.least = std::min(shape.least, other.least);
      shape.most = std::max(shape.most, other.most);
      shape.first |= other.first;
      shape.last |= other.last;
      shape.required &= other.required;
      shape.allowed |= other.allowed;
      shape.simple = false;
    }
    if (!shape.simple) shape.row.clear();
    return shape;
  }

 private:
  PatternShape Sequence() {
    PatternShape all;
    while (at_ < regex_.size() && regex_[at_] != '|' && regex_[at_] != ')') {
      PatternShape part = Atom();
      const auto [least, most] = Repetition();
      all.simple = all.simple && part.simple && part.row.size() == 1 && part.row[0].least == 1 && part.row[0].most == 1;
      if (all.simple) all.row.push_back({part.row[0].bytes, least, most});
      if (least > 0) all.required |= part.required;
      all.allowed |= part.allowed;
      part.least *= least;
      part.most *= most;
      if (all.least == 0) all.first |= part.first;
      all.last = part.least == 0 ? all.last | part.last : part.last;
      all.least += part.least;
      all.most += part.most;
    }
    return all;
  }

  std::pair<size_t, size_t> Repetition() {
    if (at_ >= regex_.size()) return {1, 1};
    switch (regex_[at_]) {
      case '?': return ++at_, std::pair<size_t, size_t>{0, 1};
      case '*': return ++at_, std::pair<size_t, size_t>{0, kUnbounded};
      case '+': return ++at_, std::pair<size_t, size_t>{1, kUnbounded};
      case '{': break;
      default: return {1, 1};
    }
    const size_t least = Number();
    const size_t most = regex_[at_] == ',' ? Number() : least;
    ++at_;
    return {least, most};
  }
  size_t Number() {
    size_t number = 0;
    for (++at_; regex_[at_] >= '0' && regex_[at_] <= '9'; ++at_)
      number = number * 10 + static_cast<size_t>(regex_[at_] - '0');
    return number;
  }

  PatternShape Atom() {
    if (regex_[at_] == '(') {
      ++at_;
      PatternShape shape = Alternatives();
      ++at_;
      return shape;
    }
    std::bitset<256> bytes;
    if (regex_[at_] == '[') {
      bytes = Class();
    } else if (regex_[at_] == '\\') {
      bytes = Escape();
    } else {
      bytes.set(static_cast<uint8_t>(regex_[at_++]));
    }
    if (any_case_) {
      for (size_t c = 'a'; c <= 'z'; ++c) {
        if (bytes.test(c) || bytes.test(c - 32)) bytes.set(c).set(c - 32);
      }
    }
    uint8_t kinds = 0;
    bool one_kind = true;
    for (size_t c = 0; c < 256; ++c) {
      if (!bytes.test(c)) continue;
      const uint8_t kind = ByteKind(static_cast<char>(c));
      one_kind = one_kind && kind != 0 && (kinds == 0 || kinds == kind);
      kinds |= kind;
    }
    PatternShape shape;
    shape.least = shape.most = 1;
    shape.first = shape.last = bytes;
    shape.required = one_kind ? kinds : 0;
    shape.allowed = kinds;
    shape.row = {{bytes, 1, 1}};
    return shape;
  }

  std::bitset<256> Escape() {
    const char kind = regex_[at_ + 1];
    at_ += 2;
    std::bitset<256> bytes;
    if (kind == 'd') {
      for (size_t c = '0'; c <= '9'; ++c) bytes.set(c);
    } else if (kind == 's') {
      for (const char c : std::string_view(" \t\n\r\f\v")) bytes.set(static_cast<uint8_t>(c));
    } else if (kind == 'x') {
      bytes.set(static_cast<size_t>(std::stoi(std::string(regex_.substr(at_, 2)), nullptr, 16)));
      at_ += 2;
    } else {
      bytes.set(static_cast<uint8_t>(kind));
    }
    return bytes;
  }

  std::bitset<256> Class() {
    const bool without = regex_[at_ + 1] == '^';
    at_ += without ? 2 : 1;
    std::bitset<256> bytes;
    while (regex_[at_] != ']') {
      const bool escaped = regex_[at_] == '\\';
      const std::bitset<256> one = escaped ? Escape() : std::bitset<256>().set(static_cast<uint8_t>(regex_[at_++]));
      bytes |= one;
      if (one.count() != 1 || regex_[at_] != '-' || regex_[at_ + 1] == ']') continue;
      ++at_;
      const std::bitset<256> end =
          regex_[at_] == '\\' ? Escape() : std::bitset<256>().set(static_cast<uint8_t>(regex_[at_++]));
      for (size_t c = one._Find_first(); c <= end._Find_first(); ++c) bytes.set(c);
    }
    ++at_;
    return without ? ~bytes : bytes;
  }

  std::string_view regex_;
  bool any_case_;
  size_t at_ = 0;
};

}  // namespace

bool IsOfRow(std::span<const PatternShape::Part> row, std::string_view text) {
  if (row.empty()) return text.empty();
  const PatternShape::Part& part = row.front();
  size_t taken = 0;
  const size_t most = std::min(part.most, text.size());
  while (taken < most && part.bytes.test(static_cast<uint8_t>(text[taken]))) ++taken;
  // Bounds differ only where something may be missing, so there is little to go back over.
  for (;; --taken) {
    if (taken < part.least) return false;
    if (IsOfRow(row.subspan(1), text.substr(taken))) return true;
    if (taken == 0) return false;
  }
}

PatternShape ShapeOf(std::string_view regex, bool any_case) { return ShapeParser(regex, any_case).Alternatives(); }

}  // namespace neurolake::privacy
