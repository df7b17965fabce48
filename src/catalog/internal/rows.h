#pragma once
#include <optional>
#include <string>

#include "common/clock.h"
#include "metastore/database.h"

namespace neurolake::catalog {

// Fields of rows whose SQL and schema are ours: a wrong type is a bug, and std::get throws it.

inline const std::string& TextAt(const metastore::Row& row, size_t column) {
  return std::get<std::string>(row.at(column));
}
inline int64_t NumberAt(const metastore::Row& row, size_t column) { return std::get<int64_t>(row.at(column)); }
inline WallTime TimeAt(const metastore::Row& row, size_t column) {
  return WallTime(std::chrono::microseconds(NumberAt(row, column)));
}
inline std::optional<WallTime> OptionalTimeAt(const metastore::Row& row, size_t column) {
  if (std::holds_alternative<std::monostate>(row.at(column))) return std::nullopt;
  return TimeAt(row, column);
}
inline metastore::Value ToValue(WallTime time) { return int64_t{time.time_since_epoch().count()}; }
inline metastore::Value ToValue(const std::optional<WallTime>& time) {
  return time ? ToValue(*time) : metastore::Value(std::monostate{});
}

}  // namespace neurolake::catalog
