#include "ask/grammar/tests/domains.h"

#include <gtest/gtest.h>

#include "ask/time/calendar.h"

namespace neurolake::ask::testing {
namespace {

using semantic::Aggregation;
using semantic::Cardinality;
using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;
using semantic::Join;
using semantic::Measure;
using semantic::Metric;
using semantic::MetricKind;
using semantic::SemanticModel;
using semantic::ValueType;

Dimension Text(std::string name, std::string label, std::vector<std::string> synonyms = {}) {
  Dimension dimension;
  dimension.name = std::move(name);
  dimension.label = std::move(label);
  dimension.synonyms = std::move(synonyms);
  return dimension;
}

Dimension Number(std::string name, std::string label, std::string unit, std::vector<std::string> synonyms = {}) {
  Dimension dimension = Text(std::move(name), std::move(label), std::move(synonyms));
  dimension.value_type = ValueType::kNumber;
  dimension.format.unit = std::move(unit);
  return dimension;
}

Dimension Flag(std::string name, std::string label, std::vector<std::string> synonyms = {}) {
  Dimension dimension = Text(std::move(name), std::move(label), std::move(synonyms));
  dimension.value_type = ValueType::kBoolean;
  return dimension;
}

Dimension Date(std::string name, std::string label, std::string role) {
  Dimension dimension = Text(std::move(name), std::move(label));
  dimension.type = DimensionType::kTime;
  dimension.value_type = ValueType::kDate;
  dimension.role = std::move(role);
  return dimension;
}

Measure Make(std::string name, Aggregation aggregation, std::string expr = "") {
  Measure measure;
  measure.name = measure.label = std::move(name);
  measure.aggregation = aggregation;
  measure.expr = std::move(expr);
  return measure;
}

Metric Simple(std::string name, std::string label, std::string entity, std::string measure,
              std::vector<std::string> synonyms = {}) {
  Metric metric;
  metric.name = std::move(name);
  metric.label = std::move(label);
  metric.entity = std::move(entity);
  metric.measure = std::move(measure);
  metric.synonyms = std::move(synonyms);
  return metric;
}

Entity Table(std::string name, std::string label, std::vector<Dimension> dimensions, std::vector<Measure> measures,
             std::vector<std::string> synonyms = {}) {
  Entity entity;
  entity.name = std::move(name);
  entity.label = std::move(label);
  entity.synonyms = std::move(synonyms);
  entity.table = {entity.name};
  entity.dimensions = std::move(dimensions);
  entity.measures = std::move(measures);
  return entity;
}

Join Link(std::string name, std::string from, std::string to) {
  Join join;
  join.name = join.label = std::move(name);
  join.from = std::move(from);
  join.to = std::move(to);
  join.cardinality = Cardinality::kManyToOne;
  return join;
}

SemanticModel RetailModel() {
  SemanticModel model;
  model.name = "retail";
  model.calendar.fiscal_year_start_month = 4;
  Entity customers = Table("customers", "customers",
                           {Text("name", "name"), Text("email", "e-mail", {"email", "e-mail address", "mail"}),
                            Text("country", "country"), Text("city", "city", {"town"}), Text("segment", "segment"),
                            Flag("active", "active"), Date("signup_date", "signup date", "signed up")},
                           {Make("number_of_customers", Aggregation::kCount)}, {"client", "buyer"});
  customers.dimensions[0].is_label = true;
  customers.dimensions[0].personal = "name";
  customers.dimensions[1].personal = "email";
  customers.default_time = "signup_date";
  Entity orders = Table("orders", "orders",
                        {Text("status", "status"), Text("channel", "channel"), Number("discount", "discount", "EUR"),
                         Date("order_date", "order date", "ordered"), Date("ship_date", "ship date", "shipped")},
                        {Make("orders", Aggregation::kCount), Make("revenue", Aggregation::kSum, "amount")},
                        {"purchase", "bought"});
  orders.default_time = "order_date";
  Entity items = Table("items", "order items", {Number("unit_price", "unit price", "EUR")},
                       {Make("units", Aggregation::kSum, "quantity")}, {"line items"});
  Entity products = Table(
      "products", "products",
      {Text("name", "name"), Text("category", "category"), Text("brand", "brand"), Number("price", "price", "EUR")},
      {Make("number_of_products", Aggregation::kCount)}, {"article"});
  products.dimensions[0].is_label = true;
  Entity returns =
      Table("returns", "returns", {Text("reason", "return reason"), Date("return_date", "return date", "returned")},
            {Make("returns", Aggregation::kCount)}, {"refund"});
  returns.default_time = "return_date";
  model.entities = {customers, orders, items, products, returns};
  model.joins = {Link("customer", "orders", "customers"), Link("order", "items", "orders"),
                 Link("product", "items", "products"), Link("returned_order", "returns", "orders")};
  Metric revenue = Simple("revenue", "revenue", "orders", "revenue", {"sales", "turnover", "income"});
  revenue.format = {.unit = "EUR", .pattern = "currency"};
  Metric value = Simple("average_order_value", "average order value", "", "", {"aov", "basket size"});
  value.kind = MetricKind::kRatio;
  value.numerator = "revenue";
  value.denominator = "orders";
  Metric rate = Simple("return_rate", "return rate", "", "");
  rate.kind = MetricKind::kRatio;
  rate.numerator = "returns";
  rate.denominator = "orders";
  rate.format.pattern = "percent";
  model.metrics = {revenue,
                   Simple("orders", "orders", "orders", "orders"),
                   value,
                   Simple("units", "units sold", "items", "units", {"units", "quantity"}),
                   Simple("returns", "returns", "returns", "returns"),
                   rate,
                   Simple("number_of_customers", "number of customers", "customers", "number_of_customers"),
                   Simple("number_of_products", "number of products", "products", "number_of_products")};
  return model;
}

SemanticModel FlightsModel() {
  SemanticModel model;
  model.name = "flights";
  Entity flights = Table(
      "flights", "flights",
      {Text("carrier", "carrier", {"carrier code"}), Text("origin", "origin"), Text("dest", "destination"),
       Text("tail_number", "tail number"), Number("distance", "distance", "miles"),
       Flag("cancelled", "cancelled", {"canceled"}), Date("flight_date", "flight date", "departed")},
      {Make("flights", Aggregation::kCount), Make("arrival_delay", Aggregation::kAverage, "arr_delay"),
       Make("departure_delay", Aggregation::kAverage, "dep_delay"), Make("miles", Aggregation::kSum, "distance")});
  flights.default_time = "flight_date";
  Entity airlines = Table("airlines", "airlines", {Text("name", "airline name", {"airline"})}, {});
  airlines.dimensions[0].is_label = true;
  Entity airports = Table("airports", "airports", {Text("name", "airport name"), Text("city", "city")},
                          {Make("number_of_airports", Aggregation::kCount)});
  airports.dimensions[0].is_label = true;
  Entity planes = Table("planes", "planes",
                        {Text("manufacturer", "manufacturer", {"maker"}), Text("model", "model"),
                         Number("seats", "seats", ""), Text("tailnum", "tail")},
                        {Make("number_of_planes", Aggregation::kCount)}, {"aircraft"});
  planes.dimensions[3].is_label = true;
  model.entities = {flights, airlines, airports, planes};
  model.joins = {Link("airline", "flights", "airlines"), Link("origin_airport", "flights", "airports"),
                 Link("destination_airport", "flights", "airports"), Link("plane", "flights", "planes")};
  model.metrics = {
      Simple("flights", "flights", "flights", "flights"),
      Simple("arrival_delay", "average arrival delay", "flights", "arrival_delay",
             {"arrival delay", "mean arrival delay"}),
      Simple("departure_delay", "average departure delay", "flights", "departure_delay", {"departure delay"}),
      Simple("miles", "miles flown", "flights", "miles", {"total distance"}),
      Simple("number_of_planes", "number of planes", "planes", "number_of_planes")};
  return model;
}

Domain Build(SemanticModel model, std::vector<IndexedValue> values, LocalTime now) {
  Domain domain{.model = std::move(model)};
  domain.values = NewMemoryValueIndex(std::move(values));
  domain.time = {.now = now, .calendar = domain.model.calendar};
  return domain;
}

void Add(std::vector<IndexedValue>& values, FieldRef field, std::initializer_list<const char*> shown) {
  for (const char* value : shown) values.push_back({field, std::string(value), value});
}

}  // namespace

const Domain& Retail() {
  static Domain domain = [] {
    std::vector<IndexedValue> values;
    Add(values, {"customers", "country"},
        {"Germany", "France", "Italy", "Spain", "United States", "United Kingdom", "Austria"});
    Add(values, {"customers", "city"}, {"Berlin", "Paris", "São Paulo", "New York City", "Milan", "Munich"});
    Add(values, {"customers", "segment"}, {"Consumer", "Corporate", "Home Office"});
    Add(values, {"orders", "status"}, {"open", "paid", "closed", "pending"});
    Add(values, {"orders", "channel"}, {"online", "retail store", "phone"});
    Add(values, {"products", "category"}, {"Tea", "Coffee", "Furniture", "Office Supplies"});
    Add(values, {"products", "brand"}, {"Acme", "Globex", "Initech"});
    Add(values, {"returns", "reason"}, {"damaged", "too late"});
    return Build(RetailModel(), std::move(values),
                 DateStart(2024, 3, 15) + std::chrono::hours(10) + std::chrono::minutes(30));
  }();
  static const bool kLinked = [] {
    domain.linker = std::make_unique<Linker>(domain.model, domain.values.get());
    return true;
  }();
  EXPECT_TRUE(kLinked);
  return domain;
}

const Domain& Flights() {
  static Domain domain = [] {
    std::vector<IndexedValue> values;
    Add(values, {"flights", "carrier"}, {"UA", "AA", "DL", "B6", "9E"});
    Add(values, {"flights", "origin"}, {"JFK", "LGA", "EWR"});
    Add(values, {"flights", "dest"}, {"JFK", "LAX", "SFO", "ORD", "BOS"});
    Add(values, {"airlines", "name"},
        {"United Air Lines Inc.", "American Airlines Inc.", "Delta Air Lines Inc.", "JetBlue Airways"});
    Add(values, {"airports", "city"}, {"Chicago", "Boston"});
    Add(values, {"planes", "manufacturer"}, {"BOEING", "AIRBUS", "EMBRAER"});
    return Build(FlightsModel(), std::move(values), DateStart(2013, 6, 15) + std::chrono::hours(12));
  }();
  static const bool kLinked = [] {
    domain.linker = std::make_unique<Linker>(domain.model, domain.values.get());
    return true;
  }();
  EXPECT_TRUE(kLinked);
  return domain;
}

Understanding Domain::Ask(std::string_view question, const Intent* previous) const {
  const Understander understander(model, *linker);
  auto understood = understander.Understand(question, time, previous);
  EXPECT_TRUE(understood.has_value()) << question;
  return understood ? *understood : Understanding{};
}

}  // namespace neurolake::ask::testing
