#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::tables::delta {

/// Spelling of a path in `add` and `remove`: percent-encoded UTF-8 (RFC 3986), "/" and "=" kept.
std::string EncodePath(std::string_view path);
/// Inverse, for any writer's choice of what to encode. Errors: kCorruption for a broken escape or a NUL byte.
Result<std::string> DecodePath(std::string_view encoded);

/// Where the file of an action is: decodes `encoded` and, if relative, joins it to `table_path`, which may be a URL.
/// Errors: kPermissionDenied for a file outside the table's directory (a table gives the right to its own files only);
///   kNotSupported for other schemes than file: of a table in the local file system; kCorruption as DecodePath.
Result<std::string> ResolvePath(const std::string& table_path, std::string_view encoded);

}  // namespace neurolake::tables::delta
