#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/internal/door.h"

namespace neurolake::server {

enum class Access : uint8_t {
  kOpen,
  kMetrics,  ///< A token that may see the server's state, unless http.metrics_without_token says anybody may.
  kToken,
};

enum class BodyKind : uint8_t { kNone, kJson, kJsonOrText, kStream };

struct Route {
  std::string_view method;
  std::string_view path;  ///< "/v1/statements/{id}"
  Access access;
  BodyKind body;
  Result<void> (*handle)(Door&, Call&);
  std::string_view query;  ///< Names of the allowed query parameters, separated by spaces.
};

std::span<const Route> Routes();

struct RouteMatch {
  const Route* route = nullptr;  ///< Null: no route for the method, or for the path.
  std::vector<std::string> arguments;
  std::string allow;  ///< Methods the path has: "DELETE, GET, HEAD, OPTIONS"; empty: there is no such path.
};

/// HEAD is served by GET's route.
RouteMatch FindRoute(std::string_view method, const std::vector<std::string>& segments);

}  // namespace neurolake::server
