#pragma once
#include <boost/json.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "ask/intent/intent.h"
#include "common/result.h"

namespace neurolake::ask {

/// Errors of all: kInvalidArgument naming the member. An object with these members and no others; at most 256 KiB.
Result<boost::json::object> ParseMembers(std::string_view body, std::initializer_list<std::string_view> known);
/// Empty where it is not there.
Result<std::string> TextMember(const boost::json::object& object, std::string_view name, size_t bytes_max = 1'000);
Result<std::optional<Intent>> IntentMember(const boost::json::object& object, std::string_view name);

}  // namespace neurolake::ask
