#include "storage/local_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/ids.h"

namespace neurolake::storage {
namespace {

namespace fs = std::filesystem;

class LocalFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    base_ = fs::temp_directory_path() / ("nl-local-files-" + NewUuid());
    fs::create_directories(base_ / "table" / "sub");
    fs::create_directories(base_ / "other");
    for (const char* file : {"table/a", "table/sub/b", "other/secret"}) std::ofstream(base_ / file) << "x";
    fs::create_directory_symlink(base_ / "other", base_ / "table" / "link");
    fs::create_symlink(base_ / "other" / "secret", base_ / "table" / "leaf");
    table_ = (base_ / "table").string();
  }
  void TearDown() override { fs::remove_all(base_); }

  ErrorCode OpenFails(const std::string& path) const {
    const auto opened = OpenBelow(table_, path);
    return opened.has_value() ? ErrorCode::kInternal : opened.error().code();
  }

  fs::path base_;
  std::string table_;
};

TEST_F(LocalFilesTest, FilesBelowAreReached) {
  for (const char* path : {"/a", "/sub/b", "//sub/./b"}) {
    const auto opened = OpenBelow(table_ + "/", table_ + path);
    ASSERT_TRUE(opened.has_value()) << path;
    char byte = 0;
    EXPECT_EQ(::read(opened->get(), &byte, 1), 1) << path;
    EXPECT_FALSE(LeadsThroughLink(table_, table_ + path).value());
  }
  ASSERT_TRUE(DeleteBelow(table_, table_ + "/sub/b").has_value());
  EXPECT_FALSE(fs::exists(base_ / "table/sub/b"));
  EXPECT_TRUE(DeleteBelow(table_, table_ + "/sub/b").has_value());
  EXPECT_TRUE(DeleteBelow(table_, table_ + "/none/b").has_value());
  EXPECT_EQ(OpenFails(table_ + "/none"), ErrorCode::kNotFound);
  EXPECT_FALSE(LeadsThroughLink(table_, table_ + "/none/b").value());
}

TEST_F(LocalFilesTest, NothingElseIs) {
  for (const char* path :
       {"/link/secret", "/leaf", "/../other/secret", "/sub/../../other/secret", "", "/", "2/a", "/sub"}) {
    EXPECT_EQ(OpenFails(table_ + path), ErrorCode::kPermissionDenied) << path;
  }
  EXPECT_EQ(OpenFails((base_ / "other/secret").string()), ErrorCode::kPermissionDenied);
  for (const char* path : {"/link/secret", "/../other/secret"}) {
    EXPECT_FALSE(DeleteBelow(table_, table_ + path).has_value()) << path;
  }
  EXPECT_TRUE(LeadsThroughLink(table_, table_ + "/link/secret").value());
  EXPECT_TRUE(LeadsThroughLink(table_, table_ + "/leaf").value());
  // The link goes, not what it leads to.
  EXPECT_TRUE(DeleteBelow(table_, table_ + "/leaf").has_value());
  EXPECT_TRUE(fs::exists(base_ / "other/secret"));
}

}  // namespace
}  // namespace neurolake::storage
