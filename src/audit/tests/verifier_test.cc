// The separate program tools/audit_verify against logs that somebody changed.
#include "audit/tests/log_fixture.h"
#include "audit/tests/verifier_run.h"

namespace neurolake::audit {
namespace {

using testing::HasSubstr;

constexpr int kIntact = 0, kAltered = 1, kTruncated = 2, kRolledBack = 3, kForked = 4, kBadCheckpoint = 5,
              kMissingSegment = 6, kUsage = 64, kCannotRead = 66;

using Answer = VerifierAnswer;

/// 21 records in segments of eight, with checkpoints of 5, 13 and 21.
class VerifierTest : public AuditLogTest {
 protected:
  VerifierTest() {
    const auto log = OpenLog();
    key_ = log->verifier().ToText();
    for (const int until : {5, 13, 21}) {
      while (log->size() < static_cast<uint64_t>(until)) {
        EXPECT_TRUE(log->Append(Named("person" + std::to_string(log->size()))));
      }
      EXPECT_TRUE(log->MakeCheckpoint());
    }
  }

  Answer Verify(std::vector<std::string> arguments) const {
    return RunVerifier(directory_ + "/output", std::move(arguments));
  }
  Answer VerifyLog() const { return Verify({"--key", key_, options_.directory}); }
  void Expect(int status, const std::string& text) const {
    const Answer answer = VerifyLog();
    EXPECT_EQ(answer.status, status) << answer.text;
    EXPECT_THAT(answer.text, HasSubstr(text));
  }

  std::string Segment(int first) const { return Path(fmt::format("segments/{:020}.jsonl", first)); }
  std::vector<std::string> Lines(int first) const {
    std::vector<std::string> lines;
    std::istringstream text(Slurp(Segment(first)));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  void Write(int first, const std::vector<std::string>& lines) const {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    Spill(Segment(first), text);
  }

  std::string key_;
};

TEST_F(VerifierTest, ALogThatNobodyTouchedIsIntact) {
  Expect(kIntact, "21 records of neurolake/");
  EXPECT_EQ(Verify({options_.directory}).status, kIntact);
  EXPECT_THAT(Verify({options_.directory}).text, HasSubstr("the key comes from the directory itself"));
  EXPECT_EQ(Verify({"--key", Path("log.vkey"), options_.directory}).status, kIntact);
  EXPECT_EQ(Verify({"--quiet", options_.directory}).text, "");
  const auto log = OpenLog();
  ASSERT_TRUE(log->Append(Named("one more")));
  Expect(kIntact, "1 records behind the last checkpoint are not signed yet");
}

// Every seventh and every fifth byte, which meets every kind of byte in some record: a process for each takes its time.
TEST_F(VerifierTest, BytesOfRecordsCountWhereverTheyAre) {
  for (const int first : {0, 8, 16}) {
    const std::string text = Slurp(Segment(first));
    for (size_t i = static_cast<size_t>(first) % 7; i < text.size(); i += 7) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (i % 2 == 0 ? '\x01' : '\x20'));
      Spill(Segment(first), changed);
      EXPECT_NE(Verify({"--quiet", "--key", key_, options_.directory}).status, kIntact) << first << " " << i;
    }
    // Line feeds, each.
    for (size_t i = text.find('\n'); i != std::string::npos; i = text.find('\n', i + 1)) {
      std::string changed = text;
      changed[i] = ' ';
      Spill(Segment(first), changed);
      EXPECT_NE(Verify({"--quiet", "--key", key_, options_.directory}).status, kIntact) << first << " " << i;
    }
    Spill(Segment(first), text);
  }
  Expect(kIntact, "intact");
}

TEST_F(VerifierTest, BytesOfCheckpointsCountWhereverTheyAre) {
  for (const char* name : {"checkpoint", "checkpoints"}) {
    const std::string text = Slurp(Path(name));
    // The last line feeds only part notes from each other.
    for (size_t i = 0; i + 2 < text.size(); i += 5) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      Spill(Path(name), changed);
      EXPECT_NE(Verify({"--quiet", "--key", key_, options_.directory}).status, kIntact) << name << " " << i;
    }
    Spill(Path(name), text);
  }
  Expect(kIntact, "intact");
}

TEST_F(VerifierTest, NamesTheRecordThatWasChanged) {
  auto lines = Lines(8);
  lines[3].replace(lines[3].find("person11"), 8, "person99");
  Write(8, lines);
  Expect(kAltered, "record 11 (" + Segment(8) + ", line 4) was changed after it was signed");
  // Without what the log noted of each, the checkpoints part the good from the bad.
  std::filesystem::remove(Path("segments/00000000000000000008.index"));
  Expect(kAltered, "among records 5 to 12 some were changed");
}

TEST_F(VerifierTest, TheIndexIsNoEvidence) {
  Spill(Path("segments/00000000000000000000.index"), std::string(8 * 40, 'x'));
  Expect(kIntact, "intact");
}

TEST_F(VerifierTest, RecordsThatWereMovedRepeatedAddedOrTakenOutAreFound) {
  const auto lines = Lines(8);
  auto changed = lines;
  std::swap(changed[1], changed[2]);
  Write(8, changed);
  Expect(kAltered, "record 9 (" + Segment(8) + ", line 2) calls itself 10");
  changed = lines;
  changed.insert(changed.begin() + 4, lines[3]);
  Write(8, changed);
  Expect(kAltered, "record 12 (" + Segment(8) + ", line 5) calls itself 11");
  changed = lines;
  changed.erase(changed.begin() + 4);
  Write(8, changed);
  Expect(kAltered, "record 12 (" + Segment(8) + ", line 5) calls itself 13");
  changed = lines;
  changed.insert(changed.begin(), "not JSON");
  Write(8, changed);
  Expect(kAltered, "record 8 (" + Segment(8) + ", line 1) is no record");
  // With numbers that fit, the tree tells.
  changed = lines;
  std::string a = lines[1], b = lines[2];
  a.replace(0, a.find(','), "{\"index\":10");
  b.replace(0, b.find(','), "{\"index\":9");
  changed[1] = b;
  changed[2] = a;
  Write(8, changed);
  Expect(kAltered, "record 9 (");
}

TEST_F(VerifierTest, MissingSegmentsAreNamed) {
  const std::string text = Slurp(Segment(8));
  std::filesystem::remove(Segment(8));
  Expect(kMissingSegment, "records 8 to 15 before it are missing");
  Spill(Segment(8), text);
  std::filesystem::rename(Segment(0), directory_ + "/first");
  Expect(kMissingSegment, "records 0 to 7 before it are missing");
  std::filesystem::rename(directory_ + "/first", Segment(0));
  std::filesystem::copy(Segment(8), Path("segments/00000000000000000012.jsonl"));
  Expect(kAltered, "its first record is there already, number 12");
}

TEST_F(VerifierTest, CutOffEndsAreFound) {
  auto lines = Lines(16);
  lines.resize(3);
  Write(16, lines);
  Expect(kTruncated, "records 19 to 20 are missing at the end");
  std::filesystem::remove(Segment(16));
  Expect(kTruncated, "records 16 to 20 are missing at the end");
  for (const int first : {0, 8}) std::filesystem::remove(Segment(first));
  Expect(kTruncated, "records 0 to 20 are missing at the end");
}

TEST_F(VerifierTest, ALineThatEndsInTheMiddleIsAFindingOrACrash) {
  const std::string text = Slurp(Segment(16));
  Spill(Segment(16), text.substr(0, text.size() - 4));
  Expect(kTruncated, "records 20 to 20 are missing at the end, the first of them in part");
  Spill(Segment(16), text + "{\"index\":21,\"ti");
  Expect(kIntact, "is incomplete: a crash left it");
}

TEST_F(VerifierTest, RollbackAndForkNeedSomebodyWhoRemembers) {
  std::filesystem::copy(options_.directory, directory_ + "/old", std::filesystem::copy_options::recursive);
  {
    const auto log = OpenLog();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->Append(Named("later")));
  }
  std::filesystem::copy_file(Path("checkpoint"), directory_ + "/remembered");
  const auto remembered = [&] {
    return Verify({"--key", key_, "--remember", directory_ + "/remembered", options_.directory});
  };
  EXPECT_EQ(remembered().status, kIntact) << remembered().text;
  std::filesystem::remove_all(options_.directory);
  std::filesystem::rename(directory_ + "/old", options_.directory);
  Expect(kIntact, "intact");
  EXPECT_EQ(remembered().status, kRolledBack);
  EXPECT_THAT(remembered().text, HasSubstr("the log had 25 records, and has 21"));
  // Other records in the place of those that were rolled back, as many and more.
  {
    const auto log = OpenLog();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->Append(Named("other")));
  }
  Expect(kIntact, "intact");
  EXPECT_EQ(remembered().status, kForked);
  EXPECT_THAT(remembered().text, HasSubstr("the key has signed two logs of 25 records"));
  AppendMany(*OpenLog(), 5);
  EXPECT_EQ(remembered().status, kForked);
  EXPECT_THAT(remembered().text, HasSubstr("they differ after the first 21"));
}

TEST_F(VerifierTest, AnotherKeyIsNotBelieved) {
  const std::string other = SigningKey::Make("neurolake/other")->verifier().ToText();
  EXPECT_EQ(Verify({"--key", other, options_.directory}).status, kBadCheckpoint);
  // The whole log signed anew by somebody else's key, under the same name.
  const SigningKey forger = *SigningKey::Make(VerifierKey::FromText(key_)->name());
  const auto log = OpenLog();
  const std::string note =
      forger.Sign(FormatCheckpoint({.origin = forger.verifier().name(), .size = 21, .root = *log->RootAt(21)}));
  Spill(Path("checkpoint"), note);
  Spill(Path("checkpoints"), note + "\n");
  Spill(Path("log.vkey"), forger.verifier().ToText() + "\n");
  EXPECT_EQ(Verify({options_.directory}).status, kIntact) << "with the forger's key it is his log";
  Expect(kBadCheckpoint, "the log's key has not signed it");
}

TEST_F(VerifierTest, CheckpointsThatAreMissingAreFound) {
  const std::string checkpoints = Slurp(Path("checkpoints"));
  std::filesystem::remove(Path("checkpoints"));
  Expect(kBadCheckpoint, "checkpoints is missing");
  const size_t last = checkpoints.rfind("neurolake/", checkpoints.rfind("\xE2\x80\x94") - 1);
  Spill(Path("checkpoints"), checkpoints.substr(0, last));
  Expect(kBadCheckpoint, "it is not among the checkpoints of the log");
  Spill(Path("checkpoints"), checkpoints);
  std::filesystem::remove(Path("checkpoint"));
  Expect(kBadCheckpoint, "checkpoint is missing");
}

TEST_F(VerifierTest, ProofsOfOneRecordNeedNoLog) {
  const auto log = OpenLog();
  const std::string note = log->LastCheckpoint();
  for (const uint64_t index : {0, 7, 8, 20}) {
    std::string proof = fmt::format("c2sp.org/tlog-proof@v1\nindex {}\n", index);
    const auto hashes = *log->ProveInclusion(index, 21);
    for (const Hash& hash : hashes) proof += ToBase64(hash) + "\n";
    Spill(directory_ + "/proof", proof + "\n" + note);
    Spill(directory_ + "/record", log->Read(index, 1)->front() + "\n");
    const std::vector<std::string> arguments{
        "--key", key_, "--inclusion", directory_ + "/proof", "--record", directory_ + "/record"};
    EXPECT_EQ(Verify(arguments).status, kIntact) << Verify(arguments).text;
    Spill(directory_ + "/record", log->Read((index + 1) % 21, 1)->front() + "\n");
    EXPECT_EQ(Verify(arguments).status, kAltered);
  }
  // The verifier makes the same proof itself.
  std::string proof = "c2sp.org/tlog-proof@v1\nindex 11\n";
  const auto hashes = *log->ProveInclusion(11, 21);
  for (const Hash& hash : hashes) proof += ToBase64(hash) + "\n";
  EXPECT_EQ(Verify({"--key", key_, "--prove", "11", options_.directory}).text, proof + "\n" + note);
  EXPECT_EQ(Verify({"--key", key_, "--prove", "21", options_.directory}).status, kUsage);
  EXPECT_EQ(Verify({"--key", key_, "--prove", "x", options_.directory}).status, kUsage);
  Spill(directory_ + "/proof", "c2sp.org/tlog-proof@v1\nindex 0\n");
  EXPECT_EQ(Verify({"--key", key_, "--inclusion", directory_ + "/proof", "--record", directory_ + "/record"}).status,
            kBadCheckpoint);
}

TEST_F(VerifierTest, ProofsOfContinuationNeedNoLog) {
  const auto log = OpenLog();
  const SigningKey key = *SigningKey::FromText(Slurp(Path("log.key")).substr(0, Slurp(Path("log.key")).size() - 1));
  const auto signed_at = [&](uint64_t size, const Hash& root) {
    return key.Sign(FormatCheckpoint({.origin = key.verifier().name(), .size = size, .root = root}));
  };
  for (const uint64_t from : {1, 8, 13, 20, 21}) {
    std::string proof = fmt::format("old {}\n", from);
    const auto hashes = *log->ProveConsistency(from, 21);
    for (const Hash& hash : hashes) proof += ToBase64(hash) + "\n";
    Spill(directory_ + "/proof", proof + "\n" + log->LastCheckpoint());
    const std::vector<std::string> arguments{
        "--key", key_, "--continuation", directory_ + "/proof", "--old", directory_ + "/old_checkpoint"};
    Spill(directory_ + "/old_checkpoint", signed_at(from, *log->RootAt(from)));
    EXPECT_EQ(Verify(arguments).status, kIntact) << Verify(arguments).text;
    Spill(directory_ + "/old_checkpoint", signed_at(from, LeafHash("a fork")));
    EXPECT_EQ(Verify(arguments).status, kForked);
  }
}

TEST_F(VerifierTest, SaysWhatItCannotDo) {
  EXPECT_EQ(Verify({}).status, kUsage);
  EXPECT_EQ(Verify({"--nonsense", options_.directory}).status, kUsage);
  EXPECT_EQ(Verify({"--key"}).status, kUsage);
  EXPECT_EQ(Verify({"--inclusion", "x", "--record", "y"}).status, kUsage) << "a proof needs a key";
  EXPECT_EQ(Verify({"--help"}).status, kIntact);
  EXPECT_EQ(Verify({directory_ + "/nowhere"}).status, kCannotRead);
  EXPECT_EQ(Verify({"--key", key_, "--remember", directory_ + "/nowhere", options_.directory}).status, kCannotRead);
  EXPECT_EQ(Verify({"--key", "nonsense", options_.directory}).status, kBadCheckpoint);
}

}  // namespace
}  // namespace neurolake::audit
