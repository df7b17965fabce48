#pragma once
#include <functional>
#include <string>
#include <vector>

#include "ask/intent/intent.h"

namespace neurolake::ask {

/// All conditions on fields, wherever the intent has them.
void ForEachFilter(const Intent& intent, const std::function<void(const Filter&)>& visit);
/// All ranges of time that have an end, wherever the intent has them.
std::vector<TimeRange> RangesOf(const Intent& intent);
/// All numbers: operands, positions, windows, percentiles and those in conditions.
std::vector<double> NumbersOf(const Intent& intent);
/// Names of metrics, and `entity.dimension` of all fields.
std::vector<std::string> MembersOf(const Intent& intent);
/// Whether it keeps something out.
bool Negates(const Intent& intent);

}  // namespace neurolake::ask
