#include "audit/constants.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace neurolake::audit {
namespace {

class ConstantSealerTest : public testing::Test {
 protected:
  ConstantSealerTest() { std::filesystem::remove(path_); }
  ~ConstantSealerTest() override { std::filesystem::remove(path_); }
  const std::string path_ = testing::TempDir() + "/nl_constants_" + std::to_string(::getpid());
};

TEST_F(ConstantSealerTest, OpensWhatItSealedForTheSameStatementOnly) {
  const auto sealer = *OpenConstantSealer(path_);
  const std::string sealed = *sealer->Seal("[\"ann@example.org\"]", "statement-1");
  EXPECT_EQ(sealed.find("ann"), std::string::npos);
  EXPECT_EQ(*sealer->Open(sealed, "statement-1"), "[\"ann@example.org\"]");
  EXPECT_EQ(sealer->Open(sealed, "statement-2").error().code(), ErrorCode::kCorruption);
  EXPECT_NE(*sealer->Seal("x", "s"), *sealer->Seal("x", "s")) << "equal constants must not look equal";
  for (size_t i = sealed.find(':') + 1; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sealer->Open(changed, "statement-1")) << i;
  }
}

TEST_F(ConstantSealerTest, TheKeyIsKeptAndItsLossIsFinal) {
  const std::string sealed = *(*OpenConstantSealer(path_))->Seal("x", "s");
  EXPECT_EQ(*(*OpenConstantSealer(path_))->Open(sealed, "s"), "x");
  std::filesystem::remove(path_);
  EXPECT_EQ((*OpenConstantSealer(path_))->Open(sealed, "s").error().code(), ErrorCode::kNotFound);
}

TEST_F(ConstantSealerTest, AKeyThatOthersMayReadIsRefused) {
  ASSERT_TRUE(OpenConstantSealer(path_));
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(OpenConstantSealer(path_).error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(ConstantSealerTest, WhatIsNoKeyIsRefused) {
  for (const std::string& text : {std::string(), std::string("ab"), std::string(66, 'a'), std::string(64, 'g')}) {
    std::filesystem::remove(path_);
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT, 0600);
    ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(fd);
    EXPECT_EQ(OpenConstantSealer(path_).error().code(), ErrorCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace neurolake::audit
