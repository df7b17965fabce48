#include "engine/duckdb/internal/json_rows.h"

#include <boost/json.hpp>

#include "engine/duckdb/internal/error_translation.h"

namespace neurolake::engine::duckdb {
namespace {

using native::LogicalTypeId;

native::Value ToText(const boost::json::value& json) {
  return json.is_string() ? native::Value(std::string(json.as_string())) : native::Value(boost::json::serialize(json));
}

native::Value ToValue(const boost::json::value& json, const native::LogicalType& type) {
  if (json.is_null()) return native::Value(type);
  if (type.id() == LogicalTypeId::LIST && json.is_array()) {
    native::vector<native::Value> items;
    for (const auto& item : json.as_array()) items.push_back(ToValue(item, native::ListType::GetChildType(type)));
    return native::Value::LIST(native::ListType::GetChildType(type), std::move(items));
  }
  if (type.id() == LogicalTypeId::MAP && json.is_object()) {
    native::vector<native::Value> keys, values;
    for (const auto& [key, value] : json.as_object()) {
      keys.emplace_back(std::string(key));
      values.push_back(ToValue(value, native::MapType::ValueType(type)));
    }
    return native::Value::MAP(native::MapType::KeyType(type), native::MapType::ValueType(type), std::move(keys),
                              std::move(values));
  }
  native::Value value;
  native::string problem;
  if (!ToText(json).DefaultTryCastAs(type, value, &problem)) {
    ThrowLakeError(Error(ErrorCode::kInternal, "a value of a system relation is not of its column's type"));
  }
  return value;
}

}  // namespace

void AppendRow(const boost::json::array& values, native::idx_t row, native::DataChunk& output) {
  for (native::idx_t column = 0; column < output.ColumnCount(); ++column) {
    const auto& type = output.data[column].GetType();
    output.SetValue(column, row, column < values.size() ? ToValue(values[column], type) : native::Value(type));
  }
}

void AppendJsonRow(const std::string& json, native::idx_t row, native::DataChunk& output) {
  boost::system::error_code problem;
  const boost::json::value parsed = boost::json::parse(json, problem);
  if (problem || !parsed.is_array()) {
    ThrowLakeError(Error(ErrorCode::kInternal, "a row of a system relation is not a JSON array"));
  }
  AppendRow(parsed.as_array(), row, output);
}

}  // namespace neurolake::engine::duckdb
