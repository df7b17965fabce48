#include "common/check.h"

#include <fmt/format.h>

namespace neurolake {

void ThrowBug(const char* condition, std::source_location location) {
  throw BugError(fmt::format("invariant broken at {}:{}: {}", location.file_name(), location.line(), condition));
}

}  // namespace neurolake
