#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake {

/// ASCII only: SQL keywords and identifiers compare without case; other bytes compare as they are.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);
std::string LowerAscii(std::string_view text);
std::string_view Trim(std::string_view text);
std::vector<std::string> Split(std::string_view text, char separator);

/// `name` as a SQL identifier: `"a ""b"""`.
std::string QuoteIdentifier(std::string_view name);
/// `text` as a SQL string literal: `'it''s'`.
std::string QuoteLiteral(std::string_view text);

/// RFC 3339 with microseconds and "Z": 2013-01-31T23:59:59.000000Z.
std::string FormatTimestamp(WallTime time);
/// Accepts RFC 3339 and the SQL spellings "2013-01-31", "2013-01-31 23:59:59[.ffffff][Z|±hh:mm]"; no zone means UTC.
Result<WallTime> ParseTimestamp(std::string_view text);

/// "16MiB", "4GB", "1024" to bytes. Powers of 1024 for KiB…TiB, of 1000 for KB…TB.
Result<int64_t> ParseBytes(std::string_view text);
std::string FormatBytes(int64_t bytes);
/// "250ms", "30s", "10m", "2h", "30d".
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

/// Lower-case hexadecimal SHA-256.
std::string Sha256Hex(std::string_view bytes);

}  // namespace neurolake
