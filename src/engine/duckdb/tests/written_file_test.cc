#include "engine/duckdb/internal/written_file.h"

#include <gtest/gtest.h>

#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::DataType;
using tables::delta::StructField;
using Kind = DataType::Kind;

DataType Of(Kind kind) {
  DataType type;
  type.kind = kind;
  return type;
}

StructField Field(std::string name, Kind kind) {
  StructField field;
  field.name = std::move(name);
  field.type = Of(kind);
  return field;
}

TEST(WrittenFileTest, CutsTextsSoThatTheyStayBounds) {
  const std::string text(40, 'z');
  EXPECT_EQ(BoundAsJson(Of(Kind::kString), text, Bound::kMin), "\"" + std::string(32, 'z') + "\"");
  EXPECT_EQ(BoundAsJson(Of(Kind::kString), text, Bound::kMax), "\"" + std::string(31, 'z') + "{\"");
  EXPECT_EQ(BoundAsJson(Of(Kind::kString), "a\"b", Bound::kMax), R"("a\"b")");
  // Characters count, not bytes; the last possible character is dropped for the one before it.
  std::string wide;
  for (int i = 0; i < 33; ++i) wide += "\xF4\x8F\xBF\xBF";
  EXPECT_EQ(BoundAsJson(Of(Kind::kString), wide, Bound::kMax), std::nullopt);
  EXPECT_EQ(BoundAsJson(Of(Kind::kString), "b" + wide, Bound::kMax), "\"c\"");
  // The character before the surrogates is followed by the one behind them.
  std::string before_surrogates;
  for (int i = 0; i < 33; ++i) before_surrogates += "\xED\x9F\xBF";
  const auto rounded = BoundAsJson(Of(Kind::kString), before_surrogates, Bound::kMax);
  ASSERT_TRUE(rounded.has_value());
  EXPECT_EQ(rounded->substr(rounded->size() - 4), "\xEE\x80\x80\"");
}

TEST(WrittenFileTest, WidensTimestampsToMilliseconds) {
  EXPECT_EQ(BoundAsJson(Of(Kind::kTimestampNtz), "2020-01-01 10:00:00.123456", Bound::kMin),
            "\"2020-01-01T10:00:00.123\"");
  EXPECT_EQ(BoundAsJson(Of(Kind::kTimestampNtz), "2020-01-01 10:00:00.123456", Bound::kMax),
            "\"2020-01-01T10:00:00.124\"");
  EXPECT_EQ(BoundAsJson(Of(Kind::kTimestamp), "1969-12-31 23:59:59.9999+00", Bound::kMin),
            "\"1969-12-31T23:59:59.999Z\"");
  EXPECT_EQ(BoundAsJson(Of(Kind::kTimestamp), "1969-12-31 23:59:59.9999+00", Bound::kMax),
            "\"1970-01-01T00:00:00.000Z\"");
  EXPECT_EQ(BoundAsJson(Of(Kind::kTimestampNtz), "9999-12-31 23:59:59.999999", Bound::kMax), std::nullopt);
  EXPECT_EQ(BoundAsJson(Of(Kind::kTimestampNtz), "infinity", Bound::kMax), std::nullopt);
}

TEST(WrittenFileTest, LeavesOutWhatJsonCannotSay) {
  EXPECT_EQ(BoundAsJson(Of(Kind::kDouble), "inf", Bound::kMax), std::nullopt);
  EXPECT_EQ(BoundAsJson(Of(Kind::kDouble), "nan", Bound::kMax), std::nullopt);
  EXPECT_EQ(BoundAsJson(Of(Kind::kDouble), "1e-05", Bound::kMin), "1e-05");
  EXPECT_EQ(BoundAsJson(Of(Kind::kDecimal), "-123.45", Bound::kMin), "-123.45");
  EXPECT_EQ(BoundAsJson(Of(Kind::kDate), "2020-02-29", Bound::kMin), "\"2020-02-29\"");
  EXPECT_EQ(BoundAsJson(Of(Kind::kDate), "0044-03-15 (BC)", Bound::kMin), std::nullopt);
  EXPECT_EQ(BoundAsJson(Of(Kind::kBinary), "6162", Bound::kMin), std::nullopt);
}

TEST(WrittenFileTest, SpellsPartitionValues) {
  EXPECT_EQ(PartitionText(Of(Kind::kTimestamp), "2020-01-01 08:00:00.5+00"), "2020-01-01T08:00:00.500000Z");
  EXPECT_EQ(PartitionText(Of(Kind::kTimestampNtz), "2020-01-01 08:00:00.5"), "2020-01-01 08:00:00.5");
  EXPECT_EQ(PartitionText(Of(Kind::kString), ""), std::nullopt);
  EXPECT_EQ(PartitionText(Of(Kind::kDouble), "-inf"), "-Infinity");
  EXPECT_EQ(PartitionText(Of(Kind::kBinary), "a\\x01\\xFF\\x5C"), "a\x01\xC3\xBF\\");
  EXPECT_EQ(PartitionText(Of(Kind::kDate), "0001-01-01"), "0001-01-01");
}

TEST(WrittenFileTest, HasNoSpellingForTimesThatNoOtherReaderKnows) {
  EXPECT_EQ(PartitionText(Of(Kind::kDate), "0045-03-15 (BC)"), std::nullopt);
  EXPECT_EQ(PartitionText(Of(Kind::kDate), "-infinity"), std::nullopt);
  EXPECT_EQ(PartitionText(Of(Kind::kTimestampNtz), "0045-03-15 (BC) 10:00:00"), std::nullopt);
  EXPECT_EQ(PartitionText(Of(Kind::kTimestampNtz), "12045-03-15 10:00:00"), std::nullopt);
  EXPECT_EQ(PartitionText(Of(Kind::kTimestampNtz), "infinity"), std::nullopt);
  EXPECT_EQ(PartitionText(Of(Kind::kTimestamp), "0045-03-15 (BC) 10:00:00+00"), std::nullopt);
}

TEST(WrittenFileTest, DescribesAFile) {
  FileLayout layout;
  layout.location = "/lake/t";
  layout.schema = Of(Kind::kStruct);
  layout.schema.fields = {Field("a", Kind::kLong), Field("f", Kind::kDouble), Field("p", Kind::kString)};
  layout.partition_columns = {"p"};
  WrittenFile file;
  file.path = "/lake/t/p=a%20b/part-1.parquet";
  file.row_count = 3;
  file.size_bytes = 99;
  file.columns["\"a\""] = {{"min", "1"}, {"max", "3"}, {"null_count", "0"}};
  file.columns["\"f\""] = {{"min", "1.5"}, {"max", "2.5"}, {"null_count", "1"}};
  file.partition = {{"p", "a b"}};
  const auto add = DescribeFile(file, layout, {"f"}, 7);
  ASSERT_TRUE(add.has_value()) << add.error().message();
  EXPECT_EQ(add->path, "p=a%2520b/part-1.parquet");
  EXPECT_EQ(add->partition_values, (tables::delta::PartitionValues{{"p", "a b"}}));
  const auto statistics = tables::delta::ParseStatistics(add->stats, {});
  EXPECT_EQ(statistics.record_count, 3);
  EXPECT_EQ(statistics.columns.at("a").max, "3");
  EXPECT_EQ(statistics.columns.at("f").max, std::nullopt);  // NaN was seen in it.
  EXPECT_EQ(statistics.columns.at("f").null_count, 1);

  layout.statistics_columns = 0;
  EXPECT_TRUE(tables::delta::ParseStatistics(DescribeFile(file, layout, {}, 7)->stats, {}).columns.empty());
  file.path = "/lake/other/x.parquet";
  EXPECT_EQ(DescribeFile(file, layout, {}, 7).error().code(), ErrorCode::kInternal);
}

TEST(TypeMappingTest, WidensAndRefusesByName) {
  using native::LogicalType;
  EXPECT_EQ(ToDeltaType(LogicalType::UTINYINT, "c")->kind, Kind::kShort);
  EXPECT_EQ(ToDeltaType(LogicalType::UBIGINT, "c")->precision, 20);
  EXPECT_EQ(ToDeltaType(LogicalType::HUGEINT, "c")->precision, 38);
  EXPECT_EQ(ToDeltaType(LogicalType::UUID, "c")->kind, Kind::kString);
  EXPECT_EQ(ToDeltaType(LogicalType::TIMESTAMP_TZ, "c")->kind, Kind::kTimestamp);
  EXPECT_EQ(ToDeltaType(LogicalType::TIMESTAMP_MS, "c")->kind, Kind::kTimestampNtz);
  EXPECT_EQ(ToDeltaType(LogicalType::ARRAY(LogicalType::INTEGER, 3), "c")->kind, Kind::kArray);
  for (const auto& type :
       {LogicalType::TIME, LogicalType::INTERVAL, LogicalType::BIT, LogicalType::UHUGEINT, LogicalType::TIMESTAMP_NS}) {
    const auto refused = ToDeltaType(LogicalType::LIST(type), "c");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), ErrorCode::kNotSupported);
    EXPECT_NE(refused.error().message().find("column c.element"), std::string::npos) << refused.error().message();
  }
}

TEST(TypeMappingTest, GoesBothWays) {
  using native::LogicalType;
  const auto type =
      LogicalType::STRUCT({{"a", LogicalType::DECIMAL(10, 2)},
                           {"b", LogicalType::MAP(LogicalType::VARCHAR, LogicalType::DATE)},
                           {"c", LogicalType::LIST(LogicalType::STRUCT({{"d", LogicalType::TIMESTAMP_TZ}}))}});
  EXPECT_EQ(ToDuckDbType(*ToDeltaType(type, "c")), type);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
