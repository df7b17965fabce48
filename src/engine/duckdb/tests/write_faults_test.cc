#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>

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
    bool with_old_log = false;  ///< The log's files have been there for months.
    bool reads = true;          ///< Calls that only read go wrong, too.
  };

  void RunWithEveryFault(const Case& one) {
    for (const Kind kind : {Kind::kError, Kind::kDiskFull, Kind::kShortWrite, Kind::kShortRead}) {
      // Every fault costs a new engine there, and the short write is a full disk too.
      if (one.with_checkpoints && kind != Kind::kError && kind != Kind::kShortWrite) continue;
      int64_t faults = 0;
      for (int64_t nth = 1;; ++nth) {
        SCOPED_TRACE(fmt::format("fault {} at operation {}", static_cast<int>(kind), nth));
        if (!RunWithFault(one, kind, nth)) break;
        if (HasFailure()) return;
        ++faults;
        ASSERT_LT(nth, 1000);
      }
      EXPECT_GT(faults, kind == Kind::kError || kind == Kind::kDiskFull ? 9 : 1) << "too few operations seen";
    }
  }

  /// False if the statement ended before the fault's turn came.
  bool RunWithFault(const Case& one, Kind kind, int64_t nth) {
    for (const std::string& sql : one.prepare) {
      const auto prepared = Run(sql);
      EXPECT_TRUE(prepared.has_value()) << sql << ": " << prepared.error().message();
    }
    if (one.with_old_log) MakeTheLogOld();
    ArmSystemCallFault({.kind = kind, .directory = root_, .nth = nth, .reads = one.reads});
    const auto outcome = Run(one.statement);
    const bool struck = DisarmSystemCallFault();
    SCOPED_TRACE(StruckSystemCall());
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
      // Also when only the directory cannot be synced: the file is there, but nobody promises that it stays.
      const bool is_full = kind == Kind::kDiskFull || kind == Kind::kShortWrite;
      EXPECT_TRUE(!is_full || outcome.error().code() == ErrorCode::kDiskFull) << outcome.error().message();
    }
    if (!one.with_checkpoints) ExpectWholeFiles();
    ExpectWholeLog();
    return struck;
  }

  std::string LogDirectory() const { return provider_->Table("main.t").location + "/_delta_log"; }

  void MakeTheLogOld() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(LogDirectory())) {
      const timespec long_ago{::time(nullptr) - 90 * 24 * 3600, 0};
      const timespec times[] = {long_ago, long_ago};
      ASSERT_EQ(::utimensat(AT_FDCWD, entry.path().c_str(), times, 0), 0);
    }
  }

  /// No version between others is missing, and no commit is cut off.
  void ExpectWholeLog() {
    const auto found = provider_->FindTable({"main", "t"});
    if (!found.has_value() || !found->has_value()) return;
    std::set<int64_t> versions;
    for (const auto& entry : std::filesystem::directory_iterator(LogDirectory())) {
      if (entry.path().extension() != ".json") continue;
      EXPECT_TRUE(store_->Read(entry.path()).value().ends_with("}\n")) << entry.path();
      const std::string name = entry.path().stem();
      if (name.find('.') == std::string::npos) versions.insert(std::stoll(name));
    }
    ASSERT_FALSE(versions.empty());
    EXPECT_EQ(static_cast<int64_t>(versions.size()), *versions.rbegin() - *versions.begin() + 1);
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

TEST_F(WriteFaultsTest, MergeWithAChangeFeed) {
  // Rows, and changes of version 1 and of what comes after it.
  RunWithEveryFault(
      {.prepare = ThreeRows("\"delta.enableChangeDataFeed\" = 'true'"),
       .statement = "MERGE INTO t USING (VALUES (1, 'x'), (2, 'y'), (9, 'z')) s(id, part) ON t.id = s.id "
                    "WHEN MATCHED AND s.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET part = s.part "
                    "WHEN NOT MATCHED THEN INSERT (id, part) VALUES (s.id, s.part)",
       .question = "SELECT 'row', id, part, '' FROM t UNION ALL SELECT 'change', id, part, _change_type "
                   "FROM table_changes('t', 1) ORDER BY ALL",
       .before = {R"(["change",1,"a","insert"])", R"(["change",2,"a","insert"])", R"(["change",3,"b","insert"])",
                  R"(["row",1,"a",""])", R"(["row",2,"a",""])", R"(["row",3,"b",""])"},
       .after = {R"(["change",1,"a","insert"])", R"(["change",1,"a","update_preimage"])",
                 R"(["change",1,"x","update_postimage"])", R"(["change",2,"a","delete"])",
                 R"(["change",2,"a","insert"])", R"(["change",3,"b","insert"])", R"(["change",9,"z","insert"])",
                 R"(["row",1,"x",""])", R"(["row",3,"b",""])", R"(["row",9,"z",""])"}});
}

TEST_F(WriteFaultsTest, RowsOfOneFileChangedTwice) {
  // The second deletion vector of a file, with the first one to be read.
  std::vector<std::string> prepare = ThreeRows();
  prepare.emplace_back("DELETE FROM t WHERE id = 1");
  prepare.emplace_back("INSERT INTO t SELECT range, 'a' FROM range(100, 200)");
  prepare.emplace_back("DELETE FROM t WHERE id = 100");
  RunWithEveryFault({.prepare = prepare,
                     .statement = "DELETE FROM t WHERE id IN (101, 102)",
                     .question = "SELECT count(*), sum(id) FROM t",
                     .before = {"[101,\"14855\"]"},
                     .after = {"[99,\"14652\"]"}});
}

/// An insert of whose version the log is looked after.
class LogFaultsTest : public WriteFaultsTest {
 protected:
  void Insert(const std::string& properties, bool reads, bool with_old_log = false) {
    std::vector<std::string> prepare = ThreeRows(properties);
    prepare.emplace_back("INSERT INTO t VALUES (0, 'd')");
    RunWithEveryFault({.prepare = prepare,
                       .statement = "INSERT INTO t VALUES (4, 'b')",
                       .question = "SELECT count(*), sum(id) FROM t",
                       .before = {"[4,\"6\"]"},
                       .after = {"[5,\"10\"]"},
                       .with_checkpoints = true,
                       .with_old_log = with_old_log,
                       .reads = reads});
  }
};

TEST_F(LogFaultsTest, ACheckpointMayFailAndNothingElse) { Insert("\"delta.checkpointInterval\" = 1", true); }

TEST_F(LogFaultsTest, ACheckpointWithSidecarsMayFail) {
  Insert("\"delta.checkpointInterval\" = 1, \"delta.checkpointPolicy\" = 'v2'", false);
}

TEST_F(LogFaultsTest, ACompactionMayFail) {
  Insert("\"delta.checkpointInterval\" = 1000000, \"neurolake.log_compaction_interval\" = 3", true);
}

TEST_F(LogFaultsTest, ACleanUpMayFail) {
  Insert("\"delta.checkpointInterval\" = 1, \"delta.logRetentionDuration\" = 'interval 30 days'", false, true);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
