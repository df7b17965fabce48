#include "query/subject_mentions.h"

#include <algorithm>

#include "common/text.h"
#include "query/front_parser_tokens.h"
#include "query/lower_text.h"
#include "query/statement_constants.h"

namespace neurolake::query {
namespace {

constexpr size_t kTellingBytes = 4;
/// Shorter ones are years, amounts and postcodes as well.
constexpr size_t kLongNumberDigits = 6;
constexpr std::string_view kErasedConstant = "'[erased]'";

bool IsTelling(std::string_view value) {
  return value.size() >= kTellingBytes &&
         !std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// What a name in a statement could be as well.
bool CouldBeWord(std::string_view value) {
  return std::ranges::all_of(value, [](unsigned char c) { return std::isalpha(c) != 0 || c == '_' || c >= 0x80; });
}

/// What stands between tokens.
std::string CommentsOf(std::string_view sql) {
  std::string comments;
  size_t end = 0;
  for (const Token& token : TokenizeAsFarAsPossible(sql).tokens) {
    comments += sql.substr(end, token.begin - end);
    comments += ' ';
    end = token.end;
  }
  return comments.append(sql.substr(end));
}

}  // namespace

std::string ConstantText(std::string_view constant) {
  const bool dollars = constant.starts_with('$');
  const size_t begin = constant.find_first_of(dollars ? "$" : "'\"");
  if (begin == std::string_view::npos) return LowerText(constant);
  if (dollars) {
    const size_t tag = constant.find('$', 1);
    if (tag == std::string_view::npos || constant.size() < 2 * (tag + 1)) return LowerText(constant);
    return LowerText(constant.substr(tag + 1, constant.size() - 2 * (tag + 1)));
  }
  const char quote = constant[begin];
  std::string text;
  for (size_t i = begin + 1; i < constant.size(); ++i) {
    if (constant[i] == quote && (i + 1 >= constant.size() || constant[i + 1] != quote)) break;
    if (constant[i] == quote) ++i;
    text += constant[i];
  }
  return LowerText(text);
}

SubjectMentions::SubjectMentions(const KnownOfSubject& known) : key_(LowerText(known.key)) {
  for (const std::string& value : known.identifiers) {
    const std::string low = LowerText(value);
    const bool telling = IsTelling(low);
    telling ? in_constants_.AddAnywhere(low) : in_constants_.AddWord(low);
    if (telling) CouldBeWord(low) ? elsewhere_.AddWord(low) : elsewhere_.AddAnywhere(low);
    identifiers_.insert(low);
    if (telling) CouldBeWord(low) ? in_models_.AddWord(low) : in_models_.AddAnywhere(low);
    if (!telling && low.size() >= kLongNumberDigits) in_models_.AddWord(low);
    const bool is_short =
        low.size() < kTellingBytes && std::ranges::all_of(low, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (telling) in_questions_.AddAnywhere(low);
    if (!telling && (!is_short || low == key_)) in_questions_.AddWord(low);
    // A column may be called like somebody; in quotes it may be meant as a text.
    if (CouldBeWord(low)) {
      in_statements_.AddAnywhere('"' + low + '"');
    } else {
      telling ? in_statements_.AddAnywhere(low) : in_statements_.AddWord(low);
    }
  }
  for (const std::string& text : known.texts) texts_.insert(LowerText(text));
}

bool SubjectMentions::Holds(std::string_view text, bool touches) const {
  const std::string low = LowerText(text);
  return in_constants_.FindsAnywhere(low) || (touches && in_constants_.FindsWord(low));
}

bool SubjectMentions::HoldsElsewhere(std::string_view text) const {
  const std::string low = LowerText(text);
  return elsewhere_.FindsAnywhere(low) || elsewhere_.FindsWord(low);
}

bool SubjectMentions::HoldsInQuestion(std::string_view text) const {
  const std::string low = LowerText(text);
  return in_questions_.FindsAnywhere(low) || in_questions_.FindsWord(low);
}

bool SubjectMentions::HoldsInModel(std::string_view text) const {
  const std::string low = LowerText(text);
  return in_models_.FindsAnywhere(low) || in_models_.FindsWord(low);
}

bool SubjectMentions::IsIdentifier(std::string_view text) const { return identifiers_.contains(LowerText(text)); }

bool SubjectMentions::HoldsBesideConstants(std::string_view text, bool touches) const {
  const std::string low = LowerText(text);
  return in_statements_.FindsAnywhere(low) || (touches && in_statements_.FindsWord(low));
}

bool SubjectMentions::IsOneOfTheTexts(std::string_view constant) const {
  const std::string text = ConstantText(constant);
  return !text.empty() && texts_.contains(text);
}

bool SubjectMentions::Names(const std::string& constant, bool touches) const {
  const std::string text = ConstantText(constant);
  return Holds(constant, touches) || Holds(text, touches) || (touches && !key_.empty() && text == key_);
}

std::vector<size_t> SubjectMentions::Find(const std::vector<std::string>& constants, bool touches) const {
  std::vector<size_t> found;
  if (std::ranges::none_of(constants, [&](const auto& one) { return Names(one, touches); })) return found;
  for (size_t i = 0; i < constants.size(); ++i) {
    if (Names(constants[i], touches) || IsOneOfTheTexts(constants[i])) found.push_back(i);
  }
  return found;
}

std::string SubjectMentions::Without(const std::string& sql, bool touches) const {
  const ConstantSplit split = SplitConstants(sql);
  const auto found = Find(split.constants, touches);
  if (HoldsBesideConstants(split.text, touches)) return std::string("[erased]");
  if (found.empty() && !Holds(CommentsOf(sql), touches)) return sql;
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
