// Closed segments that go to an archive: nothing is lost, whatever breaks, and everything can still be proven.
#include "audit/archive.h"

#include "audit/tests/log_fixture.h"
#include "audit/tests/verifier_run.h"

namespace neurolake::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kIntact = 0, kAltered = 1, kMissingSegment = 6;

/// A folder that fails and lies when told to.
class FolderArchive final : public Archive {
 public:
  explicit FolderArchive(std::string folder) : folder_(std::move(folder)) { fs::create_directories(folder_); }
  Result<void> Store(const std::string& name, const std::string& path) override {
    ++stores;
    if (full) return MakeError(ErrorCode::kDiskFull, "full");
    if (!fs::exists(File(name))) fs::copy_file(path, File(name));
    if (cuts) fs::resize_file(File(name), fs::file_size(File(name)) - 5);
    return {};
  }
  Result<std::string> Read(const std::string& name, uint64_t begin, uint64_t bytes) const override {
    ++reads;
    return ReadFile(File(name), begin, bytes);
  }
  std::string place() const override { return folder_; }
  std::string File(const std::string& name) const { return folder_ + "/" + name; }

  const std::string folder_;
  bool full = false, cuts = false;
  int stores = 0;
  mutable int reads = 0;
};

/// 21 records in segments of eight, two of them full and signed.
class ArchiveTest : public AuditLogTest {
 protected:
  ArchiveTest() : archive_(directory_ + "/archive") {
    log_ = OpenLog();
    AppendMany(*log_, 21);
    EXPECT_TRUE(log_->MakeCheckpoint());
    log_->UseArchive(archive_);
    key_ = log_->verifier().ToText();
    everything_ = *log_->Read(0, 21);
    proof_ = *log_->ProveInclusion(3, 21);
  }
  std::string Segment(int first, const char* end = ".jsonl") const {
    return Path(fmt::format("segments/{:020}{}", first, end));
  }
  std::string InArchive(int first) const { return archive_.File(fmt::format("{:020}.jsonl", first)); }
  void ExpectWhole() {
    EXPECT_EQ(*log_->Read(0, 21), everything_);
    EXPECT_EQ(*log_->ProveInclusion(3, 21), proof_);
    EXPECT_TRUE(log_->ProveConsistency(13, 21));
  }
  VerifierAnswer Verify(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--key", key_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.push_back(options_.directory);
    return RunVerifier(directory_ + "/output", arguments);
  }
  void Reopen() {
    log_.reset();
    log_ = OpenLog();
    ASSERT_NE(log_, nullptr);
    log_->UseArchive(archive_);
  }

  static constexpr ArchiveRule kAll{.before = "9999"};
  FolderArchive archive_;
  std::unique_ptr<AuditLog> log_;
  std::string key_;
  std::vector<std::string> everything_;
  std::vector<Hash> proof_;
};

TEST_F(ArchiveTest, FullSegmentsGoAndAreStillReadAndProven) {
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
  EXPECT_FALSE(*log_->ArchiveNext(kAll));  // The one that grows stays.
  EXPECT_FALSE(fs::exists(Segment(0)) || fs::exists(Segment(8)));
  EXPECT_TRUE(fs::exists(Segment(16)) && fs::exists(InArchive(0)) && fs::exists(InArchive(8)));
  EXPECT_EQ(log_->counters().archived, 2U);
  ExpectWhole();
  EXPECT_THAT(*log_->Read(21, 5), ElementsAre(HasSubstr(R"("action":"archive_audit_segment")"),
                                              HasSubstr(R"("segment":"00000000000000000008.jsonl")")));
  EXPECT_GT(archive_.reads, 0);
  // And after a restart, which does not need the archive, though what is in it cannot be read without.
  log_.reset();
  log_ = OpenLog();
  ASSERT_NE(log_, nullptr);
  EXPECT_EQ(*log_->ProveInclusion(3, 21), proof_);
  EXPECT_EQ(log_->Read(0, 3).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(log_->Read(16, 5)->size(), 5U);
  log_->UseArchive(archive_);
  ExpectWhole();
  AppendMany(*log_, 20);
  ASSERT_TRUE(log_->MakeCheckpoint());
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
}

TEST_F(ArchiveTest, AgeAndSizeSayWhichGo) {
  EXPECT_FALSE(*log_->ArchiveNext({}));
  EXPECT_FALSE(*log_->ArchiveNext({.before = "2019-12-20T00:00:00.000000Z"}));  // Its time, not before it.
  const uint64_t each = fs::file_size(Segment(0));
  EXPECT_FALSE(*log_->ArchiveNext({.bytes_most = 2 * each + 100}));
  EXPECT_TRUE(*log_->ArchiveNext({.bytes_most = each + 100}));
  EXPECT_FALSE(*log_->ArchiveNext({.bytes_most = each + 100}));
  EXPECT_TRUE(*log_->ArchiveNext({.before = "2019-12-20T00:00:00.000001Z"}));
  ExpectWhole();
}

TEST_F(ArchiveTest, WhatNoCheckpointCoversStays) {
  AppendMany(*log_, 5);  // A third is full now.
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
  EXPECT_FALSE(*log_->ArchiveNext(kAll));
  ASSERT_TRUE(log_->MakeCheckpoint());
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
}

TEST_F(ArchiveTest, WhatCannotBeStoredStays) {
  archive_.full = true;
  EXPECT_EQ(log_->ArchiveNext(kAll).error().code(), ErrorCode::kDiskFull);
  EXPECT_TRUE(fs::exists(Segment(0)));
  EXPECT_FALSE(fs::exists(Segment(0, ".archived")));
  EXPECT_EQ(log_->size(), 21U);  // Nothing is said of what did not happen.
  archive_.full = false;
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
  ExpectWhole();
}

TEST_F(ArchiveTest, ACopyThatIsNotWholeIsNoReasonToRemoveAnything) {
  archive_.cuts = true;
  EXPECT_EQ(log_->ArchiveNext(kAll).error().code(), ErrorCode::kCorruption);
  EXPECT_TRUE(fs::exists(Segment(0)));
  EXPECT_FALSE(fs::exists(Segment(0, ".archived")));
  // Nor is what another log left under the name.
  archive_.cuts = false;
  Spill(InArchive(0), "{\"index\":0,\"of\":\"another log\"}\n");
  EXPECT_EQ(log_->ArchiveNext(kAll).error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(Slurp(InArchive(0)), HasSubstr("another log"));
  EXPECT_TRUE(fs::exists(Segment(0)));
  ExpectWhole();
}

TEST_F(ArchiveTest, ASegmentThatSomebodyChangedIsNotArchived) {
  std::string text = Slurp(Segment(0));
  text.replace(text.find("\"p3\""), 4, "\"q3\"");
  Spill(Segment(0), text);
  EXPECT_EQ(log_->ArchiveNext(kAll).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(archive_.stores, 0);
  EXPECT_TRUE(fs::exists(Segment(0)));
  EXPECT_EQ(Verify().status, kAltered);
}

TEST_F(ArchiveTest, ACrashAnywhereLeavesAllRecordsAndTheNextTurnGoesOn) {
  const std::string whole = Slurp(Segment(0));
  // Copied and not marked: a half of the copy is what a crash of another program might have left.
  fs::copy_file(Segment(0), InArchive(0));
  Reopen();
  ExpectWhole();
  EXPECT_TRUE(*log_->ArchiveNext(kAll));
  // Marked, and said to be, but not removed.
  Spill(Segment(0), whole);
  Reopen();
  ExpectWhole();
  EXPECT_EQ(Verify({"--archive", archive_.folder_}).status, kIntact);
  EXPECT_TRUE(*log_->ArchiveNext({}));  // Whatever the rule says by now.
  EXPECT_FALSE(fs::exists(Segment(0)));
  ExpectWhole();
}

TEST_F(ArchiveTest, RootsAndIndexThatAreLostAreMadeAnew) {
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  log_.reset();
  fs::remove(Path("segments/roots"));
  Reopen();
  ExpectWhole();
  log_.reset();
  // An index that is not what was signed proves nothing.
  std::string index = Slurp(Segment(0, ".index"));
  index[3] = static_cast<char>(index[3] ^ 1);
  Spill(Segment(0, ".index"), index);
  fs::remove(Path("segments/roots"));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
}

TEST_F(ArchiveTest, AnIndexThatIsLostIsMadeAnewFromTheArchiveAloneIfThatIsWhatWasSigned) {
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  const std::string whole = Slurp(InArchive(0));
  std::string other = whole;
  other.replace(other.find("\"p3\""), 4, "\"q3\"");
  fs::remove(Segment(0, ".index"));
  Spill(InArchive(0), other);
  EXPECT_EQ(log_->Read(3, 1).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(log_->Read(5, 1).error().code(), ErrorCode::kCorruption);
  EXPECT_FALSE(fs::exists(Segment(0, ".index")));
  Spill(InArchive(0), whole);
  ExpectWhole();
  EXPECT_TRUE(fs::exists(Segment(0, ".index")));
}

TEST_F(ArchiveTest, ALogGoesOnWithSegmentsOfTheSizeThatItBeganWith) {
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  options_.records_per_segment = 64;
  Reopen();
  ExpectWhole();
  AppendMany(*log_, 8);
  EXPECT_TRUE(fs::exists(Segment(24)));
  ExpectWhole();
  // One that has a single segment goes on with it.
  log_.reset();
  options_.directory = directory_ + "/small";
  options_.records_per_segment = 8;
  log_ = OpenLog();
  AppendMany(*log_, 6);
  log_.reset();
  options_.records_per_segment = 4;
  log_ = OpenLog();
  AppendMany(*log_, 3);
  EXPECT_TRUE(fs::exists(Segment(8)) && !fs::exists(Segment(4)));
  EXPECT_EQ(log_->Read(0, 9)->size(), 9U);
  log_.reset();
  options_.records_per_segment = 5;
  EXPECT_EQ(OpenError(), ErrorCode::kInvalidArgument);
}

TEST_F(ArchiveTest, AChangedArchiveIsFoundByReadersAndByTheVerifier) {
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  EXPECT_EQ(Verify({"--archive", archive_.folder_}).status, kIntact);
  std::string text = Slurp(InArchive(0));
  text.replace(text.find("\"p3\""), 4, "\"q3\"");
  Spill(InArchive(0), text);
  EXPECT_EQ(log_->Read(3, 1).error().code(), ErrorCode::kCorruption);
  EXPECT_TRUE(log_->Read(4, 2).has_value());
  const auto answer = Verify({"--archive", archive_.folder_});
  EXPECT_EQ(answer.status, kAltered) << answer.text;
  EXPECT_THAT(answer.text, HasSubstr("record 3"));
}

TEST_F(ArchiveTest, TheVerifierSaysWhatItDidNotRead) {
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  ASSERT_TRUE(log_->MakeCheckpoint());
  const auto alone = Verify();
  EXPECT_EQ(alone.status, kMissingSegment) << alone.text;
  EXPECT_THAT(alone.text, HasSubstr("--archive"));
  const auto with = Verify({"--archive", archive_.folder_});
  EXPECT_EQ(with.status, kIntact) << with.text;
  EXPECT_THAT(with.text, HasSubstr("23 records"));
  // Of records that were deleted when their time was over only the hashes are left; the rest is proven all the same.
  fs::remove(InArchive(0));
  const auto gone = Verify({"--archive", archive_.folder_});
  EXPECT_EQ(gone.status, kMissingSegment) << gone.text;
  const auto without = Verify({"--archive", archive_.folder_, "--without-archived"});
  EXPECT_EQ(without.status, kIntact) << without.text;
  EXPECT_THAT(without.text, HasSubstr("8 of them were not read"));
  EXPECT_EQ(*log_->ProveInclusion(3, 21), proof_);
  // What is left cannot be changed so.
  std::string text = Slurp(Segment(16));
  text.replace(text.find("\"p18\""), 5, "\"q18\"");
  Spill(Segment(16), text);
  EXPECT_EQ(Verify({"--archive", archive_.folder_, "--without-archived"}).status, kAltered);
}

TEST_F(ArchiveTest, HashesThatWereMadeUpDoNotPass) {
  ASSERT_TRUE(*log_->ArchiveNext(kAll));
  std::string index = Slurp(Segment(0, ".index"));
  index[40 * 3] = static_cast<char>(index[40 * 3] ^ 1);
  Spill(Segment(0, ".index"), index);
  EXPECT_EQ(Verify({"--without-archived"}).status, kAltered);
  // Nor does a segment that was taken away and called archived.
  Spill(Segment(8, ".archived"), "neurolake-archived-segment 1\n");
  fs::remove(Segment(8));
  EXPECT_EQ(Verify({"--archive", archive_.folder_}).status, kMissingSegment);
}

}  // namespace
}  // namespace neurolake::audit
