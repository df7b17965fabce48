#pragma once
#include <gtest/gtest.h>

#include <memory>

#include "ask/answer/table.h"
#include "ask/service/visible_model.h"
#include "ask/time/time_phrase.h"
#include "semantic/load.h"

namespace neurolake::ask {

inline constexpr const char* kShop = R"(
semantic_model: shop
entities:
  - name: orders
    table: shop.orders
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {name: ordered_on, type: time, label: order date}
      - {name: status}
      - {name: margin_class, hidden: true}
    measures:
      - {name: revenue, expr: amount, synonyms: [sales]}
      - {name: orders_count, aggregation: count, label: number of orders}
  - name: customers
    table: shop.customers
    primary_key: id
    dimensions:
      - {name: customer, expr: name, is_label: true}
      - {name: country}
      - {name: status}
    measures:
      - {name: customers_count, aggregation: count, label: number of customers}
joins:
  - {name: ordered_by, label: customer, from: orders, to: customers, on: {customer_id: id}}
)";

inline std::shared_ptr<const semantic::SemanticModel> ShopModel(const std::string& more = "") {
  auto model = semantic::LoadModel(kShop + more);
  EXPECT_TRUE(model.has_value()) << model.error().message();
  return std::make_shared<const semantic::SemanticModel>(std::move(*model));
}

/// What somebody sees who knows of all members, and of these countries.
inline VisibleModel ShopVisible(const std::shared_ptr<const semantic::SemanticModel>& model,
                                const std::vector<std::string>& countries) {
  std::vector<IndexedValue> values;
  for (const auto& country : countries) {
    values.push_back({.field = {"customers", "country"}, .value = country, .shown = country});
  }
  return {.model = model, .values = NewMemoryValueIndex(std::move(values))};
}

inline TimeContext On(std::string_view day) { return {.now = *ParseSqlTime(day)}; }

inline TimeRange Range(std::string_view from, std::string_view to) {
  return {.from = ParseSqlTime(from), .to = ParseSqlTime(to)};
}

}  // namespace neurolake::ask
