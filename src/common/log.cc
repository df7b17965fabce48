#include "common/log.h"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "common/clock.h"
#include "common/text.h"

namespace neurolake {
namespace {

std::atomic<LogLevel> g_level = LogLevel::kInfo;

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  NL_UNREACHABLE();
}

}  // namespace

void SetLogLevel(LogLevel level) { g_level = level; }
LogLevel GetLogLevel() { return g_level; }

void Log(LogLevel level, std::string_view message, std::string_view request_id, const std::vector<LogField>& fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  boost::json::object record;
  record["time"] = FormatTimestamp(SystemClock().Now());
  record["level"] = LevelName(level);
  record["message"] = message;
  if (!request_id.empty()) record["request_id"] = request_id;
  for (const LogField& field : fields) {
    std::visit([&](const auto& value) { record[field.key] = value; }, field.value);
  }
  std::string line = boost::json::serialize(record);
  line += '\n';
  // One write, so that records of several threads and processes do not mix. Nobody can be told if it fails.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace neurolake
