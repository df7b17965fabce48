#include "server/http/internal/request_limits.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "common/text.h"

namespace neurolake::server {
namespace {

constexpr double kBurstSeconds = 2;

net::RateLimit PerSecond(int64_t requests) {
  const auto rate = static_cast<double>(requests);
  return {.burst = rate * kBurstSeconds, .per_second = rate};
}

}  // namespace

std::string CountedAddress(std::string_view text) {
  const std::string address(text);
  char shown[INET6_ADDRSTRLEN] = {};
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return inet_ntop(AF_INET, &v4, shown, sizeof shown);
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return {};
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return inet_ntop(AF_INET, &v6.s6_addr[12], shown, sizeof shown);
  std::fill(&v6.s6_addr[8], &v6.s6_addr[16], uint8_t{0});
  return inet_ntop(AF_INET6, &v6, shown, sizeof shown);
}

Result<void> RequestLimits::CheckSettings(const Settings& settings) {
  for (const std::string& proxy : settings.http_trusted_proxies) {
    if (!CountedAddress(proxy).empty()) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "http.trusted_proxies takes addresses such as 10.0.0.7 or ::1, not: {}", proxy);
  }
  return {};
}

RequestLimits::RequestLimits(const Settings& settings, const Clock& clock, query::StatementService& service)
    : service_(service), told_(clock, {.burst = 1, .per_second = 1.0 / 60}) {
  for (const std::string& proxy : settings.http_trusted_proxies) {
    if (std::string counted = CountedAddress(proxy); !counted.empty()) trusted_proxies_.insert(std::move(counted));
  }
  addresses_.by = "address";
  principals_.by = "principal";
  if (settings.limits_requests_per_address > 0) {
    addresses_.buckets.emplace(clock, PerSecond(settings.limits_requests_per_address));
  }
  if (settings.limits_requests_per_principal > 0) {
    principals_.buckets.emplace(clock, PerSecond(settings.limits_requests_per_principal));
  }
}

std::string RequestLimits::AddressOf(const Request& request) const {
  if (!trusted_proxies_.contains(request.address)) return request.address;
  std::string client = request.address;
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (header->first != "x-forwarded-for") continue;
    const auto named = Split(header->second, ',');
    for (auto one = named.rbegin(); one != named.rend(); ++one) {
      std::string address = CountedAddress(Trim(*one));
      if (address.empty()) return client;
      client = std::move(address);
      if (!trusted_proxies_.contains(client)) return client;
    }
  }
  return client;
}

Result<void> RequestLimits::AdmitAddress(const std::string& address) {
  return Admit(addresses_, address, address, "limits.requests_per_address");
}

Result<void> RequestLimits::AdmitPrincipal(const Principal& principal) {
  return Admit(principals_, principal.id.value(), principal.address, "limits.requests_per_principal");
}

Result<void> RequestLimits::Admit(Limit& limit, const std::string& key, const std::string& address,
                                  std::string_view setting) {
  if (!limit.buckets || limit.buckets->Take(key)) return {};
  service_.metrics().Count("neurolake_http_requests_limited_total", "HTTP requests refused as too many.", "by",
                           limit.by);
  if (told_.Take(fmt::format("{} {}", limit.by, key))) service_.RecordRefusal(ErrorCode::kTooManyRequests, address);
  return std::unexpected(
      Error(ErrorCode::kTooManyRequests,
            fmt::format("too many requests of this {}, try again later; the limit is {}", limit.by, setting))
          .With("retry_after", std::to_string(limit.buckets->Wait(key).count())));
}

}  // namespace neurolake::server
