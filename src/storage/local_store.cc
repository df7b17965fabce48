#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/descriptor.h"
#include "common/ids.h"
#include "storage/local_files.h"
#include "storage/object_store.h"

namespace neurolake::storage {
namespace {

constexpr std::string_view kTemporaryPrefix = ".nl-";
constexpr std::string_view kTemporarySuffix = ".tmp";

ErrorCode CodeFor(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EEXIST: return ErrorCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT: return ErrorCode::kDiskFull;
    case EROFS: return ErrorCode::kReadOnly;
    case EACCES:
    case EPERM: return ErrorCode::kPermissionDenied;
    default: return ErrorCode::kIoError;
  }
}

std::unexpected<Error> FileError(int error, std::string_view action, const std::string& path,
                                 std::source_location where = std::source_location::current()) {
  std::string reason = std::generic_category().message(error);
  return std::unexpected<Error>(Error(CodeFor(error), fmt::format("cannot {} ({}): {}", action, reason, path), where));
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> SyncDirectory(const std::string& directory) {
  Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return FileError(errno, "open the directory", directory);
  // EINVAL: the file system has nothing to sync for a directory.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return FileError(errno, "sync the directory", directory);
  return {};
}

Result<void> WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FileError(errno, "write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

/// A file that is whole and durable but not visible under its name yet. Where the file system can, it has no name at
/// all, so that even a killed process leaves nothing behind; else it has a hidden one that this object removes.
class StagedFile {
 public:
  static Result<std::unique_ptr<StagedFile>> Write(const std::string& path, std::string_view bytes) {
    NL_ASSIGN_OR_RETURN(auto staged, Open(path));
    NL_RETURN_IF_ERROR(staged->Append(bytes, path));
    NL_RETURN_IF_ERROR(staged->Sync(path));
    return staged;
  }

  static Result<std::unique_ptr<StagedFile>> Open(const std::string& path) {
    const std::string directory = DirectoryOf(path);
    const std::string hidden = fmt::format("{}/{}{}{}", directory, kTemporaryPrefix, NewUuid(), kTemporarySuffix);
    auto unnamed = OpenFile(directory.c_str(), O_TMPFILE | O_WRONLY);
    auto staged = std::unique_ptr<StagedFile>(new StagedFile(unnamed, hidden, /*named=*/false));
    if (unnamed < 0) {
      if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return FileError(errno, "create", path);
      const int named = OpenFile(hidden.c_str(), O_CREAT | O_EXCL | O_WRONLY);
      if (named < 0) return FileError(errno, "create", path);
      staged = std::unique_ptr<StagedFile>(new StagedFile(named, hidden, /*named=*/true));
    }
    return staged;
  }

  Result<void> Append(std::string_view bytes, const std::string& path) { return WriteAll(fd_.get(), bytes, path); }

  Result<void> Sync(const std::string& path) const {
    if (::fsync(fd_.get()) != 0) return FileError(errno, "sync", path);
    return {};
  }

  ~StagedFile() {
    if (named_) ::unlink(hidden_.c_str());
  }

  /// 0, or the errno of link(2).
  int LinkAs(const std::string& path) const {
    if (named_) return ::link(hidden_.c_str(), path.c_str()) == 0 ? 0 : errno;
    const std::string source = fmt::format("/proc/self/fd/{}", fd_.get());
    return ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
  }

  /// 0, or the errno of link(2) or rename(2).
  int RenameTo(const std::string& path) {
    if (!named_) {
      if (const int error = LinkAs(hidden_); error != 0) return error;
      named_ = true;
    }
    if (::rename(hidden_.c_str(), path.c_str()) != 0) return errno;
    named_ = false;
    return 0;
  }

 private:
  StagedFile(int fd, std::string hidden, bool named) : fd_(fd), hidden_(std::move(hidden)), named_(named) {}
  static int OpenFile(const char* path, int flags) { return ::open(path, flags | O_CLOEXEC, 0644); }

  Descriptor fd_;
  std::string hidden_;
  bool named_;
};

bool IsTemporaryName(std::string_view name) {
  return name.starts_with(kTemporaryPrefix) && name.ends_with(kTemporarySuffix);
}

WallTime ModifiedTime(const struct stat& status) {
  return WallTime(std::chrono::seconds(status.st_mtim.tv_sec) +
                  std::chrono::microseconds(status.st_mtim.tv_nsec / 1000));
}

Result<std::string> ReadBytes(int fd, const std::string& path, int64_t offset_bytes, int64_t length_bytes) {
  std::string bytes(static_cast<size_t>(length_bytes), '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = ::pread(fd, bytes.data() + filled, bytes.size() - filled,
                                  static_cast<off_t>(offset_bytes + static_cast<int64_t>(filled)));
    if (count < 0) {
      if (errno == EINTR) continue;
      return FileError(errno, "read", path);
    }
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

/// The object is visible already; if its name cannot be made durable, nobody can promise that it stays.
Result<void> SyncEffect(const std::string& path) {
  auto synced = SyncDirectory(DirectoryOf(path));
  if (!synced.has_value()) {
    return std::unexpected(
        Error(ErrorCode::kCommitUnknown, fmt::format("written, but not known to be durable: {}", path))
            .With("cause", std::string(ErrorName(synced.error().code()))));
  }
  return {};
}

Result<void> Publish(StagedFile& staged, const std::string& path, bool if_absent) {
  const int error = if_absent ? staged.LinkAs(path) : staged.RenameTo(path);
  if (error != 0) return FileError(error, if_absent ? "create" : "replace", path);
  return SyncEffect(path);
}

class FileWriter final : public ObjectWriter {
 public:
  FileWriter(std::unique_ptr<StagedFile> staged, std::string path, bool if_absent)
      : staged_(std::move(staged)), path_(std::move(path)), if_absent_(if_absent) {}

  Result<void> Append(std::string_view bytes) override {
    if (staged_ == nullptr) return Ended();
    return staged_->Append(bytes, path_);
  }
  Result<void> Finish() override {
    if (staged_ == nullptr) return Ended();
    const auto staged = std::move(staged_);
    NL_RETURN_IF_ERROR(staged->Sync(path_));
    return Publish(*staged, path_, if_absent_);
  }
  void Abort() override { staged_.reset(); }

 private:
  std::unexpected<Error> Ended() const {
    return MakeError(ErrorCode::kInternal, "the upload has ended already: {}", path_);
  }

  std::unique_ptr<StagedFile> staged_;
  std::string path_;
  bool if_absent_;
};

class FileReader final : public ObjectReader {
 public:
  FileReader(Descriptor descriptor, std::string path) : fd_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::string> Read(int64_t limit_bytes) override {
    NL_ASSIGN_OR_RETURN(std::string bytes, ReadBytes(fd_.get(), path_, offset_bytes_, limit_bytes));
    offset_bytes_ += static_cast<int64_t>(bytes.size());
    return bytes;
  }

 private:
  Descriptor fd_;
  std::string path_;
  int64_t offset_bytes_ = 0;
};

class LocalStore final : public ObjectStore {
 public:
  Result<std::string> Read(const std::string& path) override {
    NL_ASSIGN_OR_RETURN(auto info, Head(path));
    return ReadRange(path, 0, info.size_bytes);
  }

  Result<std::string> ReadRange(const std::string& path, int64_t offset_bytes, int64_t length_bytes) override {
    if (offset_bytes < 0 || length_bytes < 0) {
      return MakeError(ErrorCode::kInvalidArgument, "a range must not be negative: {} {}", offset_bytes, length_bytes);
    }
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return FileError(errno, "open", path);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return FileError(errno, "read", path);
    if (!S_ISREG(status.st_mode)) return MakeError(ErrorCode::kIoError, "not a regular file: {}", path);
    // Never more memory than the file has bytes, whatever a damaged log asks for.
    const int64_t available = std::max<int64_t>(0, static_cast<int64_t>(status.st_size) - offset_bytes);
    return ReadBytes(fd.get(), path, offset_bytes, std::min(length_bytes, available));
  }

  Result<ObjectInfo> Head(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return FileError(errno, "look at", path);
    if (S_ISDIR(status.st_mode)) return MakeError(ErrorCode::kNotFound, "a directory, not an object: {}", path);
    return ObjectInfo{.path = path, .size_bytes = status.st_size, .modified = ModifiedTime(status)};
  }

  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override {
    NL_ASSIGN_OR_RETURN(auto staged, StagedFile::Write(path, bytes));
    return Publish(*staged, path, /*if_absent=*/true);
  }

  Result<void> Put(const std::string& path, std::string_view bytes) override {
    NL_ASSIGN_OR_RETURN(auto staged, StagedFile::Write(path, bytes));
    return Publish(*staged, path, /*if_absent=*/false);
  }

  Result<std::vector<ObjectInfo>> List(const std::string& directory, const std::string& start_after) override {
    std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
    if (stream == nullptr) {
      if (errno == ENOENT) return std::vector<ObjectInfo>{};
      return FileError(errno, "list", directory);
    }
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) {
        if (errno != 0) return FileError(errno, "list", directory);
        break;
      }
      std::string_view name(entry->d_name);
      if (entry->d_type == DT_DIR || name == "." || name == ".." || IsTemporaryName(name)) continue;
      if (name > start_after) names.emplace_back(name);
    }
    std::ranges::sort(names);
    return StatNames(directory, names, ::dirfd(stream.get()));
  }

  Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                    const std::function<Result<void>(const ObjectInfo&)>& visit) override {
    std::vector<std::string> pending = {""};
    while (!pending.empty()) {
      const std::string relative = std::move(pending.back());
      pending.pop_back();
      const std::string path = relative.empty() ? directory : directory + "/" + relative;
      NL_ASSIGN_OR_RETURN(const auto objects, List(path, ""));
      for (const ObjectInfo& object : objects) NL_RETURN_IF_ERROR(visit(object));
      NL_ASSIGN_OR_RETURN(const auto names, DirectoryNames(path));
      for (const std::string& name : names) {
        std::string below = relative.empty() ? name : relative + "/" + name;
        if (enter(below)) pending.push_back(std::move(below));
      }
    }
    return {};
  }

  Result<void> Delete(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FileError(errno, "delete", path);
    return {};
  }

  Result<std::unique_ptr<ObjectReader>> OpenBelow(const std::string& directory, const std::string& path) override {
    NL_ASSIGN_OR_RETURN(Descriptor descriptor, storage::OpenBelow(directory, path));
    return std::make_unique<FileReader>(std::move(descriptor), path);
  }

  Result<void> DeleteBelow(const std::string& directory, const std::string& path) override {
    return storage::DeleteBelow(directory, path);
  }

  Result<bool> LeadsThroughLink(const std::string& directory, const std::string& path) override {
    return storage::LeadsThroughLink(directory, path);
  }

  Result<std::unique_ptr<ObjectWriter>> NewUpload(const std::string& path, UploadOptions options) override {
    NL_RETURN_IF_ERROR(MakeDirectory(DirectoryOf(path)));
    NL_ASSIGN_OR_RETURN(auto staged, StagedFile::Open(path));
    return std::make_unique<FileWriter>(std::move(staged), path, options.if_absent);
  }

  Result<void> MakeDirectory(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) return {};
      return FileError(EEXIST, "make the directory", path);
    }
    if (::mkdir(path.c_str(), 0755) != 0) {
      if (errno == EEXIST) return {};  // Another thread made it meanwhile.
      if (errno != ENOENT || DirectoryOf(path) == path) return FileError(errno, "make the directory", path);
      NL_RETURN_IF_ERROR(MakeDirectory(DirectoryOf(path)));
      if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return FileError(errno, "make the directory", path);
    }
    return SyncDirectory(DirectoryOf(path));
  }

 private:
  /// Directories in `directory`; links are none.
  static Result<std::vector<std::string>> DirectoryNames(const std::string& directory) {
    std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
    if (stream == nullptr) {
      if (errno == ENOENT) return std::vector<std::string>{};
      return FileError(errno, "list", directory);
    }
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) {
        if (errno != 0) return FileError(errno, "list", directory);
        return names;
      }
      const std::string_view name(entry->d_name);
      if (name == "." || name == "..") continue;
      struct stat status {};
      if (::fstatat(::dirfd(stream.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // Deleted since it was listed.
        return FileError(errno, "look at", fmt::format("{}/{}", directory, name));
      }
      if (S_ISDIR(status.st_mode)) names.emplace_back(name);
    }
  }

  static Result<std::vector<ObjectInfo>> StatNames(const std::string& directory, const std::vector<std::string>& names,
                                                   int directory_fd) {
    std::vector<ObjectInfo> objects;
    objects.reserve(names.size());
    const std::string prefix = directory.ends_with('/') ? directory : directory + "/";
    for (const std::string& name : names) {
      struct stat status {};
      if (::fstatat(directory_fd, name.c_str(), &status, 0) != 0) {
        if (errno == ENOENT) continue;  // Deleted since it was listed.
        return FileError(errno, "look at", prefix + name);
      }
      if (S_ISDIR(status.st_mode)) continue;
      objects.push_back({.path = prefix + name, .size_bytes = status.st_size, .modified = ModifiedTime(status)});
    }
    return objects;
  }
};

}  // namespace

std::unique_ptr<ObjectStore> NewLocalStore() { return std::make_unique<LocalStore>(); }

}  // namespace neurolake::storage
