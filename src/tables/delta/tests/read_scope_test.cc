#include "tables/delta/read_scope.h"

#include <gtest/gtest.h>

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

/// Whether a file with `stats` in column `c` may have a row for `condition`.
bool May(Kind kind, const std::string& stats, ColumnCondition condition) {
  const DataType schema{.kind = Kind::kStruct,
                        .fields = {{.name = "c", .type = {.kind = kind, .precision = 10, .scale = 2}}}};
  condition.column = "c";
  AddFile file;
  file.stats = stats;
  return MayMatch({condition}, file, schema, {});
}

/// Whether a file of the partition `value` may.
bool MayInPartition(Kind kind, std::optional<std::string> value, ColumnCondition condition) {
  const DataType schema{.kind = Kind::kStruct, .fields = {{.name = "c", .type = {.kind = kind}}}};
  condition.column = "c";
  AddFile file;
  file.partition_values["c"] = std::move(value);
  return MayMatch({condition}, file, schema, {"c"});
}

std::string Stats(const std::string& min, const std::string& max, int64_t nulls = 0) {
  return fmt::format(R"({{"numRecords":10,"minValues":{{"c":{}}},"maxValues":{{"c":{}}},"nullCount":{{"c":{}}}}})", min,
                     max, nulls);
}

ColumnCondition Between(std::optional<std::string> min, std::optional<std::string> max) {
  return {.ranges = {{std::move(min), std::move(max)}}};
}
ColumnCondition Null() { return {.or_null = true}; }

TEST(ReadScopeTest, NumbersAreComparedAsNumbers) {
  EXPECT_TRUE(May(Kind::kLong, Stats("5", "100"), Between("9", "9")));
  EXPECT_FALSE(May(Kind::kLong, Stats("5", "8"), Between("9", "10")));
  EXPECT_FALSE(May(Kind::kInteger, Stats("50", "80"), Between("-9", "9")));
  EXPECT_TRUE(May(Kind::kInteger, Stats("50", "80"), Between("80", std::nullopt)));
  EXPECT_FALSE(May(Kind::kInteger, Stats("50", "80"), Between("81", std::nullopt)));
  EXPECT_FALSE(May(Kind::kInteger, Stats("50", "80"), Between(std::nullopt, "49")));
  EXPECT_TRUE(May(Kind::kInteger, Stats("50", "80"), {.ranges = {{"1", "2"}, {"60", "60"}}}));
  EXPECT_FALSE(May(Kind::kDecimal, Stats("1.5", "9.25"), Between("9.26", "11.00")));
  EXPECT_TRUE(May(Kind::kDecimal, Stats("1.5", "9.25"), Between("9.25", "9.25")));
  EXPECT_TRUE(May(Kind::kLong, Stats("1.0e3", "2.0e3"), Between("5", "5"))) << "inexact numbers prove nothing";
}

TEST(ReadScopeTest, NanIsAboveEverythingAndInNoStatistics) {
  EXPECT_TRUE(May(Kind::kDouble, Stats("1.5", "2.5"), Between("3", std::nullopt)));
  EXPECT_FALSE(May(Kind::kDouble, Stats("1.5", "2.5"), Between("3", "4")));
  EXPECT_FALSE(May(Kind::kDouble, Stats("1.5", "2.5"), Between(std::nullopt, "1")));
}

TEST(ReadScopeTest, StatisticsOfFloatsAreTheirShortestText) {
  EXPECT_TRUE(May(Kind::kFloat, Stats("0.1", "0.1"), Between("0.10000000149011612", "0.10000000149011612")));
  EXPECT_TRUE(May(Kind::kDouble, Stats("0.3", "0.3"), Between("0.30000001192092896", std::nullopt)));
  EXPECT_FALSE(May(Kind::kFloat, Stats("0.1", "0.1"), Between("0.11", "0.2")));
  EXPECT_TRUE(MayInPartition(Kind::kFloat, "0.1", Between("0.10000000149011612", "0.2")));
}

TEST(ReadScopeTest, CutTextsAndTimesAreGivenTheirDoubt) {
  EXPECT_TRUE(May(Kind::kString, Stats("\"a\"", "\"abc\""), Between("abcd", "abcd")));
  EXPECT_FALSE(May(Kind::kString, Stats("\"a\"", "\"abc\""), Between("abd", "abd")));
  const std::string noon = "\"2024-01-01T12:00:00.123Z\"";
  EXPECT_TRUE(May(Kind::kTimestamp, Stats(noon, noon), Between("2024-01-01 12:00:00.123999", std::nullopt)));
  EXPECT_FALSE(May(Kind::kTimestamp, Stats(noon, noon), Between("2024-01-01 12:00:00.125", std::nullopt)));
  EXPECT_FALSE(May(Kind::kDate, Stats("\"2024-01-01\"", "\"2024-01-31\""), Between("2024-02-01", std::nullopt)));
}

TEST(ReadScopeTest, NullsAreAskedForOrNot) {
  EXPECT_FALSE(May(Kind::kLong, Stats("1", "2", 0), Null()));
  EXPECT_TRUE(May(Kind::kLong, Stats("1", "2", 3), Null()));
  EXPECT_FALSE(May(Kind::kLong, R"({"numRecords":10,"nullCount":{"c":10}})", Between("1", "1")));
  EXPECT_TRUE(May(Kind::kLong, "", Null()));
}

TEST(ReadScopeTest, WhatIsNotKnownMayMatch) {
  EXPECT_TRUE(May(Kind::kLong, "", Between("1", "1")));
  EXPECT_TRUE(May(Kind::kLong, "not json", Between("1", "1")));
  EXPECT_TRUE(May(Kind::kBinary, Stats("\"a\"", "\"b\""), Between("x", "x")));
  EXPECT_TRUE(May(Kind::kLong, Stats("\"x\"", "\"y\""), Between("1", "1")));
  const DataType schema{.kind = Kind::kStruct, .fields = {{.name = "c"}}};
  EXPECT_TRUE(MayMatch({{.column = "other", .ranges = {{"1", "1"}}}}, AddFile{}, schema, {}));
  EXPECT_TRUE(MayMatch({}, AddFile{}, schema, {}));
}

TEST(ReadScopeTest, PartitionValuesAreExact) {
  EXPECT_TRUE(MayInPartition(Kind::kInteger, "7", Between("7", "7")));
  EXPECT_FALSE(MayInPartition(Kind::kInteger, "7", Between("8", "8")));
  EXPECT_FALSE(MayInPartition(Kind::kString, "ab", Between("abc", "abc")));
  EXPECT_FALSE(MayInPartition(Kind::kInteger, std::nullopt, Between(std::nullopt, std::nullopt)));
  EXPECT_TRUE(MayInPartition(Kind::kInteger, std::nullopt, Null()));
  EXPECT_FALSE(MayInPartition(Kind::kInteger, "7", Null()));
}

}  // namespace
}  // namespace neurolake::tables::delta
