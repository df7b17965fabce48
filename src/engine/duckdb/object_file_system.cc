#include "engine/duckdb/internal/object_file_system.h"

#include <cstring>
#include <thread>

#include "duckdb/common/file_opener.hpp"
#include "duckdb/common/file_system.hpp"
#include "duckdb/common/multi_file/multi_file_list.hpp"
#include "duckdb/common/open_file_info.hpp"
#include "duckdb/storage/buffer_manager.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "storage/path.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {
namespace {

using Access = PathGrants::Access;
using Opener = native::optional_ptr<native::FileOpener>;

/// A store answers one request at some tens of MB/s, several at a multiple of that.
constexpr int64_t kPartBytes = 8 << 20;
constexpr int64_t kPartsAtOnce = 4;
/// Waiting for an answer takes as long as sending this much: a file that is not larger is read in one go.
constexpr int64_t kWholeBytes = 1 << 20;

[[noreturn]] void Refuse(std::string_view what) {
  ThrowLakeError(Error(ErrorCode::kNotSupported, fmt::format("a file of an object store cannot be {}", what)));
}

native::timestamp_t ToDuckDb(WallTime time) { return native::timestamp_t(time.time_since_epoch().count()); }

class ReadHandle final : public native::FileHandle {
 public:
  ReadHandle(native::FileSystem& system, const std::string& path, native::FileOpenFlags flags, int64_t size_bytes,
             native::timestamp_t modified)
      : FileHandle(system, path, flags), size_bytes(size_bytes), modified(modified) {}
  void Close() override {}

  /// Copies a part of a small file, which `read` brings when it is asked for the first time.
  template <typename Read>
  void CopyFromWhole(char* to, int64_t begin, int64_t count, const Read& read) {
    std::lock_guard lock(whole_mutex_);
    if (!whole_) whole_ = read();
    std::memcpy(to, whole_->data() + begin, static_cast<size_t>(count));
  }

  const int64_t size_bytes;
  const native::timestamp_t modified;
  int64_t position = 0;

 private:
  std::mutex whole_mutex_;
  std::optional<std::string> whole_;
};

/// Memory that the engine does not see, counted among what it does. One thread.
class CountedMemory {
 public:
  /// Null: nothing is counted (the engine itself writes, without a database).
  explicit CountedMemory(native::optional_ptr<native::DatabaseInstance> database) : database_(database) {}
  CountedMemory(const CountedMemory&) = delete;
  CountedMemory& operator=(const CountedMemory&) = delete;
  ~CountedMemory() {
    if (database_ && bytes_ > 0) native::BufferManager::GetBufferManager(*database_).FreeReservedMemory(bytes_);
  }
  /// Throws DuckDB's OutOfMemoryException where the limit does not have it.
  void GrowTo(native::idx_t bytes) {
    if (!database_ || bytes <= bytes_) return;
    native::BufferManager::GetBufferManager(*database_).ReserveMemory(bytes - bytes_);
    bytes_ = bytes;
  }

 private:
  native::optional_ptr<native::DatabaseInstance> database_;
  native::idx_t bytes_ = 0;
};

class WriteHandle final : public native::FileHandle {
 public:
  WriteHandle(native::FileSystem& system, const std::string& path, native::FileOpenFlags flags,
              std::unique_ptr<storage::ObjectWriter> upload, native::optional_ptr<native::DatabaseInstance> database)
      : FileHandle(system, path, flags), upload_(std::move(upload)), buffer_(database) {}
  // Whoever did not close it failed: nobody may see a part of a file.
  ~WriteHandle() override {
    if (upload_ != nullptr) upload_->Abort();
  }
  void Close() override {
    if (upload_ == nullptr) return;
    const auto upload = std::exchange(upload_, nullptr);
    auto finished = upload->Finish();
    // A file that no log names yet decides no commit.
    if (!finished.has_value() && finished.error().code() == ErrorCode::kCommitUnknown) {
      ThrowLakeError(
          Error(ErrorCode::kIoError, fmt::format("a file was sent, but the object store gave no answer: {}", path)));
    }
    ValueOrThrow(std::move(finished));
  }
  void Append(const void* bytes, int64_t size_bytes) {
    if (upload_ == nullptr) Refuse("written to after it was closed");
    buffer_.GrowTo(static_cast<native::idx_t>(std::min(written_bytes + size_bytes, kUploadBufferBytes / 2)) * 2);
    ValueOrThrow(upload_->Append({static_cast<const char*>(bytes), static_cast<size_t>(size_bytes)}));
    written_bytes += size_bytes;
  }

  int64_t written_bytes = 0;

 private:
  std::unique_ptr<storage::ObjectWriter> upload_;
  CountedMemory buffer_;
};

class ObjectFileSystem final : public native::FileSystem {
 public:
  ObjectFileSystem(const PathGrants& grants, storage::ObjectStore& store) : grants_(grants), store_(store) {}

  std::string GetName() const override { return "ObjectFileSystem"; }
  // Of every scheme, known or not: none of them is a local file.
  bool CanHandleFile(const native::string& path) override { return storage::IsUrl(path); }
  bool CanSeek() override { return true; }
  bool OnDiskFile(native::FileHandle&) override { return false; }
  native::FileType GetFileType(native::FileHandle&) override { return native::FileType::FILE_TYPE_REGULAR; }

  native::unique_ptr<native::FileHandle> OpenFile(const native::string& path, native::FileOpenFlags flags,
                                                  Opener opener) override {
    return Open(native::OpenFileInfo(path), flags, opener);
  }

  // Directories are names here: they are there once something is in them.
  bool DirectoryExists(const native::string& path, Opener) override { return Allowed(path); }
  void CreateDirectory(const native::string& path, Opener) override { Check(path, Access::kReadWrite); }
  void RemoveDirectory(const native::string&, Opener) override { Refuse("removed as a directory"); }
  void MoveFile(const native::string&, const native::string&, Opener) override { Refuse("moved"); }
  bool IsPipe(const native::string&, Opener) override { return false; }
  // As the governed file system: what a copy by partitions looks for and takes back.
  bool FileExists(const native::string& asked, Opener) override {
    const std::string path = tables::delta::WithShortNames(asked);
    if (!Allowed(path)) return false;
    const auto found = store_.Head(Normal(path));
    if (!found.has_value() && found.error().code() != ErrorCode::kNotFound) ThrowLakeError(found.error());
    return found.has_value();
  }
  void RemoveFile(const native::string& asked, Opener) override {
    const std::string path = tables::delta::WithShortNames(asked);
    Check(path, Access::kReadWrite);
    ValueOrThrow(store_.Delete(Normal(path)));
  }

  void Read(native::FileHandle& handle, void* buffer, int64_t size_bytes, native::idx_t location) override {
    auto& file = Reading(handle);
    const auto begin = static_cast<int64_t>(location);
    if (begin < 0 || size_bytes < 0 || begin + size_bytes > file.size_bytes) {
      ThrowLakeError(Error(ErrorCode::kCorruption, fmt::format("a file ends before it should: {}", handle.path)));
    }
    ReadParts(file, static_cast<char*>(buffer), begin, size_bytes);
  }
  int64_t Read(native::FileHandle& handle, void* buffer, int64_t size_bytes) override {
    auto& file = Reading(handle);
    const int64_t count = std::min(size_bytes, file.size_bytes - file.position);
    if (count <= 0) return 0;
    ReadParts(file, static_cast<char*>(buffer), file.position, count);
    file.position += count;
    return count;
  }
  void Write(native::FileHandle& handle, void* buffer, int64_t size_bytes, native::idx_t location) override {
    auto& file = Writing(handle);
    if (static_cast<int64_t>(location) != file.written_bytes) Refuse("changed in its middle");
    file.Append(buffer, size_bytes);
  }
  int64_t Write(native::FileHandle& handle, void* buffer, int64_t size_bytes) override {
    Writing(handle).Append(buffer, size_bytes);
    return size_bytes;
  }
  void FileSync(native::FileHandle&) override {}  // Closing is what makes it durable.
  void Truncate(native::FileHandle&, int64_t) override { Refuse("cut"); }

  int64_t GetFileSize(native::FileHandle& handle) override {
    return handle.flags.OpenForWriting() ? Writing(handle).written_bytes : Reading(handle).size_bytes;
  }
  native::timestamp_t GetLastModifiedTime(native::FileHandle& handle) override {
    return handle.flags.OpenForWriting() ? native::timestamp_t(0) : Reading(handle).modified;
  }
  // Data files never change; a name that was used again has another size or time.
  native::string GetVersionTag(native::FileHandle& handle) override {
    if (handle.flags.OpenForWriting()) return "";
    const auto& file = Reading(handle);
    return fmt::format("{}-{}", file.size_bytes, file.modified.value);
  }
  void Seek(native::FileHandle& handle, native::idx_t location) override {
    Reading(handle).position = static_cast<int64_t>(location);
  }
  void Reset(native::FileHandle& handle) override { Reading(handle).position = 0; }
  native::idx_t SeekPosition(native::FileHandle& handle) override {
    const bool writing = handle.flags.OpenForWriting();
    return static_cast<native::idx_t>(writing ? Writing(handle).written_bytes : Reading(handle).position);
  }

 protected:
  bool SupportsOpenFileExtended() const override { return true; }
  native::unique_ptr<native::FileHandle> OpenFileExtended(const native::OpenFileInfo& info, native::FileOpenFlags flags,
                                                          Opener opener) override {
    return Open(info, flags, opener);
  }
  bool ListFilesExtended(const native::string&, const std::function<void(native::OpenFileInfo& info)>&,
                         Opener) override {
    Refuse("listed");
  }
  bool SupportsListFilesExtended() const override { return true; }
  // No pattern is ever expanded, as for local files.
  native::unique_ptr<native::MultiFileList> GlobFilesExtended(const native::string& path, const native::FileGlobInput&,
                                                              Opener) override {
    Check(path, Access::kRead);
    native::vector<native::OpenFileInfo> files;
    files.emplace_back(path);
    return native::make_uniq<native::SimpleMultiFileList>(std::move(files));
  }
  bool SupportsGlobExtended() const override { return true; }

 private:
  native::unique_ptr<native::FileHandle> Open(const native::OpenFileInfo& info, native::FileOpenFlags flags,
                                              Opener opener) {
    const bool writes = flags.OpenForWriting() || flags.CreateFileIfNotExists() || flags.OverwriteExistingFile() ||
                        flags.OpenForAppending();
    Check(info.path, writes ? Access::kReadWrite : Access::kRead);
    const std::string path = Normal(info.path);
    if (writes) {
      if (flags.OpenForReading() || flags.OpenForAppending()) Refuse("changed");
      return native::make_uniq<WriteHandle>(*this, path, flags, ValueOrThrow(store_.NewUpload(path, {})),
                                            native::FileOpener::TryGetDatabase(opener));
    }
    if (info.extended_info != nullptr) {
      const auto& known = info.extended_info->options;
      const auto size = known.find(kKnownFileSize);
      const auto modified = known.find(kKnownModified);
      if (size != known.end() && modified != known.end()) {
        return native::make_uniq<ReadHandle>(*this, path, flags, size->second.GetValue<int64_t>(),
                                             modified->second.GetValue<native::timestamp_t>());
      }
    }
    auto found = store_.Head(path);
    if (!found.has_value() && found.error().code() == ErrorCode::kNotFound) {
      if (flags.ReturnNullIfNotExists()) return nullptr;
    }
    const storage::ObjectInfo file = ValueOrThrow(std::move(found));
    return native::make_uniq<ReadHandle>(*this, path, flags, file.size_bytes, ToDuckDb(file.modified));
  }

  std::string ReadPart(const std::string& path, int64_t begin, int64_t size_bytes) {
    std::string bytes = ValueOrThrow(store_.ReadRange(path, begin, size_bytes));
    if (static_cast<int64_t>(bytes.size()) != size_bytes) {
      ThrowLakeError(Error(ErrorCode::kCorruption, fmt::format("a file is shorter than the log says: {}", path)));
    }
    return bytes;
  }

  void ReadParts(ReadHandle& file, char* to, int64_t begin, int64_t size_bytes) {
    if (file.size_bytes <= kWholeBytes) {
      file.CopyFromWhole(to, begin, size_bytes, [&] { return ReadPart(file.path, 0, file.size_bytes); });
      return;
    }
    const int64_t parts = (size_bytes + kPartBytes - 1) / kPartBytes;
    std::atomic<int64_t> next{0};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&] {
      for (int64_t part = next++; part < parts; part = next++) {
        const int64_t offset = part * kPartBytes;
        try {
          const std::string bytes = ReadPart(file.path, begin + offset, std::min(kPartBytes, size_bytes - offset));
          std::memcpy(to + offset, bytes.data(), bytes.size());
        } catch (...) {
          std::lock_guard lock(mutex);
          if (failure == nullptr) failure = std::current_exception();
          next = parts;
        }
      }
    };
    {
      std::vector<std::jthread> others;
      for (int64_t i = 1; i < std::min(parts, kPartsAtOnce); ++i) others.emplace_back(work);
      work();
    }
    if (failure != nullptr) std::rethrow_exception(failure);
  }

  static ReadHandle& Reading(native::FileHandle& handle) {
    if (handle.flags.OpenForWriting()) Refuse("read while it is written");
    return handle.Cast<ReadHandle>();
  }
  static WriteHandle& Writing(native::FileHandle& handle) {
    if (!handle.flags.OpenForWriting()) Refuse("written to when it was opened for reading");
    return handle.Cast<WriteHandle>();
  }

  static std::string Normal(const std::string& path) { return ValueOrThrow(storage::NormalUrl(path)); }
  bool Allowed(const native::string& path) const { return grants_.Check(path, Access::kRead).has_value(); }
  void Check(const native::string& path, Access access) const { ValueOrThrow(grants_.Check(path, access)); }

  const PathGrants& grants_;
  storage::ObjectStore& store_;
};

}  // namespace

native::unique_ptr<native::FileSystem> NewObjectFileSystem(const PathGrants& grants, storage::ObjectStore& store) {
  return native::make_uniq<ObjectFileSystem>(grants, store);
}

}  // namespace neurolake::engine::duckdb
