#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace neurolake::semantic {

/// The words of a name, in lower case.
using Words = std::vector<std::string>;
using WordSet = std::unordered_set<std::string_view>;

inline bool Has(const Words& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

inline bool HasAny(const Words& words, const WordSet& set) {
  return std::ranges::any_of(words, [&](const std::string& word) { return set.contains(word); });
}

}  // namespace neurolake::semantic
