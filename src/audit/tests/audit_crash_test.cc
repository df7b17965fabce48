// What a crash leaves: torn records, blocks that were never written, a process killed while it writes.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <set>

#include "audit/tests/log_fixture.h"

namespace neurolake::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AuditCrashTest : public AuditLogTest {
 protected:
  /// A log of 11 records whose last checkpoint has `covered` of them, as a process that died leaves it.
  void MakeUncovered(uint64_t covered) {
    {
      const auto log = OpenLog();
      AppendMany(*log, static_cast<int>(covered));
    }
    const std::string checkpoint = Slurp(Path("checkpoint")), checkpoints = Slurp(Path("checkpoints"));
    {
      const auto log = OpenLog();
      AppendMany(*log, static_cast<int>(11 - covered));
    }
    Spill(Path("checkpoint"), checkpoint);
    Spill(Path("checkpoints"), checkpoints);
  }
  std::vector<std::string> TornFiles() const {
    std::vector<std::string> torn;
    for (const auto& entry : std::filesystem::directory_iterator(Path("segments"))) {
      if (entry.path().filename().string().starts_with("torn-")) torn.push_back(entry.path().string());
    }
    return torn;
  }
};

TEST_F(AuditCrashTest, WhatWasWrittenSinceTheLastCheckpointIsKept) {
  for (const uint64_t covered : {0, 3, 7, 8, 9, 10}) {
    std::filesystem::remove_all(options_.directory);
    MakeUncovered(covered);
    EXPECT_EQ(OpenLog()->size(), 11U) << covered;
  }
}

TEST_F(AuditCrashTest, ATornRecordIsSetAsideAndTold) {
  MakeUncovered(9);
  const std::string path = Path("segments/00000000000000000008.jsonl");
  const std::string whole = Slurp(path);
  const size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (size_t size = last + 1; size < whole.size(); size += 7) {
    Spill(path, whole.substr(0, size));
    auto opened = AuditLog::Open(options_, clock_);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(opened->torn_bytes, size - last);
    EXPECT_THAT(*opened->log->Read(10, 5), ElementsAre(HasSubstr("\"type\":\"recovered\"")));
    opened->log.reset();
    ASSERT_EQ(TornFiles().size(), 1U);
    EXPECT_EQ(Slurp(TornFiles().front()), whole.substr(last, size - last));
    std::filesystem::remove_all(options_.directory);
    MakeUncovered(9);
  }
}

TEST_F(AuditCrashTest, BlocksThatWereNeverWrittenAreNoRecords) {
  MakeUncovered(8);
  const std::string path = Path("segments/00000000000000000008.jsonl");
  std::string text = Slurp(path);
  // The first record behind the checkpoint is zeros, those behind it are whole.
  const size_t end = text.find('\n');
  text.replace(0, end, std::string(end, '\0'));
  Spill(path, text);
  auto opened = AuditLog::Open(options_, clock_);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->torn_bytes, text.size());
  EXPECT_EQ(opened->log->size(), 9U);
}

TEST_F(AuditCrashTest, ADamagedSegmentBeforeTheLastIsNoCrash) {
  MakeUncovered(3);
  const std::string path = Path("segments/00000000000000000000.jsonl");
  Spill(path, Slurp(path).substr(0, Slurp(path).size() - 5));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
}

TEST_F(AuditCrashTest, ATornCheckpointIsMadeAgain) {
  AppendMany(*OpenLog(), 3);
  const std::string before = Slurp(Path("checkpoints"));
  Spill(Path("checkpoints"), before + before.substr(0, before.size() / 3));
  {
    const auto log = OpenLog();
    EXPECT_EQ(Slurp(Path("checkpoints")), before);
    AppendMany(*log, 1);
  }
  EXPECT_EQ(OpenLog()->size(), 4U);
}

/// Appends from several threads, and tells each index over `pipe` once it is durable, until it is killed.
[[noreturn]] void AppendUntilKilled(const AuditLog::Options& options, int pipe) {
  const SystemClock clock;
  auto opened = AuditLog::Open(options, clock);
  if (!opened) ::_exit(1);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (;;) {
        const auto index =
            opened->log->Append({.time = clock.Now(), .principal = "killed", .text = std::string(300, 'x')});
        if (!index || ::write(pipe, &*index, sizeof(*index)) < 0) ::_exit(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(1);
}

TEST_F(AuditCrashTest, NothingThatWasAcknowledgedIsLostByAKill) {
  options_.records_per_segment = 64;
  options_.checkpoint_every = std::chrono::milliseconds(5);
  for (int round = 0; round < 6; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) AppendUntilKilled(options_, ends[1]);
    ::close(ends[1]);
    std::set<uint64_t> acknowledged;
    uint64_t index = 0;
    const size_t enough = 100 + 37 * static_cast<size_t>(round);
    while (::read(ends[0], &index, sizeof(index)) == sizeof(index)) {
      EXPECT_TRUE(acknowledged.insert(index).second) << "an index was given twice";
      if (acknowledged.size() == enough) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
    const auto log = OpenLog();
    ASSERT_NE(log, nullptr);
    ASSERT_GE(acknowledged.size(), enough);
    EXPECT_GT(log->size(), *acknowledged.rbegin());
    EXPECT_THAT(log->Read(*acknowledged.rbegin(), 1)->front(), HasSubstr("killed"));
  }
}

/// The kernel says no, as on a full disk: a limit to the size of files.
TEST_F(AuditCrashTest, ADiskThatTakesNoMoreRefuses) {
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto log = OpenLog();
  AppendMany(*log, 2);
  struct rlimit little = before;
  little.rlim_cur = std::filesystem::file_size(Path("segments/00000000000000000000.jsonl")) + 50;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto refused = log->Append(Named("refused"));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kDiskFull);
  EXPECT_EQ(*log->Append(Named("later")), 3U) << "behind the record that one was refused";
}

}  // namespace
}  // namespace neurolake::audit
