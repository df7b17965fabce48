#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::storage {

struct ObjectInfo {
  std::string path;  ///< As given to the call, joined with what was found below it.
  int64_t size_bytes = 0;
  WallTime modified;
};

/// An object that is being read from its beginning in pieces. One thread.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  /// At most `limit_bytes`; empty at the end.
  virtual Result<std::string> Read(int64_t limit_bytes) = 0;
};

/// An object that is being written in pieces. Nothing is visible under its name before Finish succeeded; destroying it
/// unfinished leaves nothing behind where the store can be reached. One thread.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Result<void> Append(std::string_view bytes) = 0;
  /// Makes the object visible, whole and durable. Errors: as Put or PutIfAbsent. To be called once.
  virtual Result<void> Finish() = 0;
  /// Gives up. After Finish, or a second time, it does nothing.
  virtual void Abort() = 0;
};

struct UploadOptions {
  bool if_absent = false;  ///< As PutIfAbsent instead of Put.
  /// When known: stores that send parts choose their size by it. 0: unknown.
  int64_t expected_bytes = 0;
};

/// Named immutable blobs, as every table format needs them. Paths are absolute ("/lake/tables/…") or URLs
/// ("s3://bucket/key"). Implementations are thread-safe.
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
  /// For objects too large to hold. Makes the directories above `path` where the store has such a thing.
  /// The default collects the bytes and calls Put or PutIfAbsent.
  virtual Result<std::unique_ptr<ObjectWriter>> NewUpload(const std::string& path, UploadOptions options = {});
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
  /// Deletes all of them, in few requests where the store can. Goes on after a failure and returns the first.
  virtual Result<void> DeleteMany(const std::vector<std::string>& paths);
  /// Makes the directory and its parents where the store has such a thing.
  virtual Result<void> MakeDirectory(const std::string& path) = 0;

  // Below a directory that somebody else may write into (a table's, its log): they must not choose what the server
  // reads or deletes elsewhere. Errors: kPermissionDenied for a path that is not below `directory` in its text, has
  // "..", or leads through a link (which only the local file system has).

  /// Reads as DeleteBelow deletes. Errors: kNotFound besides.
  virtual Result<std::unique_ptr<ObjectReader>> OpenBelow(const std::string& directory, const std::string& path);
  /// Deletes the file unless the way to it leads out of `directory`. Succeeds where nothing is there.
  virtual Result<void> DeleteBelow(const std::string& directory, const std::string& path);
  /// Whether the way from `directory` to the file leads through a link, or the file is one.
  virtual Result<bool> LeadsThroughLink(const std::string& directory, const std::string& path);

  /// The same store for one request: what waits on a network ends with its deadline or stop. Borrows this store.
  virtual std::unique_ptr<ObjectStore> For(const RequestContext& ctx);
};

/// The local file system: temporary file, fsync, link(2) or rename(2), fsync of the directory.
std::unique_ptr<ObjectStore> NewLocalStore();

}  // namespace neurolake::storage
