#pragma once
#include <string>
#include <string_view>

#include "ask/intent/intent.h"
#include "common/result.h"

namespace neurolake::ask {

/// The intent as JSON, members in one order, defaults left out (docs/formats/intent.md).
std::string EncodeIntent(const Intent& intent);

/// The other way, strict: an unknown member, a wrong type, a number out of range or more than 64 KiB is refused with
/// the path to it (`time.comparisons[0].kind`). Whether the names exist is the compiler's to say. Errors:
/// kInvalidArgument. Safe on hostile text.
Result<Intent> DecodeIntent(std::string_view json);

}  // namespace neurolake::ask
