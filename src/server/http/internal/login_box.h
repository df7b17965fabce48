#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "net/oidc.h"

namespace neurolake::server {

/// A login that is under way at the identity provider.
struct PendingLogin {
  net::OidcLogin login;
  std::string return_to;  ///< A path of ours.
  WallTime expires;
};

/// Keeps logins under way in the browser that began them, sealed: the server keeps nothing that a stranger could fill,
/// and nobody else's browser can finish one. The key is this process's own. Thread-safe.
class LoginBox {
 public:
  LoginBox();
  std::string Seal(const PendingLogin& pending) const;
  /// Nullopt for what was not sealed here, was changed, or has expired at `now`.
  std::optional<PendingLogin> Open(std::string_view sealed, WallTime now) const;

 private:
  std::array<unsigned char, 32> key_{};
};

/// A path of this server and nothing else: starts with one "/", no "//", no backslash, no control character. "/" for an
/// empty one; nullopt for all else, so that nobody is sent elsewhere.
std::optional<std::string> LocalPath(std::string_view text);

}  // namespace neurolake::server
