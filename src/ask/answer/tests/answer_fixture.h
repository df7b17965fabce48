#pragma once
#include "ask/answer/table.h"
#include "ask/intent/intent.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// A shop: orders of customers, with an additive measure, an average and a count.
inline semantic::SemanticModel Shop() {
  semantic::SemanticModel model;
  semantic::Entity customers{{.name = "customers", .label = "customers"}, {"customers"}, {"id"}};
  customers.dimensions = {{{.name = "country", .label = "country"}}};
  semantic::Entity orders{{.name = "orders", .label = "orders"}, {"orders"}, {"id"}};
  orders.dimensions = {{{.name = "status", .label = "status"}}, {{.name = "ordered_on", .label = "order date"}}};
  orders.dimensions[1].type = semantic::DimensionType::kTime;
  orders.default_time = "ordered_on";
  semantic::Measure amount{{.name = "amount", .label = "amount"}, Aggregation::kSum, "amount"};
  semantic::Measure average{{.name = "average_amount", .label = "average amount"}, Aggregation::kAverage, "amount"};
  average.additivity = semantic::Additivity::kNonAdditive;
  orders.measures = {amount, average};
  model.entities = {customers, orders};
  model.joins = {{{.name = "customer", .label = "customer"},
                  "orders",
                  "customers",
                  semantic::Cardinality::kManyToOne,
                  {"customer_id"},
                  {"id"}}};
  semantic::Metric revenue{{.name = "revenue", .label = "revenue"}};
  revenue.entity = "orders";
  revenue.measure = "amount";
  revenue.format = {.unit = "EUR", .pattern = "currency", .decimals = 2};
  semantic::Metric mean{{.name = "mean_order", .label = "average order value"}};
  mean.entity = "orders";
  mean.measure = "average_amount";
  model.metrics = {revenue, mean};
  return model;
}

inline OutputColumn Column(std::string name, OutputColumn::Role role) {
  OutputColumn column;
  column.name = name;
  column.label = std::move(name);
  column.role = role;
  return column;
}

inline Intent Revenue() {
  Intent intent;
  intent.metrics = {{.metric = "revenue"}};
  return intent;
}

inline LocalTime Day(int year, unsigned month, unsigned day) {
  return LocalTime{
      std::chrono::local_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}}};
}

}  // namespace neurolake::ask
