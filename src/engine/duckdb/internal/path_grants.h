#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

namespace neurolake::engine::duckdb {

/// The paths that DuckDB may open now. Checked on the path with symbolic links and `..` resolved, so neither leads out
/// of a granted directory; URLs on their one spelling (storage::NormalUrl). Thread-safe.
class PathGrants {
 public:
  enum class Access : uint8_t { kRead, kReadWrite };
  /// Files below `path` (a directory), or `path` itself when it is a file. Stays for the engine's life.
  void AllowAlways(const std::string& path, Access access);
  /// As above, until `Clear`.
  void Allow(const std::string& path, Access access);
  void Clear();
  /// Errors: kPermissionDenied; kIoError when it cannot be told, as the file system fails, or failed for a grant.
  Result<void> Check(const std::string& path, Access access) const;

 private:
  struct Grant {
    std::string path;  // Resolved, without a slash at the end.
    Access access;
    bool always;
  };
  void Add(const std::string& path, Access access, bool always);
  mutable std::mutex mutex_;
  std::vector<Grant> grants_;
  // Why a path that was to be granted is not; until Clear, and for the engine's life.
  std::optional<Error> failed_, failed_always_;
};

}  // namespace neurolake::engine::duckdb
