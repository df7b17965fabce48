#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/system_call_faults.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {
namespace {

using Kind = SystemCallFault::Kind;

/// Runs a statement again and again, each time with another of its file operations going wrong, until none does.
class WriteFaultsTest : public EngineTest {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizers define these calls themselves";
#endif
    EngineTest::SetUp();
  }

  struct Case {
    std::vector<std::string> prepare;
    std::string statement;
    std::string question;
    Rows before;  ///< The question's answer if the statement had no effect, …
    Rows after;   ///< … and if it had.
    /// The question goes to an engine that has nothing in memory, and reads the checkpoints.
    bool with_checkpoints = false;
  };

  void RunWithEveryFault(const Case& one) {
    for (const Kind kind : {Kind::kError, Kind::kDiskFull, Kind::kShortWrite}) {
      // Every fault costs a new engine there, and the short write is a full disk too.
      if (one.with_checkpoints && kind == Kind::kDiskFull) continue;
      int64_t faults = 0;
      for (int64_t nth = 1;; ++nth) {
        SCOPED_TRACE(fmt::format("fault {} at operation {}", static_cast<int>(kind), nth));
        if (!RunWithFault(one, kind, nth)) break;
        if (HasFailure()) return;
        ++faults;
        ASSERT_LT(nth, 1000);
      }
      EXPECT_GT(faults, 3) << "too few operations seen to prove anything";
    }
  }

  /// False if the statement ended before the fault's turn came.
  bool RunWithFault(const Case& one, Kind kind, int64_t nth) {
    for (const std::string& sql : one.prepare) {
      const auto prepared = Run(sql);
      EXPECT_TRUE(prepared.has_value()) << sql << ": " << prepared.error().message();
    }
    ArmSystemCallFault({.kind = kind, .directory = root_, .nth = nth, .reads = kind == Kind::kError});
    const auto outcome = Run(one.statement);
    const bool struck = DisarmSystemCallFault();
    if (engine_->broken() || one.with_checkpoints) Reopen();
    const Rows answer = Answer(one.question);
    if (outcome.has_value()) {
      EXPECT_EQ(answer, one.after) << "acknowledged";
    } else if (outcome.error().code() == ErrorCode::kCommitUnknown) {
      EXPECT_TRUE(answer == one.before || answer == one.after);
    } else {
      EXPECT_EQ(answer, one.before) << outcome.error().message();
      EXPECT_FALSE(outcome.error().message().empty());
      EXPECT_NE(outcome.error().code(), ErrorCode::kInternal) << outcome.error().message();
      // Full when the directory is synced: the file is there, but nobody promises that it stays.
      const bool unsure = outcome.error().message().find("the store gave no answer") != std::string::npos;
      EXPECT_TRUE(kind == Kind::kError || unsure || outcome.error().code() == ErrorCode::kDiskFull)
          << outcome.error().message();
    }
    if (!one.with_checkpoints) ExpectWholeFiles();
    return struck;
  }

  /// Every file that the log names is there, as long as the log says.
  void ExpectWholeFiles() {
    const auto found = provider_->FindTable({"main", "t"});
    if (!found.has_value() || !found->has_value()) return;
    const std::string& location = (*found)->location;
    auto reader = tables::delta::NewSimpleLogReader(*store_);
    auto snapshot = tables::delta::LoadSnapshot(*context_, *store_, *reader, location, std::nullopt);
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message();
    for (const auto& file : (*snapshot)->files()) {
      const auto path = tables::delta::ResolvePath(location, file.path);
      ASSERT_TRUE(path.has_value());
      std::error_code error;
      EXPECT_EQ(std::filesystem::file_size(*path, error), static_cast<uintmax_t>(file.size_bytes)) << *path;
    }
    for (const auto& entry : std::filesystem::directory_iterator(location + "/_delta_log")) {
      if (!entry.path().string().ends_with(".json")) continue;
      EXPECT_TRUE(store_->Read(entry.path()).value().ends_with("}\n")) << entry.path();
    }
  }
};

/// Three rows in a table with `properties`.
std::vector<std::string> ThreeRows(const std::string& properties = "\"delta.checkpointInterval\" = 1000000") {
  // A new one each time: a log of hundreds of versions would only make the test slow.
  return {"DROP TABLE IF EXISTS t",
          "CREATE TABLE t (id BIGINT, part VARCHAR) PARTITIONED BY (part) WITH (" + properties + ")",
          "INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'b')"};
}

TEST_F(WriteFaultsTest, Insert) {
  RunWithEveryFault({.prepare = ThreeRows(),
                     .statement = "INSERT INTO t VALUES (4, 'b'), (5, 'c')",
                     .question = "SELECT count(*), sum(id) FROM t",
                     .before = {"[3,\"6\"]"},
                     .after = {"[5,\"15\"]"}});
}

TEST_F(WriteFaultsTest, UpdateByDeletionVector) {
  RunWithEveryFault({.prepare = ThreeRows(),
                     .statement = "UPDATE t SET id = id + 10 WHERE id = 1",
                     .question = "SELECT count(*), sum(id) FROM t",
                     .before = {"[3,\"6\"]"},
                     .after = {"[3,\"16\"]"}});
}

TEST_F(WriteFaultsTest, DeleteByRewriting) {
  RunWithEveryFault({.prepare = ThreeRows("compatibility = 'widest', \"delta.checkpointInterval\" = 1000000"),
                     .statement = "DELETE FROM t WHERE id = 1",
                     .question = "SELECT count(*), sum(id) FROM t",
                     .before = {"[3,\"6\"]"},
                     .after = {"[2,\"5\"]"}});
}

TEST_F(WriteFaultsTest, Replacement) {
  RunWithEveryFault({.prepare = ThreeRows(),
                     .statement = "CREATE OR REPLACE TABLE t AS SELECT i AS id FROM range(5) r(i)",
                     .question = "SELECT count(*), sum(id) FROM t",
                     .before = {"[3,\"6\"]"},
                     .after = {"[5,\"10\"]"}});
}

TEST_F(WriteFaultsTest, ACheckpointMayFailAndNothingElse) {
  std::vector<std::string> prepare = ThreeRows("\"delta.checkpointInterval\" = 1");
  prepare.emplace_back("INSERT INTO t VALUES (0, 'd')");
  RunWithEveryFault({.prepare = prepare,
                     .statement = "INSERT INTO t VALUES (4, 'b')",
                     .question = "SELECT count(*), sum(id) FROM t",
                     .before = {"[4,\"6\"]"},
                     .after = {"[5,\"10\"]"},
                     .with_checkpoints = true});
}

}  // namespace
}  // namespace neurolake::engine::duckdb
