#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake::storage {

struct ObjectInfo {
  std::string path;  ///< As given to the call, joined with what was found below it.
  int64_t size_bytes = 0;
  WallTime modified;
};

/// Named immutable blobs, as every table format needs them. Paths are absolute ("/lake/tables/…"); object stores will
/// take URLs. Implementations are thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// Errors: kNotFound, kIoError, kPermissionDenied (the operating system's).
  virtual Result<std::string> Read(const std::string& path) = 0;
  /// Fewer bytes than asked for where the object ends before.
  virtual Result<std::string> ReadRange(const std::string& path, int64_t offset_bytes, int64_t length_bytes) = 0;
  virtual Result<ObjectInfo> Head(const std::string& path) = 0;
  /// Creates the object whole, or not at all if one is there. Durable when it returns.
  /// Errors: kAlreadyExists; kDiskFull; kReadOnly; kCommitUnknown if it cannot be told whether it was created.
  virtual Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) = 0;
  /// Creates or replaces the object atomically. Durable when it returns.
  virtual Result<void> Put(const std::string& path, std::string_view bytes) = 0;
  /// Objects directly in `directory` whose name is greater than `start_after`, in byte order of the name.
  /// A directory that is not there is an empty list.
  virtual Result<std::vector<ObjectInfo>> List(const std::string& directory, const std::string& start_after = "") = 0;
  /// Every object below `directory`, at any depth and in no order. A directory that `enter` refuses, asked with its
  /// path below `directory`, is left out with all it holds; links to directories are not followed. Ends early with the
  /// first error of `visit`. Errors: kNotSupported for a store that cannot.
  virtual Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                            const std::function<Result<void>(const ObjectInfo&)>& visit);
  /// Deleting what is not there succeeds.
  virtual Result<void> Delete(const std::string& path) = 0;
  /// Makes the directory and its parents where the store has such a thing.
  virtual Result<void> MakeDirectory(const std::string& path) = 0;
};

/// The local file system: temporary file, fsync, link(2) or rename(2), fsync of the directory.
std::unique_ptr<ObjectStore> NewLocalStore();

}  // namespace neurolake::storage
