#include <gtest/gtest.h>

#include <algorithm>

#include "semantic/infer.h"
#include "semantic/lint.h"
#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

std::vector<std::string> Findings(const std::string& yaml) {
  const auto model = LoadModel(yaml);
  EXPECT_TRUE(model.has_value()) << model.error().message();
  std::vector<std::string> findings;
  for (const LintFinding& finding : LintModel(*model)) {
    if (finding.severity == LintFinding::Severity::kWarning) findings.push_back(finding.rule + " " + finding.member);
  }
  return findings;
}

TEST(LintModelTest, FindsWhatIsMisunderstood) {
  const std::string yaml = R"(
semantic_model: m
entities:
  - name: orders
    table: orders
    primary_key: id
    dimensions: [{name: status, synonyms: [state]}]
    measures: [{name: revenue, synonyms: [sales]}, {name: margin, synonyms: [Sales]}]
  - {name: customers, table: customers, primary_key: id, dimensions: [{name: region, synonyms: [State]}]}
  - {name: lonely, table: lonely}
joins:
  - {name: j, from: orders, to: customers, on: {customer_mail: mail}}
  - {name: k, from: orders, to: customers, on: {a: b}, cardinality: many_to_many}
)";
  const std::vector<std::string> expected{"no-default-time orders",
                                          "ambiguous-word margin",
                                          "ambiguous-word customers.region",
                                          "unreachable-entity lonely",
                                          "fan-out j",
                                          "fan-out k"};
  EXPECT_EQ(Findings(yaml), expected);
}

TEST(LintModelTest, SaysNothingOfAClearModel) {
  EXPECT_TRUE(Findings(R"(
semantic_model: m
entities:
  - name: orders
    table: orders
    primary_key: id
    default_time: at
    dimensions: [{name: at, type: time, expr: '"at"'}]
    measures: [{name: revenue}]
  - {name: customers, table: customers, primary_key: id, dimensions: [{name: region}]}
joins: [{name: j, from: orders, to: customers, on: {customer_id: id}}]
)")
                  .empty());
}

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
  EXPECT_EQ(FindDimension(*orders, "status")->values.size(), 2u);
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
  EXPECT_TRUE(inference->notes.empty());
}

TEST(InferModelTest, JoinsByNameAreNotedAsGuesses) {
  const auto inference = InferModel("shop", Tables(), {});
  ASSERT_TRUE(inference.has_value());
  ASSERT_EQ(inference->model.joins.size(), 1u);
  ASSERT_EQ(inference->notes.size(), 1u);
  EXPECT_NE(inference->notes[0].find("by its name alone"), std::string::npos);
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

}  // namespace
}  // namespace neurolake::semantic
