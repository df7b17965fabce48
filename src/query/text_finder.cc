#include "query/text_finder.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace neurolake::query {
namespace {

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

uint32_t GramAt(std::string_view text, size_t at) {
  uint32_t gram = 0;
  std::memcpy(&gram, text.data() + at, sizeof(gram));
  return gram;
}

bool StandsAlone(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !IsWordByte(text[at - 1])) && (end == text.size() || !IsWordByte(text[end]))) return true;
  }
  return false;
}

}  // namespace

void TextFinder::AddAnywhere(std::string text) {
  if (text.empty()) return;
  auto& place = text.size() < kGramBytes ? short_ : by_gram_[GramAt(text, 0)];
  place.push_back(std::move(text));
}

void TextFinder::AddWord(std::string word) {
  if (word.empty()) return;
  if (std::ranges::all_of(word, IsWordByte)) {
    words_.insert(std::move(word));
  } else {
    other_words_.push_back(std::move(word));
  }
}

bool TextFinder::FindsAnywhere(std::string_view text) const {
  if (std::ranges::any_of(short_, [&](const auto& one) { return text.find(one) != std::string_view::npos; })) {
    return true;
  }
  if (by_gram_.empty()) return false;
  for (size_t at = 0; at + kGramBytes <= text.size(); ++at) {
    const auto found = by_gram_.find(GramAt(text, at));
    if (found == by_gram_.end()) continue;
    if (std::ranges::any_of(found->second, [&](const auto& one) { return text.substr(at).starts_with(one); })) {
      return true;
    }
  }
  return false;
}

bool TextFinder::FindsWord(std::string_view text) const {
  if (std::ranges::any_of(other_words_, [&](const auto& one) { return StandsAlone(text, one); })) return true;
  if (words_.empty()) return false;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    while (at < text.size() && IsWordByte(text[at])) ++at;
    if (at > begin && words_.contains(std::string(text.substr(begin, at - begin)))) return true;
    if (at == begin) ++at;
  }
  return false;
}

}  // namespace neurolake::query
