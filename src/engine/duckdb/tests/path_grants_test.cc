// Which files the engine may open, whoever names them.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "duckdb/common/file_open_flags.hpp"
#include "engine/duckdb/internal/governed_file_system.h"
#include "engine/duckdb/tests/system_call_faults.h"

namespace neurolake::engine::duckdb {
namespace {

using Access = PathGrants::Access;

class PathGrantsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::canonical(testing::TempDir()).string() + "/path_grants_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    for (const char* directory : {"/table", "/table/part", "/tables", "/other"}) {
      std::filesystem::create_directories(root_ + directory);
      std::ofstream(root_ + directory + "/file") << "content";
    }
    std::filesystem::create_directory_symlink(root_ + "/other", root_ + "/table/link");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  bool Reads(const std::string& path) const { return grants_.Check(path, Access::kRead).has_value(); }
  bool Writes(const std::string& path) const { return grants_.Check(path, Access::kReadWrite).has_value(); }

  std::string root_;
  PathGrants grants_;
};

TEST_F(PathGrantsTest, NothingIsOpenOfItself) {
  EXPECT_FALSE(Reads(root_ + "/table/file"));
  EXPECT_FALSE(Reads("/"));
  EXPECT_FALSE(Reads(""));
  EXPECT_FALSE(Reads("s3://bucket/file"));
}

TEST_F(PathGrantsTest, ADirectoryIsOpenWithWhatIsBelowItAndNothingElse) {
  grants_.Allow(root_ + "/table/", Access::kRead);
  for (const char* path : {"/table", "/table/file", "/table/part/file", "/table/new", "/other/../table/file"}) {
    EXPECT_TRUE(Reads(root_ + path)) << path;
  }
  for (const char* path : {"/tables/file", "/other/file", "/table/../other/file", "/table/link/file",
                           "/table/part/../../other/file", "/tabl", ""}) {
    EXPECT_FALSE(Reads(root_ + path)) << path;
  }
  EXPECT_FALSE(Reads("table/file"));
  EXPECT_FALSE(Reads(root_ + "/table/file" + std::string(1, '\0') + ".parquet"));
  EXPECT_FALSE(Reads(root_ + "/table/" + std::string(1, '\0')));
}

TEST_F(PathGrantsTest, WhoMayReadMayNotWrite) {
  grants_.Allow(root_ + "/table", Access::kRead);
  EXPECT_FALSE(Writes(root_ + "/table/file"));
  grants_.Allow(root_ + "/table/part", Access::kReadWrite);
  EXPECT_TRUE(Writes(root_ + "/table/part/file"));
  EXPECT_TRUE(Reads(root_ + "/table/part/file"));
  EXPECT_FALSE(Writes(root_ + "/table/file"));
  grants_.Allow(root_ + "/table", Access::kReadWrite);
  EXPECT_TRUE(Writes(root_ + "/table/file"));
}

TEST_F(PathGrantsTest, WhatIsOfAStatementEndsWithIt) {
  grants_.AllowAlways(root_ + "/tables", Access::kRead);
  grants_.Allow(root_ + "/table", Access::kReadWrite);
  grants_.Clear();
  EXPECT_FALSE(Reads(root_ + "/table/file"));
  EXPECT_TRUE(Reads(root_ + "/tables/file"));
}

TEST_F(PathGrantsTest, WhatCouldNotBeGrantedIsNotToldAsForbidden) {
  const auto fails = [&](const auto& grant) {
    ArmSystemCallFault({.directory = root_ + "/table", .reads = true});
    grant();
    EXPECT_TRUE(DisarmSystemCallFault());
  };
  const auto code = [&] { return grants_.Check(root_ + "/table/file", Access::kRead).error().code(); };
  fails([&] { grants_.Allow(root_ + "/table", Access::kRead); });
  EXPECT_EQ(code(), ErrorCode::kIoError);
  grants_.Clear();
  EXPECT_EQ(code(), ErrorCode::kPermissionDenied) << "of another statement";
  fails([&] { grants_.AllowAlways(root_ + "/table", Access::kRead); });
  EXPECT_EQ(code(), ErrorCode::kIoError);
  grants_.Clear();
  EXPECT_EQ(code(), ErrorCode::kIoError) << "of all statements";
}

TEST_F(PathGrantsTest, TheEnginesFilesAreThoseThatAreGranted) {
  const auto store = storage::NewLocalStore();
  const auto files = NewGovernedFileSystem(grants_, *store, "");
  const auto opens = [&](const std::string& path, native::FileOpenFlags flags) {
    try {
      return files->OpenFile(root_ + path, flags, nullptr) != nullptr;
    } catch (const std::exception&) {
      return false;
    }
  };
  const auto fails = [](const auto& call) {
    try {
      call();
    } catch (const std::exception&) {
      return true;
    }
    return false;
  };
  const native::FileOpenFlags read = native::FileFlags::FILE_FLAGS_READ;
  const native::FileOpenFlags write = native::FileFlags::FILE_FLAGS_WRITE;
  const native::FileOpenFlags create = write | native::FileFlags::FILE_FLAGS_FILE_CREATE;
  EXPECT_FALSE(opens("/table/file", read));
  grants_.Allow(root_ + "/table", Access::kRead);
  EXPECT_TRUE(opens("/table/file", read));
  EXPECT_FALSE(opens("/table/file", write));
  EXPECT_FALSE(opens("/table/new", create));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/table/new"));
  EXPECT_FALSE(opens("/other/file", read));
  EXPECT_TRUE(fails([&] { files->RemoveFile(root_ + "/table/file"); }));
  EXPECT_TRUE(fails([&] { files->CreateDirectory(root_ + "/table/made"); }));
  EXPECT_TRUE(fails([&] { files->RemoveDirectory(root_ + "/table/part"); }));
  EXPECT_TRUE(fails([&] { files->MoveFile(root_ + "/table/file", root_ + "/table/moved"); }));
  EXPECT_FALSE(files->FileExists(root_ + "/other/file"));
  EXPECT_TRUE(files->FileExists(root_ + "/table/file"));
  EXPECT_FALSE(files->DirectoryExists(root_ + "/other"));
  EXPECT_TRUE(files->DirectoryExists(root_ + "/table/part"));
  for (const char* pipe : {"/other/pipe", "/table/pipe"}) ASSERT_EQ(::mkfifo((root_ + pipe).c_str(), 0600), 0);
  EXPECT_FALSE(files->IsPipe(root_ + "/other/pipe"));
  EXPECT_TRUE(files->IsPipe(root_ + "/table/pipe"));
  const auto list = [&](const std::string& directory) {
    return fails([&] { files->ListFiles(root_ + directory, [](const std::string&, bool) {}); });
  };
  EXPECT_TRUE(list("/other"));
  EXPECT_FALSE(list("/table"));
  EXPECT_TRUE(fails([&] { files->Glob(root_ + "/other/file"); }));
  EXPECT_FALSE(fails([&] { files->Glob(root_ + "/table/file"); }));
  grants_.Allow(root_ + "/table", Access::kReadWrite);
  EXPECT_TRUE(opens("/table/new", create));
  EXPECT_FALSE(opens("/other/new", create));
  EXPECT_TRUE(fails([&] { files->MoveFile(root_ + "/table/file", root_ + "/other/moved"); }));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/table/file"));
  EXPECT_TRUE(fails([&] { files->MoveFile(root_ + "/other/file", root_ + "/table/taken"); }));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/other/file"));
}

/// Has whatever it is asked for, and remembers what that was.
class AskedStore final : public storage::ObjectStore {
 public:
  Result<std::string> Read(const std::string& path) override { return Asked("read", path), std::string("content"); }
  Result<std::string> ReadRange(const std::string& path, int64_t, int64_t) override { return Read(path); }
  Result<storage::ObjectInfo> Head(const std::string& path) override {
    return Asked("head", path), storage::ObjectInfo{.path = path, .size_bytes = 7};
  }
  Result<void> PutIfAbsent(const std::string& path, std::string_view) override {
    return Asked("put", path), Result<void>();
  }
  Result<void> Put(const std::string& path, std::string_view) override { return Asked("put", path), Result<void>(); }
  Result<std::unique_ptr<storage::ObjectWriter>> NewUpload(const std::string& path, storage::UploadOptions o) override {
    Asked("upload", path);
    return ObjectStore::NewUpload(path, std::move(o));
  }
  Result<std::vector<storage::ObjectInfo>> List(const std::string&, const std::string&) override {
    return std::vector<storage::ObjectInfo>();
  }
  Result<void> Delete(const std::string& path) override { return Asked("delete", path), Result<void>(); }
  Result<void> MakeDirectory(const std::string&) override { return {}; }

  std::vector<std::string> asked;

 private:
  void Asked(const char* what, const std::string& path) { asked.push_back(std::string(what) + " " + path); }
};

TEST_F(PathGrantsTest, ObjectsAreThoseThatAreGrantedToo) {
  AskedStore store;
  const auto files = NewGovernedFileSystem(grants_, store, "");
  grants_.Allow("s3://bucket/table", Access::kRead);
  const auto fails = [](const auto& call) {
    try {
      call();
    } catch (const std::exception&) {
      return true;
    }
    return false;
  };
  const native::FileOpenFlags read = native::FileFlags::FILE_FLAGS_READ;
  const native::FileOpenFlags create =
      native::FileOpenFlags(native::FileFlags::FILE_FLAGS_WRITE) | native::FileFlags::FILE_FLAGS_FILE_CREATE;
  const std::string other = "s3://bucket/other/file", own = "s3://bucket/table/file";
  EXPECT_TRUE(fails([&] { files->OpenFile(other, read, nullptr); }));
  EXPECT_TRUE(fails([&] { files->OpenFile(own, create, nullptr); }));
  EXPECT_TRUE(fails([&] { files->RemoveFile(own); }));
  EXPECT_TRUE(fails([&] { files->Glob(other); }));
  EXPECT_FALSE(files->FileExists(other));
  EXPECT_FALSE(files->DirectoryExists("s3://bucket/other"));
  EXPECT_THAT(store.asked, testing::IsEmpty());
  EXPECT_FALSE(fails([&] { files->OpenFile(own, read, nullptr); }));
  EXPECT_FALSE(fails([&] { files->Glob(own); }));
  EXPECT_TRUE(files->FileExists(own));
  EXPECT_TRUE(files->DirectoryExists("s3://bucket/table"));
  grants_.Allow("s3://bucket/table", Access::kReadWrite);
  EXPECT_FALSE(fails([&] { files->RemoveFile(own); }));
  EXPECT_THAT(store.asked, testing::Contains("delete " + own));
}

}  // namespace
}  // namespace neurolake::engine::duckdb
