#pragma once
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "semantic/time_grain.h"

namespace neurolake::ask {

using semantic::LocalTime;

/// What clocks show in `zone` (an IANA name such as "Europe/Berlin") at `time`, to the second.
/// Errors: kInvalidArgument for a zone that the machine's time zone database does not have. Thread-safe.
/// Source: docs/adr/0031-questions-in-plain-language.md
Result<LocalTime> ToLocal(WallTime time, std::string_view zone);

/// The first instant at which clocks in `zone` show `time`; where they skip it, the instant they skip at.
/// Errors: as ToLocal.
Result<WallTime> ToInstant(LocalTime time, std::string_view zone);

}  // namespace neurolake::ask
