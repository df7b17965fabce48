#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::retrieval {

inline constexpr size_t kDigestBytes = 32;

/// SHA-256 as 32 bytes.
std::string Digest(std::string_view bytes);
/// The same as 64 hexadecimal digits.
std::string HexDigest(std::string_view bytes);

/// Errors: kNotFound; kIoError; kPayloadTooLarge above `limit_bytes`.
Result<std::string> ReadFile(const std::string& path, size_t limit_bytes);
/// The file appears complete and synced, or stays as it was. Errors: kIoError, kDiskFull.
Result<void> ReplaceFile(const std::string& path, std::string_view bytes);
/// Makes the names in the directory of `path` durable. Errors: kIoError.
Result<void> SyncDirectoryOf(const std::string& path);
/// Writes all of `bytes` at the descriptor's place. Errors: kIoError, kDiskFull.
Result<void> WriteAll(int fd, std::string_view bytes, const std::string& path);

}  // namespace neurolake::retrieval
