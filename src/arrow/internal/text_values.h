#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "nanoarrow/nanoarrow.h"

namespace neurolake::arrow {

// One scalar each, appended to `out` as plain text without quotes. All of them are pure.

void AppendInteger(int64_t value, std::string& out);
void AppendUnsigned(uint64_t value, std::string& out);
/// Shortest text that reads back as the same number, always with a point or an exponent: "1.0", "1e+300".
/// NaN, Infinity, -Infinity for what is no number.
void AppendFloat(double value, std::string& out);
void AppendFloat(float value, std::string& out);
float HalfToFloat(uint16_t bits);

__int128 LoadInt128(const void* bytes);
/// `value` / 10^scale with exactly `scale` digits behind the point; 0 <= scale <= 38.
void AppendDecimal(__int128 value, int32_t scale, std::string& out);

/// "2013-01-31"; years beyond 9999 have a sign, as ISO 8601 has it: "+10000-01-01", "-0044-03-15".
void AppendDate(int64_t days, std::string& out);
/// "23:59:59" and, unless zero, 3, 6 or 9 digits of fraction.
void AppendTimeOfDay(int64_t ticks, ArrowTimeUnit unit, std::string& out);
/// "2013-01-31T23:59:59.5Z"; DuckDB's two infinities as "infinity" and "-infinity".
void AppendTimestamp(int64_t ticks, ArrowTimeUnit unit, bool zoned, std::string& out);
/// ISO 8601: "P1Y2M3DT4H5M6.5S"; "PT0S" for none.
void AppendInterval(int64_t months, int64_t days, int64_t nanoseconds, std::string& out);

void AppendBase64(std::string_view bytes, std::string& out);
/// "\x00ff"
void AppendHex(std::string_view bytes, std::string& out);

}  // namespace neurolake::arrow
