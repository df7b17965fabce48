#include "retrieval/passage_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "retrieval/tests/retrieval_fixture.h"

namespace neurolake::retrieval {
namespace {

const EmbeddingModel kModel = {"m", 2};

PassageChange Added(uint64_t key, std::string text) {
  Passage passage = MakePassage("p" + std::to_string(key), std::move(text), {"public"});
  passage.headings = {"A", "B"};
  passage.begin = 3;
  passage.end = 9;
  passage.page = 2;
  return {.key = key, .removed = false, .passage = std::move(passage), .vector = {0.6F, 0.8F}};
}

struct Contents {
  std::map<uint64_t, PassageChange> passages;
  uint64_t groups = 0;
};

Result<std::unique_ptr<PassageLog>> Open(const std::string& path, Contents& contents, EmbeddingModel model = kModel) {
  contents = {};
  return PassageLog::Open(path, model, [&](uint64_t, std::vector<PassageChange> changes) -> Result<void> {
    ++contents.groups;
    for (PassageChange& change : changes) {
      if (change.removed) contents.passages.erase(change.key);
      else contents.passages[change.key] = std::move(change);
    }
    return {};
  });
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}
void Write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

class PassageLogTest : public testing::Test {
 protected:
  /// Three groups: 1 and 2; 3; 2 removed. The sizes after each.
  std::vector<uint64_t> MakeLog() {
    auto log = Open(path_, contents_).value();
    std::vector<uint64_t> sizes = {log->size_bytes()};
    EXPECT_TRUE(log->Append({Added(1, "one"), Added(2, "two")}).has_value());
    sizes.push_back(log->size_bytes());
    EXPECT_TRUE(log->Append({Added(3, "three")}).has_value());
    sizes.push_back(log->size_bytes());
    EXPECT_TRUE(log->Append({{.key = 2, .removed = true}}).has_value());
    sizes.push_back(log->size_bytes());
    return sizes;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.File("log");
  Contents contents_;
};

TEST_F(PassageLogTest, GivesBackWhatWasAppended) {
  MakeLog();
  const auto log = Open(path_, contents_).value();
  ASSERT_EQ(contents_.passages.size(), 2U);
  EXPECT_EQ(contents_.groups, 3U);
  const PassageChange& one = contents_.passages.at(1);
  EXPECT_EQ(one.passage.id, "p1");
  EXPECT_EQ(one.passage.text.AsData(), "one");
  EXPECT_EQ(one.passage.headings, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(one.passage.begin, 3U);
  EXPECT_EQ(one.passage.end, 9U);
  EXPECT_EQ(one.passage.page, 2U);
  EXPECT_EQ(one.vector, (std::vector<float>{0.6F, 0.8F}));
  EXPECT_EQ(log->sequence(), 3U);
}

TEST_F(PassageLogTest, ACutAnywhereLeavesWholeGroups) {
  const std::vector<uint64_t> sizes = MakeLog();
  const std::string bytes = Read(path_);
  ASSERT_EQ(bytes.size(), sizes[3]);
  for (uint64_t cut = sizes[0]; cut <= bytes.size(); ++cut) {
    Write(path_, bytes.substr(0, cut));
    const auto log = Open(path_, contents_);
    ASSERT_TRUE(log.has_value()) << cut << ": " << log.error().message();
    const uint64_t whole = cut >= sizes[3] ? 3 : cut >= sizes[2] ? 2 : cut >= sizes[1] ? 1 : 0;
    ASSERT_EQ(contents_.groups, whole) << cut;
    // What was cut off is gone for good, and the next group stands where it was.
    ASSERT_EQ((*log)->size_bytes(), sizes[whole]) << cut;
  }
}

TEST_F(PassageLogTest, GoesOnAfterACut) {
  const std::vector<uint64_t> sizes = MakeLog();
  Write(path_, Read(path_).substr(0, sizes[2] + 5));
  {
    const auto log = Open(path_, contents_).value();
    ASSERT_TRUE(log->Append({Added(9, "nine")}).has_value());
  }
  const auto log = Open(path_, contents_).value();
  EXPECT_EQ(contents_.passages.size(), 4U);
  EXPECT_TRUE(contents_.passages.contains(9));
}

TEST_F(PassageLogTest, SpaceThatWasNeverFilledCountsAsCut) {
  const std::vector<uint64_t> sizes = MakeLog();
  Write(path_, Read(path_).substr(0, sizes[2]) + std::string(500, '\0'));
  ASSERT_TRUE(Open(path_, contents_).has_value());
  EXPECT_EQ(contents_.groups, 2U);
}

TEST_F(PassageLogTest, AFlippedBitAnywhereIsAnErrorAndNeverALoss) {
  const std::vector<uint64_t> sizes = MakeLog();
  const std::string bytes = Read(path_);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] ^= 0x10;
    Write(path_, flipped);
    const auto log = Open(path_, contents_);
    ASSERT_FALSE(log.has_value()) << "byte " << at;
    ASSERT_EQ(log.error().code(), ErrorCode::kCorruption) << "byte " << at;
    // And nothing was changed: it can be looked into.
    ASSERT_EQ(Read(path_), flipped);
  }
  EXPECT_GT(sizes[3], 200U);
}

TEST_F(PassageLogTest, AGroupTakenOutOfTheMiddleIsSeen) {
  const std::vector<uint64_t> sizes = MakeLog();
  const std::string bytes = Read(path_);
  Write(path_, bytes.substr(0, sizes[1]) + bytes.substr(sizes[2]));
  EXPECT_EQ(Open(path_, contents_).error().code(), ErrorCode::kCorruption);
}

TEST_F(PassageLogTest, AHeadThatNeverGotWholeIsANewLog) {
  const std::vector<uint64_t> sizes = MakeLog();
  const std::string bytes = Read(path_);
  for (const uint64_t cut : {uint64_t{0}, uint64_t{1}, sizes[0] / 2, sizes[0] - 1}) {
    Write(path_, bytes.substr(0, cut));
    ASSERT_TRUE(Open(path_, contents_).has_value()) << cut;
    EXPECT_EQ(contents_.groups, 0U);
  }
}

TEST_F(PassageLogTest, RefusesAnotherModelAndSaysWhich) {
  MakeLog();
  const auto other = Open(path_, contents_, {"another", 2});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(other.error().message().find("m of 2"), std::string::npos);
  EXPECT_NE(other.error().message().find("another of 2"), std::string::npos);
  EXPECT_EQ(Open(path_, contents_, {"m", 3}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Open(path_, contents_).has_value());
}

TEST_F(PassageLogTest, OneProcessAtATime) {
  const auto first = Open(path_, contents_).value();
  Contents other;
  EXPECT_EQ(Open(path_, other).error().code(), ErrorCode::kConflict);
}

TEST_F(PassageLogTest, CompactsToWhatThereIs) {
  MakeLog();
  {
    const auto log = Open(path_, contents_).value();
    const std::string before = log->Mark();
    for (int round = 0; round < 50; ++round) {
      ASSERT_TRUE(log->Append({Added(7, std::string(1000, 'x')), {.key = 7, .removed = true}}).has_value());
    }
    const uint64_t size = log->size_bytes();
    ASSERT_TRUE(log->Compact({contents_.passages.at(1), contents_.passages.at(3)}).has_value());
    EXPECT_LT(log->size_bytes(), size / 10);
    // Who knows a state from before cannot be brought to this one by the groups that are left.
    EXPECT_FALSE(log->SequenceOf(before).has_value());
    EXPECT_TRUE(log->SequenceOf(log->Mark()).has_value());
    ASSERT_TRUE(log->Append({Added(8, "eight")}).has_value());
  }
  const auto log = Open(path_, contents_).value();
  EXPECT_EQ(contents_.passages.size(), 3U);
  EXPECT_TRUE(contents_.passages.contains(8));
}

TEST_F(PassageLogTest, MarksOfOtherLogsAreNone) {
  const auto log = Open(path_, contents_).value();
  EXPECT_EQ(log->SequenceOf(log->Mark()), 0U);
  for (const char* mark : {"", ":", "x:1", "12"}) EXPECT_FALSE(log->SequenceOf(mark).has_value()) << mark;
  const std::string id = log->Mark().substr(0, log->Mark().find(':'));
  EXPECT_FALSE(log->SequenceOf(id + ":1").has_value());
  EXPECT_FALSE(log->SequenceOf(id + ":0x").has_value());
}

/// A process that appends for all it is worth and says over a pipe which groups were acknowledged; killed at some time.
TEST_F(PassageLogTest, WhatWasAcknowledgedSurvivesAKill) {
  std::mt19937 random(17);
  for (int round = 0; round < 12; ++round) {
    const std::string path = directory_.File("kill" + std::to_string(round));
    int pipes[2];
    ASSERT_EQ(::pipe(pipes), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipes[0]);
      Contents contents;
      const auto log = Open(path, contents);
      for (uint64_t key = 1; log.has_value() && key < 100'000; ++key) {
        if (!(*log)->Append({Added(key, std::string(key * 37 % 3000, 'k'))}).has_value()) break;
        if (::write(pipes[1], &key, sizeof(key)) != sizeof(key)) break;
      }
      ::_exit(0);
    }
    ::close(pipes[1]);
    uint64_t acknowledged = 0;
    uint64_t key = 0;
    const uint64_t enough = random() % 40;
    while (acknowledged < enough && ::read(pipes[0], &key, sizeof(key)) == sizeof(key)) acknowledged = key;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipes[0], &key, sizeof(key)) == sizeof(key)) acknowledged = key;
    ::close(pipes[0]);
    const auto log = Open(path, contents_);
    ASSERT_TRUE(log.has_value()) << log.error().message();
    for (uint64_t wanted = 1; wanted <= acknowledged; ++wanted) ASSERT_TRUE(contents_.passages.contains(wanted));
    // At most the one that was under way came besides.
    EXPECT_LE(contents_.passages.size(), acknowledged + 1);
  }
}

}  // namespace
}  // namespace neurolake::retrieval
