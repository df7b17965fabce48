#include "semantic/interchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

bool Tells(const std::vector<std::string>& unmapped, const std::string& what) {
  return std::ranges::any_of(unmapped, [&](const std::string& text) { return text.starts_with(what); });
}

constexpr const char* kDbt = R"(
semantic_models:
  - name: orders
    description: One row per order
    model: ref('fct_orders')
    defaults: {agg_time_dimension: ordered_at}
    entities:
      - {name: order, type: primary, expr: order_id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_at, type: time, type_params: {time_granularity: day}}
      - {name: status, type: categorical}
    measures:
      - {name: order_total, agg: sum, expr: amount}
      - {name: order_rows, agg: sum, expr: "1"}
      - {name: large, agg: sum_boolean, expr: amount > 100}
      - {name: stock, agg: sum,
         non_additive_dimension: {name: ordered_at, window_choice: max, window_groupings: [status]}}
      - {name: odd, agg: hyperloglog}
  - name: customers
    model: ref('shop', 'dim_customers')
    entities: [{name: customer, type: primary, expr: id}]
    dimensions: [{name: country, type: categorical}]
metrics:
  - {name: revenue, label: Revenue, type: simple, type_params: {measure: order_total}}
  - {name: done_revenue, type: simple, type_params: {measure: order_total},
     filter: "{{ Dimension('order__status') }} = 'done'"}
  - {name: eu_revenue, type: simple, type_params: {measure: order_total},
     filter: "{{ Dimension('customer__country') }} = 'DE'"}
  - {name: orders_count, type: simple, type_params: {measure: {name: order_rows}}}
  - {name: per_order, type: ratio, type_params: {numerator: revenue, denominator: orders_count}}
  - {name: eu_share, type: ratio, type_params: {numerator: eu_revenue, denominator: revenue}}
  - {name: week, type: cumulative, type_params: {measure: order_total, window: 7 days}}
  - {name: ytd, type: cumulative, type_params: {measure: order_total, cumulative_type_params: {grain_to_date: year}}}
  - {name: twice, type: derived, type_params: {expr: revenue * 2, metrics: [{name: revenue}]}}
  - {name: growth, type: derived,
     type_params: {expr: a - b, metrics: [{name: revenue, alias: a}, {name: revenue, alias: b, offset_window: 1 month}]}}
)";

TEST(ImportDbtTest, MapsWhatMeansTheSameAndTellsTheRest) {
  const auto import = ImportDbt({kDbt}, "shop", "silver");
  ASSERT_TRUE(import.has_value()) << import.error().message();
  const SemanticModel& model = import->model;
  const Entity* orders = FindEntity(model, "orders");
  ASSERT_NE(orders, nullptr);
  EXPECT_EQ(orders->table, (std::vector<std::string>{"silver", "fct_orders"}));
  EXPECT_EQ(FindEntity(model, "customers")->table.back(), "dim_customers");
  EXPECT_EQ(orders->primary_key, std::vector<std::string>{"order_id"});
  EXPECT_EQ(FindMeasure(*orders, "order_rows")->aggregation, Aggregation::kCount);
  EXPECT_EQ(FindMeasure(*orders, "stock")->over_time_per, std::vector<std::string>{"status"});
  ASSERT_EQ(model.joins.size(), 1u);
  EXPECT_EQ(model.joins[0].from_columns, std::vector<std::string>{"customer_id"});
  EXPECT_EQ(FindMetric(model, "done_revenue")->filter, "(status) = 'done'");
  EXPECT_EQ(FindMetric(model, "week")->window, 7);
  EXPECT_EQ(FindMetric(model, "ytd")->to_date, TimeGrain::kYear);
  EXPECT_NE(FindMetric(model, "twice"), nullptr);
  // A number that would mean something else is not there.
  EXPECT_EQ(FindMetric(model, "eu_revenue"), nullptr);
  EXPECT_EQ(FindMetric(model, "eu_share"), nullptr);
  EXPECT_EQ(FindMetric(model, "growth"), nullptr);
  for (const char* what : {"metric eu_revenue", "metric eu_share", "metric growth", "measure odd"}) {
    EXPECT_TRUE(Tells(import->unmapped, what)) << what;
  }
  EXPECT_EQ(import->unmapped.size(), 4u);
}

constexpr const char* kCube = R"yaml(
cubes:
  - name: orders
    sql_table: public.orders
    joins:
      - {name: customers, relationship: many_to_one, sql: "{CUBE}.customer_id = {customers.id}"}
      - {name: lost, relationship: many_to_one, sql: "{CUBE}.x = {lost}.y"}
    dimensions:
      - {name: id, sql: id, type: number, primary_key: true}
      - {name: status, sql: "{CUBE}.status", type: string, title: State}
      - {name: created_at, sql: created_at, type: time}
      - {name: buyer, sql: "{customers.name}", type: string}
    measures:
      - {name: count, type: count}
      - {name: done, type: count, filters: [{sql: "{CUBE}.status = 'done'"}]}
      - {name: revenue, type: sum, sql: amount}
      - {name: average, type: number, sql: "{revenue} / {done}"}
      - {name: weird, type: number, sql: "MAX({CUBE}.x)"}
      - {name: rolling, type: sum, sql: amount, rolling_window: {trailing: 7 day}}
    segments: [{name: big, sql: "amount > 1"}]
  - name: customers
    sql_table: customers
    dimensions: [{name: id, sql: id, type: number, primary_key: true}, {name: name, sql: name, type: string}]
    measures: [{name: count, type: count}]
  - {name: lost, sql: SELECT 1}
)yaml";

TEST(ImportCubeTest, MapsWhatMeansTheSameAndTellsTheRest) {
  const auto import = ImportCube({kCube}, "shop");
  ASSERT_TRUE(import.has_value()) << import.error().message();
  const SemanticModel& model = import->model;
  const Entity* orders = FindEntity(model, "orders");
  ASSERT_NE(orders, nullptr);
  EXPECT_EQ(orders->default_time, "created_at");
  EXPECT_EQ(FindDimension(*orders, "status")->label, "State");
  EXPECT_EQ(FindMeasure(*orders, "done")->filter, "(status = 'done')");
  EXPECT_EQ(FindMetric(model, "average")->formula, "revenue / done");
  // Both cubes count: each number keeps its own name.
  EXPECT_NE(FindMetric(model, "orders_count"), nullptr);
  EXPECT_NE(FindMetric(model, "customers_count"), nullptr);
  EXPECT_EQ(FindMetric(model, "count"), nullptr);
  ASSERT_EQ(model.joins.size(), 1u);
  EXPECT_EQ(model.joins[0].to_columns, std::vector<std::string>{"id"});
  for (const char* what : {"cube lost", "join orders_lost", "dimension orders.buyer", "measure weird",
                           "measure orders.rolling", "cube orders"}) {
    EXPECT_TRUE(Tells(import->unmapped, what)) << what;
  }
}

TEST(ImportTest, OtherFilesAreRefused) {
  EXPECT_FALSE(ImportDbt({"models: []"}, "m", "").has_value());
  EXPECT_FALSE(ImportCube({"views: []"}, "m").has_value());
  EXPECT_FALSE(ImportDbt({kDbt}, "no name", "").has_value());
}

TEST(ImportTest, DamagedTextIsRefusedOrAModel) {
  std::mt19937 random(31);
  constexpr std::string_view kBytes = "{}[]\"':,-&*#\n \t\xff~0a";
  for (const char* whole : {kDbt, kCube}) {
    for (int round = 0; round < 1500; ++round) {
      std::string text = whole;
      for (int damage = 0; damage < 1 + round % 3; ++damage)
        text[random() % text.size()] = kBytes[random() % kBytes.size()];
      const auto import = whole == kDbt ? ImportDbt({text}, "m", "s") : ImportCube({text}, "m");
      if (!import.has_value()) continue;
      EXPECT_TRUE(ValidateModel(import->model).has_value()) << text;
    }
  }
}

TEST(ExportOsiTest, WritesWhatItHasWordsForAndTellsTheRest) {
  const auto import = ImportDbt({kDbt}, "shop", "silver");
  ASSERT_TRUE(import.has_value());
  const Export result = ExportOpenSemanticInterchange(import->model);
  const auto has = [&](const std::string& text) { return result.yaml.find(text) != std::string::npos; };
  EXPECT_TRUE(
      has("      - name: \"orders\"\n        source: \"silver.fct_orders\"\n        primary_key: [\"order_id\"]"));
  EXPECT_TRUE(
      has("from: \"orders\"\n        to: \"customers\"\n        from_columns: [\"customer_id\"]\n        to_columns: "
          "[\"id\"]"));
  EXPECT_TRUE(has("expression: \"SUM(orders.amount)\""));
  EXPECT_TRUE(has("(CAST(SUM(orders.amount) AS DOUBLE) / NULLIF(COUNT(orders.order_id), 0))"));
  EXPECT_FALSE(has("ytd"));
  EXPECT_TRUE(Tells(result.unmapped, "metric ytd"));
  EXPECT_TRUE(Tells(result.unmapped, "metric done_revenue"));
}

}  // namespace
}  // namespace neurolake::semantic
