#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace neurolake {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };

/// One field of a log record. Values are data: they are escaped, never formatted into the message.
struct LogField {
  std::string_view key;
  std::variant<std::string, int64_t, double, bool> value;
};

/// Process-wide threshold; set once by main() before threads start.
void SetLogLevel(LogLevel level);
LogLevel GetLogLevel();

/// Writes one JSON object and a newline to standard error in a single write(2): time, level, message, request_id when
/// not empty, then the fields. Thread-safe. `message` is fixed text.
void Log(LogLevel level, std::string_view message, std::string_view request_id = {},
         const std::vector<LogField>& fields = {});

}  // namespace neurolake
