#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "ask/language/token.h"

namespace neurolake::ask {

/// A unit that starts at some token, against the unit that a number is kept in.
struct UnitPhrase {
  size_t tokens = 0;
  double factor = 1;  ///< How many of the kept unit one of the said unit is: 1,000 for MWh where kWh are kept.
};

/// The longest unit at the start of `tokens` that a number kept in `kept` ("kWh", "EUR", "ct/kWh") can be told in:
/// "MWh", "megawatt hours", "cents per kWh", "thousand euros". "thousands" and "millions" fit any. Units that are not
/// known here are only themselves. nullopt: there is none, or it measures something else. Pure.
std::optional<UnitPhrase> ParseUnit(std::span<const Token> tokens, std::string_view kept);

/// Whether the numbers of the two are of one unit, or can be told in it.
bool AreConvertible(std::string_view said, std::string_view kept);

}  // namespace neurolake::ask
