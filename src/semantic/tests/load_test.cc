#include "semantic/load.h"

#include <gtest/gtest.h>

#include <random>

namespace neurolake::semantic {
namespace {

constexpr const char* kShop = R"(
semantic_model: shop
version: "3"
description: What the shop sells
calendar:
  fiscal_year_start_month: 4
  fiscal_year_named_by: start
  zone: Europe/Berlin
  holidays: [{date: "2024-12-25", name: Christmas}]
entities:
  - name: customers
    table: crm.customers
    primary_key: id
    synonyms: [client, buyer]
    dimensions:
      - name: country
        type: geographic
        level: country
        values:
          - {value: DE, label: Germany, synonyms: [german]}
          - FR
      - {name: email, personal: email, hidden: true}
  - name: orders
    table: [shop, orders]
    primary_key: [id]
    default_time: ordered_at
    filter: NOT deleted
    dimensions:
      - {name: ordered_at, type: time, grain: second, value_type: timestamptz, role: ordered}
    measures:
      - {name: revenue, expr: amount, unit: EUR, decimals: 2}
      - {name: buyers, aggregation: count_distinct, expr: customer_id}
      - {name: stock, additivity: semi_additive, over_time: average}
      - {name: raw, hidden: true}
joins:
  - {name: orders_customer, from: orders, to: customers, on: {customer_id: id}, synonyms: [bought by]}
metrics:
  - {name: per_buyer, kind: ratio, numerator: revenue, denominator: buyers}
  - {name: last_week, kind: cumulative, measure: orders.revenue, window: 7, window_grain: day}
verified_questions:
  - {question: How much did we sell?, intent: '{"metrics":[{"metric":"revenue"}]}', verified_by: anna}
)";

std::string Refusal(const std::string& yaml) {
  const auto model = LoadModel(yaml);
  return model.has_value() ? "loaded" : model.error().message();
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(LoadModelTest, ReadsWhatIsWritten) {
  const auto model = LoadModel(kShop);
  ASSERT_TRUE(model.has_value()) << model.error().message();
  EXPECT_EQ(model->label, "Shop");
  EXPECT_EQ(model->calendar.fiscal_year_start_month, 4);
  EXPECT_FALSE(model->calendar.fiscal_year_named_by_end);
  ASSERT_EQ(model->entities.size(), 2u);
  const Entity& orders = model->entities[1];
  EXPECT_EQ(orders.table, (std::vector<std::string>{"shop", "orders"}));
  EXPECT_EQ(orders.dimensions[0].value_type, ValueType::kTimestampTz);
  EXPECT_EQ(orders.measures[1].additivity, Additivity::kDistinct);
  EXPECT_EQ(orders.measures[2].expr, "stock");
  EXPECT_EQ(model->entities[0].dimensions[0].values[0].label, "Germany");
  EXPECT_EQ(model->entities[0].dimensions[0].line, 16u);
  EXPECT_EQ(model->joins[0].to_columns, std::vector<std::string>{"id"});
}

TEST(LoadModelTest, EachVisibleMeasureIsAMetric) {
  const auto model = LoadModel(kShop);
  ASSERT_TRUE(model.has_value());
  ASSERT_NE(FindMetric(*model, "Revenue"), nullptr);
  EXPECT_TRUE(FindMetric(*model, "revenue")->implicit);
  EXPECT_EQ(FindMetric(*model, "revenue")->format.unit, "EUR");
  EXPECT_EQ(FindMetric(*model, "raw"), nullptr);
  EXPECT_FALSE(FindMetric(*model, "per_buyer")->implicit);
}

TEST(LoadModelTest, SavedModelLoadsToTheSame) {
  const auto model = LoadModel(kShop);
  ASSERT_TRUE(model.has_value());
  const std::string saved = SaveModel(*model);
  const auto again = LoadModel(saved);
  ASSERT_TRUE(again.has_value()) << again.error().message() << "\n" << saved;
  EXPECT_EQ(SaveModel(*again), saved);
  EXPECT_EQ(again->metrics.size(), model->metrics.size());
  EXPECT_EQ(again->entities[0].dimensions[0].values[0].synonyms, std::vector<std::string>{"german"});
  EXPECT_EQ(again->entities[1].filter, "NOT deleted");
}

TEST(LoadModelTest, EveryCharacterComesBack) {
  SemanticModel model = *LoadModel(kShop);
  const std::string odd =
      "\"\\ \x01\x7f \xc2\x85 \xe2\x80\xa8 \xef\xbb\xbf \xef\xbf\xbe \xc3\xa9 \xf0\x9f\x98\x80 : # - 'x'\n\tnull";
  model.entities[0].description = odd;
  const auto again = LoadModel(SaveModel(model));
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->entities[0].description, odd);
}

TEST(LoadModelTest, ErrorsSayWhereAndWhatWouldBeRight) {
  const std::string head = "semantic_model: m\nentities:\n  - name: a\n    table: t\n";
  EXPECT_EQ(Refusal(head), "loaded");
  EXPECT_EQ(Refusal(head + "    colour: red\n"),
            "an entity has no member colour; it has name, label, description, synonyms, table, primary_key, filter, "
            "default_time, dimensions, measures (line 5)");
  EXPECT_TRUE(Has(Refusal(head + "    dimensions:\n      - {name: x, type: timee}\n"),
                  "type is one of categorical, time, geographic (line 6)"));
  EXPECT_TRUE(Has(Refusal(head + "    dimensions: [{name: x}, {name: X}]\n"), "stands twice"));
  EXPECT_TRUE(Has(Refusal(head + "    dimensions: [{name: 'x y'}]\n"), "letters, digits and _"));
  EXPECT_TRUE(Has(Refusal(head + "    default_time: x\n"), "dimension of type time"));
  EXPECT_TRUE(Has(Refusal(head + "    dimensions: [{name: x, parent: y}]\n"), "parent"));
  EXPECT_TRUE(Has(Refusal(head + "    dimensions: [{name: x, parent: y}, {name: y, parent: x}]\n"), "circle"));
  EXPECT_TRUE(Has(Refusal(head + "    measures: [{name: x, aggregation: total}]\n"), "count_distinct"));
  EXPECT_TRUE(
      Has(Refusal(head + "    measures: [{name: x, aggregation: average, additivity: additive}]\n"), "only sums"));
  EXPECT_TRUE(Has(Refusal(head + "    measures: [{name: x, expr: (SELECT 1)}]\n"), "does not belong"));
  EXPECT_TRUE(
      Has(Refusal(head + "    measures: [{name: x, additivity: semi_additive}]\n"), "time dimension of its own"));
  EXPECT_TRUE(Has(Refusal(head + "joins:\n  - {name: j, from: a, to: b, on: {x: y}}\n"), "entities of the model"));
  EXPECT_TRUE(Has(Refusal(head + "joins:\n  - {name: j, from: a, to: a}\n"), "needs on"));
  EXPECT_TRUE(Has(Refusal(head + "metrics:\n  - {name: r, kind: ratio, numerator: x, denominator: y}\n"), "(line 6)"));
  EXPECT_TRUE(Has(Refusal(head + "metrics:\n  - {name: r, kind: derived, formula: r + 1}\n"), "made of itself"));
  EXPECT_TRUE(Has(Refusal(head + "metrics:\n  - {name: r, kind: derived, formula: 'r;'}\n"), "arithmetic"));
  EXPECT_TRUE(Has(Refusal("semantic_model: m\n"), "at least one entity"));
  EXPECT_TRUE(Has(Refusal("semantic_model: m\nformat_version: 2\nentities: []\n"), "from 1 to 1"));
  EXPECT_TRUE(Has(Refusal("calendar: {zone: \"x'y\"}\nsemantic_model: m\nentities: [{name: a, table: t}]"), "IANA"));
}

TEST(LoadModelTest, DangerousYamlIsRefused) {
  EXPECT_TRUE(Has(Refusal("semantic_model: &a m\nentities: []"), "anchors"));
  EXPECT_TRUE(Has(Refusal("semantic_model: m\nentities: *a"), "aliases"));
  EXPECT_TRUE(Has(Refusal("semantic_model: !!binary abcd"), "tags"));
  EXPECT_TRUE(Has(Refusal("semantic_model: m\n---\nsemantic_model: n"), "one document"));
  EXPECT_TRUE(Has(Refusal("semantic_model: m\nsemantic_model: n"), "twice"));
  EXPECT_TRUE(Has(Refusal("a: " + std::string(40, '[') + std::string(40, ']')), "nested too deeply"));
  EXPECT_TRUE(Has(Refusal("a: [" + std::string(250'000, ',') + "]"), "(line 1)"));
  EXPECT_TRUE(Has(Refusal("a: [" +
                          [] {
                            std::string many;
                            for (int i = 0; i < 110'000; ++i) many += "1,";
                            return many;
                          }() +
                          "1]"),
                  "too many parts"));
  EXPECT_TRUE(Has(Refusal(std::string(2 << 20, ' ')), "at most"));
  EXPECT_TRUE(Has(Refusal(""), "empty"));
  EXPECT_TRUE(Has(Refusal("\xff\xfe\x00"), "line 1"));
  EXPECT_TRUE(Has(Refusal("- a\n- b"), "map"));
  EXPECT_TRUE(Has(Refusal("a: 'open"), "line"));
  EXPECT_TRUE(Has(Refusal("? [x]\n: y"), "name is text"));
}

/// Damaged in every place by bytes of a fixed seed: refused with a message, or a model that saves and loads again.
TEST(LoadModelTest, DamagedTextIsRefusedOrAModel) {
  std::mt19937 random(30);
  constexpr std::string_view kBytes = "{}[]\"':,-&*!|>%@`#\n \t\xff\x01~0a";
  for (int round = 0; round < 3000; ++round) {
    std::string text = kShop;
    for (int damage = 0; damage < 1 + round % 3; ++damage) {
      const size_t at = random() % text.size();
      if (random() % 4 == 0) {
        text.erase(at, 1 + random() % 30);
      } else {
        text[at] = kBytes[random() % kBytes.size()];
      }
    }
    const auto model = LoadModel(text);
    if (!model.has_value()) {
      EXPECT_FALSE(model.error().message().empty());
      continue;
    }
    const auto again = LoadModel(SaveModel(*model));
    ASSERT_TRUE(again.has_value()) << again.error().message() << "\n" << SaveModel(*model);
  }
}

TEST(CheckExpressionsTest, EveryExpressionIsBoundAndTheFirstRefusalIsTold) {
  const auto model = LoadModel(kShop);
  ASSERT_TRUE(model.has_value());
  std::vector<std::string> seen;
  const auto all = CheckExpressions(
      *model, [&](const std::vector<std::string>& table, const SqlExpression& expression) -> Result<std::string> {
        seen.push_back(table.back() + ": " + expression);
        return "INTEGER";
      });
  EXPECT_TRUE(all.has_value());
  for (const char* expected : {"customers: country", "orders: NOT deleted", "orders: amount", "orders: \"customer_id\"",
                               "customers: \"id\""}) {
    EXPECT_NE(std::find(seen.begin(), seen.end(), expected), seen.end()) << expected;
  }
  const auto refused =
      CheckExpressions(*model, [](const auto&, const SqlExpression& expression) -> Result<std::string> {
        if (expression == "amount") return MakeError(ErrorCode::kColumnNotFound, "no such column: amount");
        return "INTEGER";
      });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kColumnNotFound);
  EXPECT_TRUE(Has(refused.error().message(), "orders.revenue (line 31): no such column"));
}

}  // namespace
}  // namespace neurolake::semantic
