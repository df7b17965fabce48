#include "ask/compile/tests/shop.h"

#include "common/check.h"
#include "semantic/load.h"

namespace neurolake::ask::compile {
namespace {

constexpr const char* kTables = R"(
CREATE TABLE customers (id INTEGER, name TEXT, email TEXT, country TEXT, city TEXT, signed_up DATE);
INSERT INTO customers VALUES
  (1, 'Ann', 'ann@example.org', 'DE', 'Berlin', '2022-05-01'),
  (2, 'Bob', 'bob@example.org', 'DE', 'Munich', '2023-01-15'),
  (3, 'Cleo', 'cleo@example.org', 'FR', 'Paris', '2023-03-10'), (4, 'Dan', 'dan@example.org', 'FR', 'Lyon', '2024-02-01'),
  (5, 'Eve', 'eve@example.org', NULL, NULL, NULL);
CREATE TABLE orders (id INTEGER, customer_id INTEGER, ordered_at TIMESTAMP, shipped_at DATE, amount INTEGER, status TEXT);
INSERT INTO orders VALUES
  (1, 1, '2023-01-10 10:00:00', '2023-01-12', 100, 'done'), (2, 1, '2023-02-05 00:00:00', '2023-02-07', 50, 'done'),
  (3, 2, '2023-02-20 12:00:00', NULL, 200, 'open'), (4, 3, '2024-01-15 09:00:00', '2024-01-20', 300, 'done'),
  (5, 1, '2024-02-29 23:30:00', '2024-03-02', 80, 'done'), (6, 9, '2024-02-10 08:00:00', '2024-02-12', 40, 'done'),
  (7, 5, '2024-03-31 00:00:00', NULL, 120, 'open'), (8, 2, NULL, NULL, 10, 'cancelled');
CREATE TABLE items (order_id INTEGER, line INTEGER, product_id TEXT, quantity INTEGER, price INTEGER);
INSERT INTO items VALUES (1, 1, 'A', 1, 50), (1, 2, 'B', 2, 25), (2, 1, 'B', 2, 25), (3, 1, 'A', 1, 100),
  (3, 2, 'C', 4, 25),
  (4, 1, 'A', 3, 100), (5, 1, 'B', 2, 40), (6, 1, 'C', 1, 40), (7, 1, 'A', 1, 120), (8, 1, 'B', 1, 10);
CREATE TABLE products (id TEXT, name TEXT, category TEXT, department TEXT);
INSERT INTO products VALUES ('A', 'Lamp', 'Light', 'Home'), ('B', 'Book', 'Paper', 'Media'),
  ('C', 'Pen', 'Office', 'Media'),
  ('D', 'Desk', 'Wood', 'Home');
CREATE TABLE refunds (id INTEGER, order_id INTEGER, refunded_at DATE, amount INTEGER);
INSERT INTO refunds VALUES (1, 2, '2023-03-01', 20), (2, 4, '2024-02-01', 30);
CREATE TABLE balances (account TEXT, country TEXT, day DATE, balance INTEGER);
INSERT INTO balances VALUES ('x', 'DE', '2024-01-31', 100), ('x', 'DE', '2024-02-15', 150),
  ('x', 'DE', '2024-02-29', 120),
  ('y', 'FR', '2024-01-31', 200), ('y', 'FR', '2024-02-29', 220), ('z', 'FR', '2024-01-31', 50),
  ('z', 'FR', '2024-02-15', 60);
CREATE TABLE airports (code TEXT, city TEXT);
INSERT INTO airports VALUES ('BER', 'Berlin'), ('CDG', 'Paris'), ('LYS', 'Lyon');
CREATE TABLE flights (id INTEGER, origin TEXT, destination TEXT, delay INTEGER, left_at TIMESTAMPTZ);
INSERT INTO flights VALUES (1, 'BER', 'CDG', 10, '2024-03-30 22:30:00+00'),
  (2, 'BER', 'LYS', 20, '2024-03-30 23:30:00+00'),
  (3, 'CDG', 'BER', 30, '2024-03-31 21:30:00+00'), (4, 'CDG', 'BER', NULL, '2024-03-31 22:30:00+00');
CREATE TABLE visits (person INTEGER, "at" TIMESTAMP, page TEXT);
INSERT INTO visits VALUES (1, '2024-01-01 10:00:00', 'home'), (1, '2024-01-02 10:00:00', 'shop'),
  (2, '2024-01-01 11:00:00', 'home'),
  (3, '2024-01-05 11:00:00', 'shop'), (4, '2024-02-01 11:00:00', 'home');
CREATE TABLE signups (person INTEGER, "at" TIMESTAMP);
INSERT INTO signups VALUES (1, '2024-01-03 00:00:00'), (2, '2024-01-20 00:00:00'), (3, '2024-01-04 00:00:00');
)";

constexpr const char* kModel = R"(
semantic_model: shop
calendar: {fiscal_year_start_month: 4, zone: Europe/Berlin}
entities:
  - name: customers
    table: customers
    primary_key: id
    default_time: signed_up
    dimensions:
      - {name: customer_id, expr: id, value_type: integer}
      - {name: name, is_label: true, personal: name}
      - {name: email, personal: email}
      - {name: country, type: geographic, level: country}
      - {name: city, type: geographic, level: city, parent: country}
      - {name: signed_up, type: time}
    measures:
      - {name: customers_count, aggregation: count}
  - name: orders
    table: orders
    primary_key: id
    default_time: ordered_at
    dimensions:
      - {name: order_id, expr: id, value_type: integer}
      - {name: status}
      - {name: amount_value, expr: amount, value_type: integer}
      - {name: ordered_at, type: time, grain: second, role: ordered}
      - {name: shipped_at, type: time, role: shipped}
    measures:
      - {name: revenue, expr: amount, pattern: currency, unit: EUR}
      - {name: orders_count, aggregation: count}
      - {name: done_revenue, expr: amount, filter: status = 'done'}
      - {name: buyers, aggregation: count_distinct, expr: customer_id}
      - {name: average_amount, aggregation: average, expr: amount}
      - {name: last_amount, aggregation: last, expr: amount}
      - {name: shipped_orders, aggregation: count, time: shipped_at}
  - name: items
    table: items
    primary_key: [order_id, line]
    default_time: orders.ordered_at
    dimensions:
      - {name: quantity_value, expr: quantity, value_type: integer}
    measures:
      - {name: units, expr: quantity}
      - {name: item_value, expr: quantity * price}
  - name: products
    table: products
    primary_key: id
    dimensions:
      - {name: product_id, expr: id}
      - {name: product, expr: name, is_label: true, parent: category}
      - {name: category, parent: department}
      - {name: department}
    measures:
      - {name: products_count, aggregation: count}
  - name: refunds
    table: refunds
    primary_key: id
    default_time: refunded_at
    dimensions:
      - {name: refunded_at, type: time}
    measures:
      - {name: refunded, expr: amount}
  - name: balances
    table: balances
    default_time: day
    dimensions:
      - {name: account}
      - {name: country}
      - {name: day, type: time}
    measures:
      - {name: balance, additivity: semi_additive, over_time: last}
      - {name: opening_balance, expr: balance, additivity: semi_additive, over_time: first}
      - {name: own_balance, expr: balance, additivity: semi_additive, over_time: last, over_time_per: [account]}
      - {name: average_balance, expr: balance, additivity: semi_additive, over_time: average}
  - name: airports
    table: airports
    primary_key: code
    dimensions:
      - {name: airport_code, expr: code}
      - {name: airport_city, expr: city}
  - name: flights
    table: flights
    primary_key: id
    default_time: left_at
    dimensions:
      - {name: delay_minutes, expr: delay, value_type: integer, unit: min}
      - {name: left_at, type: time, value_type: timestamptz, grain: second}
    measures:
      - {name: flights_count, aggregation: count}
      - {name: delay, aggregation: average}
  - name: visits
    table: visits
    default_time: at
    dimensions:
      - {name: person, value_type: integer}
      - {name: page}
      - {name: at, type: time, grain: second, value_type: timestamp, expr: '"at"'}
    measures:
      - {name: visits_count, aggregation: count}
      - {name: visitors, aggregation: count_distinct, expr: person}
  - name: signups
    table: signups
    default_time: at
    dimensions:
      - {name: person, value_type: integer}
      - {name: at, type: time, grain: second, value_type: timestamp, expr: '"at"'}
    measures:
      - {name: signups_count, aggregation: count}
joins:
  - {name: orders_customer, from: orders, to: customers, on: {customer_id: id}}
  - {name: items_order, from: items, to: orders, on: {order_id: id}}
  - {name: items_product, from: items, to: products, on: {product_id: id}}
  - {name: refunds_order, from: refunds, to: orders, on: {order_id: id}}
  - {name: origin, from: flights, to: airports, on: {origin: code}}
  - {name: destination, from: flights, to: airports, on: {destination: code}}
metrics:
  - {name: revenue_per_order, kind: ratio, numerator: revenue, denominator: orders_count}
  - {name: net_revenue, kind: derived, formula: revenue - refunded}
  - {name: refund_rate, kind: ratio, numerator: refunded, denominator: revenue}
  - {name: open_revenue, measure: orders.revenue, filter: status = 'open'}
  - {name: revenue_so_far, kind: cumulative, measure: orders.revenue}
  - {name: revenue_2_months, kind: cumulative, measure: orders.revenue, window: 2, window_grain: month}
  - {name: revenue_ytd, kind: cumulative, measure: orders.revenue, to_date: year}
  - {name: buyers_2_months, kind: cumulative, measure: orders.buyers, window: 2, window_grain: month}
  - {name: conversion, kind: conversion, measure: visits.visits_count, target: signups.signups_count, key: person,
     window: 7, window_grain: day}
  - {name: conversion_ever, kind: conversion, measure: visits.visits_count, target: signups.signups_count, key: person}
)";

}  // namespace

const semantic::SemanticModel& ShopModel() {
  static const semantic::SemanticModel model = [] {
    auto loaded = semantic::LoadModel(kModel);
    if (!loaded.has_value()) fmt::print(stderr, "{}\n", loaded.error().message());
    NL_CHECK(loaded.has_value());
    return std::move(*loaded);
  }();
  return model;
}

ShopDatabase::ShopDatabase() {
  NL_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
  NL_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
  NL_CHECK(duckdb_query(connection_, "SET TimeZone = 'UTC'; SET threads = 1", nullptr) == DuckDBSuccess);
  NL_CHECK(duckdb_query(connection_, kTables, nullptr) == DuckDBSuccess);
}

ShopDatabase::~ShopDatabase() {
  duckdb_disconnect(&connection_);
  duckdb_close(&database_);
}

std::vector<std::string> ShopDatabase::Rows(const std::string& sql) {
  duckdb_result result;
  std::vector<std::string> rows;
  if (duckdb_query(connection_, sql.c_str(), &result) != DuckDBSuccess) {
    rows.push_back(std::string("error: ") + duckdb_result_error(&result));
  } else {
    for (idx_t row = 0; row < duckdb_row_count(&result); ++row) {
      std::string text;
      for (idx_t column = 0; column < duckdb_column_count(&result); ++column) {
        if (column > 0) text += "|";
        if (duckdb_value_is_null(&result, column, row)) {
          text += "-";
          continue;
        }
        const duckdb_type type = duckdb_column_type(&result, column);
        if (type == DUCKDB_TYPE_DOUBLE) {
          text += fmt::format("{:.4g}", duckdb_value_double(&result, column, row));
          continue;
        }
        char* value = duckdb_value_varchar(&result, column, row);
        text += value;
        duckdb_free(value);
      }
      rows.push_back(std::move(text));
    }
  }
  duckdb_destroy_result(&result);
  return rows;
}

}  // namespace neurolake::ask::compile
