#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "server/http/internal/door.h"

namespace neurolake::server {

inline constexpr std::string_view kSessionCookie = "neurolake_session";
inline constexpr std::string_view kLoginCookie = "neurolake_login";

/// `name` as browsers are sent it: behind "__Host-" where there is TLS, so that no other host, path or plain connection
/// can set it (RFC 6265bis, section 4.1.3).
std::string CookieName(const Door& door, std::string_view name);
/// The cookie's value; empty when there is none. Errors: kUnauthenticated when there are two of the name.
Result<std::string> FindCookie(const Request& request, std::string_view name);
/// HttpOnly, SameSite=Lax, for the whole host. No age removes it.
std::pair<std::string, std::string> SetCookie(const Door& door, std::string_view name, std::string_view value,
                                              std::chrono::seconds age);

/// For requests that a browser adds cookies to: one that changes something must come from a page of this server.
/// Errors: kPermissionDenied.
Result<void> CheckSameOrigin(const Door& door, const Request& request);

}  // namespace neurolake::server
