#include "engine/duckdb/internal/governed_file_system.h"

#include "duckdb/common/local_file_system.hpp"
#include "duckdb/common/multi_file/multi_file_list.hpp"
#include "duckdb/common/virtual_file_system.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/object_file_system.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {
namespace {

using Access = PathGrants::Access;
using Opener = native::optional_ptr<native::FileOpener>;

// Checks every call that takes a path; calls on an open handle need no check, since opening it had one.
// The engine names directories of partitions itself, however long: what it makes, looks for and takes back is what
// parquet_output.cc opens.
class GovernedFileSystem final : public native::LocalFileSystem {
 public:
  GovernedFileSystem(const PathGrants& grants, std::string spill_directory)
      : grants_(grants), spill_directory_(std::move(spill_directory)) {}

  native::unique_ptr<native::FileHandle> OpenFile(const native::string& path, native::FileOpenFlags flags,
                                                  Opener opener) override {
    const bool writes = flags.OpenForWriting() || flags.CreateFileIfNotExists() || flags.OverwriteExistingFile() ||
                        flags.OpenForAppending();
    Check(path, writes ? Access::kReadWrite : Access::kRead);
    return LocalFileSystem::OpenFile(path, flags, opener);
  }
  bool DirectoryExists(const native::string& asked, Opener opener) override {
    const std::string path = tables::delta::WithShortNames(asked);
    return Allowed(path) && LocalFileSystem::DirectoryExists(path, opener);
  }
  void CreateDirectory(const native::string& asked, Opener opener) override {
    const std::string path = tables::delta::WithShortNames(asked);
    Check(path, Access::kReadWrite);
    LocalFileSystem::CreateDirectory(path, opener);
  }
  void RemoveDirectory(const native::string& path, Opener opener) override {
    Check(path, Access::kReadWrite);
    LocalFileSystem::RemoveDirectory(path, opener);
  }
  void MoveFile(const native::string& source, const native::string& target, Opener opener) override {
    Check(source, Access::kReadWrite);
    Check(target, Access::kReadWrite);
    LocalFileSystem::MoveFile(source, target, opener);
  }
  bool FileExists(const native::string& asked, Opener opener) override {
    const std::string path = tables::delta::WithShortNames(asked);
    return Allowed(path) && LocalFileSystem::FileExists(path, opener);
  }
  bool IsPipe(const native::string& path, Opener opener) override {
    return Allowed(path) && LocalFileSystem::IsPipe(path, opener);
  }
  void RemoveFile(const native::string& asked, Opener opener) override {
    const std::string path = tables::delta::WithShortNames(asked);
    Check(path, Access::kReadWrite);
    LocalFileSystem::RemoveFile(path, opener);
  }
  /// The engine shortens a file of spilled blocks with each block at its end that is read back, while other threads
  /// wait to spill. Where file systems hand such space back to the device, that takes milliseconds each time: so it is
  /// done for many blocks at once. What remains is deleted with the file.
  void Truncate(native::FileHandle& handle, int64_t size) override {
    constexpr int64_t kSpillStepBytes = int64_t{256} << 20;
    if (size > 0 && IsSpilled(handle.path) && GetFileSize(handle) - size < kSpillStepBytes) return;
    LocalFileSystem::Truncate(handle, size);
  }
  std::string GetName() const override { return "LocalFileSystem"; }

 protected:
  bool ListFilesExtended(const native::string& directory,
                         const std::function<void(native::OpenFileInfo& info)>& callback, Opener opener) override {
    Check(directory, Access::kRead);
    return LocalFileSystem::ListFilesExtended(directory, callback, opener);
  }
  // No pattern is ever expanded: every list of files comes from a log or from the product itself.
  native::unique_ptr<native::MultiFileList> GlobFilesExtended(const native::string& path,
                                                              const native::FileGlobInput& input,
                                                              Opener opener) override {
    Check(path, Access::kRead);
    native::vector<native::OpenFileInfo> files;
    files.emplace_back(path);
    return native::make_uniq<native::SimpleMultiFileList>(std::move(files));
  }

 private:
  // What may not be read is not there: DuckDB itself looks for files of the system when it starts. Of what cannot be
  // looked at nobody knows.
  bool Allowed(const native::string& path) const {
    const auto checked = grants_.Check(path, Access::kRead);
    if (!checked.has_value() && checked.error().code() == ErrorCode::kIoError) ValueOrThrow(checked);
    return checked.has_value();
  }
  void Check(const native::string& path, Access access) const { ValueOrThrow(grants_.Check(path, access)); }
  bool IsSpilled(const std::string& path) const {
    return !spill_directory_.empty() && path.starts_with(spill_directory_ + "/");
  }
  const PathGrants& grants_;
  const std::string spill_directory_;
};

}  // namespace

native::unique_ptr<native::FileSystem> NewGovernedFileSystem(const PathGrants& grants, storage::ObjectStore& store,
                                                             std::string spill_directory) {
  auto system = native::make_uniq<native::VirtualFileSystem>(
      native::make_uniq<GovernedFileSystem>(grants, std::move(spill_directory)));
  system->RegisterSubSystem(NewObjectFileSystem(grants, store));
  return system;
}

}  // namespace neurolake::engine::duckdb
