#pragma once
#include <string_view>

namespace neurolake::privacy {

/// What libphonenumber says of a candidate.
enum class PhoneForm : uint8_t {
  kNone,           ///< No number of any region.
  kNational,       ///< A number of the one region that its form belongs to, or of the regions asked for.
  kInternational,  ///< Written with its country's code.
};

/// Judges `text` as a telephone number: with "+" or "00" by its own country code; "(212) 555-0123" and such as a number
/// of North America; others as a number of the regions whose trunk prefix they have. Thread-safe; some microseconds.
/// The data are those of the linked library.
PhoneForm JudgePhone(std::string_view text);

}  // namespace neurolake::privacy
