#include "query/encrypted_values.h"

#include <algorithm>

#include "common/text.h"
#include "query/front_parser_tokens.h"
#include "query/statement_constants.h"

namespace neurolake::query {
namespace {

bool Names(std::string_view text, const std::vector<std::string>& names) {
  const auto tokens = Tokenize(text);
  // What has no tokens runs as nothing, and is kept as it is only where there is nothing to hide.
  if (!tokens.has_value()) return !names.empty();
  return std::ranges::any_of(*tokens, [&](const Token& token) {
    const bool word = token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedIdentifier ||
                      token.kind == TokenKind::kUnicodeIdentifier;
    if (!word) return false;
    const std::string name = LowerAscii(IdentifierValue(text, token));
    return name == "encrypted" || std::ranges::find(names, name) != names.end();
  });
}

}  // namespace

std::string WithoutEncryptedValues(catalog::Catalog& catalog, std::string text) {
  const auto names = catalog.NamesOfEncrypted();
  if (names.has_value() && !Names(text, *names)) return text;
  return SplitConstants(text).text;
}

}  // namespace neurolake::query
