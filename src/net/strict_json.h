#pragma once
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::net {

/// A JSON object whose meaning nobody can dispute: RFC 8259, UTF-8, no member twice at any depth, at most `depth_max`
/// levels, nothing behind it. `what` names it in errors. Errors: kInvalidArgument, never with what the text says.
Result<boost::json::object> ParseStrictObject(std::string_view text, std::string_view what, size_t depth_max = 8);

/// The member as text; empty when it is not there or is something else.
std::string TextMember(const boost::json::object& object, std::string_view name);

}  // namespace neurolake::net
