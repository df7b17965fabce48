#pragma once
#include <memory>
#include <string>

#include "ask/grammar/understand.h"
#include "ask/link/value_index.h"

namespace neurolake::ask::testing {

/// A model with its values and a clock, ready to be asked.
struct Domain {
  semantic::SemanticModel model;
  std::unique_ptr<const ValueIndex> values;
  std::unique_ptr<Linker> linker;
  TimeContext time;

  Understanding Ask(std::string_view question, const Intent* previous = nullptr) const;
};

/// Orders, their items, customers, products, returns; Friday 2024-03-15 10:30; fiscal years begin in April.
const Domain& Retail();
/// Flights with airlines, planes and airports at both ends; Saturday 2013-06-15 12:00.
const Domain& Flights();

}  // namespace neurolake::ask::testing
