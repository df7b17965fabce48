#include "storage/local_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace neurolake::storage {
namespace {

std::unexpected<Error> Outside() {
  return MakeError(ErrorCode::kPermissionDenied, "a file of the table is behind a link or outside its directory");
}

std::unexpected<Error> Failed(int reason) {
  // O_NOFOLLOW meets a link: ELOOP, or ENOTDIR where a directory is asked for as well.
  if (reason == ELOOP || reason == ENOTDIR) return Outside();
  if (reason == ENOENT) return MakeError(ErrorCode::kNotFound, "a file of the table is not there");
  return MakeError(ErrorCode::kIoError, "a file of the table cannot be reached, errno: {}", reason);
}

/// The names between `directory` and the file.
Result<std::vector<std::string>> NamesBelow(std::string_view directory, std::string_view path) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  if (!path.starts_with(directory)) return Outside();
  path.remove_prefix(directory.size());
  if (!directory.ends_with('/') && !path.starts_with('/')) return Outside();
  std::vector<std::string> names;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (name == ".." || name.contains('\0')) return Outside();
    if (!name.empty() && name != ".") names.emplace_back(name);
  }
  if (names.empty()) return Outside();
  return names;
}

/// The directory that holds the last of `names`.
Result<Descriptor> OpenParent(const std::string& directory, const std::vector<std::string>& names) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  Descriptor at(::open(directory.c_str(), kFlags));
  for (size_t i = 0; at.valid() && i + 1 < names.size(); ++i) {
    at = Descriptor(::openat(at.get(), names[i].c_str(), kFlags | O_NOFOLLOW));
  }
  if (!at.valid()) return Failed(errno);
  return at;
}

}  // namespace

Result<Descriptor> OpenBelow(const std::string& directory, std::string_view path) {
  NL_ASSIGN_OR_RETURN(const auto names, NamesBelow(directory, path));
  NL_ASSIGN_OR_RETURN(const Descriptor parent, OpenParent(directory, names));
  // O_NONBLOCK: a pipe in the file's place must not hold the statement up.
  Descriptor file(::openat(parent.get(), names.back().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) return Failed(errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Failed(errno);
  if (!S_ISREG(status.st_mode)) return Outside();
  return file;
}

Result<void> DeleteBelow(const std::string& directory, std::string_view path) {
  NL_ASSIGN_OR_RETURN(const auto names, NamesBelow(directory, path));
  const auto parent = OpenParent(directory, names);
  if (!parent.has_value()) {
    if (parent.error().code() == ErrorCode::kNotFound) return {};
    return std::unexpected(parent.error());
  }
  if (::unlinkat(parent->get(), names.back().c_str(), 0) != 0 && errno != ENOENT) return Failed(errno);
  return {};
}

Result<bool> LeadsThroughLink(const std::string& directory, std::string_view path) {
  NL_ASSIGN_OR_RETURN(const auto names, NamesBelow(directory, path));
  std::string way = directory;
  for (const std::string& name : names) {
    way += "/" + name;
    struct stat status {};
    if (::lstat(way.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return false;
      return Failed(errno);
    }
    if (S_ISLNK(status.st_mode)) return true;
  }
  return false;
}

}  // namespace neurolake::storage
