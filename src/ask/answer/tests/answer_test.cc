#include "ask/answer/answer.h"

#include <gtest/gtest.h>

#include "answer_fixture.h"
#include "ask/answer/chart.h"
#include "ask/answer/checks.h"
#include "ask/answer/sentence.h"

namespace neurolake::ask {
namespace {

using Role = OutputColumn::Role;

AnswerTable ByCountry(std::vector<std::pair<std::string, int64_t>> values) {
  AnswerTable table{{Column("country", Role::kDimension), Column("revenue", Role::kMetric)}, {}};
  for (auto& [country, amount] : values) table.rows.push_back({Cell{country}, Cell{amount}});
  return table;
}

Intent RevenueByCountry() {
  Intent intent = Revenue();
  intent.dimensions = {{.field = {"customers", "country"}}};
  return intent;
}

TEST(SentenceTest, OneNumber) {
  AnswerTable table{{Column("revenue", Role::kMetric)}, {{Cell{std::string("1234.50")}}}};
  table.columns[0].format = {.unit = "EUR", .pattern = "currency"};
  EXPECT_EQ(Sentence("revenue", OutputKind::kTable, table), "Revenue: 1,234.50 EUR.");
}

TEST(SentenceTest, ComparedNumbers) {
  AnswerTable table{
      {Column("revenue", Role::kMetric), Column("before", Role::kComparisonValue), Column("growth", Role::kGrowth)},
      {{Cell{int64_t{110}}, Cell{int64_t{100}}, Cell{0.1}}}};
  EXPECT_EQ(Sentence("revenue", OutputKind::kTable, table), "Revenue: 110 against 100 (change 10.0 %).");
}

TEST(SentenceTest, FewGroupsAreNamedAndManySummedUp) {
  EXPECT_EQ(Sentence("revenue by country", OutputKind::kTable, ByCountry({{"DE", 10}, {"FR", 1200}})),
            "Revenue by country: DE 10; FR 1,200.");
  std::vector<std::pair<std::string, int64_t>> many;
  for (int i = 0; i < 9; ++i) many.emplace_back(fmt::format("c{}", i), (i * 5) % 9);
  EXPECT_EQ(Sentence("revenue by country", OutputKind::kTable, ByCountry(many)),
            "Revenue by country: 9 rows, from 0 (c0) to 8 (c7).");
}

TEST(SentenceTest, NothingAndTooMuchAreSaid) {
  EXPECT_EQ(Sentence("revenue by country", OutputKind::kTable, ByCountry({})), "Revenue by country: no rows.");
  auto cut = ByCountry({{"DE", 1}});
  cut.is_truncated = true;
  EXPECT_EQ(Sentence("revenue by country", OutputKind::kTable, cut),
            "Revenue by country: DE 1. There are more: these are the first 1.");
}

TEST(SentenceTest, ExistenceIsYesOrNo) {
  AnswerTable table{{Column("found", Role::kExists)}, {{Cell{true}}}};
  EXPECT_EQ(Sentence("whether there are orders", OutputKind::kExists, table), "Whether there are orders: yes.");
  table.rows[0][0] = false;
  EXPECT_EQ(Sentence("whether there are orders", OutputKind::kExists, table), "Whether there are orders: no.");
}

TEST(ChartTest, BarsForOneDimension) {
  const auto chart = Chart(ByCountry({{"DE", 10}, {"FR", 20}}), "revenue by country");
  ASSERT_TRUE(chart.has_value());
  EXPECT_EQ(chart->at("mark"), "bar");
  EXPECT_EQ(chart->at("encoding").at("y").at("field"), "country");
  EXPECT_EQ(chart->at("encoding").at("x").at("field"), "revenue");
  EXPECT_EQ(chart->at("data").at("values").at(1).at("revenue"), 20.0);
}

TEST(ChartTest, LinesForTime) {
  AnswerTable table{{Column("month", Role::kTimeAxis), Column("a.b", Role::kMetric)},
                    {{Cell{std::string("2024-01-01")}, Cell{int64_t{1}}}, {Cell{std::string("2024-02-01")}, Cell{}}}};
  const auto chart = Chart(table, "t");
  ASSERT_TRUE(chart.has_value());
  EXPECT_EQ(chart->at("encoding").at("x").at("type"), "temporal");
  EXPECT_EQ(chart->at("encoding").at("y").at("field"), "a\\.b") << "a dot would be a path";
  EXPECT_TRUE(chart->at("data").at("values").at(1).at("a.b").is_null());
}

TEST(ChartTest, NoneWhereItSaysNoMoreThanTheTable) {
  EXPECT_FALSE(Chart(ByCountry({{"DE", 10}}), "").has_value());
  EXPECT_FALSE(Chart({{Column("name", Role::kDimension)}, {{Cell{std::string("a")}}, {Cell{std::string("b")}}}}, "")
                   .has_value());
  std::vector<std::pair<std::string, int64_t>> many(kBarsMax + 1, {"x", 1});
  EXPECT_FALSE(Chart(ByCountry(many), "").has_value());
}

TEST(ChecksTest, OnlyAdditivePartsMustAddUp) {
  const auto model = Shop();
  const auto whole = WholeOf(RevenueByCountry(), model);
  ASSERT_TRUE(whole.has_value());
  EXPECT_TRUE(whole->dimensions.empty());
  Intent average = RevenueByCountry();
  average.metrics[0].metric = "mean_order";
  EXPECT_FALSE(WholeOf(average, model).has_value());
  Intent top = RevenueByCountry();
  top.rank = Rank{};
  EXPECT_FALSE(WholeOf(top, model).has_value());
  EXPECT_FALSE(WholeOf(Revenue(), model).has_value()) << "it has no parts";
}

TEST(ChecksTest, PartsThatDoNotAddUpAreFound) {
  const AnswerTable whole{{Column("revenue", Role::kMetric)}, {{Cell{std::string("30.00")}}}};
  EXPECT_TRUE(AddsUp(ByCountry({{"DE", 10}, {"FR", 20}}), whole));
  EXPECT_FALSE(AddsUp(ByCountry({{"DE", 10}, {"FR", 21}}), whole));
  EXPECT_TRUE(AddsUp(ByCountry({}), {{Column("revenue", Role::kMetric)}, {{Cell{}}}}));
  auto cut = ByCountry({{"DE", 10}});
  cut.is_truncated = true;
  EXPECT_TRUE(AddsUp(cut, whole)) << "nobody knows what is missing";
}

TEST(ChecksTest, OrderAndRoundingMakeNoDifference) {
  EXPECT_TRUE(SaysTheSame(ByCountry({{"DE", 10}, {"FR", 20}}), ByCountry({{"FR", 20}, {"DE", 10}})));
  EXPECT_FALSE(SaysTheSame(ByCountry({{"DE", 10}}), ByCountry({{"DE", 11}})));
  EXPECT_FALSE(SaysTheSame(ByCountry({{"DE", 10}}), ByCountry({{"FR", 10}})));
}

TEST(AnswerJsonTest, EachStatusHasItsMembers) {
  Answer answer;
  answer.question = "revenue?";
  answer.reason = "no such thing";
  answer.suggestions = {"revenue by country"};
  auto object = ToJson(answer);
  EXPECT_EQ(object.at("status"), "abstained");
  EXPECT_EQ(object.at("suggestions").at(0), "revenue by country");
  EXPECT_FALSE(object.contains("rows"));
  answer.status = Status::kAnswered;
  answer.table = ByCountry({{"DE", 10}});
  answer.table.rows.push_back({Cell{}, Cell{std::string("1.50")}});
  object = ToJson(answer);
  EXPECT_EQ(object.at("rows").at(0).at(1), 10);
  EXPECT_TRUE(object.at("rows").at(1).at(0).is_null());
  EXPECT_EQ(object.at("rows").at(1).at(1), "1.50") << "decimals keep their digits";
  EXPECT_EQ(object.at("columns").at(0).at("role"), "dimension");
  EXPECT_FALSE(object.contains("reason"));
}

}  // namespace
}  // namespace neurolake::ask
