#include "audit/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/descriptor.h"

namespace neurolake::audit {
namespace {

constexpr size_t kSecretBytesMax = 1 << 16;

std::unexpected<Error> FileError(int number, const char* what, const std::string& path) {
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  const ErrorCode code = full ? ErrorCode::kDiskFull : number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIoError;
  return MakeError(code, "the audit log cannot {} a file, {}: {}", what,
                   std::error_code(number, std::generic_category()).message(), path);
}

Result<void> WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileError(count == 0 ? ENOSPC : errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> SyncDirectoryOf(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return FileError(errno, "sync the directory of", path);
  return {};
}

class PosixFile final : public LogFile {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Result<void> Append(std::string_view bytes) override { return WriteAll(fd_.get(), bytes, path_); }
  Result<void> Sync() override {
    if (::fdatasync(fd_.get()) != 0) return FileError(errno, "sync", path_);
    return {};
  }
  Result<void> Truncate(uint64_t bytes) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) return FileError(errno, "truncate", path_);
    return Sync();
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class PosixFiles final : public LogFiles {
 public:
  Result<std::unique_ptr<LogFile>> OpenForAppend(const std::string& path) override {
    constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    Descriptor fd(::open(path.c_str(), kFlags));
    if (!fd.valid() && errno == ENOENT) {
      fd = Descriptor(::open(path.c_str(), kFlags | O_CREAT, 0600));
      if (fd.valid()) NL_RETURN_IF_ERROR(SyncDirectoryOf(path));
    }
    if (!fd.valid()) return FileError(errno, "open", path);
    return std::make_unique<PosixFile>(std::move(fd), path);
  }
  Result<void> Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FileError(errno, "remove", path);
    return SyncDirectoryOf(path);
  }
};

Result<void> WriteNew(const std::string& path, std::string_view text) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid() && errno == EEXIST) return MakeError(ErrorCode::kAlreadyExists, "there is a file already: {}", path);
  if (!fd.valid()) return FileError(errno, "make", path);
  NL_RETURN_IF_ERROR(WriteAll(fd.get(), text, path));
  if (::fsync(fd.get()) != 0) return FileError(errno, "sync", path);
  return {};
}

}  // namespace

std::unique_ptr<LogFiles> PosixLogFiles() { return std::make_unique<PosixFiles>(); }

Result<std::string> ReadFile(const std::string& path, uint64_t begin, uint64_t bytes) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return FileError(errno, "read", path);
  const auto size = static_cast<uint64_t>(info.st_size);
  std::string text(begin >= size ? 0 : std::min(bytes, size - begin), '\0');
  size_t got = 0;
  while (got < text.size()) {
    const ssize_t count = ::pread(fd.get(), text.data() + got, text.size() - got, static_cast<off_t>(begin + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, "read", path);
    if (count == 0) break;
    got += static_cast<size_t>(count);
  }
  text.resize(got);
  return text;
}

Result<uint64_t> FileSize(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return FileError(errno, "read", path);
  return static_cast<uint64_t>(info.st_size);
}

Result<void> ReplaceFile(const std::string& path, std::string_view text) {
  if (const auto before = ReadFile(path); before && *before == text) return {};
  const std::string arriving = path + ".new";
  ::unlink(arriving.c_str());
  NL_RETURN_IF_ERROR(WriteNew(arriving, text));
  if (::rename(arriving.c_str(), path.c_str()) != 0) return FileError(errno, "replace", path);
  return SyncDirectoryOf(path);
}

Result<void> CreateFile(const std::string& path, std::string_view text) {
  NL_RETURN_IF_ERROR(WriteNew(path, text));
  return SyncDirectoryOf(path);
}

Result<std::string> ReadSecretFile(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid() && errno == ENOENT) return FileError(ENOENT, "read", path);
  struct stat info {};
  const bool known = fd.valid() && ::fstat(fd.get(), &info) == 0;
  if (!known || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
    return MakeError(ErrorCode::kPermissionDenied,
                     "a key of the audit log must be a file of the server's user with mode 0600: {}", path);
  }
  std::string text(kSecretBytesMax, '\0');
  const ssize_t count = ::read(fd.get(), text.data(), text.size());
  if (count < 0) return FileError(errno, "read", path);
  text.resize(static_cast<size_t>(count));
  return text;
}

}  // namespace neurolake::audit
