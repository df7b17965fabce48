#include "query/lake_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace neurolake::query {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> CannotUse(const std::string& path, const std::error_code& error) {
  const bool read_only = error == std::errc::read_only_file_system || error == std::errc::permission_denied;
  return MakeError(read_only ? ErrorCode::kReadOnly : ErrorCode::kIoError, "cannot use the lake's directory, {}: {}",
                   error.message(), path);
}

/// flock, not fcntl: it belongs to the open file, so a library closing another descriptor cannot drop it.
Result<Descriptor> TakeLock(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return CannotUse(path, std::error_code(errno, std::generic_category()));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    [[maybe_unused]] const ssize_t got = ::pread(file.get(), holder, sizeof(holder) - 1, 0);
    return MakeError(ErrorCode::kUnavailable,
                     "another process holds the lake; stop it, or reach it with --server. Lake {}, process {}", path,
                     holder);
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), pid.data(), pid.size(), 0) < 0) {
    return CannotUse(path, std::error_code(errno, std::generic_category()));
  }
  return file;
}

}  // namespace

Result<std::unique_ptr<LakeDirectory>> LakeDirectory::Open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return CannotUse(path, error);
  const std::string root = fs::canonical(path, error).string();
  if (error) return CannotUse(path, error);
  NL_ASSIGN_OR_RETURN(Descriptor lock, TakeLock(root + "/lock"));
  std::unique_ptr<LakeDirectory> lake(new LakeDirectory(root, std::move(lock)));
  // Under the lock nobody else spills here: whatever there is was left by a process that died.
  fs::remove_all(lake->spill_path(), error);
  if (error) return CannotUse(lake->spill_path(), error);
  for (const std::string& folder : {lake->tables_path(), lake->spill_path(), lake->staging_path()}) {
    fs::create_directories(folder, error);
    if (error) return CannotUse(folder, error);
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  return lake;
}

}  // namespace neurolake::query
