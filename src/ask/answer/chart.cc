#include "ask/answer/chart.h"

#include <set>

namespace neurolake::ask {
namespace {

namespace json = boost::json;
using Role = OutputColumn::Role;

constexpr const char* kSchema = "https://vega.github.io/schema/vega-lite/v5.json";

struct Shape {
  std::optional<size_t> time;
  std::vector<size_t> dimensions;
  std::vector<size_t> numbers;  ///< Metrics and what they are compared with: of one scale.
};

Shape ShapeOf(const AnswerTable& table) {
  Shape shape;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    switch (table.columns[i].role) {
      case Role::kTimeAxis: shape.time = i; break;
      case Role::kDimension: shape.dimensions.push_back(i); break;
      case Role::kMetric:
      case Role::kComparisonValue: shape.numbers.push_back(i); break;
      default: break;
    }
  }
  return shape;
}

json::value Plain(const Cell& cell, const OutputColumn& column) {
  if (std::holds_alternative<std::monostate>(cell)) return nullptr;
  if (const auto* truth = std::get_if<bool>(&cell)) return *truth;
  if (column.role == Role::kTimeAxis)
    return json::string(std::get_if<std::string>(&cell) ? std::get<std::string>(cell) : "");
  if (column.role == Role::kDimension) return json::string(ShowCell(cell, column));
  if (const auto number = NumberIn(cell)) return *number;
  return nullptr;
}

json::object Channel(const OutputColumn& column, std::string_view type) {
  // In Vega-Lite dots and brackets of a field's name are paths, unless they are escaped.
  std::string field;
  for (const char letter : column.name) {
    if (letter == '.' || letter == '[' || letter == ']' || letter == '\\') field += '\\';
    field += letter;
  }
  return {{"field", field}, {"type", type}, {"title", column.label}};
}

size_t ValuesOf(const AnswerTable& table, size_t column) {
  std::set<Cell> values;
  for (const auto& row : table.rows) values.insert(row[column]);
  return values.size();
}

json::array Rows(const AnswerTable& table) {
  json::array rows;
  for (const auto& row : table.rows) {
    json::object object;
    for (size_t i = 0; i < row.size(); ++i) object[table.columns[i].name] = Plain(row[i], table.columns[i]);
    rows.push_back(std::move(object));
  }
  return rows;
}

/// Several numbers become one channel, with a colour for each.
void Fold(const AnswerTable& table, const std::vector<size_t>& numbers, json::object& specification,
          json::object& encoding, const char* value_channel) {
  json::array names;
  for (const size_t number : numbers) names.push_back(json::string(table.columns[number].name));
  specification["transform"] = json::array{json::object{{"fold", names}, {"as", json::array{"measure", "value"}}}};
  encoding[value_channel] = json::object{{"field", "value"}, {"type", "quantitative"}, {"title", nullptr}};
  encoding["color"] = json::object{{"field", "measure"}, {"type", "nominal"}, {"title", nullptr}};
}

std::optional<json::object> Lines(const AnswerTable& table, const Shape& shape, json::object specification) {
  if (shape.dimensions.size() > 1 || (shape.dimensions.size() == 1 && shape.numbers.size() > 1)) return std::nullopt;
  specification["mark"] = json::object{{"type", "line"}, {"point", true}};
  json::object encoding{{"x", Channel(table.columns[*shape.time], "temporal")}};
  if (shape.dimensions.size() == 1) {
    if (ValuesOf(table, shape.dimensions[0]) > kSeriesMax) return std::nullopt;
    encoding["color"] = Channel(table.columns[shape.dimensions[0]], "nominal");
  }
  if (shape.numbers.size() > 1) {
    Fold(table, shape.numbers, specification, encoding, "y");
  } else {
    encoding["y"] = Channel(table.columns[shape.numbers[0]], "quantitative");
  }
  specification["encoding"] = std::move(encoding);
  return specification;
}

std::optional<json::object> Bars(const AnswerTable& table, const Shape& shape, json::object specification) {
  if (table.rows.size() > kBarsMax) return std::nullopt;
  specification["mark"] = "bar";
  json::object across = Channel(table.columns[shape.dimensions[0]], "nominal");
  across["sort"] = nullptr;  // As the answer is ordered.
  json::object encoding{{"y", std::move(across)}};
  if (shape.numbers.size() > 1) {
    Fold(table, shape.numbers, specification, encoding, "x");
    encoding["yOffset"] = json::object{{"field", "measure"}};
  } else {
    encoding["x"] = Channel(table.columns[shape.numbers[0]], "quantitative");
  }
  specification["encoding"] = std::move(encoding);
  return specification;
}

}  // namespace

std::optional<json::object> Chart(const AnswerTable& table, std::string_view title) {
  const Shape shape = ShapeOf(table);
  if (shape.numbers.empty() || table.rows.size() < 2 || table.rows.size() > kChartRowsMax) return std::nullopt;
  json::object specification{{"$schema", kSchema}, {"title", title}, {"data", json::object{{"values", Rows(table)}}}};
  if (shape.time.has_value()) return Lines(table, shape, std::move(specification));
  if (shape.dimensions.size() == 1) return Bars(table, shape, std::move(specification));
  if (shape.dimensions.size() == 2 && shape.numbers.size() == 1) {
    specification["mark"] = "rect";
    specification["encoding"] = json::object{{"x", Channel(table.columns[shape.dimensions[1]], "nominal")},
                                             {"y", Channel(table.columns[shape.dimensions[0]], "nominal")},
                                             {"color", Channel(table.columns[shape.numbers[0]], "quantitative")}};
    return specification;
  }
  return std::nullopt;
}

}  // namespace neurolake::ask
