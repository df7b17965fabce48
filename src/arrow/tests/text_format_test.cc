#include "arrow/text_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "arrow/internal/text_values.h"
#include "arrow/tests/every_type.h"

namespace neurolake::arrow {
namespace {

template <typename Fn>
std::string Text(Fn&& append) {
  std::string out;
  append(out);
  return out;
}

TEST(TextFormatTest, EveryTypeAsJson) {
  const TestTable table = EveryType();
  auto formatter = RowFormatter::Make(table.schema).value();
  ASSERT_TRUE(formatter.SetBatch(table.batch).has_value());
  EXPECT_EQ(Text([&](std::string& out) { formatter.AppendJsonArray(0, out); }),
            R"([null,true,-8,-16,-32,"-9223372036854775808",255,65535,4294967295,"18446744073709551615",0.5,0.5,)"
            R"("-12345678901234567890123456789012345.678","2013-01-31","23:59:59.500","2013-01-31T23:59:59",)"
            R"("2013-01-31T23:59:59.001","1969-12-31T23:59:59.999999","2013-01-31T23:59:59.000000001",)"
            R"("2013-01-31T23:59:59Z","P1Y2M3DT4H5M6.500S","a,\"b\"\n","","longer than twelve bytes","AP8=","YWI=",)"
            R"([1,null],[1,null],[1,null],{"a":7,"B c":"x"},{"k":1},[{"key":5,"value":6}]])");
  const std::string nulls = Text([&](std::string& out) { formatter.AppendJsonArray(1, out); });
  EXPECT_EQ(std::count(nulls.begin(), nulls.end(), 'n'), table.schema.column_count());
}

TEST(TextFormatTest, EveryTypeAsCsv) {
  const TestTable table = EveryType();
  auto formatter = RowFormatter::Make(table.schema).value();
  ASSERT_TRUE(formatter.SetBatch(table.batch).has_value());
  EXPECT_EQ(Text([&](std::string& out) { formatter.AppendCsv(0, out); }),
            ",true,-8,-16,-32,-9223372036854775808,255,65535,4294967295,18446744073709551615,0.5,0.5,"
            "-12345678901234567890123456789012345.678,2013-01-31,23:59:59.500,2013-01-31T23:59:59,"
            "2013-01-31T23:59:59.001,1969-12-31T23:59:59.999999,2013-01-31T23:59:59.000000001,"
            "2013-01-31T23:59:59Z,P1Y2M3DT4H5M6.500S,\"a,\"\"b\"\"\n\",\"\",longer than twelve bytes,\\x00ff,\\x6162,"
            "\"[1,null]\",\"[1,null]\",\"[1,null]\",\"{\"\"a\"\":7,\"\"B c\"\":\"\"x\"\"}\",\"{\"\"k\"\":1}\","
            "\"[{\"\"key\"\":5,\"\"value\"\":6}]\"");
  EXPECT_EQ(Text([&](std::string& out) { formatter.AppendCsv(1, out); }),
            std::string(static_cast<size_t>(table.schema.column_count() - 1), ','));
}

TEST(TextFormatTest, TypeNames) {
  const TestTable table = EveryType();
  auto formatter = RowFormatter::Make(table.schema).value();
  const std::vector<std::string> expected = {"\"NULL\"",
                                             "BOOLEAN",
                                             "TINYINT",
                                             "SMALLINT",
                                             "INTEGER",
                                             "BIGINT",
                                             "UTINYINT",
                                             "USMALLINT",
                                             "UINTEGER",
                                             "UBIGINT",
                                             "FLOAT",
                                             "DOUBLE",
                                             "DECIMAL(38,3)",
                                             "DATE",
                                             "TIME",
                                             "TIMESTAMP_S",
                                             "TIMESTAMP_MS",
                                             "TIMESTAMP",
                                             "TIMESTAMP_NS",
                                             "TIMESTAMP WITH TIME ZONE",
                                             "INTERVAL",
                                             "VARCHAR",
                                             "VARCHAR",
                                             "VARCHAR",
                                             "BLOB",
                                             "BLOB",
                                             "INTEGER[]",
                                             "INTEGER[]",
                                             "INTEGER[2]",
                                             "STRUCT(a INTEGER, \"B c\" VARCHAR)",
                                             "MAP(VARCHAR, INTEGER)",
                                             "MAP(INTEGER, INTEGER)"};
  EXPECT_EQ(formatter.column_types(), expected);
}

TEST(TextFormatTest, EqualNamesGetDistinctKeys) {
  const TestTable table = BuildTable({Integers("a", {1}), Integers("a", {2}), Integers("a_2", {3})}, 1);
  auto formatter = RowFormatter::Make(table.schema).value();
  ASSERT_TRUE(formatter.SetBatch(table.batch).has_value());
  EXPECT_EQ(Text([&](std::string& out) { formatter.AppendJsonObject(0, out); }), R"({"a":1,"a_3":2,"a_2":3})");
  EXPECT_EQ(formatter.column_names(), (std::vector<std::string>{"a", "a", "a_2"}));
}

TEST(TextFormatTest, TextCellsTellNullFromEmpty) {
  const TestTable table = BuildTable({Strings("a", {"", nullptr})}, 2);
  auto formatter = RowFormatter::Make(table.schema).value();
  ASSERT_TRUE(formatter.SetBatch(table.batch).has_value());
  std::string out;
  EXPECT_TRUE(formatter.AppendText(0, 0, out));
  EXPECT_FALSE(formatter.AppendText(1, 0, out));
  EXPECT_EQ(out, "");
}

TEST(TextFormatTest, JsonStrings) {
  const auto json = [](std::string_view text) { return Text([&](std::string& out) { AppendJsonString(text, out); }); };
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("plain text of some length"), R"("plain text of some length")");
  EXPECT_EQ(json("1234567\"8"), R"("1234567\"8")");
  EXPECT_EQ(json("a\\b\tc\x01"), R"("a\\b\tc\u0001")");
  EXPECT_EQ(json("12345678\x1F"), R"("12345678\u001f")");
  EXPECT_EQ(json("Grüße, 世界 😀"), "\"Grüße, 世界 😀\"");
  EXPECT_EQ(json("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // A surrogate.
  EXPECT_EQ(json("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                  // An overlong slash.
  EXPECT_EQ(json("cut \xE4\xB8"), "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(TextFormatTest, Floats) {
  const auto text = [](double value) { return Text([&](std::string& out) { AppendFloat(value, out); }); };
  EXPECT_EQ(text(1), "1.0");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1e300), "1e+300");
  EXPECT_EQ(text(std::nan("")), "NaN");
  EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(HalfToFloat(0x3C00), 1.0F);
  EXPECT_EQ(HalfToFloat(0x8001), -5.9604645e-08F);
}

TEST(TextFormatTest, NonNumbersAreJsonStrings) {
  const TestTable table =
      BuildTable({Simple("d", NANOARROW_TYPE_DOUBLE,
                         [](ArrowArray* array) { NL_CHECK(ArrowArrayAppendDouble(array, std::nan("")) == 0); })},
                 1);
  auto formatter = RowFormatter::Make(table.schema).value();
  ASSERT_TRUE(formatter.SetBatch(table.batch).has_value());
  EXPECT_EQ(Text([&](std::string& out) { formatter.AppendJsonArray(0, out); }), R"(["NaN"])");
}

TEST(TextFormatTest, IntegersBeyondDoublesAreStrings) {
  const TestTable table = BuildTable({Integers("a", {9007199254740991}), Integers("b", {9007199254740992})}, 1);
  auto formatter = RowFormatter::Make(table.schema).value();
  ASSERT_TRUE(formatter.SetBatch(table.batch).has_value());
  EXPECT_EQ(Text([&](std::string& out) { formatter.AppendJsonArray(0, out); }),
            R"([9007199254740991,"9007199254740992"])");
}

TEST(TextFormatTest, Decimals) {
  const auto text = [](__int128 value, int32_t scale) {
    return Text([&](std::string& out) { AppendDecimal(value, scale, out); });
  };
  EXPECT_EQ(text(0, 0), "0");
  EXPECT_EQ(text(0, 2), "0.00");
  EXPECT_EQ(text(-5, 2), "-0.05");
  EXPECT_EQ(text(12345, 2), "123.45");
  EXPECT_EQ(text(12345, 0), "12345");
  EXPECT_EQ(text(1, 38), "0.00000000000000000000000000000000000001");
  const __int128 least = static_cast<__int128>(static_cast<unsigned __int128>(1) << 127);
  EXPECT_EQ(text(least, 0), "-170141183460469231731687303715884105728");
}

TEST(TextFormatTest, DatesFarAway) {
  const auto date = [](int64_t days) { return Text([&](std::string& out) { AppendDate(days, out); }); };
  EXPECT_EQ(date(0), "1970-01-01");
  EXPECT_EQ(date(-1), "1969-12-31");
  EXPECT_EQ(date(11'016), "2000-02-29");
  EXPECT_EQ(date(2'932'896), "9999-12-31");
  EXPECT_EQ(date(2'932'897), "+010000-01-01");
  EXPECT_EQ(date(-719'528), "0000-01-01");
  EXPECT_EQ(date(-719'529), "-0001-12-31");
  const auto stamp = [](int64_t ticks) {
    return Text([&](std::string& out) { AppendTimestamp(ticks, NANOARROW_TIME_UNIT_MICRO, false, out); });
  };
  EXPECT_EQ(stamp(INT64_MAX), "infinity");
  EXPECT_EQ(stamp(-INT64_MAX), "-infinity");
  EXPECT_FALSE(stamp(INT64_MIN).empty());
}

TEST(TextFormatTest, Intervals) {
  const auto text = [](int64_t months, int64_t days, int64_t nanoseconds) {
    return Text([&](std::string& out) { AppendInterval(months, days, nanoseconds, out); });
  };
  EXPECT_EQ(text(0, 0, 0), "PT0S");
  EXPECT_EQ(text(12, 0, 0), "P1Y");
  EXPECT_EQ(text(-1, 2, 0), "P-1M2D");
  EXPECT_EQ(text(0, 0, 3'600'000'000'000), "PT1H");
  EXPECT_EQ(text(0, 0, -500'000'000), "PT-0.500S");
  EXPECT_EQ(text(0, 0, -90'000'000'000), "PT-1M-30S");
}

}  // namespace
}  // namespace neurolake::arrow
