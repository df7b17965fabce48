#include "query/lake_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace neurolake::query {
namespace {

class LakeDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/lake_directory_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_;
};

TEST_F(LakeDirectoryTest, OneHolderAtATimeAndTheErrorNamesIt) {
  auto first = LakeDirectory::Open(root_);
  ASSERT_TRUE(first.has_value()) << first.error().message();
  const auto second = LakeDirectory::Open(root_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message(), testing::HasSubstr(std::to_string(::getpid())));
  first->reset();
  EXPECT_TRUE(LakeDirectory::Open(root_).has_value());
}

TEST_F(LakeDirectoryTest, EmptiesTheSpillFolderOfADeadServer) {
  std::filesystem::create_directories(root_ + "/spill/worker");
  std::ofstream(root_ + "/spill/worker/data.tmp") << "left behind";
  auto lake = LakeDirectory::Open(root_);
  ASSERT_TRUE(lake.has_value());
  EXPECT_TRUE(std::filesystem::is_empty((*lake)->spill_path()));
}

TEST_F(LakeDirectoryTest, AFileInTheWayIsAClearError) {
  std::ofstream(root_) << "not a directory";
  EXPECT_FALSE(LakeDirectory::Open(root_).has_value());
  std::filesystem::remove(root_);
}

}  // namespace
}  // namespace neurolake::query
