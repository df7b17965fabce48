#pragma once
#include <span>

#include "privacy/detector/patterns.h"

namespace neurolake::privacy {

std::span<const Pattern> GlobalPatterns();
std::span<const Pattern> EuropeanPatterns();
std::span<const Pattern> OtherPatterns();
std::span<const Pattern> SecretPatterns();

}  // namespace neurolake::privacy
