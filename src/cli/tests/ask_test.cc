#include "cli/ask.h"

#include <gtest/gtest.h>

#include "cli/eval_score.h"
#include "fake_client.h"

namespace neurolake::cli {
namespace {

TextRows Rows(std::initializer_list<std::vector<std::optional<std::string>>> rows) { return rows; }

TEST(EvalScoreTest, NamesAndOrderOfColumnsAndRowsDoNotMatter) {
  const auto gold = Rows({{"DE", "10"}, {"FR", "20"}});
  EXPECT_TRUE(SaysTheSame(gold, Rows({{"20", "FR"}, {"10", "DE"}})));
  EXPECT_FALSE(SaysTheSame(gold, Rows({{"20", "DE"}, {"10", "FR"}}))) << "each value is there, but not in its row";
}

TEST(EvalScoreTest, FurtherColumnsMayDescribe) {
  EXPECT_TRUE(SaysTheSame(Rows({{"10"}}), Rows({{"Germany", "10"}})));
  EXPECT_FALSE(SaysTheSame(Rows({{"Germany", "10"}}), Rows({{"10"}})));
}

TEST(EvalScoreTest, RowsCount) {
  EXPECT_FALSE(SaysTheSame(Rows({{"1"}}), Rows({{"1"}, {"1"}})));
  EXPECT_FALSE(SaysTheSame(Rows({{"1"}, {"1"}, {"2"}}), Rows({{"1"}, {"2"}, {"2"}})));
  EXPECT_TRUE(SaysTheSame(Rows({}), Rows({})));
}

TEST(EvalScoreTest, NumbersAgreeToAMillionthOrAsFarAsTheGoldIsRounded) {
  EXPECT_TRUE(SaysTheSame(Rows({{"1000000"}}), Rows({{"1000000.5"}})));
  EXPECT_FALSE(SaysTheSame(Rows({{"1000000"}}), Rows({{"1000002"}})));
  EXPECT_TRUE(SaysTheSame(Rows({{"12.35"}}), Rows({{"12.3456789"}})));
  EXPECT_FALSE(SaysTheSame(Rows({{"12.35"}}), Rows({{"12.3399"}})));
  EXPECT_FALSE(SaysTheSame(Rows({{"12"}}), Rows({{"12.4"}})));
}

TEST(EvalScoreTest, NullIsOnlyNull) {
  EXPECT_TRUE(SaysTheSame(Rows({{std::nullopt}}), Rows({{std::nullopt}})));
  EXPECT_FALSE(SaysTheSame(Rows({{std::nullopt}}), Rows({{""}})));
  EXPECT_FALSE(SaysTheSame(Rows({{std::nullopt}}), Rows({{"0"}})));
}

TEST(EvalScoreTest, MidnightIsTheDay) {
  EXPECT_TRUE(SaysTheSame(Rows({{"2024-01-01"}}), Rows({{"2024-01-01T00:00:00Z"}})));
  EXPECT_FALSE(SaysTheSame(Rows({{"2024-01-01"}}), Rows({{"2024-01-01T10:00:00Z"}})));
}

constexpr const char* kAnswered =
    R"({"status":"answered","answer":"Revenue by country: DE 10; FR 20.5.","columns":[{"label":"country"},{"label":"revenue"}],)"
    R"("rows":[["DE",10],["FR",2.05E1]],"assumptions":[{"part":"time","text":"by order date"}],"notes":["2 rows have no country."],)"
    R"("sql":"SELECT 1","intent":{"a":1}})";

TEST(AskTest, ShowsTheAnswerWithWhatWasAssumed) {
  TestBench bench;
  bench.client.answer = kAnswered;
  EXPECT_EQ(RunAsk({.question = "revenue by country"}, OutputFormat::kCsv, bench.runner, bench.in, bench.clock),
            kExitOk);
  const std::string out = bench.out.str();
  EXPECT_NE(out.find("Revenue by country: DE 10; FR 20.5."), std::string::npos);
  EXPECT_NE(out.find("FR,20.5\n"), std::string::npos) << out;
  EXPECT_NE(out.find("assumed: by order date"), std::string::npos);
  EXPECT_NE(out.find("note: 2 rows have no country."), std::string::npos);
  EXPECT_EQ(out.find("SELECT 1"), std::string::npos) << "only with --sql";
}

TEST(AskTest, ColumnsHaveTheTypesOfTheirValues) {
  TestBench bench;
  bench.client.answer =
      R"({"status":"answered","answer":"","columns":[{"label":"zip","role":"dimension"},{"label":"n","role":"metric"},)"
      R"({"label":"amount","role":"metric"},{"label":"mean","role":"metric"},{"label":"is new","role":"dimension"}],)"
      R"("rows":[["1.50",10,"7.5",2.5,true],["2.5",null,"-10.25",3,false]],"assumptions":[]})";
  EXPECT_EQ(RunAsk({.question = "q"}, OutputFormat::kBox, bench.runner, bench.in, bench.clock), kExitOk);
  const std::string out = bench.out.str();
  EXPECT_NE(out.find("│ VARCHAR │ BIGINT │ DECIMAL(38,2) │ DOUBLE │ BOOLEAN │"), std::string::npos) << out;
  EXPECT_NE(out.find("│ 1.50    │     10 │          7.50 │    2.5 │ true    │"), std::string::npos) << out;
  EXPECT_NE(out.find("-10.25 │    3.0 │"), std::string::npos) << out;
}

TEST(AskTest, RowsThatDoNotFitTheColumnsAreAnError) {
  TestBench bench;
  bench.client.answer = R"({"status":"answered","answer":"","columns":[{"label":"a"}],"rows":[[1,2],[3,4]]})";
  EXPECT_EQ(RunAsk({.question = "q"}, OutputFormat::kBox, bench.runner, bench.in, bench.clock), kExitFailed);
}

TEST(AskTest, JsonIsTheAnswerAsItCame) {
  TestBench bench;
  bench.client.answer = kAnswered;
  EXPECT_EQ(RunAsk({.question = "q", .as_of = "2025-04-02"}, OutputFormat::kJson, bench.runner, bench.in, bench.clock),
            kExitOk);
  EXPECT_EQ(bench.out.str(), std::string(kAnswered) + "\n");
  EXPECT_EQ(bench.client.questions.at(0), R"({"question":"q","as_of":"2025-04-02"})");
}

TEST(AskTest, WhatIsNotAnsweredIsNoSuccess) {
  TestBench bench;
  bench.client.answer = R"({"status":"abstained","reason":"nobody knows","suggestions":["revenue by country"]})";
  EXPECT_EQ(RunAsk({.question = "why"}, OutputFormat::kBox, bench.runner, bench.in, bench.clock), kExitFailed);
  EXPECT_EQ(bench.out.str(), "nobody knows\n  try: revenue by country\n");
}

TEST(AskTest, AConversationRemembersTheIntentAndTakesChoicesByNumber) {
  TestBench bench;
  bench.in.str("revenue by country\n\nonly DE\n2\n");
  bench.client.answer =
      R"({"status":"clarify","reason":"","choices":[{"words":"by customer","intent":{"c":1}},{"words":"by supplier","intent":{"c":2}}],"intent":{"p":1}})";
  EXPECT_EQ(RunAsk({}, OutputFormat::kBox, bench.runner, bench.in, bench.clock), kExitFailed);
  ASSERT_EQ(bench.client.questions.size(), 3u);
  EXPECT_EQ(bench.client.questions[0], R"({"question":"revenue by country","conversation":"new"})");
  EXPECT_EQ(bench.client.questions[1], R"({"question":"only DE","previous":{"p":1},"conversation":"new"})");
  EXPECT_EQ(bench.client.questions[2], R"({"intent":{"c":2},"conversation":"new"})");
  EXPECT_NE(bench.out.str().find("  2  by supplier"), std::string::npos);
}

}  // namespace
}  // namespace neurolake::cli
