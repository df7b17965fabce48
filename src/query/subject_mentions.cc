#include "query/subject_mentions.h"

#include <algorithm>

#include "common/text.h"
#include "query/front_parser_tokens.h"
#include "query/statement_constants.h"

namespace neurolake::query {
namespace {

constexpr size_t kTellingBytes = 4;
constexpr std::string_view kErasedConstant = "'[erased]'";

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool IsTelling(std::string_view value) {
  return value.size() >= kTellingBytes &&
         !std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool HoldsWord(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool starts = at == 0 || !IsWordByte(text[at - 1]);
    const size_t end = at + word.size();
    if (starts && (end == text.size() || !IsWordByte(text[end]))) return true;
  }
  return false;
}

}  // namespace

std::string ConstantText(std::string_view constant) {
  const bool dollars = constant.starts_with('$');
  const size_t begin = constant.find_first_of(dollars ? "$" : "'\"");
  if (begin == std::string_view::npos) return LowerAscii(constant);
  if (dollars) {
    const size_t tag = constant.find('$', 1);
    if (tag == std::string_view::npos || constant.size() < 2 * (tag + 1)) return LowerAscii(constant);
    return LowerAscii(constant.substr(tag + 1, constant.size() - 2 * (tag + 1)));
  }
  const char quote = constant[begin];
  std::string text;
  for (size_t i = begin + 1; i < constant.size(); ++i) {
    if (constant[i] == quote && (i + 1 >= constant.size() || constant[i + 1] != quote)) break;
    if (constant[i] == quote) ++i;
    text += constant[i];
  }
  return LowerAscii(text);
}

SubjectMentions::SubjectMentions(const std::set<std::string>& identifiers, const std::set<std::string>& texts) {
  for (const std::string& value : identifiers) {
    const std::string low = LowerAscii(value);
    if (!low.empty()) (IsTelling(low) ? telling_ : plain_).push_back(low);
  }
  for (const std::string& text : texts) texts_.insert(LowerAscii(text));
}

bool SubjectMentions::Holds(std::string_view text, bool touches) const {
  const std::string low = LowerAscii(text);
  const auto inside = [&](const std::string& value) { return low.find(value) != std::string::npos; };
  if (std::ranges::any_of(telling_, inside)) return true;
  return touches && std::ranges::any_of(plain_, [&](const std::string& value) { return HoldsWord(low, value); });
}

bool SubjectMentions::IsOneOfTheTexts(std::string_view constant) const {
  const std::string text = ConstantText(constant);
  return !text.empty() && texts_.contains(text);
}

std::vector<size_t> SubjectMentions::Find(const std::vector<std::string>& constants, bool touches) const {
  std::vector<size_t> found;
  const auto names = [&](const std::string& constant) {
    return Holds(constant, touches) || Holds(ConstantText(constant), touches);
  };
  if (std::ranges::none_of(constants, names)) return found;
  for (size_t i = 0; i < constants.size(); ++i) {
    if (names(constants[i]) || IsOneOfTheTexts(constants[i])) found.push_back(i);
  }
  return found;
}

std::string SubjectMentions::Without(const std::string& sql, bool touches) const {
  const ConstantSplit split = SplitConstants(sql);
  const auto found = Find(split.constants, touches);
  const bool elsewhere = Holds(split.text, touches) || (found.empty() && Holds(sql, touches));
  if (found.empty() && !elsewhere) return sql;
  if (Holds(split.text, touches)) return std::string("[erased]");
  // The text has a '?' for each constant, and none but those and parameters.
  std::string kept;
  size_t end = 0, index = 0;
  const PartialTokens partial = TokenizeAsFarAsPossible(sql);
  for (const Token& token : partial.tokens) {
    if (token.begin > end && !kept.empty()) kept += ' ';
    const std::string_view text = std::string_view(sql).substr(token.begin, token.end - token.begin);
    end = token.end;
    if (!IsConstantToken(sql, token)) {
      kept += text;
      continue;
    }
    const bool goes = std::ranges::find(found, index++) != found.end();
    kept += goes ? kErasedConstant : text;
  }
  return partial.complete ? kept : kept + " [erased]";
}

}  // namespace neurolake::query
