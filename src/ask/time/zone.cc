#include "ask/time/zone.h"

#include <date/tz.h>

namespace neurolake::ask {
namespace {

/// The library throws for names it does not know, and for a machine without a database.
Result<const date::time_zone*> Locate(std::string_view zone) {
  try {
    return date::locate_zone(std::string(zone));
  } catch (const std::exception&) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the time zone is unknown; IANA names such as Europe/Berlin are right: {}", zone.substr(0, 64));
  }
}

}  // namespace

Result<LocalTime> ToLocal(WallTime time, std::string_view zone) {
  NL_ASSIGN_OR_RETURN(const date::time_zone* found, Locate(zone));
  const auto instant = std::chrono::floor<std::chrono::seconds>(time);
  const date::sys_info info = found->get_info(instant);
  return LocalTime(instant.time_since_epoch() + info.offset);
}

Result<WallTime> ToInstant(LocalTime time, std::string_view zone) {
  NL_ASSIGN_OR_RETURN(const date::time_zone* found, Locate(zone));
  const date::local_info info = found->get_info(date::local_seconds(time.time_since_epoch()));
  if (info.result == date::local_info::nonexistent) return WallTime(info.first.end.time_since_epoch());
  return WallTime(time.time_since_epoch() - info.first.offset);  // Of two, the earlier: before clocks go back.
}

}  // namespace neurolake::ask
