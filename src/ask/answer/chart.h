#pragma once
#include <boost/json.hpp>
#include <optional>

#include "ask/answer/table.h"

namespace neurolake::ask {

/// A Vega-Lite 5 specification by the shape of the answer, with its rows in it; nullopt where a chart says no more than
/// the table: a single number, no number, more than kChartRowsMax rows.
/// - a time axis: a line for each metric, or for each value of one dimension if they are at most kSeriesMax,
/// - one dimension: bars in the answer's order; two: a heat map.
/// Source: Vega-Lite's documentation, "Encoding". Pure; the same table gives the same text.
std::optional<boost::json::object> Chart(const AnswerTable& table, std::string_view title);

inline constexpr size_t kChartRowsMax = 1000;
inline constexpr size_t kSeriesMax = 12;
inline constexpr size_t kBarsMax = 60;

}  // namespace neurolake::ask
