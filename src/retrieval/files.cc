#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "common/descriptor.h"
#include "retrieval/internal/files.h"

namespace neurolake::retrieval {
namespace {

std::unexpected<Error> FileError(int reason, std::string_view action, const std::string& path) {
  const ErrorCode code = reason == ENOENT                       ? ErrorCode::kNotFound
                         : reason == ENOSPC || reason == EDQUOT ? ErrorCode::kDiskFull
                                                                : ErrorCode::kIoError;
  return MakeError(code, "cannot {} a file of the retrieval index: {} ({})", action, path, std::strerror(reason));
}

}  // namespace

std::string Digest(std::string_view bytes) {
  std::string digest(kDigestBytes, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string HexDigest(std::string_view bytes) {
  std::string hex;
  for (const char byte : Digest(bytes)) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

Result<std::string> ReadFile(const std::string& path, size_t limit_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return FileError(errno, "open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return FileError(errno, "read", path);
  if (static_cast<uint64_t>(status.st_size) > limit_bytes) {
    return MakeError(ErrorCode::kPayloadTooLarge, "file of the retrieval index is larger than {} bytes: {}",
                     limit_bytes, path);
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, "read", path);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileError(count == 0 ? EIO : errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> SyncDirectoryOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return FileError(errno, "open the directory of", path);
  if (::fsync(opened.get()) != 0 && errno != EINVAL) return FileError(errno, "sync the directory of", path);
  return {};
}

Result<void> ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".new";
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.valid()) return FileError(errno, "create", temporary);
    NL_RETURN_IF_ERROR(WriteAll(file.get(), bytes, temporary));
    if (::fsync(file.get()) != 0) return FileError(errno, "sync", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FileError(errno, "rename", temporary);
  return SyncDirectoryOf(path);
}

}  // namespace neurolake::retrieval
