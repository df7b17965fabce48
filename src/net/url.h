#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::net {

/// Where a server is: `https://lake.example.org:8443/base`.
struct Url {
  bool tls = false;
  std::string host;  ///< Without the brackets of an IPv6 address.
  uint16_t port = 0;
  std::string path;  ///< Starts with "/" or is empty; never ends in "/".

  /// Host and port as the `Host` header wants them; the scheme's own port is left out.
  std::string Authority() const;
  /// Without the path: "https://lake.example.org:8443".
  std::string Origin() const;
};

/// Accepts http:// and https://; "host:port" alone means http. Errors: kInvalidArgument, also for user names and
/// passwords in the address (they end up in logs), queries and fragments.
Result<Url> ParseUrl(std::string_view text);

/// Percent-encodes everything but RFC 3986's unreserved characters: safe as one path segment or query value.
std::string PercentEncode(std::string_view text);

}  // namespace neurolake::net
