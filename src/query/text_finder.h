#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace neurolake::query {

/// Looks for many texts at once, in time that grows with the text that is searched and not with how many there are. All
/// texts are in lower case. Immutable once filled; pure.
class TextFinder {
 public:
  void AddAnywhere(std::string text);
  /// Counts where neither a letter, digit nor underscore stands right beside it.
  void AddWord(std::string word);

  bool FindsAnywhere(std::string_view text) const;
  bool FindsWord(std::string_view text) const;

 private:
  static constexpr size_t kGramBytes = 4;
  std::unordered_map<uint32_t, std::vector<std::string>> by_gram_;  ///< By their first bytes.
  std::vector<std::string> short_;                                  ///< Of fewer bytes than that.
  std::unordered_set<std::string> words_;                           ///< Of letters, digits and underscores alone.
  std::vector<std::string> other_words_;
};

}  // namespace neurolake::query
