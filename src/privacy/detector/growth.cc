#include "privacy/detector/internal/growth.h"

#include <algorithm>
#include <cstdint>

namespace neurolake::privacy {
namespace {

constexpr size_t kBytesMax = 8192;

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (static_cast<uint8_t>(c) & 0x80) != 0;
}

template <typename Belongs>
void GrowRight(std::string_view text, size_t& end, Belongs belongs) {
  const size_t limit = std::min(text.size(), end + kBytesMax);
  while (end < limit && belongs(text[end])) ++end;
}

/// What ends a sentence or a bracket is not part of what stands in it.
void DropPunctuation(std::string_view text, size_t begin, size_t& end) {
  constexpr std::string_view kEnds = ".,;:!?)]}'";
  while (end > begin + 1 && kEnds.find(text[end - 1]) != std::string_view::npos) --end;
}

}  // namespace

void GrowEmail(std::string_view text, size_t& begin, size_t& end) {
  constexpr std::string_view kLocal = "!#$%&'*+/=?^_`{|}~.-";
  const size_t least = begin > 63 ? begin - 63 : 0;
  while (begin > least && (IsWord(text[begin - 1]) || kLocal.find(text[begin - 1]) != std::string_view::npos)) --begin;
  // "mailto:", "<a='" and such stand in front of many.
  while (begin < end && (text[begin] == '\'' || text[begin] == '.' || text[begin] == '=' || text[begin] == '/'))
    ++begin;
  GrowRight(text, end, [](char c) { return IsWord(c) || c == '-' || c == '.'; });
  while (end > begin && !IsWord(text[end - 1])) --end;
}

void GrowUrl(std::string_view text, size_t& begin, size_t& end) {
  while (begin > 0 && (IsWord(text[begin - 1]) || text[begin - 1] == '+') && text.substr(begin).find("://") < 30)
    --begin;
  GrowRight(text, end, [](char c) {
    return static_cast<uint8_t>(c) > ' ' && c != '"' && c != '<' && c != '>' && c != '\'' && c != '`';
  });
  DropPunctuation(text, begin, end);
}

void GrowToken(std::string_view text, size_t& begin, size_t& end) {
  constexpr std::string_view kOthers = "_-.=+/%~";
  GrowRight(text, end, [&](char c) {
    return (static_cast<uint8_t>(c) & 0x80) == 0 && (IsWord(c) || kOthers.find(c) != std::string_view::npos);
  });
  DropPunctuation(text, begin, end);
}

void GrowValue(std::string_view text, size_t& begin, size_t& end) {
  GrowRight(text, end, [](char c) {
    return static_cast<uint8_t>(c) > ' ' && c != '"' && c != '\'' && c != ',' && c != ';' && c != '<' && c != '>';
  });
  DropPunctuation(text, begin, end);
}

}  // namespace neurolake::privacy
