#include "engine/duckdb/internal/path_grants.h"

#include <filesystem>

#include "storage/path.h"

namespace neurolake::engine::duckdb {
namespace {

// Resolves links in the part that exists and `..` in the rest; empty when that cannot be done, which grants nothing.
// URLs have neither: their one spelling counts. Errors: kIoError when the file system fails.
Result<std::string> Resolve(const std::string& path) {
  if (storage::IsUrl(path)) return storage::NormalUrl(path).value_or("");
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) return std::string();
  std::error_code error;
  std::string resolved = std::filesystem::weakly_canonical(path, error).string();
  // Without the path, as below.
  if (error == std::errc::io_error) return MakeError(ErrorCode::kIoError, "a file's place cannot be looked at");
  if (error) return std::string();
  while (resolved.size() > 1 && resolved.back() == '/') resolved.pop_back();
  return resolved;
}

}  // namespace

void PathGrants::AllowAlways(const std::string& path, Access access) { Add(path, access, true); }
void PathGrants::Allow(const std::string& path, Access access) { Add(path, access, false); }

void PathGrants::Add(const std::string& path, Access access, bool always) {
  auto resolved = Resolve(path);
  std::lock_guard lock(mutex_);
  if (!resolved.has_value()) (always ? failed_always_ : failed_) = resolved.error();
  if (!resolved.has_value() || resolved->empty()) return;
  for (Grant& grant : grants_) {
    if (grant.path == *resolved && grant.always == always) {
      if (access == Access::kReadWrite) grant.access = access;
      return;
    }
  }
  grants_.push_back({*std::move(resolved), access, always});
}

void PathGrants::Clear() {
  std::lock_guard lock(mutex_);
  std::erase_if(grants_, [](const Grant& grant) { return !grant.always; });
  failed_.reset();
}

Result<void> PathGrants::Check(const std::string& path, Access access) const {
  NL_ASSIGN_OR_RETURN(const std::string resolved, Resolve(path));
  std::lock_guard lock(mutex_);
  for (const Grant& grant : grants_) {
    if (resolved.empty() || (access == Access::kReadWrite && grant.access != Access::kReadWrite)) continue;
    if (storage::IsBelow(resolved, grant.path)) return {};
  }
  for (const auto& failed : {failed_, failed_always_}) {
    if (failed.has_value()) return std::unexpected(*failed);
  }
  // Without the path: it may come from a log file or from an expression over data.
  return MakeError(ErrorCode::kPermissionDenied, "file access outside of the tables of this statement is not allowed");
}

}  // namespace neurolake::engine::duckdb
