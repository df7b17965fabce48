#pragma once
#include <random>
#include <string>
#include <string_view>

namespace neurolake::privacy {

/// A random text of the form `regex`, for the part of the syntax that the pattern lists use: classes, groups,
/// alternatives, and repetition. Repetitions without a bound stop at 8 more than the least.
std::string RandomTextOf(std::string_view regex, std::mt19937_64& random);

}  // namespace neurolake::privacy
