#include "server/http/internal/cookies.h"

#include "common/text.h"

namespace neurolake::server {

std::string CookieName(const Door& door, std::string_view name) {
  return (door.secure() ? "__Host-" : "") + std::string(name);
}

Result<std::string> FindCookie(const Request& request, std::string_view name) {
  std::optional<std::string> found;
  for (const std::string& pair : Split(request.Header("cookie"), ';')) {
    const std::string_view text = Trim(pair);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.substr(0, equals) != name) continue;
    if (found) return MakeError(ErrorCode::kUnauthenticated, "the request has two cookies of one name");
    found = std::string(text.substr(equals + 1));
  }
  return found.value_or(std::string());
}

std::pair<std::string, std::string> SetCookie(const Door& door, std::string_view name, std::string_view value,
                                              std::chrono::seconds age) {
  return {"Set-Cookie", fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", CookieName(door, name),
                                    value, age.count(), door.secure() ? "; Secure" : "")};
}

Result<void> CheckSameOrigin(const Door& door, const Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return {};
  const std::string_view origin = request.Header("origin");
  // Sent by browsers that leave Origin out of requests to the page's own server.
  const bool same = origin.empty() ? request.Header("sec-fetch-site") == "same-origin" : origin == door.public_url;
  if (same) return {};
  return MakeError(ErrorCode::kPermissionDenied, "with a session's cookie, changes are for pages of this server");
}

}  // namespace neurolake::server
