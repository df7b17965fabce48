#include <gtest/gtest.h>

#include "cli/eval_questions.h"
#include "cli/eval_report.h"
#include "cli/eval_score.h"

namespace neurolake::cli {
namespace {

TextRows Rows(std::initializer_list<std::vector<std::optional<std::string>>> rows) { return rows; }

std::string Refused(std::string_view text) {
  const auto parsed = ParseQuestions(text);
  return parsed.has_value() ? "parsed" : parsed.error().message();
}

TEST(EvalQuestionsTest, WhatIsNotThereIsLeftEmpty) {
  const auto parsed = ParseQuestions(
      "\xEF\xBB\xBF{\"id\": 7, \"question\": \"how many\", \"gold_sql\": \"SELECT 1\"}\r\n\n"
      "{\"id\": \"8\", \"question\": \"and now\", \"follows\": 7, \"gold_sql\": [\"SELECT 1\", \"SELECT 2\"],"
      " \"expect\": \"clarify\", \"as_of\": null, \"class\": \"x\"}");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_EQ((*parsed)[0].id, "7");
  EXPECT_EQ((*parsed)[0].expect, "answer");
  EXPECT_EQ((*parsed)[0].gold.size(), 1u);
  EXPECT_EQ((*parsed)[1].follows, "7");
  EXPECT_EQ((*parsed)[1].gold.size(), 2u);
  EXPECT_EQ((*parsed)[1].line, 3u);
}

TEST(EvalQuestionsTest, WrongLinesAreNamed) {
  EXPECT_EQ(Refused("{\"id\": \"1\"}"), "line 1: a question has a \"question\"");
  EXPECT_EQ(Refused("\n[1]"), "line 2: it is not a JSON object");
  EXPECT_EQ(Refused("{\"id\": \"1\", \"question\": \"x\", \"gold_sql\": 3}"),
            "line 1: \"gold_sql\" must be a query or a list of queries");
  EXPECT_EQ(Refused("{\"id\": \"1\", \"question\": \"x\", \"expect\": \"yes\"}"),
            "line 1: \"expect\" is answer, clarify or refuse");
  EXPECT_NE(Refused("{\"id\": \"1\", \"question\": \"x\", \"as_of\": \"2025-02-30x\"}"), "parsed");
  EXPECT_NE(Refused("{\"id\": \"1\", \"question\": \"x\", \"golden\": \"\"}"), "parsed");
  EXPECT_NE(Refused("{\"id\": \"1\", \"question\": \"x\", \"follows\": \"1\"}"), "parsed");
  EXPECT_NE(Refused(""), "parsed");
}

TEST(EvalQuestionsTest, OrderCountsWhereItIsAskedFor) {
  const std::string sorted = "SELECT a FROM t ORDER BY a";
  EXPECT_TRUE(AsksForOrder({.text = "countries sorted by name"}, sorted));
  EXPECT_FALSE(AsksForOrder({.text = "countries sorted by name"}, "SELECT a FROM t"));
  EXPECT_FALSE(AsksForOrder({.text = "revenue by country"}, sorted));
}

TEST(EvalScoreTest, InOrderMeansSortedAsTheGoldIs) {
  const auto gold = Rows({{"x", "3"}, {"b", "2"}, {"a", "2"}, {"c", "1"}});
  EXPECT_TRUE(SaysTheSameInOrder(gold, gold));
  EXPECT_TRUE(SaysTheSameInOrder(gold, Rows({{"x", "3"}, {"a", "2"}, {"b", "2"}, {"c", "1"}}))) << "rows that tie";
  EXPECT_FALSE(SaysTheSameInOrder(gold, Rows({{"c", "1"}, {"a", "2"}, {"b", "2"}, {"x", "3"}})))
      << "the other way round";
  EXPECT_FALSE(SaysTheSameInOrder(gold, Rows({{"b", "2"}, {"x", "3"}, {"a", "2"}, {"c", "1"}})));
  EXPECT_TRUE(SaysTheSameInOrder(gold, Rows({{"3", "x"}, {"2", "b"}, {"2", "a"}, {"1", "c"}}))) << "columns by value";
  // Sorted by what is not shown: row by row.
  const auto by_hidden = Rows({{"b"}, {"c"}, {"a"}});
  EXPECT_TRUE(SaysTheSameInOrder(by_hidden, by_hidden));
  EXPECT_FALSE(SaysTheSameInOrder(by_hidden, Rows({{"a"}, {"b"}, {"c"}})));
}

TEST(EvalReportTest, CountsWhatIsRightWrongAndOpen) {
  const EvalQuestion answer{.id = "1", .kind = "a", .expect = "answer"},
      refuse{.id = "2", .kind = "b", .expect = "refuse"};
  EvalReport report{.model = "m"};
  const auto add = [&](const EvalQuestion& question, Outcome outcome, const char* status, double confidence) {
    report.scored.push_back({.question = &question, .outcome = outcome, .status = status, .confidence = confidence});
  };
  add(answer, Outcome::kRight, "answered", 0.9);
  add(answer, Outcome::kWrong, "answered", 0.9);
  add(answer, Outcome::kNotAnswered, "abstained", 0);
  add(refuse, Outcome::kRight, "abstained", 0);
  add(refuse, Outcome::kWrong, "answered", 0.8);
  add(answer, Outcome::kNotScored, "answered", 1);
  const EvalSums all = report.all();
  EXPECT_EQ(all.questions, 5u) << "what has no measure is not counted";
  EXPECT_DOUBLE_EQ(all.accuracy(), 0.5);
  EXPECT_DOUBLE_EQ(all.coverage(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(all.silently_wrong(), 2.0 / 5);
  EXPECT_DOUBLE_EQ(all.refusals(), 0.5);
  EXPECT_NEAR(report.calibration_error(), (0.8 + 0.8) / 3, 1e-9);
  EXPECT_EQ(LinesOf(report, true).back().front(), "m");
  EXPECT_EQ(LinesOf(report, false).back().front(), "all");
}

TEST(EvalReportTest, AddsUpWhatAnswersTook) {
  const EvalQuestion one{.id = "1", .kind = "a", .expect = "answer"}, two{.id = "2", .kind = "b", .expect = "answer"};
  EvalReport report{.model = "m"};
  report.scored.push_back({.question = &one,
                           .outcome = Outcome::kRight,
                           .status = "answered",
                           .cost = {.predicted = 1, .bytes = 2048, .rows = 5, .files = 2}});
  report.scored.push_back({.question = &two,
                           .outcome = Outcome::kNotAnswered,
                           .status = "abstained",
                           .cost = {.model_calls = 2, .model_tokens = 300, .dollars = 0.25}});
  EXPECT_EQ(report.by_kind().at("a").cost.bytes, 2048);
  EXPECT_EQ(report.by_kind().at("a").cost.model_calls, 0);
  EXPECT_EQ(CostLine(report.all().cost),
            "1 answers were predicted to read 2.0 KiB in 2 files, 5 rows; 2 calls of language models took 300 tokens, "
            "$0.2500");
  const auto lines = LinesOf(report, false);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].back(), "-");
  EXPECT_EQ(lines[0][6], "2.0 KiB");
  EXPECT_EQ(lines[1].back(), "$0.2500");
  EXPECT_NE(ReportJson({report}).find("\"dollars\":2.5E-1"), std::string::npos);
  EXPECT_EQ(CostLine({}), "0 answers were predicted to read 0 B in 0 files, 0 rows; no language model was called");
}

}  // namespace
}  // namespace neurolake::cli
