#include "tables/delta/statistics.h"

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

constexpr std::string_view kStatistics =
    R"({"numRecords":3,"minValues":{"a":1,"n":{"s":"x\"\u00e9","d":-12345678901234567890.123456789},"f":1.50,)"
    R"("big":123456789012345678901234567890},"maxValues":{"a":9,"n":{"s":"z"},"flag":true},)"
    R"("nullCount":{"a":0,"n":{"s":2}},"tightBounds":false})";

TEST(StatisticsTest, EveryColumnWithItsExactText) {
  auto statistics = ParseStatistics(kStatistics, {});
  EXPECT_EQ(statistics.record_count, 3);
  EXPECT_FALSE(statistics.tight_bounds);
  EXPECT_EQ(statistics.columns.at("a").min, "1");
  EXPECT_EQ(statistics.columns.at("a").max, "9");
  EXPECT_EQ(statistics.columns.at("a").null_count, 0);
  EXPECT_EQ(statistics.columns.at("n.s").min, "x\"é");
  EXPECT_EQ(statistics.columns.at("n.s").null_count, 2);
  EXPECT_EQ(statistics.columns.at("n.d").min, "-12345678901234567890.123456789");
  EXPECT_EQ(statistics.columns.at("f").min, "1.50");
  EXPECT_EQ(statistics.columns.at("big").min, "123456789012345678901234567890");
  EXPECT_EQ(statistics.columns.at("flag").max, "true");
  EXPECT_EQ(statistics.columns.at("f").null_count, std::nullopt);
}

TEST(StatisticsTest, OnlyTheColumnsAskedFor) {
  auto statistics = ParseStatistics(kStatistics, {"n.s", "missing"});
  ASSERT_EQ(statistics.columns.size(), 1u);
  EXPECT_EQ(statistics.columns.at("n.s").max, "z");
  EXPECT_EQ(statistics.record_count, 3);
}

TEST(StatisticsTest, NoTwoColumnsShareAPath) {
  DataType nested = TwoColumns();
  nested.fields = {{.name = "b"}};
  DataType schema = TwoColumns();
  schema.fields = {{.name = "a.b"}, {.name = "a", .type = nested}, {.name = "b"}, {.name = "", .type = nested}};
  FileStatistics statistics;
  statistics.columns[StatisticsPath("", "a.b")].min = "1";
  statistics.columns[StatisticsPath(StatisticsPath("", "a"), "b")].min = "2";
  statistics.columns[StatisticsPath("", "b")].min = "3";
  statistics.columns[StatisticsPath(StatisticsPath("", ""), "b")].min = "4";
  ASSERT_EQ(statistics.columns.size(), 4U);
  for (auto& field : schema.fields) {
    if (field.type.fields.empty()) field.type = TwoColumns().fields[0].type;
  }
  nested.fields[0].type = TwoColumns().fields[0].type;
  schema.fields[1].type = schema.fields[3].type = nested;
  const std::string json = SerializeStatistics(statistics, schema);
  EXPECT_NE(json.find(R"("minValues":{"a.b":1,"a":{"b":2},"b":3,"":{"b":4}})"), std::string::npos) << json;
  for (const auto& [path, column] : statistics.columns) {
    EXPECT_EQ(ParseStatistics(json, {path}).columns.at(path).min, column.min);
  }
  EXPECT_NE(StatisticsPath("", "a\\.b"), StatisticsPath(StatisticsPath("", "a\\"), "b"));
}

TEST(StatisticsTest, BoundsThatADoubleMayHaveRoundedAreNotExact) {
  const auto decimal = [](std::string_view text, int precision, int scale) {
    return IsExactBound(text, {.kind = DataType::Kind::kDecimal, .precision = precision, .scale = scale});
  };
  EXPECT_FALSE(decimal("10000000000.0", 18, 7)) << "may be 10000000000.0000001";
  EXPECT_FALSE(decimal("-1.5", 38, 18));
  EXPECT_FALSE(decimal("1e3", 10, 2));
  EXPECT_TRUE(decimal("-0012345678.1", 18, 7));
  EXPECT_TRUE(decimal("0.5", 18, 15));
  EXPECT_TRUE(decimal("9999999999999.99", 15, 2));
  EXPECT_TRUE(decimal("99999.99", 38, 2)) << "whatever the type could hold";
  EXPECT_TRUE(decimal("5.000000000000000000", 38, 18)) << "no double is spelt like that";
  EXPECT_TRUE(decimal("12345678901.1234567", 18, 7)) << "more digits than a double is spelt with";
  EXPECT_FALSE(decimal("12345678901.123457", 18, 7));
  EXPECT_FALSE(decimal("900719925.4740993", 16, 7)) << "may be the spelling of a double";
  EXPECT_FALSE(decimal("0.000000000000000012", 38, 18));
  const auto number = [](std::string_view text) { return IsExactBound(text, {.kind = DataType::Kind::kLong}); };
  EXPECT_TRUE(number("-9007199254740993"));
  EXPECT_FALSE(number("9.007199254740992e15"));
}

TEST(StatisticsTest, MalformedStatisticsGiveNone) {
  const std::string good(kStatistics);
  for (size_t length = 0; length < good.size(); ++length) {
    auto statistics = ParseStatistics(good.substr(0, length), {});
    EXPECT_TRUE(statistics.columns.empty() && !statistics.record_count.has_value()) << good.substr(0, length);
  }
  for (const char* bad : {"null", "[]", "1", "{\"numRecords\":\"3\"}", "{\"numRecords\":-1}", "{\"minValues\":1}",
                          "{\"numRecords\":1}x", "{\"minValues\":{\"a\":}}", "{\"minValues\":{\"a\":nul}}"}) {
    auto statistics = ParseStatistics(bad, {});
    EXPECT_TRUE(statistics.columns.empty() && !statistics.record_count.has_value()) << bad;
  }
  EXPECT_EQ(ParseStatistics(R"({"minValues":{"a":null,"l":[1,2],"b":1}})", {}).columns.size(), 1u);
}

TEST(StatisticsTest, SerialisesAlongTheSchemaByPhysicalNames) {
  DataType schema = TwoColumns();
  schema.fields[1].metadata["delta.columnMapping.physicalName"] = "\"col-1\"";
  schema.fields.push_back({.name = "n", .type = TwoColumns()});
  FileStatistics statistics{.record_count = 5};
  statistics.columns["id"] = {.min = "1", .max = "2", .null_count = 0};
  statistics.columns["col-1"] = {.min = "\"a\"", .max = "NaN", .null_count = 1};
  statistics.columns["n.id"] = {.min = "12345678901234567890123", .null_count = 5};
  statistics.columns["stranger"] = {.min = "1"};
  EXPECT_EQ(SerializeStatistics(statistics, schema),
            R"({"numRecords":5,"minValues":{"id":1,"col-1":"a","n":{"id":12345678901234567890123}},)"
            R"("maxValues":{"id":2},"nullCount":{"id":0,"col-1":1,"n":{"id":5}},"tightBounds":true})");
  EXPECT_EQ(ParseStatistics(SerializeStatistics(statistics, schema), {}).columns.at("n.id").null_count, 5);
}

TEST(StatisticsTest, LoosenedBoundsKeepTheRest) {
  EXPECT_EQ(LoosenBounds(R"({"numRecords":1,"tightBounds":true})"), R"({"numRecords":1,"tightBounds":false})");
  EXPECT_EQ(LoosenBounds(R"({"numRecords":1,"minValues":{"tightBounds":true}})"),
            R"({"tightBounds":false,"numRecords":1,"minValues":{"tightBounds":true}})");
  EXPECT_EQ(LoosenBounds("{}"), R"({"tightBounds":false})");
  EXPECT_EQ(LoosenBounds(std::string(kStatistics)), kStatistics);
  EXPECT_EQ(LoosenBounds(""), "");
  EXPECT_EQ(LoosenBounds("[1]"), "");
  EXPECT_FALSE(ParseStatistics(LoosenBounds(R"({ "a": "\"tightBounds\":true", "numRecords": 1})"), {}).tight_bounds);
}

}  // namespace
}  // namespace neurolake::tables::delta
