#pragma once
#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/metrics.h"
#include "common/settings.h"
#include "net/rate_limiter.h"
#include "query/service.h"
#include "server/http/internal/message.h"

namespace neurolake::server {

/// What counts as one client: an IPv4 address, also inside of an IPv6 one, or the /64 of an IPv6 one, which is what one
/// client is given. Empty for what is no address.
std::string CountedAddress(std::string_view text);

/// Requests per second, of an address and of a principal: limits.requests_per_address and
/// limits.requests_per_principal, with room for two seconds' worth at once. Thread-safe; O(1) for each request. Source:
/// docs/http.md, "Limits".
class RequestLimits {
 public:
  /// Errors: kInvalidArgument naming the setting.
  static Result<void> CheckSettings(const Settings& settings);
  /// Borrows all three.
  RequestLimits(const Settings& settings, const Clock& clock, query::StatementService& service);

  /// The client's: the connection's, unless that is one of http.trusted_proxies. Then the last one in X-Forwarded-For
  /// that is none of them; what stands before it anybody could have written.
  std::string AddressOf(const Request& request) const;
  /// Errors: kTooManyRequests, with the detail "retry_after" in seconds.
  Result<void> AdmitAddress(const std::string& address);
  Result<void> AdmitPrincipal(const Principal& principal);

 private:
  struct Limit {
    std::optional<net::RateLimiter> buckets;  ///< None: there is no limit.
    std::string_view by;                      ///< "address" or "principal".
  };
  Result<void> Admit(Limit& limit, const std::string& key, const std::string& address, std::string_view setting);

  query::StatementService& service_;
  std::set<std::string> trusted_proxies_;
  Limit addresses_;
  Limit principals_;
  /// Of each key one refusal a minute goes to the audit log: a flood must not fill it.
  net::RateLimiter told_;
};

}  // namespace neurolake::server
