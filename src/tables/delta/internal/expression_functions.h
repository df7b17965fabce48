#pragma once
#include <optional>
#include <string_view>

#include "tables/delta/schema.h"

namespace neurolake::tables::delta::internal {

/// How a function of Spark's is said to the engine.
enum class CallForm : uint8_t {
  kSame,        ///< By the name given.
  kJoin,        ///< concat: the operator ||, which gives NULL for NULL as Spark does.
  kSubstring,   ///< The start must be a number other than 0, which the two count differently.
  kDayOfWeek,   ///< Spark counts from 1.
  kDateTrunc,   ///< The unit is a text.
  kTrunc,       ///< The unit is a text, and behind the date.
  kDateFormat,  ///< A pattern of Java's.
  kToDate,
  kAddDays,
  kSubtractDays,
  kDaysBetween,
  kIsNull,
  kIsNotNull,
  kIsNan,          ///< False for NULL.
  kArrayContains,  ///< NULL where it is not found and an element is NULL.
  kUuid,
};

struct Function {
  std::string_view name;    ///< Spark's.
  std::string_view engine;  ///< The engine's.
  int arguments_min;
  int arguments_max;
  CallForm form = CallForm::kSame;
  std::optional<DataType::Kind> result;  ///< Where it is the same for all arguments.
  bool is_volatile = false;              ///< For defaults only.
};

/// By Spark's name or one that our statements use for it; null if there is none. `lower_name` in lower case.
const Function* FindFunction(std::string_view lower_name);

}  // namespace neurolake::tables::delta::internal
