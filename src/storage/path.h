#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::storage {

// Paths of both kinds, as texts: absolute ones of the local file system ("/lake/tables/…") and URLs of object stores
// ("s3://bucket/lake/…"). Nothing here looks at a file; links are the business of local_files.h. An object store has no
// directories and takes ".." and "//" literally, so what the file system would resolve is refused here instead: two
// spellings of one place would be two places for whoever checks and one for whoever opens.

/// Whether `path` is "scheme://…" of anything but the local file system. It need not be a store that is known.
bool IsUrl(std::string_view path);

/// The one spelling of a URL: scheme in lower case, s3a and s3n as s3, gcs as gs; no slash at the end. Azure's are
/// "az://container/…", or "abfss://container@account.dfs.core.windows.net/…" with an account, whatever the scheme was,
/// in small letters before the path. (Whether both are one place, the credential's account decides: LocationStores.)
/// Errors: kInvalidArgument for a URL without a bucket, with a user or a port in the authority, with an empty part, "."
/// or ".." in its path, or a control character or backslash; and for what is no URL.
Result<std::string> NormalUrl(std::string_view url);

/// `NormalUrl`, or the local path without ".", ".." and doubled slashes, judged by its text. What cannot be normal
/// comes back as it is. Never fails, so that listings and logs can be compared: not for judging rights.
std::string NormalPath(std::string_view path);

/// Whether `path` is `root` or below it, part by part: "/a/bc" is not below "/a/b". Both normal; a slash at the end of
/// `root` does not matter.
bool IsBelow(std::string_view path, std::string_view root);

/// `name` below `directory`; `name` itself where it is absolute or a URL.
std::string JoinPath(std::string_view directory, std::string_view name);

/// What is before the last slash; of a bucket, the bucket.
std::string ParentPath(std::string_view path);

}  // namespace neurolake::storage
