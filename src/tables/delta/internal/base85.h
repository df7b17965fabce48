#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::tables::delta::internal {

/// Z85 (rfc.zeromq.org/spec/32). `bytes` is filled up with zeros to a multiple of four.
std::string EncodeBase85(std::string_view bytes);
/// Errors: kCorruption for a length that is no multiple of five, a stranger in the text, or a block over 32 bits.
Result<std::string> DecodeBase85(std::string_view text);

}  // namespace neurolake::tables::delta::internal
