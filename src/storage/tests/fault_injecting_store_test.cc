#include "storage/fault_injecting_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace neurolake::storage {
namespace {

class FaultInjectingStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "nl-fault-store-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern + "/a";
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
  std::string path_;
  std::unique_ptr<ObjectStore> local_ = NewLocalStore();
  FaultInjectingStore store_{*local_};
};

TEST_F(FaultInjectingStoreTest, FailsTheNthMatchingCallOnly) {
  store_.Inject({.operation = StoreOperation::kPut, .nth = 2, .code = ErrorCode::kReadOnly});
  EXPECT_TRUE(store_.Put(path_, "1").has_value());
  EXPECT_EQ(store_.Put(path_, "2").error().code(), ErrorCode::kReadOnly);
  EXPECT_EQ(local_->Read(path_).value(), "1");
  EXPECT_TRUE(store_.Put(path_, "3").has_value());
  EXPECT_EQ(store_.operations(), 3);
}

TEST_F(FaultInjectingStoreTest, LosesTheAnswerAfterTheEffect) {
  store_.Inject({.kind = Fault::Kind::kLoseAnswer, .code = ErrorCode::kCommitUnknown});
  EXPECT_EQ(store_.PutIfAbsent(path_, "x").error().code(), ErrorCode::kCommitUnknown);
  EXPECT_EQ(local_->Read(path_).value(), "x");
}

TEST_F(FaultInjectingStoreTest, ShortWriteAndShortRead) {
  store_.Inject({.kind = Fault::Kind::kShortWrite, .operation = StoreOperation::kPut});
  EXPECT_FALSE(store_.Put(path_, "abcd").has_value());
  EXPECT_EQ(local_->Read(path_).value(), "ab");
  store_.Inject({.kind = Fault::Kind::kShortRead, .operation = StoreOperation::kRead});
  EXPECT_EQ(store_.Read(path_).value(), "a");
}

TEST_F(FaultInjectingStoreTest, FullDiskTakesWhatFits) {
  store_.LimitCapacity(3);
  EXPECT_EQ(store_.Put(path_, "abcd").error().code(), ErrorCode::kDiskFull);
  EXPECT_FALSE(local_->Head(path_).has_value());
  EXPECT_TRUE(store_.Put(path_, "abc").has_value());
  store_.RemoveCapacityLimit();
  EXPECT_TRUE(store_.Put(path_, "abcd").has_value());
}

TEST_F(FaultInjectingStoreTest, DelayedEffectHappensWhenReleased) {
  store_.Inject({.kind = Fault::Kind::kDelayEffect, .code = ErrorCode::kCommitUnknown});
  EXPECT_FALSE(store_.PutIfAbsent(path_, "late").has_value());
  EXPECT_FALSE(local_->Head(path_).has_value());
  auto results = store_.ReleaseDelayed();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(results[0].has_value());
  EXPECT_EQ(local_->Read(path_).value(), "late");
}

}  // namespace
}  // namespace neurolake::storage
