#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::semantic {

/// The arithmetic of a derived metric, read by its own grammar rather than as SQL, so that what comes of it cannot be
/// anything else: + - * / ( ), numbers, metrics by name, abs, round, coalesce, least, greatest.
struct Formula {
  enum class Kind : uint8_t { kNumber, kMetric, kNegate, kAdd, kSubtract, kMultiply, kDivide, kCall };
  Kind kind = Kind::kNumber;
  std::string text = {};  ///< The number as written, the metric's name or the function's.
  std::vector<Formula> arguments = {};
};

/// Errors: kInvalidArgument with the column where it stopped. At most 4 KiB and 64 levels. Pure; safe on hostile text.
Result<Formula> ParseFormula(std::string_view text);

/// The names of metrics in it, each once, as written.
std::vector<std::string> MetricsOf(const Formula& formula);

/// As SQL: a division by zero is NULL, and is never one of integers. `metric` gives the SQL of a metric's value.
std::string FormulaSql(const Formula& formula, const std::function<std::string(const std::string&)>& metric);

}  // namespace neurolake::semantic
