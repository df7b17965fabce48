#include "tables/delta/expression.h"

#include <gtest/gtest.h>

namespace neurolake::tables::delta {
namespace {

using Dialect = Expression::Dialect;
using Kind = DataType::Kind;

DataType Schema() {
  DataType schema{.kind = Kind::kStruct};
  DataType inner{.kind = Kind::kStruct};
  inner.fields.push_back({.name = "Amount", .type = {.kind = Kind::kDouble}});
  schema.fields = {{.name = "id", .type = {.kind = Kind::kLong}},
                   {.name = "name", .type = {.kind = Kind::kString}},
                   {.name = "a b", .type = {.kind = Kind::kInteger}},
                   {.name = "ts", .type = {.kind = Kind::kTimestamp}},
                   {.name = "d", .type = {.kind = Kind::kDate}},
                   {.name = "v", .type = {.kind = Kind::kDouble}},
                   {.name = "st", .type = inner}};
  return schema;
}

std::string Engine(const std::string& spark) {
  auto parsed = Expression::Parse(spark, Dialect::kSpark);
  if (!parsed.has_value()) return "refused: " + parsed.error().message();
  auto text = parsed->ToEngine(Schema());
  return text.has_value() ? *text : "refused: " + text.error().message();
}

std::string Spark(const std::string& ours) {
  auto parsed = Expression::Parse(ours, Dialect::kOurs);
  return parsed.has_value() ? parsed->ToSpark() : "refused: " + parsed.error().message();
}

TEST(ExpressionTest, ReachesTheEngineWithEveryNameQuotedAndEveryPartInParentheses) {
  EXPECT_EQ(Engine("id > 0 AND name <> 'x'"), R"((("id" > 0) AND ("name" <> 'x')))");
  EXPECT_EQ(Engine("ID + `a b` * 2 >= -1"), R"((("id" + ("a b" * 2)) >= (- 1)))");
  EXPECT_EQ(Engine("NOT id IN (1, 2) OR id IS NOT NULL"), R"(((NOT ("id" IN (1, 2))) OR ("id" IS NOT NULL)))");
  EXPECT_EQ(Engine("id NOT BETWEEN 1 AND 2"), R"(("id" NOT BETWEEN 1 AND 2))");
  EXPECT_EQ(Engine("name LIKE 'a%'"), R"(("name" LIKE 'a%'))");
  EXPECT_EQ(Engine("id <=> 3"), R"(("id" IS NOT DISTINCT FROM 3))");
  EXPECT_EQ(Engine("st.amount > 1"), R"((struct_extract("st", 'Amount') > 1))");
  EXPECT_EQ(Engine("CASE WHEN id = 1 THEN 'a' ELSE \"b\" END"), R"(CASE WHEN ("id" = 1) THEN 'a' ELSE 'b' END)");
  EXPECT_EQ(Engine("if(id = 1, 2, 3)"), R"(CASE WHEN ("id" = 1) THEN 2 ELSE 3 END)");
}

TEST(ExpressionTest, FunctionsMeanWhatSparkMeansByThem) {
  EXPECT_EQ(Engine("CAST(ts AS DATE)"), R"(CAST(timezone('UTC', "ts") AS date))");
  EXPECT_EQ(Engine("ts > '2024-01-01'"), R"(("ts" > timezone('UTC', CAST('2024-01-01' AS TIMESTAMP))))");
  EXPECT_EQ(Engine("ts > TIMESTAMP '2024-01-01 10:00:00+01'"),
            R"(("ts" > CAST('2024-01-01 10:00:00+01' AS TIMESTAMP WITH TIME ZONE)))");
  EXPECT_EQ(Engine("date_trunc('HOUR', ts)"), R"(timezone('UTC', date_trunc('hour', timezone('UTC', "ts"))))");
  EXPECT_EQ(Engine("CAST(v AS INT)"), R"(CAST(trunc("v") AS int))");
  EXPECT_EQ(Engine("concat(name, 'x')"), R"((CAST("name" AS VARCHAR) || CAST('x' AS VARCHAR)))");
  EXPECT_EQ(Engine("dayofweek(d)"), R"((dayofweek("d") + 1))");
  EXPECT_EQ(Engine("date_format(ts, 'yyyy-MM')"), R"(strftime(timezone('UTC', "ts"), '%Y-%m'))");
  EXPECT_EQ(Engine("trunc(d, 'MM')"), R"(CAST(date_trunc('month', "d") AS DATE))");
  EXPECT_EQ(Engine("substr(name, 2)"), R"(substring("name", 2))");
  EXPECT_EQ(Engine("mod(id, 3)"), R"(("id" % 3))");
}

TEST(ExpressionTest, WhatDiffersOrIsNotKnownIsRefusedByName) {
  EXPECT_TRUE(Engine("read_csv('x') IS NULL").contains("the function read_csv"));
  EXPECT_TRUE(Engine("id IN (SELECT 1)").contains("SELECT"));
  EXPECT_TRUE(Engine("name RLIKE 'x'").contains("RLIKE"));
  EXPECT_TRUE(Engine("name = 'it''s'").contains("doubled quote"));
  EXPECT_TRUE(Engine("substring(name, 0)").contains("substring"));
  EXPECT_TRUE(Engine("CAST(ts AS STRING) = ''").contains("a cast to a text"));
  EXPECT_TRUE(Engine("CAST(ts AS INTERVAL)").contains("interval"));
  EXPECT_TRUE(Engine("date_format(ts, 'EEEE')").contains("pattern"));
  EXPECT_TRUE(Engine("id = 5L").contains("suffix"));
  EXPECT_TRUE(Engine("other > 1").contains("column"));
  EXPECT_TRUE(Engine("system.current_user() = 'x'").contains("qualified"));
  EXPECT_TRUE(Engine("id > 0; DROP TABLE t").contains("character"));
  EXPECT_TRUE(Engine("id > 0 -- x").contains("ends too early") || Engine("id > 0 -- x").contains("refused"));
  EXPECT_TRUE(Engine(std::string(5000, '(')).contains("refused"));
  EXPECT_TRUE(Engine("id" +
                     [] {
                       std::string many;
                       for (int i = 0; i < 2000; ++i) many += " + 1";
                       return many;
                     }())
                  .contains("1000 words"));
}

TEST(ExpressionTest, OurDialectIsWrittenAsSparkReadsIt) {
  EXPECT_EQ(Spark("id > 0"), "id > 0");
  EXPECT_EQ(Spark("\"a b\" = 'it''s'"), R"(`a b` = 'it\'s')");
  EXPECT_EQ(Spark("v::INTEGER = 1"), "CAST(v AS int) = 1");
  EXPECT_EQ(Spark("t = TIMESTAMP '2024-01-01'"), "t = CAST('2024-01-01' AS TIMESTAMP_NTZ)");
  EXPECT_EQ(Spark("(a OR b) AND NOT c"), "(a OR b) AND (NOT c)");
  EXPECT_EQ(Spark("starts_with(name, 'a')"), "startswith(name, 'a')");
  EXPECT_EQ(Spark("x IS DISTINCT FROM y"), "NOT (x <=> y)");
  EXPECT_EQ(Spark("len(name) < 10"), "length(name) < 10");
}

TEST(ExpressionTest, WhatWeWriteWeRead) {
  for (const char* text :
       {"id > 0", "\"a b\" = 1 OR name LIKE '%x'", "CASE WHEN id = 1 THEN 2 END", "coalesce(id, 1) <> 2",
        "d > DATE '2024-01-01'", "name = 'back\\slash'", "NOT (id IS NULL)"}) {
    const auto ours = Expression::Parse(text, Dialect::kOurs);
    ASSERT_TRUE(ours.has_value()) << text;
    const auto again = Expression::Parse(ours->ToSpark(), Dialect::kSpark);
    ASSERT_TRUE(again.has_value()) << ours->ToSpark();
    EXPECT_EQ(again->ToEngine(Schema()).value(), ours->ToEngine(Schema()).value()) << text;
  }
}

TEST(ExpressionTest, KnowsWhatIsACondition) {
  for (const char* text : {"id > 0", "NOT (id = 1)", "name IS NULL", "startswith(name, 'a')", "TRUE", "id IN (1)"}) {
    EXPECT_TRUE(Expression::Parse(text, Dialect::kSpark)->IsCondition(Schema())) << text;
  }
  for (const char* text : {"id", "id + 1", "'x'", "NULL", "upper(name)"}) {
    EXPECT_FALSE(Expression::Parse(text, Dialect::kSpark)->IsCondition(Schema())) << text;
  }
}

TEST(ExpressionTest, KnowsItsColumnsAndWhetherItDependsOnTime) {
  const auto columns = Expression::Parse("a.b > c + 1", Dialect::kSpark)->Columns();
  EXPECT_EQ(columns, (std::vector<std::vector<std::string>>{{"a", "b"}, {"c"}}));
  EXPECT_TRUE(Expression::Parse("a > 1", Dialect::kSpark)->IsDeterministic());
  EXPECT_FALSE(Expression::Parse("a > current_timestamp()", Dialect::kSpark)->IsDeterministic());
  EXPECT_FALSE(Expression::Parse("current_date", Dialect::kSpark)->IsDeterministic());
}

}  // namespace
}  // namespace neurolake::tables::delta
