#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::tables::delta {

/// Spelling of a path in `add` and `remove`: percent-encoded UTF-8 (RFC 3986), "/" and "=" kept.
std::string EncodePath(std::string_view path);
/// Inverse, for any writer's choice of what to encode. Errors: kCorruption for a broken escape or a NUL byte.
Result<std::string> DecodePath(std::string_view encoded);

/// `path` with names that every file system takes: a partition's directory ("column=value") of more than 255 bytes is
/// called after the column and a hash. Nobody reads a value off a path: the log has them.
std::string WithShortNames(std::string_view path);

/// A directory beside its own that a table's files may lie in: that of a table it is a shallow clone of. Who may say so
/// is the catalogue alone; a log names what it likes.
struct ForeignRoot {
  std::string named;     ///< As the log spells it: an absolute path or a normal URL, without a slash at the end.
  std::string location;  ///< Where that is now.
  friend bool operator==(const ForeignRoot&, const ForeignRoot&) = default;
};

/// Spelling of a file outside of its table's directory: "file:///…" or the URL, percent-encoded.
std::string EncodeAbsolutePath(std::string_view path);

/// Whether an action spells a path that does not hang on its table's directory.
bool IsAbsolutePath(std::string_view encoded);

/// Where the file of an action is: decodes `encoded` and, if relative, joins it to `table_path`, which may be a URL.
/// Absolute paths lead below the table's directory or one of `foreign`.
/// Errors: kPermissionDenied for a file outside of these (a table gives the right to its own files only);
///   kNotSupported for other schemes than file: of a table in the local file system; kCorruption as DecodePath.
Result<std::string> ResolvePath(const std::string& table_path, std::string_view encoded,
                                const std::vector<ForeignRoot>& foreign = {});

}  // namespace neurolake::tables::delta
