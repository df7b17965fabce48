#include <algorithm>

#include "ask/compile/tests/answers.h"
#include "semantic/load.h"

namespace neurolake::ask::compile {
namespace {

using ::testing::Test;

std::string Refusal(const std::string& intent) {
  const auto query = CompileJson(intent);
  return query.has_value() ? "compiled: " + query->sql : query.error().message();
}

std::string DetailOf(const std::string& intent, const std::string& name) {
  const auto query = CompileJson(intent);
  if (query.has_value()) return "compiled";
  for (const auto& [key, value] : query.error().details()) {
    if (key == name) return value;
  }
  return "none";
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(CompileRefusalTest, AmbiguousWayNamesTheChoices) {
  EXPECT_EQ(
      DetailOf(
          R"({"metrics":[{"metric":"flights_count"}],"dimensions":[{"field":{"entity":"airports","name":"airport_city"}}]})",
          "choices"),
      "origin,destination");
}

TEST(CompileRefusalTest, SumsAreNotSplitByWhatTheirRowsHaveSeveralOf) {
  const std::string by_product = R"("dimensions":[{"field":{"entity":"products","name":"product"}}]})";
  EXPECT_EQ(DetailOf(R"({"metrics":[{"metric":"revenue"}],)" + by_product, "metric"), "Revenue");
  EXPECT_EQ(DetailOf(R"({"metrics":[{"metric":"average_amount"}],)" + by_product, "metric"), "Average amount");
  EXPECT_EQ(DetailOf(R"({"metrics":[{"metric":"orders_count"},{"metric":"revenue"}],)" + by_product, "metric"),
            "Revenue");
  EXPECT_EQ(DetailOf(R"({"metrics":[{"metric":"balance"}],)" + by_product, "metric"), "Balance");
}

TEST(CompileRefusalTest, NegationOverTheManySideHasTwoReadings) {
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"filters":[{"any_of":[{"field":{"entity":"products","name":"product"},"op":"not_in","values":["Lamp"]}]}]})"),
      "two ways"));
}

TEST(CompileRefusalTest, AUnitThatTheNumberIsNotKeptIn) {
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue","unit":"kWh"}]})"), "not kept in a unit"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"orders_count","unit":"hours"}]})"), "not kept in a unit"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue","unit":"dollars"}]})"), "not kept in a unit"));
}

TEST(CompileRefusalTest, WhatTheModelDoesNotHave) {
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"profit"}]})"), "no such metric: profit"));
  EXPECT_TRUE(
      Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"orders","name":"colour"}}]})"),
          "no such dimension"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"entity":"planets"}]})"), "no such entity"));
  EXPECT_TRUE(
      Has(Refusal(R"({"metrics":[{"metric":"products_count"}],"time":{"from":"2024-01-01"}})"), "no default time"));
}

TEST(CompileRefusalTest, ValuesOfAnotherType) {
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"filters":[{"any_of":[{"field":{"entity":"orders","name":"amount_value"},"values":["1; DROP TABLE orders"]}]}]})"),
      "takes a number"));
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"filters":[{"any_of":[{"field":{"entity":"orders","name":"shipped_at"},"values":["2023-02-29"]}]}]})"),
      "takes a date"));
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"filters":[{"any_of":[{"field":{"entity":"orders","name":"amount_value"},"op":"contains","values":["1"]}]}]})"),
      "is for texts"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"aggregation":"sum","field":{"entity":"orders","name":"status"}}]})"),
                  "only numbers"));
}

TEST(CompileRefusalTest, NumbersWithoutMeaning) {
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"average_amount"}],"dimensions":[{"field":{"entity":"orders","name":"status"}}],"calculations":[{"kind":"share_of_total"}]})"),
      "share"));
  EXPECT_TRUE(Has(
      Refusal(R"({"metrics":[{"metric":"buyers"}],"time":{"grain":"month"},"calculations":[{"kind":"cumulative"}]})"),
      "cumulative metric"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue_per_order","aggregation":"median"}]})"), "simple metrics"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue_ytd"}]})"), "needs an end"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"calculations":[{"kind":"ratio","of":1}]})"),
                  "a metric that is not there"));
}

TEST(CompileRefusalTest, Contradictions) {
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"time":{"from":"2024-02-01","to":"2024-02-01"}})"),
                  "after it begins"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"time":{"comparisons":[{"kind":"offset"}]}})"),
                  "needs a time range"));
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"time":{"from":"2024-02-01","comparisons":[{"kind":"previous_period"}]}})"),
      "both ends"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"calculations":[{"kind":"rolling_sum","window":3}]})"),
                  "time axis"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"rank":{"n":3,"per":[2]}})"), "not there"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"calculations":[{"metric":4}]})"), "not there"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"having":[{"value":{"index":3}}]})"), "no such number"));
  EXPECT_TRUE(Has(Refusal(R"({"metrics":[{"metric":"revenue"}],"zone":"x'; --"})"), "IANA"));
  EXPECT_TRUE(Has(
      Refusal(R"({"metrics":[{"metric":"revenue"}],"time":{"grain":"month","comparisons":[{"kind":"same_weekday"}]}})"),
      "day or week"));
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"time":{"grain":"second","from":"1900-01-01","to":"2024-01-01","fill_gaps":true}})"),
      "too many periods"));
  EXPECT_TRUE(Has(Refusal(R"({"output":"describe","subject":"revenue"})"), "not by SQL"));
  EXPECT_TRUE(Has(Refusal("{}"), "metric or dimension"));
}

TEST(CompileRefusalTest, PersonalDataIsNoGroupWhereItIsRemoved) {
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"customers","name":"email"}}],"privacy":{"remove_personal":true}})"),
      "personal"));
  EXPECT_TRUE(Has(
      Refusal(
          R"({"output":"rows","entity":"customers","dimensions":[{"field":{"entity":"customers","name":"email"}}],"privacy":{"remove_personal":true}})"),
      "personal"));
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"customers","name":"email"}}],"privacy":{"masked":[{"entity":"customers","name":"email"}]}})"),
      "masked"));
}

TEST(CompileRefusalTest, OneValueOfAPersonIsPersonalToo) {
  const std::string intent = R"({"metrics":[{"aggregation":"max","field":{"entity":"customers","name":"email"}}])";
  EXPECT_FALSE(Has(Refusal(intent + "}"), "personal"));
  EXPECT_TRUE(Has(Refusal(intent + R"(,"privacy":{"remove_personal":true}})"), "personal"));
  EXPECT_TRUE(Has(Refusal(intent + R"(,"privacy":{"masked":[{"entity":"CUSTOMERS","name":"Email"}]}})"), "masked"));
  EXPECT_TRUE(Has(
      Refusal(
          R"({"metrics":[{"aggregation":"count_distinct","field":{"entity":"customers","name":"email"}}],"privacy":{"remove_personal":true}})"),
      "compiled"));
}

TEST(CompileTest, ChecksFindWhatAnswersWouldHide) {
  ShopDatabase database;
  const auto query = CompileJson(
      R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"customers","name":"country"}}],"time":{"grain":"year"}})");
  ASSERT_TRUE(query.has_value());
  const auto rows_of = [&](CheckQuery::Kind kind) -> std::vector<std::string> {
    const auto check = std::ranges::find(query->checks, kind, &CheckQuery::kind);
    if (check == query->checks.end()) return {"no such check"};
    return database.Rows(check->sql);
  };
  EXPECT_EQ(rows_of(CheckQuery::Kind::kDanglingKeys), std::vector<std::string>{"1"});  // Order 6, of customer 9.
  EXPECT_EQ(rows_of(CheckQuery::Kind::kDuplicateKeys), std::vector<std::string>{"0"});
  EXPECT_EQ(rows_of(CheckQuery::Kind::kNullTime), std::vector<std::string>{"1"});  // Order 8 has no time.
  ASSERT_EQ(database.Rows("INSERT INTO customers VALUES (1, 'Again', NULL, 'IT', NULL, NULL)").front(), "1");
  EXPECT_EQ(rows_of(CheckQuery::Kind::kDuplicateKeys), std::vector<std::string>{"1"});
}

TEST(CompileTest, SaysWhatItUsed) {
  const auto query = CompileJson(
      R"({"metrics":[{"metric":"net_revenue"}],"dimensions":[{"field":{"entity":"customers","name":"country"}}],"time":{"from":"2023-01-01","to":"2025-01-01"}})");
  ASSERT_TRUE(query.has_value());
  const std::vector<std::vector<std::string>> tables{{"customers"}, {"orders"}, {"refunds"}};
  EXPECT_EQ(query->tables, tables);
  const auto has_assumption = [&](const std::string& text) {
    return std::ranges::any_of(query->assumptions,
                               [&](const Assumption& assumption) { return assumption.text == text; });
  };
  EXPECT_TRUE(has_assumption("Revenue by Ordered at"));
  EXPECT_TRUE(has_assumption("Refunded by Refunded at"));
  EXPECT_TRUE(std::ranges::any_of(query->definitions, [](const Definition& d) {
    return d.name == "Net revenue" && d.text == "revenue - refunded";
  }));
  ASSERT_EQ(query->columns.size(), 2u);
  EXPECT_EQ(query->columns[0].member, "customers.country");
  EXPECT_EQ(query->columns[1].name, "net_revenue");
}

TEST(CompileTest, CutsShowByOneRowMore) {
  ShopDatabase database;
  const auto query = CompileJson(
      R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"customers","name":"name"}}],"row_limit":2})");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(database.Rows(query->sql).size(), 3u);
}

TEST(CompileTest, IsTheSameEveryTime) {
  const std::string intent =
      R"({"metrics":[{"metric":"net_revenue"},{"metric":"units"}],"dimensions":[{"field":{"entity":"customers","name":"country"}}],"time":{"grain":"month","comparisons":[{"kind":"offset"}]}})";
  EXPECT_EQ(CompileJson(intent)->sql, CompileJson(intent)->sql);
}

/// Whatever a model calls its tables and columns, they stay names.
TEST(CompileTest, NamesOfTheModelAreQuoted) {
  const auto model = semantic::LoadModel(R"(
semantic_model: odd
entities:
  - name: things
    table: ["my\"schema", "drop table x; --"]
    dimensions: [{name: kind, expr: "\"odd \"\"col\""}]
    measures: [{name: n, aggregation: count}]
)");
  ASSERT_TRUE(model.has_value()) << model.error().message();
  Intent intent;
  intent.metrics.push_back({.metric = "n"});
  intent.dimensions.push_back({.field = {"things", "kind", {}}});
  const auto query = CompileIntent(intent, *model);
  ASSERT_TRUE(query.has_value());
  EXPECT_TRUE(Has(query->sql, R"(FROM "my""schema"."drop table x; --")")) << query->sql;
}

TEST(CompileRefusalTest, FiscalYearsOfWhichNobodySaidWhenTheyBegin) {
  semantic::SemanticModel model = ShopModel();
  const auto intent = DecodeIntent(R"({"metrics":[{"metric":"revenue"}],"time":{"grain":"fiscal_year"}})");
  ASSERT_TRUE(intent.has_value());
  EXPECT_TRUE(CompileIntent(*intent, model).has_value());
  model.calendar.fiscal_year_known = false;
  const auto refused = CompileIntent(*intent, model);
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(Has(refused.error().message(), "fiscal_year_known"));
  const auto plain = DecodeIntent(R"({"metrics":[{"metric":"revenue"}],"time":{"grain":"year"}})");
  EXPECT_TRUE(CompileIntent(*plain, model).has_value());
}

}  // namespace
}  // namespace neurolake::ask::compile
