#include "semantic/infer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

std::vector<KnownTable> Tables() {
  return {{.name = {"shop", "Orders"},
           .rows = 100,
           .columns = {{.name = "id", .type = "BIGINT", .distinct = 100, .nulls = 0},
                       {.name = "customer_id", .type = "BIGINT", .distinct = 20},
                       {.name = "ordered at", .type = "TIMESTAMP WITH TIME ZONE"},
                       {.name = "amount", .type = "DECIMAL(10,2)", .distinct = 90},
                       {.name = "unit_price", .type = "DOUBLE"},
                       {.name = "status", .type = "VARCHAR", .distinct = 2, .values = {"done", "open"}},
                       {.name = "tags", .type = "VARCHAR[]"}}},
          {.name = {"shop", "customers"},
           .rows = 20,
           .columns = {{.name = "id", .type = "BIGINT", .distinct = 20, .nulls = 0},
                       {.name = "name", .type = "VARCHAR", .personal = "name"},
                       {.name = "country", .type = "VARCHAR"}}}};
}

TEST(InferModelTest, DraftsWhatTheDataSays) {
  const auto inference =
      InferModel("My shop", Tables(), {{{"shop", "Orders"}, "customer_id", {"shop", "customers"}, "id"}});
  ASSERT_TRUE(inference.has_value()) << inference.error().message();
  const SemanticModel& model = inference->model;
  EXPECT_EQ(model.name, "my_shop");
  const Entity* orders = FindEntity(model, "orders");
  ASSERT_NE(orders, nullptr);
  EXPECT_EQ(orders->primary_key, std::vector<std::string>{"id"});
  EXPECT_EQ(orders->default_time, "ordered_at");
  EXPECT_EQ(FindDimension(*orders, "ordered_at")->expr, "\"ordered at\"");
  EXPECT_EQ(FindDimension(*orders, "ordered_at")->value_type, ValueType::kTimestampTz);
  EXPECT_EQ(FindDimension(*orders, "tags"), nullptr);
  EXPECT_EQ(FindDimension(*orders, "status")->values.size(), 0u);
  ASSERT_NE(FindMetric(model, "total_amount"), nullptr);
  EXPECT_EQ(FindMeasure(*orders, "average_unit_price")->aggregation, Aggregation::kAverage);
  EXPECT_EQ(FindMetric(model, "total_customer_id"), nullptr);
  EXPECT_NE(FindMetric(model, "orders_count"), nullptr);
  const Entity* customers = FindEntity(model, "customers");
  EXPECT_EQ(LabelDimension(*customers)->name, "name");
  EXPECT_EQ(FindDimension(*customers, "name")->personal, "name");
  EXPECT_EQ(FindDimension(*customers, "country")->geographic_level, "country");
  ASSERT_EQ(model.joins.size(), 1u);
  EXPECT_EQ(model.joins[0].from, "orders");
  EXPECT_TRUE(inference->notes.size() <= 1u);
}

TEST(InferModelTest, JoinsByNameAreNotedAsGuessesAndOnlyWithoutData) {
  auto tables = Tables();
  EXPECT_TRUE(InferModel("shop", tables, {})->model.joins.empty()) << "the data was looked at, and did not say so";
  for (KnownTable& table : tables) {
    table.rows = std::nullopt;
    for (KnownColumn& column : table.columns) column.distinct = std::nullopt;
  }
  const auto inference = InferModel("shop", tables, {});
  ASSERT_TRUE(inference.has_value());
  ASSERT_EQ(inference->model.joins.size(), 1u);
  EXPECT_TRUE(std::ranges::any_of(inference->notes, [](const std::string& note) {
    return note.find("customer_id was taken for customers's key by its name alone") != std::string::npos;
  }));
}

TEST(InferModelTest, OddNamesStillMakeAModel) {
  const std::vector<KnownTable> tables{{.name = {"1; drop"},
                                        .columns = {{.name = "from", .type = "INTEGER"},
                                                    {.name = "FROM ", .type = "INTEGER"},
                                                    {.name = "\"", .type = "TEXT"},
                                                    {.name = "", .type = "TEXT"}}},
                                       {.name = {"1, drop"}, .columns = {}}};
  const auto inference = InferModel("", tables, {});
  ASSERT_TRUE(inference.has_value()) << inference.error().message();
  EXPECT_EQ(inference->model.entities.size(), 2u);
  EXPECT_EQ(inference->model.entities[0].dimensions.size(), 4u);
  EXPECT_FALSE(InferModel("x", {}, {}).has_value());
}

KnownColumn Counted(std::string name, std::string type, int64_t distinct, std::string min = {}, std::string max = {}) {
  return {.name = std::move(name),
          .type = std::move(type),
          .distinct = distinct,
          .nulls = 0,
          .min = std::move(min),
          .max = std::move(max)};
}

/// One table of 1,000 rows with a key `id` and what a test wants to know about.
SemanticModel ModelOf(std::string table, std::vector<KnownColumn> columns,
                      std::vector<std::vector<std::string>> keys = {}) {
  KnownTable known{.name = {"s", std::move(table)}, .rows = 1000};
  if (keys.empty()) known.columns.push_back(Counted("id", "BIGINT", 1000, "1", "1000"));
  for (KnownColumn& column : columns) known.columns.push_back(std::move(column));
  known.keys = std::move(keys);
  const auto inference = InferModel("m", {known}, {});
  EXPECT_TRUE(inference.has_value()) << inference.error().message();
  return inference->model;
}

bool Says(const Described& described, const std::string& word) {
  return described.label == word || std::ranges::find(described.synonyms, word) != described.synonyms.end();
}

TEST(InferModelTest, AddsUpFlowsAndNothingElse) {
  const SemanticModel model = ModelOf(
      "sales", {Counted("qty", "INTEGER", 40, "1", "90"), Counted("unit_price", "DOUBLE", 300, "1.5", "99"),
                Counted("customer_age", "INTEGER", 60, "18", "90"), Counted("year", "INTEGER", 4, "2020", "2024"),
                Counted("latitude", "DOUBLE", 900, "50.1", "55.2"), Counted("zip_code", "INTEGER", 90, "1", "9"),
                Counted("discount_pct", "DOUBLE", 10, "0", "0.3"), Counted("duration_min", "INTEGER", 90, "1", "99")});
  const Entity& sales = model.entities.front();
  const auto has = [&](const char* name) { return FindMeasure(sales, name) != nullptr; };
  EXPECT_TRUE(has("total_qty"));
  EXPECT_TRUE(has("average_qty"));
  EXPECT_TRUE(has("average_unit_price"));
  EXPECT_FALSE(has("total_unit_price"));
  EXPECT_TRUE(has("average_customer_age"));
  EXPECT_FALSE(has("total_customer_age"));
  for (const char* name : {"total_year", "average_year", "total_latitude", "total_zip_code", "total_id", "average_id",
                           "total_discount_pct"}) {
    EXPECT_FALSE(has(name)) << name;
  }
  EXPECT_EQ(FindMeasure(sales, "average_discount_pct")->format.pattern, "percent");
  EXPECT_EQ(FindMeasure(sales, "total_duration_min")->format.unit, "min");
  EXPECT_TRUE(Says(*FindMeasure(sales, "total_qty"), "quantity"));
  EXPECT_FALSE(Says(*FindMeasure(sales, "average_qty"), "quantity")) << "alone it means the sum";
  EXPECT_TRUE(Says(*FindMeasure(sales, "average_duration_min"), "duration"));
  EXPECT_EQ(FindDimension(sales, "latitude")->geographic_level, "");
}

TEST(InferModelTest, RevenueIsPriceTimesQuantityWhereNamesSaySo) {
  const std::vector<KnownColumn> line{Counted("quantity", "INTEGER", 40, "1", "90"),
                                      Counted("unit_price", "DOUBLE", 300, "1.5", "99")};
  const SemanticModel plain = ModelOf("order_items", line);
  EXPECT_EQ(FindMeasure(plain.entities.front(), "revenue")->expr, "unit_price * quantity");
  std::vector<KnownColumn> discounted = line;
  discounted.push_back(Counted("discount", "DOUBLE", 10, "0", "0.25"));
  EXPECT_EQ(FindMeasure(ModelOf("order_items", discounted).entities.front(), "revenue")->expr,
            "unit_price * quantity * (1 - discount)");
  std::vector<KnownColumn> two = line;
  two.push_back(Counted("list_price", "DOUBLE", 300, "1", "99"));
  EXPECT_EQ(FindMeasure(ModelOf("order_items", two).entities.front(), "revenue"), nullptr) << "which price?";
}

TEST(InferModelTest, BalancesAreNotAddedUpOverTime) {
  const std::vector<KnownColumn> columns{Counted("account_id", "BIGINT", 100, "1", "100"),
                                         Counted("balance_on", "DATE", 10, "2024-01-31", "2024-10-31"),
                                         Counted("balance", "DOUBLE", 900, "-5", "99")};
  const SemanticModel snapshots = ModelOf("balances", columns, {{"account_id", "balance_on"}});
  const Measure* balance = FindMeasure(snapshots.entities.front(), "total_balance");
  ASSERT_NE(balance, nullptr);
  EXPECT_EQ(balance->additivity, Additivity::kSemiAdditive);
  EXPECT_TRUE(balance->over_time_per.empty()) << "each day has all accounts";
  // A balance of what is there once is added up like any other number.
  const SemanticModel once = ModelOf("accounts", {Counted("opened_on", "DATE", 900, "2020-01-01", "2024-01-01"),
                                                  Counted("balance", "DOUBLE", 900, "-5", "99")});
  EXPECT_EQ(FindMeasure(once.entities.front(), "total_balance")->additivity, Additivity::kAdditive);
}

TEST(InferModelTest, FlagsAreYesOrNoAndHaveShares) {
  KnownColumn churned = Counted("is_churned", "INTEGER", 2, "0", "1");
  KnownColumn returned = Counted("rtn_flg", "VARCHAR", 2);
  returned.values = {"N", "Y"};
  KnownColumn state = Counted("status", "VARCHAR", 2);
  state.values = {"open", "done"};
  const SemanticModel model = ModelOf("customers", {churned, returned, state});
  const Entity& customers = model.entities.front();
  EXPECT_EQ(FindDimension(customers, "is_churned")->value_type, ValueType::kBoolean);
  EXPECT_EQ(FindDimension(customers, "is_churned")->label, "churned");
  EXPECT_EQ(FindDimension(customers, "is_churned")->expr, "is_churned = 1");
  EXPECT_EQ(FindDimension(customers, "rtn_flg")->value_type, ValueType::kBoolean);
  EXPECT_EQ(FindDimension(customers, "status")->value_type, ValueType::kText);
  EXPECT_EQ(FindMeasure(customers, "total_is_churned"), nullptr);
  const Metric* share = FindMetric(model, "share_of_churned_customers");
  ASSERT_NE(share, nullptr);
  EXPECT_EQ(share->kind, MetricKind::kRatio);
  EXPECT_TRUE(Says(*share, "churn rate"));
}

TEST(InferModelTest, TheTimeSomethingHappenedIsTheDefault) {
  const auto date = [](const char* name) { return Counted(name, "DATE", 900, "2020-01-01", "2024-01-01"); };
  EXPECT_EQ(ModelOf("orders", {date("ship_date"), date("order_date"), date("due_date")}).entities[0].default_time,
            "order_date");
  EXPECT_EQ(ModelOf("employees", {date("birth_date"), date("hire_date")}).entities[0].default_time, "hire_date");
  EXPECT_EQ(ModelOf("people", {date("birth_date")}).entities[0].default_time, "");
  KnownColumn day = Counted("sold_dt", "INTEGER", 900, "20200101", "20231231");
  day.form = HiddenForm::kYearMonthDay;
  const Entity sales = ModelOf("sales", {day}).entities[0];
  EXPECT_EQ(sales.default_time, "sold_dt");
  EXPECT_EQ(FindDimension(sales, "sold_dt")->type, DimensionType::kTime);
}

TEST(InferModelTest, PersonalDataIsNotOffered) {
  const std::vector<KnownColumn> columns{Counted("email", "VARCHAR", 1000), Counted("city", "VARCHAR", 10)};
  const SemanticModel model = ModelOf("customers", columns);
  EXPECT_TRUE(FindDimension(model.entities[0], "email")->hidden);
  EXPECT_EQ(FindDimension(model.entities[0], "email")->personal, "email");
  EXPECT_FALSE(FindDimension(model.entities[0], "city")->hidden);
  const KnownTable table{.name = {"s", "customers"}, .rows = 1000, .columns = columns};
  const auto offered = InferModel("m", {table}, {}, {.offers_personal = true});
  EXPECT_FALSE(FindDimension(offered->model.entities[0], "email")->hidden);
  EXPECT_EQ(FindDimension(offered->model.entities[0], "email")->personal, "email");
}

std::vector<KnownTable> Flights() {
  return {{.name = {"f", "flights"},
           .rows = 1000,
           .columns = {Counted("flight_date", "DATE", 300, "2013-01-01", "2013-12-31"), Counted("origin", "VARCHAR", 3),
                       Counted("dest", "VARCHAR", 100), Counted("carrier", "VARCHAR", 16),
                       Counted("pilot_id", "BIGINT", 50, "1", "50")}},
          {.name = {"f", "airports"},
           .rows = 1400,
           .columns = {Counted("faa", "VARCHAR", 1400), Counted("name", "VARCHAR", 1390)}},
          {.name = {"f", "airlines"},
           .rows = 16,
           .columns = {Counted("carrier", "VARCHAR", 16), Counted("name", "VARCHAR", 16)}},
          {.name = {"f", "pilots"},
           .rows = 50,
           .columns = {Counted("id", "BIGINT", 50, "1", "50"), Counted("name", "VARCHAR", 50)}},
          {.name = {"f", "gates"}, .rows = 90, .columns = {Counted("id", "BIGINT", 90, "1", "90")}}};
}

TEST(ReferencesTest, TextsByTheirValuesNumbersByTheirNames) {
  const auto tables = Flights();
  auto candidates = CandidateReferences(tables);
  const auto looks_up = [&](const char* column, const char* table) {
    return std::ranges::any_of(candidates, [&](const KnownReference& one) {
      return one.from_column == column && one.to_table.back() == table;
    });
  };
  EXPECT_TRUE(looks_up("pilot_id", "pilots"));
  EXPECT_FALSE(looks_up("pilot_id", "gates")) << "that all numbers up to 50 are there says nothing";
  EXPECT_TRUE(looks_up("origin", "airports"));
  for (KnownReference& one : candidates) {
    const bool is_code = (one.from_column == "origin" || one.from_column == "dest") && one.to_column == "faa";
    one.found = is_code ? 0.96 : one.from_column == "carrier" && one.to_column == "carrier" ? 1 : 0;
    if (one.from_column == "pilot_id") one.found = 1;
  }
  const auto chosen = ChosenReferences(tables, candidates);
  const auto inference = InferModel("f", tables, chosen);
  ASSERT_TRUE(inference.has_value()) << inference.error().message();
  const SemanticModel& model = inference->model;
  ASSERT_EQ(model.joins.size(), 4u);
  const Join* origin = FindJoin(model, "origin_airport");
  ASSERT_NE(origin, nullptr) << "two ways to one table have names of their own";
  EXPECT_NE(FindJoin(model, "destination_airport"), nullptr);
  EXPECT_EQ(origin->synonyms, std::vector<std::string>{"origin"});
  EXPECT_TRUE(FindDimension(*FindEntity(model, "flights"), "pilot_id")->hidden);
  EXPECT_FALSE(FindDimension(*FindEntity(model, "flights"), "origin")->hidden);
}

TEST(ReferencesTest, WhatTheDataDoesNotBearOutIsNoReference) {
  const auto tables = Flights();
  auto candidates = CandidateReferences(tables);
  for (KnownReference& one : candidates) one.found = 0.3;
  EXPECT_TRUE(ChosenReferences(tables, candidates).empty());
}

TEST(InferModelTest, LinesGoByTheTimeOfTheirOrder) {
  const std::vector<KnownTable> tables{
      {.name = {"s", "orders"},
       .rows = 100,
       .columns = {Counted("id", "BIGINT", 100, "1", "100"), Counted("order_date", "DATE", 90)}},
      {.name = {"s", "order_items"},
       .rows = 300,
       .columns = {Counted("order_id", "BIGINT", 100, "1", "100"), Counted("line_no", "INTEGER", 3, "1", "3"),
                   Counted("quantity", "INTEGER", 9, "1", "9")},
       .keys = {{"order_id", "line_no"}}}};
  const auto inference = InferModel("s", tables, {{{"s", "order_items"}, "order_id", {"s", "orders"}, "id"}});
  ASSERT_TRUE(inference.has_value()) << inference.error().message();
  const Entity* items = FindEntity(inference->model, "order_items");
  EXPECT_EQ(items->default_time, "orders.order_date");
  EXPECT_EQ(items->primary_key, (std::vector<std::string>{"order_id", "line_no"}));
  EXPECT_EQ(FindMeasure(*items, "total_line_no"), nullptr);
}

TEST(InferModelTest, ACalendarWhoseDaysAreKnownIsNoTableOfItsOwn) {
  KnownColumn day = Counted("sold_date_sk", "INTEGER", 300, "2450000", "2450999");
  day.form = HiddenForm::kDayNumber;
  day.day_zero = "-4713-11-24";
  const std::vector<KnownTable> tables{
      {.name = {"s", "sales"}, .rows = 1000, .columns = {day, Counted("amount", "DOUBLE", 900, "1", "9")}},
      {.name = {"s", "date_dim"},
       .rows = 1000,
       .columns = {Counted("d_date_sk", "INTEGER", 1000), Counted("d_date", "DATE", 1000),
                   Counted("d_year", "INTEGER", 3)}}};
  const std::vector<KnownReference> references{{{"s", "sales"}, "sold_date_sk", {"s", "date_dim"}, "d_date_sk"}};
  const auto inference = InferModel("s", tables, references);
  ASSERT_TRUE(inference.has_value()) << inference.error().message();
  ASSERT_EQ(inference->model.entities.size(), 1u);
  EXPECT_EQ(inference->model.entities[0].default_time, "sold_date_sk");
  auto unknown = tables;
  unknown[0].columns[0].form = HiddenForm::kNone;
  const auto kept = InferModel("s", unknown, references);
  EXPECT_EQ(kept->model.entities.size(), 2u) << "else the calendar is the only way to the day";
}

}  // namespace
}  // namespace neurolake::semantic
