#include "catalog/internal/names.h"

#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

constexpr size_t kNameBytesMax = 255;

// Of text that is valid UTF-8. C1 is U+0080 to U+009F: 0xC2 and a byte from 0x80 to 0x9F.
bool HasControlCharacter(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace

Result<std::string> CheckedName(std::string_view what, std::string_view name) {
  if (name.empty()) return MakeError(ErrorCode::kInvalidArgument, "the name of a {} must not be empty", what);
  if (name.size() > kNameBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "the name of a {} must not be longer than {} bytes, it has {}", what,
                     kNameBytesMax, name.size());
  }
  if (!metastore::IsStorableText(name) || HasControlCharacter(name)) {
    return MakeError(ErrorCode::kInvalidArgument, "the name of a {} must be UTF-8 without control characters", what);
  }
  return LowerAscii(name);
}

Result<std::string> CheckedSchemaName(std::string_view name) {
  NL_ASSIGN_OR_RETURN(auto checked, CheckedName("schema", name));
  // Each would hide, or be hidden by, what an engine or a client knows under that name.
  for (const std::string_view reserved : {"system", "information_schema", "pg_catalog", "temp"}) {
    if (checked == reserved) return MakeError(ErrorCode::kInvalidArgument, "the schema name is reserved: {}", reserved);
  }
  return checked;
}

std::string NameToFind(std::string_view name) {
  return metastore::IsStorableText(name) ? LowerAscii(name) : std::string();
}

}  // namespace neurolake::catalog
