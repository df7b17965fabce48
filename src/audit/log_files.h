#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::audit {

/// A file that grows at its end. For one thread.
/// Errors of all: kDiskFull where there is no room (ENOSPC, EDQUOT, EFBIG); kIoError.
class LogFile {
 public:
  virtual ~LogFile() = default;
  /// All of `bytes`, or an error and an unknown part of them.
  virtual Result<void> Append(std::string_view bytes) = 0;
  /// What was written is on the disk, and with it the file's size. After an error nobody knows what is.
  virtual Result<void> Sync() = 0;
  virtual Result<void> Truncate(uint64_t bytes) = 0;
};

/// Where a log's segments lie; tests put faults in its place. Thread-safe.
class LogFiles {
 public:
  virtual ~LogFiles() = default;
  /// At its end; makes it, 0600, and its name durable, where it is missing.
  virtual Result<std::unique_ptr<LogFile>> OpenForAppend(const std::string& path) = 0;
  /// Durable. No error where there is none.
  virtual Result<void> Remove(const std::string& path) = 0;
};

/// Files of the operating system.
std::unique_ptr<LogFiles> PosixLogFiles();

/// Up to `bytes` of a file from `begin` on, fewer at its end. Errors: kNotFound; kIoError.
Result<std::string> ReadFile(const std::string& path, uint64_t begin = 0, uint64_t bytes = UINT64_MAX);
/// Errors: kNotFound; kIoError.
Result<uint64_t> FileSize(const std::string& path);
/// The file has `text`, or what it had, and is durable; 0600. Costs nothing but reading where it has it already.
/// Errors: kDiskFull; kIoError.
Result<void> ReplaceFile(const std::string& path, std::string_view text);
/// Makes a file of 0600 that is not there yet, durable. Errors: kAlreadyExists; kDiskFull; kIoError.
Result<void> CreateFile(const std::string& path, std::string_view text);
/// What a secret's file holds. Errors: kNotFound; kPermissionDenied for a link, a file of another user, or one that
/// others may read.
Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace neurolake::audit
