#include "audit/constants.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log_files.h"

namespace neurolake::audit {
namespace {

using std::chrono::hours;

const WallTime kNow = WallTime(std::chrono::hours(24 * 20'000));

class ConstantSealerTest : public testing::Test {
 protected:
  ConstantSealerTest() { std::filesystem::remove(path_); }
  ~ConstantSealerTest() override { std::filesystem::remove(path_); }
  std::unique_ptr<ConstantSealer> Sealer() { return *OpenConstantSealer(path_); }
  const std::string path_ = testing::TempDir() + "/nl_constants_" + std::to_string(::getpid());
};

TEST_F(ConstantSealerTest, OpensWhatItSealedForTheSameStatementOnly) {
  const auto sealer = Sealer();
  const std::string sealed = *sealer->Seal({{"'ann@example.org'", "7"}, {"{}"}}, "statement-1", kNow);
  EXPECT_EQ(sealed.find("ann"), std::string::npos);
  const auto opened = *sealer->Open(sealed, "statement-1");
  EXPECT_THAT(opened.literals, testing::ElementsAre("'ann@example.org'", "7"));
  EXPECT_THAT(opened.parameters, testing::ElementsAre("{}"));
  EXPECT_EQ(sealer->Open(sealed, "statement-2").error().code(), ErrorCode::kCorruption);
  EXPECT_NE(*sealer->Seal({{"x"}, {}}, "s", kNow), *sealer->Seal({{"x"}, {}}, "s", kNow))
      << "equal constants must not look equal";
  for (size_t i = sealed.find('.') + 1; i < sealed.size(); ++i) {
    if (sealed[i] == ':' || sealed[i] == ',' || sealed[i] == ';' || sealed[i] == '=') continue;
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' || changed[i] == 'a' ? 'b' : 'a';
    if (changed == sealed) continue;
    EXPECT_FALSE(sealer->Open(changed, "statement-1")) << i;
  }
}

TEST_F(ConstantSealerTest, WhatWasErasedIsGoneForGoodAndNothingElse) {
  std::string one, other;
  {
    const auto sealer = Sealer();
    one = *sealer->Seal({{"'ann'", "'bob'"}, {"\"cid\""}}, "s1", kNow);
    other = *sealer->Seal({{"'ann'"}, {}}, "s2", kNow);
    EXPECT_EQ(*sealer->Erase({{one, 0}, {one, 2}}), 2);
    EXPECT_EQ(*sealer->Erase({{one, 0}}), 0) << "again";
  }
  const auto sealer = Sealer();
  const auto opened = *sealer->Open(one, "s1");
  EXPECT_THAT(opened.literals, testing::ElementsAre(std::nullopt, "'bob'"));
  EXPECT_THAT(opened.parameters, testing::ElementsAre(std::nullopt));
  EXPECT_THAT(sealer->Open(other, "s2")->literals, testing::ElementsAre("'ann'"));
}

TEST_F(ConstantSealerTest, AllBeforeATimeGoTogether) {
  const auto sealer = Sealer();
  const std::string old = *sealer->Seal({{"1"}, {}}, "s1", kNow - hours(2));
  const std::string young = *sealer->Seal({{"2"}, {}}, "s2", kNow);
  EXPECT_TRUE(*sealer->EraseBefore(kNow - hours(1)));
  EXPECT_FALSE(*sealer->EraseBefore(kNow - hours(1)));
  EXPECT_THAT(sealer->Open(old, "s1")->literals, testing::ElementsAre(std::nullopt));
  EXPECT_THAT(sealer->Open(young, "s2")->literals, testing::ElementsAre("2"));
  EXPECT_FALSE(sealer->Seal({{"3"}, {}}, "s3", kNow - hours(2))) << "a clock that went back";
}

TEST_F(ConstantSealerTest, AnErasureThatCannotBeKeptIsNone) {
  const auto sealer = Sealer();
  const std::string sealed = *sealer->Seal({{"1"}, {}}, "s", kNow);
  std::filesystem::create_directory(path_ + ".new");
  std::filesystem::create_directory(path_ + ".new/x");
  EXPECT_FALSE(sealer->Erase({{sealed, 0}}));
  EXPECT_THAT(sealer->Open(sealed, "s")->literals, testing::ElementsAre("1"));
  std::filesystem::remove_all(path_ + ".new");
}

TEST_F(ConstantSealerTest, TheKeyIsKeptAndItsLossIsFinal) {
  const std::string sealed = *Sealer()->Seal({{"x"}, {}}, "s", kNow);
  EXPECT_EQ(*Sealer()->Open(sealed, "s")->literals[0], "x");
  const std::string hash = Sealer()->HashOf("4711");
  EXPECT_EQ(Sealer()->HashOf("4711"), hash);
  EXPECT_NE(Sealer()->HashOf("4712"), hash);
  std::filesystem::remove(path_);
  EXPECT_EQ(Sealer()->Open(sealed, "s").error().code(), ErrorCode::kNotFound);
  EXPECT_NE(Sealer()->HashOf("4711"), hash) << "the hash must need the lake's key";
}

// A log that began when all constants had one key: 64 digits and a line feed, "<id>:<nonce and text>".
TEST_F(ConstantSealerTest, ConstantsOfTheOneKeyOfEarlierAreReadUntilOneIsErased) {
  ASSERT_TRUE(CreateFile(path_, std::string(64, '1') + "\n"));
  const std::string sealed =
      "02d449a31fbb267c:bm9uY2Vub25jZW5vbmNlbm9uY2Vub25jmOVK3pgtNfd2RS6wwoNi5lmB+WgRU0HpGQNLTpGIluwpgSd1CDw=";
  const auto opened = Sealer()->Open(sealed, "s");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_THAT(opened->literals, testing::ElementsAre("'ann'"));
  EXPECT_EQ(*Sealer()->Erase({{sealed, 0}}), 1);
  EXPECT_EQ(Sealer()->Open(sealed, "s").error().code(), ErrorCode::kNotFound);
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
  for (const std::string& text : {std::string(), std::string("ab"), std::string(66, 'a'), std::string(64, 'g'),
                                  std::string("neurolake-constant-keys 2\n"),
                                  std::string("neurolake-constant-keys 2\nid 0123456789abcdef\nbranch 97 00 00\n")}) {
    std::filesystem::remove(path_);
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT, 0600);
    ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(fd);
    EXPECT_EQ(OpenConstantSealer(path_).error().code(), ErrorCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace neurolake::audit
