#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ask/intent/intent.h"
#include "common/result.h"

namespace neurolake::ask::compile {

std::string JoinText(const std::vector<std::string>& parts, std::string_view separator);

/// `"schema"."table"`.
std::string TableSql(const std::vector<std::string>& table);

/// The start of the period as a DATE, or a TIMESTAMP for grains below a day. `local` is a DATE or a TIMESTAMP without
/// zone.
std::string TruncateSql(const std::string& local, TimeGrain grain, const semantic::Calendar& calendar);
std::string PartSql(const std::string& local, TimePart part);
/// `INTERVAL 3 MONTH`.
std::string IntervalSql(TimeGrain grain, int64_t count);
/// Whether periods of the grain are told by a date.
bool IsDateGrain(TimeGrain grain);

/// `DATE '2024-02-29'` or `TIMESTAMP '2024-02-29 12:00:00'`; four-digit years only (the compiler has checked them).
std::string DateSql(LocalTime time);
std::string TimestampSql(LocalTime time);

/// A bound that values of `type` are compared with as they are stored, so that files are pruned by it.
std::string BoundSql(LocalTime time, semantic::ValueType type, std::string_view zone);

/// `value` in the type of the dimension. Errors: kInvalidArgument where it is of another.
Result<std::string> LiteralSql(const Literal& value, semantic::ValueType type, std::string_view field);
std::string NumberSql(double value);

}  // namespace neurolake::ask::compile
