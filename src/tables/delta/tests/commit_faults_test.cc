#include <sys/wait.h>

#include <csignal>

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

using storage::Fault;
using storage::StoreOperation;

class CommitFaultsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Commit(TestContext(), inner_, CreateRequest("/t")).has_value()); }
  Result<CommitOutcome> Append(const std::string& path = "f") {
    return Commit(TestContext(), store_, AppendRequest("/t", 0, path));
  }
  /// Every file of the newest version; fails if the log is not whole.
  std::vector<std::string> Files() {
    auto reader = NewSimpleLogReader(inner_);
    auto snapshot = LoadSnapshot(TestContext(), inner_, *reader, "/t", std::nullopt);
    EXPECT_TRUE(snapshot.has_value()) << snapshot.error().message();
    return snapshot.has_value() ? Paths(**snapshot) : std::vector<std::string>{};
  }

  MemoryStore inner_;
  storage::FaultInjectingStore store_{inner_};
};

TEST_F(CommitFaultsTest, LostAnswerIsFoundInTheLog) {
  for (ErrorCode code : {ErrorCode::kCommitUnknown, ErrorCode::kIoError, ErrorCode::kAlreadyExists}) {
    MemoryStore inner;
    ASSERT_TRUE(Commit(TestContext(), inner, CreateRequest("/t")).has_value());
    storage::FaultInjectingStore store(inner);
    store.Inject({.kind = Fault::Kind::kLoseAnswer, .operation = StoreOperation::kPutIfAbsent, .code = code});
    auto outcome = Commit(TestContext(), store, AppendRequest("/t", 0, "f"));
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
    EXPECT_EQ(outcome->version, 1);
    EXPECT_FALSE(inner.Head(CommitName(2)).has_value());
  }
}

TEST_F(CommitFaultsTest, LostAnswerOfACreationIsFoundToo) {
  store_.Inject(
      {.kind = Fault::Kind::kLoseAnswer, .operation = StoreOperation::kPutIfAbsent, .code = ErrorCode::kAlreadyExists});
  auto outcome = Commit(TestContext(), store_, CreateRequest("/u"));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ(outcome->version, 0);
}

// FORGET SUBJECT deletes versions that are young: the name that a commit takes may be one of them.
TEST_F(CommitFaultsTest, ALogThatWasCutMeanwhileLeavesACommitInDoubt) {
  ASSERT_TRUE(Append().has_value());
  const auto head = [&](ErrorCode code) {
    return Fault{
        .operation = StoreOperation::kHead, .path_contains = "00000000000000000001.json", .nth = 2, .code = code};
  };
  store_.Inject(head(ErrorCode::kNotFound));
  const auto lost = Commit(TestContext(), store_, AppendRequest("/t", 1, "g"));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code(), ErrorCode::kCommitUnknown);
  store_.ClearFaults();
  store_.Inject({.operation = StoreOperation::kHead,
                 .path_contains = "00000000000000000002.json",
                 .nth = 2,
                 .code = ErrorCode::kIoError});
  EXPECT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 2, "h")).has_value()) << "it could not be asked";
}

TEST_F(CommitFaultsTest, UnknownWithoutEffectIsTriedAgain) {
  store_.Inject(
      {.kind = Fault::Kind::kFail, .operation = StoreOperation::kPutIfAbsent, .code = ErrorCode::kCommitUnknown});
  auto outcome = Append();
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ(outcome->version, 1);
  EXPECT_EQ(Files(), std::vector<std::string>{"f"});
}

TEST_F(CommitFaultsTest, LateEffectDoesNotCommitTwice) {
  store_.Inject({.kind = Fault::Kind::kDelayEffect,
                 .operation = StoreOperation::kPutIfAbsent,
                 .code = ErrorCode::kCommitUnknown});
  auto outcome = Append();
  ASSERT_TRUE(outcome.has_value());
  for (const auto& late : store_.ReleaseDelayed()) EXPECT_EQ(late.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(Files(), std::vector<std::string>{"f"});
}

TEST_F(CommitFaultsTest, UnreadableLogAfterALostAnswerIsCommitUnknown) {
  store_.Inject({.kind = Fault::Kind::kLoseAnswer,
                 .operation = StoreOperation::kPutIfAbsent,
                 .times = 100,
                 .code = ErrorCode::kCommitUnknown});
  store_.Inject({.operation = StoreOperation::kRead, .path_contains = "0001.json", .times = 100});
  auto outcome = Append();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), ErrorCode::kCommitUnknown);
}

TEST_F(CommitFaultsTest, DeadlineWhileInDoubtIsCommitUnknown) {
  store_.Inject({.kind = Fault::Kind::kFail,
                 .operation = StoreOperation::kPutIfAbsent,
                 .times = 100,
                 .code = ErrorCode::kCommitUnknown});
  auto outcome = Append();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), ErrorCode::kCommitUnknown);
}

TEST_F(CommitFaultsTest, SomebodyElseWonWhileInDoubt) {
  // Our put vanishes without an answer, and another writer takes the version.
  store_.Inject(
      {.kind = Fault::Kind::kFail, .operation = StoreOperation::kPutIfAbsent, .code = ErrorCode::kCommitUnknown});
  ASSERT_TRUE(Commit(TestContext(), inner_, AppendRequest("/t", 0, "theirs")).has_value());
  auto outcome = Append("mine");
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ(outcome->version, 2);
  EXPECT_EQ(Files(), (std::vector<std::string>{"mine", "theirs"}));
}

TEST_F(CommitFaultsTest, FullDiskAndReadOnlyAreSaidAndLeaveNothing) {
  store_.LimitCapacity(10);
  EXPECT_EQ(Append().error().code(), ErrorCode::kDiskFull);
  store_.RemoveCapacityLimit();
  for (ErrorCode code : {ErrorCode::kReadOnly, ErrorCode::kPermissionDenied, ErrorCode::kIoError}) {
    store_.Inject({.operation = StoreOperation::kPutIfAbsent, .code = code});
    EXPECT_EQ(Append().error().code(), code);
    store_.ClearFaults();
  }
  EXPECT_FALSE(inner_.Head(CommitName(1)).has_value());
  EXPECT_TRUE(Append().has_value());
}

TEST_F(CommitFaultsTest, StoreThatKeepsHalfIsCorruptionNotSuccess) {
  store_.Inject(
      {.kind = Fault::Kind::kShortWrite, .operation = StoreOperation::kPutIfAbsent, .code = ErrorCode::kCommitUnknown});
  auto outcome = Append();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), ErrorCode::kCorruption);
}

/// Whatever single call fails: a commit says that it happened, or that it did not, or that it does not know; truly.
TEST_F(CommitFaultsTest, EverySingleFailureIsToldTruly) {
  for (auto kind : {Fault::Kind::kFail, Fault::Kind::kLoseAnswer}) {
    for (ErrorCode code : {ErrorCode::kIoError, ErrorCode::kCommitUnknown}) {
      for (int64_t nth = 1; nth <= 8; ++nth) {
        MemoryStore inner;
        ASSERT_TRUE(Commit(TestContext(), inner, CreateRequest("/t")).has_value());
        storage::FaultInjectingStore store(inner);
        store.Inject({.kind = kind, .nth = nth, .code = code});
        auto outcome = Commit(TestContext(), store, AppendRequest("/t", 0, "f"));
        const bool happened = inner.Head(CommitName(1)).has_value();
        if (outcome.has_value()) {
          EXPECT_TRUE(happened);
        } else if (outcome.error().code() != ErrorCode::kCommitUnknown) {
          EXPECT_FALSE(happened) << nth;
        }
        EXPECT_FALSE(inner.Head(CommitName(2)).has_value());
      }
    }
  }
}

class LocalCommitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "nl-delta-commit-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    table_ = root_ + "/t";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_;
  std::string table_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::NewLocalStore();
};

TEST_F(LocalCommitTest, EightThreadsAppendBlindlyAndEveryVersionIsThereOnce) {
  ASSERT_TRUE(Commit(TestContext(), *store_, CreateRequest(table_)).has_value());
  constexpr int kThreads = 8;
  constexpr int kCommitsEach = 25;
  std::mutex mutex;
  std::vector<int64_t> versions;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      int64_t read_version = 0;
      for (int i = 0; i < kCommitsEach; ++i) {
        auto outcome =
            Commit(TestContext(), *store_, AppendRequest(table_, read_version, fmt::format("f-{}-{}", thread, i)));
        ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
        if (i % 2 == 0) read_version = outcome->version;
        std::lock_guard lock(mutex);
        versions.push_back(outcome->version);
      }
    });
  }
  threads.clear();
  std::ranges::sort(versions);
  ASSERT_EQ(versions.size(), size_t{kThreads * kCommitsEach});
  for (size_t i = 0; i < versions.size(); ++i) EXPECT_EQ(versions[i], static_cast<int64_t>(i) + 1);
  auto reader = NewSimpleLogReader(*store_);
  auto snapshot = LoadSnapshot(TestContext(), *store_, *reader, table_, std::nullopt).value();
  EXPECT_EQ(snapshot->files().size(), versions.size());
  int64_t previous = 0;
  const auto history = ReadHistory(TestContext(), *store_, table_, std::nullopt).value();
  for (const auto& entry : history) {
    const int64_t time = entry.timestamp.time_since_epoch().count();
    EXPECT_TRUE(previous == 0 || time < previous);
    previous = time;
  }
}

TEST_F(LocalCommitTest, KilledCommitterLeavesAWholeLog) {
  ASSERT_TRUE(Commit(TestContext(), *store_, CreateRequest(table_)).has_value());
  for (int round = 0; round < 10; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = storage::NewLocalStore();
      for (int i = 0;; ++i) {
        (void)Commit(TestContext(), *store, AppendRequest(table_, 0, fmt::format("f-{}-{}", round, i)));
      }
    }
    ::usleep(10'000 + round * 3'000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  auto reader = NewSimpleLogReader(*store_);
  auto snapshot = LoadSnapshot(TestContext(), *store_, *reader, table_, std::nullopt);
  ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message();
  EXPECT_EQ(static_cast<int64_t>((*snapshot)->files().size()), (*snapshot)->version());
  for (const auto& entry : std::filesystem::directory_iterator(table_ + "/_delta_log")) {
    const std::string path = entry.path();
    EXPECT_TRUE(path.ends_with(".json") || path.ends_with(".crc")) << path;
  }
}

TEST_F(LocalCommitTest, DroppedTableIsNotRevived) {
  ASSERT_TRUE(Commit(TestContext(), *store_, CreateRequest(table_)).has_value());
  std::filesystem::remove_all(table_);
  auto outcome = Commit(TestContext(), *store_, AppendRequest(table_, 0, "f"));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(table_));
}

}  // namespace
}  // namespace neurolake::tables::delta
