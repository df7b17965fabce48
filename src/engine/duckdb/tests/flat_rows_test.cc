#include "engine/duckdb/internal/flat_rows.h"

#include <gtest/gtest.h>

#include "engine/duckdb/internal/row_scatter.h"

namespace neurolake::engine::duckdb {
namespace {

class FlatRowsTest : public testing::Test {
 protected:
  FlatRowsTest() { connection_.BeginTransaction(); }

  native::unique_ptr<native::QueryResult> Query(const std::string& sql) {
    auto result = connection_.Query(sql);
    EXPECT_FALSE(result->HasError()) << result->GetError();
    return result;
  }

  /// Deals the rows of `sql`, whose first column is a number, out by it, and gives what each target then has as text.
  std::vector<std::vector<std::string>> Scatter(const std::string& sql, size_t targets) {
    auto result = Query(sql);
    auto layout = std::make_shared<const FlatLayout>(result->types);
    RowScatter scatter(*connection_.context, {.types = result->types, .layout = layout, .targets = targets});
    std::vector<uint32_t> target_of(STANDARD_VECTOR_SIZE);
    while (auto chunk = result->Fetch()) {
      if (chunk->size() == 0) break;
      for (native::idx_t i = 0; i < chunk->size(); ++i)
        target_of[i] = chunk->GetValue(0, i).GetValue<uint32_t>() % targets;
      scatter.Add(*chunk, target_of);
    }
    scatter.Close();
    std::vector<std::vector<std::string>> rows(targets);
    for (size_t target = 0; target < targets; ++target) {
      RowCollection taken = scatter.Take(target);
      const auto count = static_cast<size_t>(taken.Count());
      Consume(std::move(taken), [&](native::DataChunk& chunk) {
        for (native::idx_t i = 0; i < chunk.size(); ++i) rows[target].push_back(RowText(chunk, i));
      });
      EXPECT_EQ(rows[target].size(), count);
    }
    return rows;
  }

  std::vector<std::vector<std::string>> Expected(const std::string& sql, size_t targets) {
    std::vector<std::vector<std::string>> rows(targets);
    auto result = Query(sql);
    while (auto chunk = result->Fetch()) {
      if (chunk->size() == 0) break;
      for (native::idx_t i = 0; i < chunk->size(); ++i) {
        rows[chunk->GetValue(0, i).GetValue<uint32_t>() % targets].push_back(RowText(*chunk, i));
      }
    }
    return rows;
  }

  static std::string RowText(native::DataChunk& chunk, native::idx_t row) {
    std::string text;
    for (native::idx_t i = 0; i < chunk.ColumnCount(); ++i) text += chunk.GetValue(i, row).ToSQLString() + "|";
    return text;
  }

  native::DuckDB database_{nullptr};
  native::Connection connection_{database_};
};

constexpr const char* kRows =
    "SELECT i, i % 2 = 0, (i % 100)::TINYINT, CASE WHEN i % 3 > 0 THEN i::SMALLINT END, i::FLOAT / 7, i::DECIMAL(38, "
    "3), "
    "CASE WHEN i % 5 = 0 THEN NULL WHEN i % 7 = 0 THEN '' ELSE repeat('ab' || i, (i % 20)::INTEGER) END, "
    "CASE WHEN i % 4 = 0 THEN 'a text of its own ' || i ELSE 'short' END, NULL::DATE ";

TEST_F(FlatRowsTest, EveryRowComesBackInItsTarget) {
  const std::string sql = std::string(kRows) + "FROM range(30000) r(i)";
  for (const size_t targets : {1, 2, 7, 64}) EXPECT_EQ(Scatter(sql, targets), Expected(sql, targets)) << targets;
}

// Vectors that the engine hands on without a copy: constants, and dictionaries of a filter or a column.
TEST_F(FlatRowsTest, VectorsThatAreNotFlat) {
  Query("CREATE TABLE d AS SELECT i, 'one of few that is long ' || i % 3 AS few FROM range(20000) r(i)");
  const std::string sql =
      "SELECT i, few, 7 AS one, NULL::VARCHAR AS none, 'constant that is long' AS same FROM d WHERE i % 3 <> 1";
  EXPECT_EQ(Scatter(sql, 5), Expected(sql, 5));
}

// A block has room for texts as those before; then come others, and some that no block has room for.
TEST_F(FlatRowsTest, TextsOfAllLengths) {
  const std::string sql =
      "SELECT i, CASE WHEN i < 6000 THEN 'x' WHEN i % 500 = 0 THEN repeat('long' || i, 100000) ELSE repeat('y' || i, "
      "50) END "
      "AS s, 'z' || i AS t FROM range(9000) r(i)";
  EXPECT_EQ(Scatter(sql, 3), Expected(sql, 3));
}

TEST_F(FlatRowsTest, WhatDoesNotFitIntoMemoryComesBackFromDisk) {
  const std::string folder = testing::TempDir() + "flat_rows_test_spill";
  Query("SET memory_limit = '40MB'");
  Query("SET threads = 1");
  Query("SET temp_directory = '" + folder + "'");
  auto result = connection_.SendQuery(
      "SELECT i, hash(i) AS h, 'a text that is longer than twelve bytes: ' || i AS s FROM range(1200000) r(i)");
  ASSERT_FALSE(result->HasError()) << result->GetError();
  auto layout = std::make_shared<const FlatLayout>(result->types);
  RowScatter scatter(*connection_.context, {.types = result->types, .layout = layout, .targets = 16});
  std::vector<uint32_t> target_of(STANDARD_VECTOR_SIZE);
  while (auto chunk = result->Fetch()) {
    if (chunk->size() == 0) break;
    const auto* hashes = native::FlatVector::GetData<uint64_t>(chunk->data[1]);
    for (native::idx_t i = 0; i < chunk->size(); ++i) target_of[i] = hashes[i] % 16;
    scatter.Add(*chunk, target_of);
  }
  scatter.Close();
  EXPECT_FALSE(std::filesystem::is_empty(folder));
  int64_t rows = 0, sum = 0, wrong = 0;
  for (size_t target = 0; target < 16; ++target) {
    Consume(scatter.Take(target), [&](native::DataChunk& chunk) {
      const auto* ids = native::FlatVector::GetData<int64_t>(chunk.data[0]);
      const auto* hashes = native::FlatVector::GetData<uint64_t>(chunk.data[1]);
      const auto* texts = native::FlatVector::GetData<native::string_t>(chunk.data[2]);
      for (native::idx_t i = 0; i < chunk.size(); ++i) {
        ++rows;
        sum += ids[i];
        const std::string expected = "a text that is longer than twelve bytes: " + std::to_string(ids[i]);
        wrong += hashes[i] % 16 == target && texts[i].GetString() == expected ? 0 : 1;
      }
    });
  }
  EXPECT_EQ(rows, 1'200'000);
  EXPECT_EQ(sum, int64_t{1'200'000} * 1'199'999 / 2);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
