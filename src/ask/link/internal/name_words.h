#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ask/language/token.h"
#include "semantic/model.h"

/// Names of members and values as words.
namespace neurolake::ask {

/// Folded, without signs.
inline std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  for (const Token& token : TokenizeName(text)) {
    if (token.kind != TokenKind::kSymbol) words.push_back(token.word);
  }
  return words;
}

/// Blanks between.
inline std::string Join(std::span<const std::string> words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

/// Label, name and synonyms.
inline std::vector<std::string> NamesOf(const semantic::Described& member) {
  std::vector<std::string> names{member.label, member.name};
  names.insert(names.end(), member.synonyms.begin(), member.synonyms.end());
  return names;
}

}  // namespace neurolake::ask
