#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::net {

/// RFC 4648, section 5, without padding.
std::string EncodeBase64Url(std::string_view bytes);

/// RFC 4648, section 4, with padding: what HTTP's Basic scheme wants.
std::string EncodeBase64(std::string_view bytes);

/// The one text that EncodeBase64Url makes of some bytes, back to them. Errors: kInvalidArgument for padding, white
/// space, other alphabets, impossible lengths, and left-over bits that are not zero: two texts of one signature would
/// be two names of one token.
Result<std::string> DecodeBase64Url(std::string_view text);

}  // namespace neurolake::net
