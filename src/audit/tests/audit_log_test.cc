#include "audit/audit_log.h"

#include <sys/stat.h>

#include "audit/tests/log_fixture.h"

namespace neurolake::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// Files that fail when told to.
class FaultyFiles final : public LogFiles {
 public:
  class File final : public LogFile {
   public:
    File(FaultyFiles& files, std::unique_ptr<LogFile> file) : files_(files), file_(std::move(file)) {}
    Result<void> Append(std::string_view bytes) override {
      if (!files_.full) return file_->Append(bytes);
      // Half of it arrives, as on a real disk.
      std::ignore = file_->Append(bytes.substr(0, bytes.size() / 2));
      return MakeError(ErrorCode::kDiskFull, "full");
    }
    Result<void> Sync() override {
      if (files_.sync_fails) return MakeError(ErrorCode::kIoError, "not synced");
      return file_->Sync();
    }
    Result<void> Truncate(uint64_t bytes) override {
      if (files_.truncate_fails) return MakeError(ErrorCode::kIoError, "not truncated");
      return file_->Truncate(bytes);
    }

   private:
    FaultyFiles& files_;
    const std::unique_ptr<LogFile> file_;
  };
  Result<std::unique_ptr<LogFile>> OpenForAppend(const std::string& path) override {
    if (full_at_open && !std::filesystem::exists(path)) return MakeError(ErrorCode::kDiskFull, "full");
    NL_ASSIGN_OR_RETURN(auto file, real_->OpenForAppend(path));
    return std::make_unique<File>(*this, std::move(file));
  }
  Result<void> Remove(const std::string& path) override { return real_->Remove(path); }

  std::atomic<bool> full = false, full_at_open = false, sync_fails = false, truncate_fails = false;

 private:
  const std::unique_ptr<LogFiles> real_ = PosixLogFiles();
};

TEST_F(AuditLogTest, RecordsComeBackInOrderWithTheirIndexOverARestart) {
  {
    const auto log = OpenLog();
    EXPECT_EQ(*log->Append(Named("anna")), 0U);
    EXPECT_EQ(*log->Append(Named("bert")), 1U);
    EXPECT_THAT(*log->Read(0, 10),
                ElementsAre(R"({"index":0,"time":"2019-12-20T00:00:00.000000Z","type":"attempt","principal":"anna"})",
                            R"({"index":1,"time":"2019-12-20T00:00:00.000000Z","type":"attempt","principal":"bert"})"));
  }
  const auto log = OpenLog();
  EXPECT_EQ(log->size(), 2U);
  EXPECT_EQ(*log->Append(Named("carl")), 2U);
  EXPECT_THAT(*log->Read(1, 1), ElementsAre(HasSubstr("bert")));
  EXPECT_THAT(*log->Read(3, 5), ElementsAre());
}

TEST_F(AuditLogTest, FillsSegmentsAndReadsAcrossThem) {
  {
    const auto log = OpenLog();
    AppendMany(*log, 21);
  }
  EXPECT_TRUE(std::filesystem::exists(Path("segments/00000000000000000016.jsonl")));
  EXPECT_FALSE(std::filesystem::exists(Path("segments/00000000000000000024.jsonl")));
  const auto log = OpenLog();
  const auto lines = *log->Read(5, 12);
  ASSERT_EQ(lines.size(), 12U);
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_THAT(lines[i], StartsWith(fmt::format("{{\"index\":{},", i + 5)));
  // Without its index and its roots, which are made anew.
  std::filesystem::remove(Path("segments/00000000000000000000.index"));
  std::filesystem::remove(Path("segments/roots"));
  EXPECT_EQ(*log->Read(5, 12), lines);
}

TEST_F(AuditLogTest, ABatchOverSeveralSegmentsIsWhole) {
  const auto log = OpenLog();
  AppendMany(*log, 5);
  std::vector<AuditLog::Ticket> tickets;
  for (int i = 0; i < 30; ++i) tickets.push_back(log->Submit(Named("many")));
  for (size_t i = 0; i < tickets.size(); ++i) EXPECT_EQ(*log->Wait(tickets[i]), 5 + i);
  EXPECT_EQ(log->Read(0, 100)->size(), 35U);
}

TEST_F(AuditLogTest, ManyThreadsGetEachTheirOwnPlace) {
  const auto log = OpenLog();
  std::vector<std::jthread> threads;
  std::mutex mutex;
  std::map<uint64_t, std::string> places;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string name = fmt::format("t{}-{}", t, i);
        const auto index = log->Append(Named(name));
        std::lock_guard lock(mutex);
        EXPECT_TRUE(places.emplace(index.value(), name).second);
      }
    });
  }
  threads.clear();
  ASSERT_EQ(places.size(), 400U);
  const auto lines = *log->Read(0, 400);
  for (const auto& [index, name] : places) EXPECT_THAT(lines[index], HasSubstr("\"" + name + "\""));
  EXPECT_LE(log->counters().syncs, 400U);
}

TEST_F(AuditLogTest, ProofsHoldAgainstItsCheckpoints) {
  const auto log = OpenLog();
  std::vector<Checkpoint> checkpoints;
  for (int i = 0; i < 27; ++i) {
    ASSERT_TRUE(log->Append(Named("p")));
    checkpoints.push_back(*OpenCheckpoint(*log->MakeCheckpoint(), log->verifier()));
  }
  const Checkpoint& last = checkpoints.back();
  EXPECT_EQ(last.size, 27U);
  const auto lines = *log->Read(0, 27);
  for (uint64_t i = 0; i < 27; ++i) {
    EXPECT_TRUE(VerifyInclusion(i, 27, LeafHash(lines[i]), *log->ProveInclusion(i, 27), last.root));
    EXPECT_FALSE(VerifyInclusion(i, 27, LeafHash(lines[i] + " "), *log->ProveInclusion(i, 27), last.root));
    const Checkpoint& before = checkpoints[i];
    EXPECT_TRUE(VerifyConsistency(before.size, 27, before.root, last.root, *log->ProveConsistency(before.size, 27)));
  }
  EXPECT_EQ(log->ProveInclusion(27, 27).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(log->ProveInclusion(0, 28).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(AuditLogTest, MakesCheckpointsByTheClockAndAtItsEnd) {
  {
    const auto log = OpenLog();
    EXPECT_EQ(OpenCheckpoint(log->LastCheckpoint(), log->verifier())->size, 0U);
    ASSERT_TRUE(log->Append(Named("a")));
    clock_.Advance(options_.checkpoint_every);
    ASSERT_TRUE(log->Append(Named("b")));
    // After a batch, on the writer's thread; the next batch cannot begin before. The clock may have found it behind the
    // first record yet.
    ASSERT_TRUE(log->Append(Named("c")));
    const uint64_t size = OpenCheckpoint(log->LastCheckpoint(), log->verifier())->size;
    EXPECT_TRUE(size == 1 || size == 2) << size;
  }
  const VerifierKey key = OpenLog()->verifier();
  EXPECT_EQ(OpenCheckpoint(Slurp(Path("checkpoint")), key)->size, 3U);
  EXPECT_EQ(key.ToText() + "\n", Slurp(Path("log.vkey")));
}

TEST_F(AuditLogTest, KeysAndRecordsAreForTheServersUserAlone) {
  AppendMany(*OpenLog(), 1);
  for (const char* name : {"log.key", "segments/00000000000000000000.jsonl", "checkpoints"}) {
    struct stat info {};
    ASSERT_EQ(::stat(Path(name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << name;
  }
  ASSERT_EQ(::chmod(Path("log.key").c_str(), 0644), 0);
  EXPECT_EQ(OpenError(), ErrorCode::kPermissionDenied);
}

TEST_F(AuditLogTest, ASecondWriterIsRefused) {
  const auto log = OpenLog();
  EXPECT_EQ(OpenError(), ErrorCode::kUnavailable);
}

TEST_F(AuditLogTest, DoesNotStartWithoutItsKeyOrItsCheckpoints) {
  AppendMany(*OpenLog(), 3);
  const std::string key = Slurp(Path("log.key")), checkpoints = Slurp(Path("checkpoints"));
  std::filesystem::remove(Path("log.key"));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption) << "a new key would be a new log";
  Spill(Path("log.key"), key);
  ::chmod(Path("log.key").c_str(), 0600);
  std::filesystem::remove(Path("checkpoints"));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  Spill(Path("checkpoints"), checkpoints.substr(0, checkpoints.find("\n\n", checkpoints.find("\n\n") + 2) + 2));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption) << "the last ones were cut off";
  Spill(Path("checkpoints"), checkpoints);
  EXPECT_EQ(OpenLog()->size(), 3U);
}

TEST_F(AuditLogTest, DoesNotStartOnRecordsThatWereChangedCutOffOrRemoved) {
  AppendMany(*OpenLog(), 12);
  const std::string second = Path("segments/00000000000000000008.jsonl");
  const std::string first = Path("segments/00000000000000000000.jsonl");
  const std::string text = Slurp(second), first_text = Slurp(first);
  std::string changed = text;
  changed[changed.find("\"p9\"") + 1] = 'q';
  Spill(second, changed);
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  Spill(second, text.substr(0, text.rfind('\n', text.size() - 2) + 1));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption) << "the last record is missing";
  Spill(second, text.substr(0, text.size() - 1));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption) << "the last record, which a checkpoint has, is torn";
  EXPECT_EQ(Slurp(second), text.substr(0, text.size() - 1)) << "what is evidence stays as it is";
  std::filesystem::remove(second);
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  Spill(second, text);
  std::filesystem::remove(first);
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  Spill(first, first_text);
  EXPECT_EQ(OpenLog()->size(), 12U);
}

TEST_F(AuditLogTest, TheWitnessRemembersWhatTheDirectoryForgot) {
  options_.witness_file = directory_ + "/witness";
  AppendMany(*OpenLog(), 3);
  std::filesystem::copy(options_.directory, directory_ + "/old", std::filesystem::copy_options::recursive);
  AppendMany(*OpenLog(), 3);
  // The whole directory as it was: nothing in it is wrong.
  std::filesystem::rename(options_.directory, directory_ + "/new");
  std::filesystem::rename(directory_ + "/old", options_.directory);
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  // The same with other records since: as many, but not those.
  options_.witness_file.clear();
  clock_.Advance(std::chrono::seconds(1));
  AppendMany(*OpenLog(), 5);
  options_.witness_file = directory_ + "/witness";
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  // A new log in its place.
  std::filesystem::remove_all(options_.directory);
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  std::filesystem::remove_all(options_.directory);
  std::filesystem::rename(directory_ + "/new", options_.directory);
  EXPECT_EQ(OpenLog()->size(), 6U);
}

TEST_F(AuditLogTest, AWitnessFileThatIsSomethingElseIsLeftAlone) {
  options_.witness_file = directory_ + "/notes.txt";
  std::filesystem::create_directories(directory_);
  Spill(options_.witness_file, "dear diary\n");
  {
    const auto log = OpenLog();
    AppendMany(*log, 1);
    ASSERT_TRUE(log->MakeCheckpoint());
    EXPECT_EQ(log->counters().witness_failures, 2U);
  }
  EXPECT_EQ(Slurp(options_.witness_file), "dear diary\n");
}

TEST_F(AuditLogTest, AFullDiskRefusesTheRecordAndLeavesNothingOfIt) {
  FaultyFiles files;
  auto log = std::move(AuditLog::Open(options_, clock_, files)->log);
  AppendMany(*log, 4);
  files.full = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(log->Append(Named("nobody")).error().code(), ErrorCode::kDiskFull);
  EXPECT_EQ(log->size(), 4U);
  EXPECT_EQ(log->counters().refused, 3U);
  EXPECT_TRUE(log->counters().failing);
  files.full = false;
  EXPECT_EQ(*log->Append(Named("later")), 5U);
  EXPECT_FALSE(log->counters().failing);
  EXPECT_THAT(*log->Read(4, 1), ElementsAre(HasSubstr(R"("type":"refused","details":{"records":"3"})")));
  // At the end of a segment, where the next file cannot be made.
  AppendMany(*log, 2);
  files.full_at_open = true;
  EXPECT_EQ(log->Append(Named("nobody")).error().code(), ErrorCode::kDiskFull);
  // Over the end of a segment, in one batch that takes several.
  files.full_at_open = false;
  EXPECT_EQ(*log->Append(Named("after")), 9U);
  log.reset();
  const auto lines = *OpenLog()->Read(0, 100);
  ASSERT_EQ(lines.size(), 10U);
  for (const auto& line : lines) EXPECT_EQ(line.find("nobody"), std::string::npos);
}

TEST_F(AuditLogTest, ABatchThatFailsInItsSecondSegmentLeavesNothingInTheFirst) {
  FaultyFiles files;
  {
    const auto log = std::move(AuditLog::Open(options_, clock_, files)->log);
    AppendMany(*log, 6);
    files.full_at_open = true;
    // One turn of the writer may take some of them, never one that does not fit without the file.
    std::vector<AuditLog::Ticket> tickets;
    for (int i = 0; i < 40; ++i) tickets.push_back(log->Submit(Named("many")));
    uint64_t taken = 0;
    for (const auto& ticket : tickets) taken += log->Wait(ticket) ? 1U : 0U;
    EXPECT_LE(taken, 2U);
    EXPECT_EQ(log->size(), 6 + taken);
    files.full_at_open = false;
    ASSERT_TRUE(log->Append(Named("after")));
    EXPECT_EQ(log->Read(0, 100)->size(), log->size());
  }
  EXPECT_THAT(OpenLog()->Read(0, 100)->back(), HasSubstr("after"));
}

TEST_F(AuditLogTest, OutcomesThatTheDiskDidNotTakeAreWrittenLater) {
  FaultyFiles files;
  options_.kept_max = 2;
  const auto log = std::move(AuditLog::Open(options_, clock_, files)->log);
  files.full = true;
  EXPECT_FALSE(log->Append(Named("x")));
  for (int i = 0; i < 5; ++i) {
    log->Keep(Named("outcome" + std::to_string(i)));
    EXPECT_FALSE(log->Append(Named("nobody")));  // By then the one before was tried.
  }
  EXPECT_EQ(log->counters().waiting, 2U);
  files.full = false;
  ASSERT_TRUE(log->Append(Named("y")));
  EXPECT_THAT(
      *log->Read(0, 10),
      ElementsAre(HasSubstr("outcome0"), HasSubstr("outcome1"), HasSubstr(R"("type":"lost","details":{"records":"3"})"),
                  HasSubstr(R"("type":"refused","details":{"records":"6"})"), HasSubstr("\"y\"")));
}

TEST_F(AuditLogTest, AfterAFailedSyncNothingIsTakenUntilARestart) {
  FaultyFiles files;
  {
    const auto log = std::move(AuditLog::Open(options_, clock_, files)->log);
    AppendMany(*log, 2);
    files.sync_fails = true;
    EXPECT_EQ(log->Append(Named("unknown")).error().code(), ErrorCode::kIoError);
    files.sync_fails = false;
    EXPECT_EQ(log->Append(Named("refused")).error().code(), ErrorCode::kUnavailable);
  }
  EXPECT_EQ(OpenLog()->size(), 2U) << "what nobody was told of was taken back";
}

TEST_F(AuditLogTest, WhatCannotBeTakenBackIsNotWrittenOver) {
  FaultyFiles files;
  {
    const auto log = std::move(AuditLog::Open(options_, clock_, files)->log);
    AppendMany(*log, 2);
    files.full = files.truncate_fails = true;
    EXPECT_EQ(log->Append(Named("half")).error().code(), ErrorCode::kDiskFull);
    files.full = files.truncate_fails = false;
    EXPECT_EQ(log->Append(Named("refused")).error().code(), ErrorCode::kUnavailable);
  }
  auto opened = AuditLog::Open(options_, clock_);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_GT(opened->torn_bytes, 0U);
  EXPECT_THAT(*opened->log->Read(2, 1), ElementsAre(HasSubstr("\"type\":\"recovered\"")));
}

}  // namespace
}  // namespace neurolake::audit
