#include "metastore/stored_text.h"

#include "common/utf8.h"

namespace neurolake::metastore {
namespace {

// Offset of the first byte that cannot be stored, or the length.
size_t StorablePrefix(std::string_view text) {
  size_t offset = 0;
  while (offset < text.size()) {
    const auto first = static_cast<unsigned char>(text[offset]);
    if (first != 0 && first < 0x80) {  // The common case, without a call.
      ++offset;
      continue;
    }
    const size_t length = first == 0 ? 0 : Utf8Length(text.substr(offset));
    if (length == 0) break;
    offset += length;
  }
  return offset;
}

}  // namespace

bool IsStorableText(std::string_view text) { return StorablePrefix(text) == text.size(); }

std::string MakeStorable(std::string_view text) {
  std::string stored;
  stored.reserve(text.size());
  while (!text.empty()) {
    const size_t good = StorablePrefix(text);
    stored += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    stored += kReplacementCharacter;
    text.remove_prefix(1);
  }
  return stored;
}

}  // namespace neurolake::metastore
