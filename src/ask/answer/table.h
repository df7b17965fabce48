#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ask/compile/compile.h"

namespace neurolake::ask {

/// A value of the result: NULL, a boolean, a number or text. Dates and times are text as SQL writes them, decimals are
/// text with all their digits.
using Cell = std::variant<std::monostate, bool, int64_t, double, std::string>;

/// The rows of an answer, as they came; `columns` say what each is.
struct AnswerTable {
  std::vector<OutputColumn> columns;
  std::vector<std::vector<Cell>> rows;
  bool is_truncated = false;  ///< There are more rows than the intent's limit.
};

/// The number in a cell, decimals among them; nullopt for what is none.
std::optional<double> NumberIn(const Cell& cell);

/// A cell for people: thousands apart, decimals and unit by `format`, percentages of fractions, periods by `grain`
/// ("July 1998"). NULL is "none".
std::string ShowCell(const Cell& cell, const OutputColumn& column);

/// A number for people. At most six significant digits after the point are kept where `format` says nothing.
std::string ShowNumber(double number, const semantic::Format& format);

/// The period of `grain` that begins at `start`, for people: "1 July 1998", "July 1998", "Q3 1998", "week 27 of 1998".
std::string ShowPeriod(LocalTime start, TimeGrain grain);

/// A date or time as SQL writes it; nullopt for what is none.
std::optional<LocalTime> ParseSqlTime(std::string_view text);

}  // namespace neurolake::ask
