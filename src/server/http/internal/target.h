#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::server {

/// A request's target, decoded: "/v1/tables/a%20b?limit=3" is {"v1","tables","a b"} and {limit: 3}.
struct Target {
  std::vector<std::string> segments;
  std::map<std::string, std::string, std::less<>> query;
};

/// Errors: kInvalidArgument for bad percent escapes, NUL and bytes that are not UTF-8, empty, "." and ".." segments,
/// and repeated query parameters.
Result<Target> ParseTarget(std::string_view target);
/// RFC 3986: everything but unreserved characters is escaped.
std::string PercentEncode(std::string_view text);

}  // namespace neurolake::server
