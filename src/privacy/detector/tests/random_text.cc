#include "privacy/detector/tests/random_text.h"

#include <cstdint>
#include <vector>

namespace neurolake::privacy {
namespace {

/// Reads the expression while it writes a text of it.
class Generator {
 public:
  Generator(std::string_view regex, std::mt19937_64& random) : regex_(regex), random_(random) {}

  std::string Alternatives() {
    std::vector<std::string> texts = {Sequence()};
    while (at_ < regex_.size() && regex_[at_] == '|') {
      ++at_;
      texts.push_back(Sequence());
    }
    return texts[Pick(texts.size())];
  }

 private:
  size_t Pick(size_t count) { return random_() % count; }

  std::string Sequence() {
    std::string text;
    while (at_ < regex_.size() && regex_[at_] != '|' && regex_[at_] != ')') {
      const size_t begin = at_;
      std::string part = Atom();
      const size_t after = at_;
      const auto [least, most] = Repetition();
      const size_t end = at_;
      const size_t times = least + Pick(most - least + 1);
      if (times == 0) continue;
      text += part;
      for (size_t i = 1; i < times; ++i) {
        at_ = begin;
        text += Atom();
        at_ = after;
      }
      at_ = end;
    }
    return text;
  }

  std::pair<size_t, size_t> Repetition() {
    if (at_ >= regex_.size()) return {1, 1};
    switch (regex_[at_]) {
      case '?': return ++at_, std::pair<size_t, size_t>{0, 1};
      case '*': return ++at_, std::pair<size_t, size_t>{0, 8};
      case '+': return ++at_, std::pair<size_t, size_t>{1, 9};
      case '{': break;
      default: return {1, 1};
    }
    const size_t least = Number();
    if (regex_[at_] == '}') return ++at_, std::pair{least, least};
    const size_t most = Number();
    ++at_;
    return {least, std::min(most, least + 24)};
  }
  size_t Number() {
    size_t number = 0;
    for (++at_; regex_[at_] >= '0' && regex_[at_] <= '9'; ++at_)
      number = number * 10 + static_cast<size_t>(regex_[at_] - '0');
    return number;
  }

  std::string Atom() {
    if (regex_[at_] == '(') {
      ++at_;
      if (regex_.substr(at_).starts_with("?:")) at_ += 2;
      std::string text = Alternatives();
      ++at_;
      return text;
    }
    if (regex_[at_] == '[') return std::string(1, OfClass());
    if (regex_[at_] == '\\') return std::string(1, Escaped());
    if (regex_[at_] == '.') return ++at_, "x";
    return std::string(1, regex_[at_++]);
  }
  char Escaped() {
    const char kind = regex_[at_ + 1];
    at_ += 2;
    if (kind == 'd') return static_cast<char>('0' + Pick(10));
    if (kind == 's') return ' ';
    if (kind == 'x') {
      const int code = std::stoi(std::string(regex_.substr(at_, 2)), nullptr, 16);
      at_ += 2;
      return static_cast<char>(code);
    }
    return kind;
  }
  char OfClass() {
    std::string members;
    const bool without = regex_[at_ + 1] == '^';
    at_ += without ? 2 : 1;
    while (regex_[at_] != ']') {
      const bool digits = regex_.substr(at_).starts_with("\\d");
      char first = regex_[at_] == '\\' ? Escaped() : regex_[at_++];
      if (digits) {
        members += "0123456789";
      } else if (regex_[at_] == '-' && regex_[at_ + 1] != ']') {
        ++at_;
        const char last = regex_[at_] == '\\' ? Escaped() : regex_[at_++];
        for (int c = static_cast<uint8_t>(first); c <= static_cast<uint8_t>(last); ++c) members += static_cast<char>(c);
      } else {
        members += first;
      }
    }
    ++at_;
    if (without) {
      constexpr std::string_view kOthers = "abcdefghijklmnopqrstuvwxyz0123456789";
      return kOthers[Pick(kOthers.size())];
    }
    return members[Pick(members.size())];
  }

  std::string_view regex_;
  std::mt19937_64& random_;
  size_t at_ = 0;
};

}  // namespace

std::string RandomTextOf(std::string_view regex, std::mt19937_64& random) {
  return Generator(regex, random).Alternatives();
}

}  // namespace neurolake::privacy
