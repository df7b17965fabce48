#include <boost/json.hpp>

#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/system_call_faults.h"
#include "tables/delta/curve.h"

namespace neurolake::engine::duckdb {
namespace {

/// What the commands leave to the engine: rows written anew along a curve, and the sample the curve is made from.
class LayoutTest : public EngineTest {
 protected:
  struct File {
    int64_t rows = 0, min = 0, max = 0;  ///< Bounds of column `a`.
  };

  std::shared_ptr<const tables::delta::Snapshot> Load() {
    auto reader = tables::delta::NewSimpleLogReader(*store_);
    const std::string location = provider_->Table("main.t").location;
    return tables::delta::LoadSnapshot(*context_, *store_, *reader, location, std::nullopt).value();
  }

  std::string LakeFiles(const std::string& options = "") {
    std::string paths;
    const auto snapshot = Load();
    for (const auto& file : snapshot->files()) paths += (paths.empty() ? "'" : ",'") + file.path + "'";
    return "lake_files('main', 't', -1, [" + paths + "]" + options + ")";
  }

  /// Rows of the table by equal parts of the curve.
  std::vector<int64_t> CountParts(const std::string& place) {
    std::vector<int64_t> parts(tables::delta::kCurveParts);
    for (const std::string& row : Answer("SELECT (" + place + " >> 48)::BIGINT, count(*) FROM t GROUP BY ALL")) {
      const auto values = boost::json::parse(row).as_array();
      parts[static_cast<size_t>(values[0].as_int64())] = values[1].as_int64();
    }
    return parts;
  }

  struct Layout {
    std::string place;  ///< Over the columns.
    int64_t files = 1;
    bool counted = true;  ///< The parts of the curve.
    int64_t memory_bytes = 0;
  };
  Result<Rows> LayOut(const Layout& layout) {
    const auto snapshot = Load();
    WriteIntent intent;
    intent.replace = WriteIntent::Replace::kFiles;
    intent.operation = "OPTIMIZE";
    intent.data_change = false;
    intent.partition.emplace();
    CurveLayout curve{.place = layout.place, .sample_rows = {}, .files = layout.files};
    if (layout.counted) curve.sample_rows = CountParts(layout.place);
    for (size_t i = 0; i < snapshot->files().size(); ++i) {
      const auto file = snapshot->files()[i];
      intent.retired.push_back(file.path);
      curve.source_bytes += file.size_bytes;
    }
    intent.file_bytes = curve.source_bytes / layout.files;
    intent.curve = std::make_shared<const CurveLayout>(std::move(curve));
    const std::string sql = "INSERT INTO t SELECT * FROM " + LakeFiles();
    StatementGrants grants;
    grants.write = std::move(intent);
    NL_RETURN_IF_ERROR(engine_->BeginStatement(*context_, *provider_, gate_, layout.memory_bytes, std::move(grants)));
    auto rows = [&]() -> Result<Rows> {
      NL_ASSIGN_OR_RETURN(auto bound, Bind(sql));
      return Execute(Cost(std::move(bound)));
    }();
    engine_->EndStatement();
    return rows;
  }

  /// In the order of their bounds.
  std::vector<File> Files() {
    std::vector<File> files;
    const auto snapshot = Load();
    for (const auto& add : snapshot->files()) {
      const auto statistics = boost::json::parse(add.stats).as_object();
      files.push_back({.rows = statistics.at("numRecords").as_int64(),
                       .min = statistics.at("minValues").at("a").as_int64(),
                       .max = statistics.at("maxValues").at("a").as_int64()});
    }
    std::ranges::sort(files, {}, &File::min);
    return files;
  }

  static void ExpectApart(const std::vector<File>& files) {
    for (size_t i = 0; i + 1 < files.size(); ++i) EXPECT_LT(files[i].max, files[i + 1].min);
  }

  static constexpr const char* kRows = "SELECT count(*), count(DISTINCT id), sum(hash(t)::HUGEINT)::VARCHAR FROM t";
};

constexpr const char* kSmallFiles = " WITH (\"delta.targetFileSize\" = '32kb')";
/// Of a column with values from 0 to 1023.
constexpr const char* kPlace = "(a::UBIGINT << 54)";

TEST_F(LayoutTest, ThreadsWriteAtATime) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers define the calls themselves that writers meet in";
#endif
  Answer(std::string("CREATE TABLE t (id BIGINT, a INTEGER, s VARCHAR)") + kSmallFiles);
  Answer("INSERT INTO t SELECT i, hash(i) % 1024, 'text that is not short ' || i FROM range(200000) r(i)");
  const Rows before = Answer(kRows);
  MeetInWrites(root_ + "/tables", 2);
  const auto done = LayOut({.place = kPlace, .files = 16});
  EXPECT_GE(EndMeeting(), 2U);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(Answer(kRows), before);
  const auto files = Files();
  EXPECT_GE(files.size(), 12U);
  EXPECT_LE(files.size(), 24U);
  ExpectApart(files);
}

// Without counts of the curve's parts there is one stretch; its many files are dealt out to in two steps.
TEST_F(LayoutTest, ManyFilesOfOneStretch) {
  Answer(std::string("CREATE TABLE t (id BIGINT, a INTEGER, s VARCHAR)") + kSmallFiles);
  Answer("INSERT INTO t SELECT i, hash(i) % 1024, 'text that is not short ' || i FROM range(200000) r(i)");
  const Rows before = Answer(kRows);
  const auto done = LayOut({.place = kPlace, .files = 200, .counted = false});
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(Answer(kRows), before);
  const auto files = Files();
  EXPECT_GE(files.size(), 150U);
  EXPECT_LE(files.size(), 310U);
  ExpectApart(files);
  for (const File& file : files) EXPECT_LE(file.rows, 1300);
}

// Rows that no place tells apart still end up in files of the size that was asked for, and row groups of theirs.
TEST_F(LayoutTest, RowsOfOnePlaceAreCut) {
  for (const bool counted : {false, true}) {
    Answer("DROP TABLE IF EXISTS t");
    Answer(std::string("CREATE TABLE t (id BIGINT, a INTEGER)") + kSmallFiles);
    // Four of five at one place.
    Answer("INSERT INTO t SELECT i, CASE WHEN i % 5 > 0 THEN 7 ELSE hash(i) % 1024 END FROM range(300000) r(i)");
    const Rows before = Answer(kRows);
    const auto done = LayOut({.place = kPlace, .files = 30, .counted = counted});
    ASSERT_TRUE(done.has_value()) << done.error().message();
    EXPECT_EQ(Answer(kRows), before);
    const auto files = Files();
    EXPECT_GE(files.size(), 25U);
    EXPECT_LE(files.size(), 40U);
    for (const File& file : files) EXPECT_LE(file.rows, 16'000);
    EXPECT_GE(std::ranges::count_if(files, [](const File& file) { return file.min == 7 && file.max == 7; }), 18);
  }
}

TEST_F(LayoutTest, AllRowsAtOnePlaceInFilesOfOneSize) {
  Answer(std::string("CREATE TABLE t (id BIGINT, a INTEGER)") + kSmallFiles);
  Answer("INSERT INTO t SELECT i, 7 FROM range(100000) r(i)");
  const Rows before = Answer(kRows);
  const auto done = LayOut({.place = "0::UBIGINT", .files = 3});
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(Answer(kRows), before);
  const auto files = Files();
  ASSERT_EQ(files.size(), 3U);
  for (const File& file : files) EXPECT_NEAR(static_cast<double>(file.rows), 33'333, 1);
}

// What lists and structs hold counts: a target that is dealt out to keeps a chunk of such rows in memory.
TEST_F(LayoutTest, WideNestedRowsInLittleMemory) {
  std::string fields, values;
  for (int i = 0; i < 150; ++i) {
    fields += fmt::format("{}f{} BIGINT", i == 0 ? "" : ", ", i);
    values += fmt::format("{}'f{}': i * {}", i == 0 ? "" : ", ", i, i + 1);
  }
  Answer("CREATE TABLE t (id BIGINT, a INTEGER, s STRUCT(" + fields + "), l BIGINT[])" + kSmallFiles);
  Answer("INSERT INTO t SELECT i, hash(i) % 1024, {" + values + "}, [i, i + 1, i + 2] FROM range(40000) r(i)");
  const Rows before = Answer(kRows);
  const auto done = LayOut({.place = kPlace, .files = 100, .memory_bytes = 64'000'000});
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(Answer(kRows), before);
  const auto files = Files();
  EXPECT_GE(files.size(), 75U);
  ExpectApart(files);
}

// More than the memory has room for: blocks of rows go to disk with their long texts, and come back.
TEST_F(LayoutTest, TextsInLittleMemory) {
  // Of small row groups, which are read as a whole.
  Answer("CREATE TABLE t (id BIGINT, a INTEGER, s VARCHAR, n VARCHAR) WITH (\"delta.targetFileSize\" = '512kb')");
  Answer(
      "INSERT INTO t SELECT i, hash(i) % 1024, repeat(md5(i::VARCHAR), (i % 12)::INTEGER), CASE WHEN i % 3 = 0 THEN "
      "'a text that is not short ' || i END FROM range(500000) r(i)");
  const Rows before = Answer(kRows);
  const auto done = LayOut({.place = kPlace, .files = 8, .memory_bytes = 64'000'000});
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(Answer(kRows), before);
  EXPECT_EQ(Answer("SELECT count(*), count(s), count(n) FROM t WHERE s = repeat(md5(id::VARCHAR), (id % 12)::INTEGER)"),
            Rows{"[500000,500000,166667]"});
  const auto files = Files();
  EXPECT_GE(files.size(), 6U);
  ExpectApart(files);
}

TEST_F(LayoutTest, NoFaultOfTheDiskLosesARow) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers define the calls themselves that go wrong";
#endif
  using Kind = SystemCallFault::Kind;
  Answer("CREATE TABLE t (id BIGINT, a INTEGER, s VARCHAR) WITH (\"delta.checkpointInterval\" = 1000000)");
  // Large enough to be written past the page cache.
  Answer("INSERT INTO t SELECT i, hash(i) % 1024, md5(i::VARCHAR) || md5((i + 1)::VARCHAR) FROM range(90000) r(i)");
  const Rows before = Answer(kRows);
  for (const Kind kind : {Kind::kError, Kind::kDiskFull, Kind::kShortWrite}) {
    int64_t failures = 0;
    for (int64_t nth = 1;; ++nth) {
      SCOPED_TRACE(fmt::format("fault {} at operation {}", static_cast<int>(kind), nth));
      ArmSystemCallFault({.kind = kind, .directory = root_ + "/tables", .nth = nth});
      const auto done = LayOut({.place = kPlace, .counted = false});
      const bool struck = DisarmSystemCallFault();
      if (engine_->broken()) Reopen();
      ASSERT_EQ(Answer(kRows), before);
      if (!done.has_value()) {
        ++failures;
        EXPECT_NE(done.error().code(), ErrorCode::kInternal) << done.error().message();
      }
      if (!struck) {
        EXPECT_TRUE(done.has_value());
        break;
      }
      ASSERT_LT(nth, 200);
    }
    // Few of them write.
    EXPECT_GT(failures, kind == Kind::kShortWrite ? 1 : 2) << "too few operations seen to prove anything";
  }
}

TEST_F(LayoutTest, ACancelWhileFilesAreWrittenLeavesNothing) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers define the calls themselves that writers are held in";
#endif
  Answer(std::string("CREATE TABLE t (id BIGINT, a INTEGER)") + kSmallFiles);
  Answer("INSERT INTO t SELECT i, hash(i) % 1024 FROM range(200000) r(i)");
  const Rows before = Answer(kRows);
  const auto count_files = [&] {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ + "/tables")) {
      files += entry.path().extension() == ".parquet" ? 1U : 0U;
    }
    return files;
  };
  const size_t files_before = count_files();
  MeetInWrites(root_ + "/tables", 1000);
  bool written = false;
  std::jthread canceller([&] {
    written = WaitForWriter();
    engine_->Interrupt();
    EndMeeting();
  });
  const auto done = LayOut({.place = kPlace, .files = 200, .counted = false});
  canceller.join();
  EXPECT_TRUE(written);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), ErrorCode::kCancelled) << done.error().message();
  EXPECT_EQ(count_files(), files_before);
  EXPECT_EQ(Answer(kRows), before);
  EXPECT_FALSE(engine_->broken());
}

// Files that are each in the same order, and lack rows.
TEST_F(LayoutTest, ASampleIsFromAllOverItsFiles) {
  Answer("CREATE TABLE t (a INTEGER)");
  for (int i = 0; i < 4; ++i) Answer("INSERT INTO t SELECT i // 1000000 FROM range(8000000) r(i)");
  Answer("DELETE FROM t WHERE a = 3");
  int64_t rows = 0;
  const Rows counts = Answer("SELECT a, count(*) FROM " + LakeFiles(", sample => true") + " GROUP BY a ORDER BY a");
  ASSERT_EQ(counts.size(), 7U) << counts.front();
  for (const std::string& row : counts) {
    const int64_t count = boost::json::parse(row).as_array()[1].as_int64();
    EXPECT_GT(count, (1 << 21) / 8 * 3 / 4) << row;
    EXPECT_LT(count, (1 << 21) / 8 * 5 / 4) << row;
    rows += count;
  }
  EXPECT_GT(rows, (1 << 21) * 3 / 4);
  // Of a few rows all are taken.
  Answer("CREATE OR REPLACE TABLE t AS SELECT i::INTEGER AS a FROM range(1000) r(i)");
  EXPECT_EQ(Answer("SELECT count(*) FROM " + LakeFiles(", sample => true")), Rows{"[1000]"});
}

}  // namespace
}  // namespace neurolake::engine::duckdb
