#include "audit/checkpoint.h"

namespace neurolake::audit {
namespace {

TEST(CheckpointTest, ReadsTheExampleOfTheSpecification) {
  // C2SP tlog-checkpoint's example of a body.
  const auto checkpoint =
      ParseCheckpoint("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20852163U);
  EXPECT_EQ(FormatCheckpoint(*checkpoint),
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
}

TEST(CheckpointTest, RefusesWhatIsNoCheckpoint) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
  for (const std::string& text : std::vector<std::string>{
           "", "log\n", "log\n1\n", "log\n1\n" + root, "\n1\n" + root + "\n", "log\n01\n" + root + "\n",
           "log\n-1\n" + root + "\n", "log\n1 \n" + root + "\n", "log\n18446744073709551616\n" + root + "\n",
           "log\n1\nCsUYapGGPo4d\n", "log\n1\n" + root + "=\n"}) {
    const auto checkpoint = ParseCheckpoint(text);
    ASSERT_FALSE(checkpoint) << text;
    EXPECT_EQ(checkpoint.error().code(), ErrorCode::kCorruption);
  }
  EXPECT_TRUE(ParseCheckpoint("log\n1\n" + root + "\nextension\n")) << "extensions are allowed";
}

TEST(CheckpointTest, IsOfTheLogThatSignedIt) {
  const SigningKey key = *SigningKey::Make("log.example/a");
  const Checkpoint own{.origin = "log.example/a", .size = 7, .root = LeafHash("x")};
  EXPECT_EQ(*OpenCheckpoint(key.Sign(FormatCheckpoint(own)), key.verifier()), own);
  const Checkpoint other{.origin = "log.example/b", .size = 7, .root = LeafHash("x")};
  EXPECT_FALSE(OpenCheckpoint(key.Sign(FormatCheckpoint(other)), key.verifier()));
}

TEST(CheckpointTest, FindsTheLastWholeNoteOfAFile) {
  const SigningKey key = *SigningKey::Make("log");
  std::string notes;
  std::string last;
  for (uint64_t size = 1; size < 4; ++size) {
    last = key.Sign(FormatCheckpoint({.origin = "log", .size = size, .root = LeafHash("x")}));
    notes += last + "\n";
  }
  EXPECT_EQ(FindLastNote(notes).note, last);
  EXPECT_EQ(FindLastNote(notes).valid_bytes, notes.size());
  // Torn at every place, it is the one before.
  const size_t before = notes.size() - last.size() - 1;
  for (size_t size = before; size < notes.size(); ++size) {
    const LastNote found = FindLastNote(std::string_view(notes).substr(0, size));
    EXPECT_EQ(found.valid_bytes, before);
    EXPECT_EQ(OpenCheckpoint(found.note, key.verifier())->size, 2U);
  }
  // A tail that begins anywhere before it gives the same.
  for (size_t begin = 0; begin < before; ++begin) {
    EXPECT_EQ(FindLastNote(std::string_view(notes).substr(begin)).note, last) << begin;
  }
  EXPECT_EQ(FindLastNote("").valid_bytes, 0U);
  EXPECT_EQ(FindLastNote("something\n\nelse\n\n").note, "");
}

}  // namespace
}  // namespace neurolake::audit
