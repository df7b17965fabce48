#pragma once
#include <string>

#include "ask/intent/intent.h"

namespace neurolake::ask {

/// The unit that the model keeps the number in ("kWh"); empty: it has none, as a count. Pure.
std::string KeptUnit(const semantic::SemanticModel& model, const MetricUse& use);

}  // namespace neurolake::ask
