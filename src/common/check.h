#pragma once
#include <source_location>
#include <stdexcept>
#include <string>

namespace neurolake {

/// A broken invariant of ours. `query/` catches it once per request; tests let it end the process.
class BugError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void ThrowBug(const char* condition, std::source_location location = std::source_location::current());

}  // namespace neurolake

/// On in every build: false means the bug is ours, never the user's.
#define NL_CHECK(condition)              \
  do {                                   \
    if (!(condition)) [[unlikely]]       \
      ::neurolake::ThrowBug(#condition); \
  } while (false)

#define NL_UNREACHABLE() ::neurolake::ThrowBug("unreachable")
