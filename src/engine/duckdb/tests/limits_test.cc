#include <thread>

#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"

namespace neurolake::engine::duckdb {
namespace {

class LimitsTest : public EngineTest {};

TEST_F(LimitsTest, LargeResultsStreamInBoundedMemory) {
  ASSERT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, 100'000'000, {}).has_value());
  auto bound = Bind("SELECT i, repeat('x', 100) AS s FROM range(10000000) r(i)");
  ASSERT_TRUE(bound.has_value());
  auto running = engine_->Execute(Cost(*std::move(bound)));
  ASSERT_TRUE(running.has_value()) << running.error().message();
  int64_t rows = 0;
  while (rows < 3'000'000) {
    auto batch = (*running)->Next();
    ASSERT_TRUE(batch.has_value()) << batch.error().message();
    ASSERT_TRUE(batch->has_value());
    rows += (*batch)->row_count();
  }
  // Left half-read: the next statement must not notice.
  running->reset();
  engine_->EndStatement();
  EXPECT_EQ(Answer("SELECT 1"), Rows{"[1]"});
}

TEST_F(LimitsTest, WideRowsAreFewInABatch) {
  // Texts, texts within nested values, and one row that is larger than a batch ought to be.
  for (const char* column : {"repeat('x', 2000) || i", "[{'a': repeat('x', 2000) || i}]", "i", "repeat('x', 2000)",
                             "CASE WHEN i = 3000 THEN repeat('x', 20000000) ELSE '' || i END"}) {
    ASSERT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, 100'000'000, {}).has_value());
    auto bound = Bind(fmt::format("SELECT i, {} AS wide FROM range(40000) r(i)", column));
    ASSERT_TRUE(bound.has_value()) << bound.error().message();
    auto running = engine_->Execute(Cost(*std::move(bound)));
    ASSERT_TRUE(running.has_value()) << running.error().message();
    int64_t rows = 0, batch_rows_max = 0;
    while (true) {
      auto batch = (*running)->Next();
      ASSERT_TRUE(batch.has_value()) << batch.error().message();
      if (!batch->has_value()) break;
      const ArrowArray& numbers = *(*batch)->get()->children[0];
      EXPECT_EQ(static_cast<const int64_t*>(numbers.buffers[1])[0], rows) << column;
      rows += (*batch)->row_count();
      batch_rows_max = std::max(batch_rows_max, (*batch)->row_count());
    }
    EXPECT_EQ(rows, 40'000) << column;
    if (std::string_view(column).find("2000)") != std::string_view::npos) {
      EXPECT_LT(batch_rows_max, 4096) << column;
    } else if (std::string_view(column) == "i") {
      EXPECT_GE(batch_rows_max, 16'384);
    }
    running->reset();
    engine_->EndStatement();
  }
}

TEST_F(LimitsTest, AnInterruptEndsARunningStatement) {
  std::jthread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    engine_->Interrupt();
  });
  const auto begin = std::chrono::steady_clock::now();
  auto rows = Run("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1");
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().code(), ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(Answer("SELECT 1"), Rows{"[1]"});
}

TEST_F(LimitsTest, TooLittleMemoryIsAClearError) {
  ASSERT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, 20'000'000, {}).has_value());
  auto bound = Bind("SELECT length(string_agg(repeat('x', 1000) || i, ',')) FROM range(1000000) r(i)");
  ASSERT_TRUE(bound.has_value());
  auto rows = Execute(Cost(*std::move(bound)));
  engine_->EndStatement();
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().code(), ErrorCode::kOutOfMemory) << rows.error().message();
  EXPECT_FALSE(engine_->broken());
}

TEST_F(LimitsTest, MemoryGrantedAfterPlanningCounts) {
  const char* sql = "SELECT length(string_agg(repeat('x', 1000) || i, ',')) FROM range(50000) r(i)";
  for (const bool granted : {false, true}) {
    ASSERT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, 20'000'000, {}).has_value());
    auto bound = Bind(sql);
    ASSERT_TRUE(bound.has_value());
    if (granted) {
      EXPECT_TRUE(engine_->SetMemoryLimit(600'000'000).has_value());
    }
    const auto rows = Execute(Cost(*std::move(bound)));
    engine_->EndStatement();
    EXPECT_EQ(rows.has_value(), granted);
  }
}

TEST_F(LimitsTest, TheDigestTellsWhereEachOperatorStands) {
  ASSERT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, 0, {}).has_value());
  const auto bound = Bind("SELECT i, count(*) FROM range(1000) r(i) GROUP BY i ORDER BY i");
  ASSERT_TRUE(bound.has_value()) << bound.error().message();
  const auto& tree = bound->digest().tree;
  ASSERT_EQ(tree.size(), bound->digest().operators.size());
  EXPECT_EQ(tree[0].parent, -1);
  std::string path;
  bool keeps_rows = false;
  for (int at = static_cast<int>(tree.size()) - 1; at >= 0; at = tree[static_cast<size_t>(at)].parent) {
    const auto& node = tree[static_cast<size_t>(at)];
    path += node.name + " ";
    keeps_rows = keeps_rows || node.keeps_rows;
  }
  EXPECT_EQ(path.find("GET "), 0U) << path;
  EXPECT_NE(path.find("AGGREGATE "), std::string::npos) << path;
  EXPECT_NE(path.find("ORDER_BY "), std::string::npos) << path;
  EXPECT_TRUE(keeps_rows);
  EXPECT_EQ(tree.back().rows, 1000);
  EXPECT_EQ(tree.back().row_bytes, 8);
  engine_->EndStatement();
}

TEST_F(LimitsTest, TheDigestTellsHowWideRowsAre) {
  ASSERT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, 0, {}).has_value());
  const auto bound = Bind("SELECT i, i::VARCHAR AS t, {'a': i::INTEGER, 'b': i} AS s FROM range(1000) r(i)");
  ASSERT_TRUE(bound.has_value()) << bound.error().message();
  int64_t widest = 0;
  for (const auto& node : bound->digest().tree) widest = std::max(widest, node.vector_row_bytes);
  EXPECT_EQ(widest, 8 + 16 + 4 + 8);
  engine_->EndStatement();
}

TEST_F(LimitsTest, SortingSpillsToItsDirectory) {
  ASSERT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, 60'000'000, {}).has_value());
  auto bound = Bind(
      "SELECT sum(length(s)) FROM (SELECT s FROM (SELECT md5(i::VARCHAR) || repeat('x', 50) AS s FROM "
      "range(2000000) r(i)) ORDER BY s LIMIT 1999999)");
  ASSERT_TRUE(bound.has_value());
  auto rows = Execute(Cost(*std::move(bound)));
  engine_->EndStatement();
  ASSERT_TRUE(rows.has_value()) << rows.error().message();
}

// Secret values must not be in any error.
TEST_F(LimitsTest, ErrorsShowNoValues) {
  ASSERT_TRUE(
      Run("CREATE TABLE t AS SELECT 'geheim-4711' AS secret, 4711 AS n, '{\"a\": \"geheim\"}' AS j").has_value());
  ASSERT_TRUE(Run("CREATE TABLE hidden_table_geheim (x INTEGER)").has_value());
  for (const char* sql : {"SELECT secret::INTEGER FROM t",
                          "SELECT CAST(secret AS DATE) FROM t",
                          "SELECT error(secret) FROM t",
                          "SELECT error('geheim' || n) FROM t",
                          "SELECT n::TINYINT FROM t",
                          "SELECT (n * 1000000)::INTEGER * 1000 FROM t",
                          "SELECT json_extract(secret, '$.a') FROM t",
                          "SELECT strptime(secret, '%Y') FROM t",
                          "SELECT secret::JSON FROM t",
                          "SELECT chr(n * 1000000) FROM t",
                          "SELECT regexp_matches('a', secret || '(') FROM t",
                          "SELECT list_value(1)[secret] FROM t",
                          "SELECT date_part(secret, now()) FROM t",
                          "SELECT (SELECT secret FROM t UNION ALL SELECT secret FROM t) FROM t",
                          "SELECT secret::UUID FROM t",
                          "SELECT secret::BLOB::BIT FROM t",
                          "SELECT * FROM hidden_table_gehei",
                          "SELECT secre FROM t",
                          "SELECT make_date(n, n, n) FROM t",
                          "SELECT factorial(n) FROM t",
                          "SELECT unhex(secret) FROM t",
                          "SELECT format('{:d}', secret) FROM t",
                          "SELECT secret::ENUM('a') FROM t",
                          "SELECT ln(-n) FROM t",
                          "SELECT base64(secret::BLOB)::DOUBLE FROM t",
                          "SELECT struct_extract({'a': 1}, secret) FROM t"}) {
    auto rows = Run(sql);
    if (rows.has_value()) continue;
    EXPECT_EQ(rows.error().message().find("geheim"), std::string::npos) << sql << ": " << rows.error().message();
    EXPECT_EQ(rows.error().message().find("4711"), std::string::npos) << sql << ": " << rows.error().message();
    EXPECT_NE(rows.error().code(), ErrorCode::kInternal) << sql << ": " << rows.error().message();
    EXPECT_FALSE(engine_->broken()) << sql;
  }
  EXPECT_EQ(Run("SELECT secret::INTEGER FROM t").error().code(), ErrorCode::kConversionFailed);
  EXPECT_EQ(Run("SELECT n::TINYINT FROM t").error().code(), ErrorCode::kConversionFailed);
  EXPECT_EQ(Run("SELECT nothing FROM t").error().code(), ErrorCode::kColumnNotFound);
  EXPECT_EQ(Run("SELECT nothing(1)").error().code(), ErrorCode::kFunctionNotFound);
  EXPECT_EQ(Run("SELECT upper(1, 2)").error().code(), ErrorCode::kFunctionNotFound);
  EXPECT_EQ(Run("SELECT * FROM nothing.at_all").error().code(), ErrorCode::kSchemaNotFound);
  EXPECT_EQ(Run("SELECT $1").error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(LimitsTest, ADeadlineOrAStopEndsAStatement) {
  std::stop_source stop;
  RequestContext stopped(context_->principal(), "r", "test", clock_, clock_.SteadyNow() + std::chrono::minutes(1),
                         stop.get_token());
  ASSERT_TRUE(engine_->BeginStatement(stopped, *provider_, gate_, 0, {}).has_value());
  auto bound = Bind("SELECT 1");
  ASSERT_TRUE(bound.has_value());
  stop.request_stop();
  auto running = engine_->Execute(Cost(*std::move(bound)));
  ASSERT_FALSE(running.has_value());
  EXPECT_EQ(running.error().code(), ErrorCode::kCancelled);
  engine_->EndStatement();
}

}  // namespace
}  // namespace neurolake::engine::duckdb
