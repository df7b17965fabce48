#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Lines of a log that are made one by one as they are asked for, in order, by one thread at a time.
struct LogLines {
  int64_t count = 0;
  std::function<std::string(int64_t index)> line;  ///< From 0 to before `count`.
};

/// The table function, without arguments, that reads as rows (`line` VARCHAR) the lines of its connection's scope.
/// A connection without one, as every statement's, cannot bind it.
constexpr const char* kLogLines = "lake_log_lines";
native::TableFunction LogLinesFunction();

/// Gives `context` lines to read while it is alive; one at a time.
class LogLinesScope {
 public:
  LogLinesScope(native::ClientContext& context, LogLines lines);
  ~LogLinesScope();
  LogLinesScope(const LogLinesScope&) = delete;
  LogLinesScope& operator=(const LogLinesScope&) = delete;

 private:
  native::ClientContext& context_;
};

}  // namespace neurolake::engine::duckdb
