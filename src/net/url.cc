#include "net/url.h"

#include <charconv>

#include "common/text.h"

namespace neurolake::net {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;

uint16_t DefaultPort(bool tls) { return tls ? kHttpsPort : kHttpPort; }

Result<void> ParseAuthority(std::string_view authority, Url& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return MakeError(ErrorCode::kInvalidArgument, "server address has '[' without ']'");
    }
    url.host = authority.substr(1, close - 1);
    const std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) {
      return MakeError(ErrorCode::kInvalidArgument, "server address: expected ':' and a port after ']'");
    }
    port = rest.empty() ? rest : rest.substr(1);
    if (!rest.empty() && port.empty()) return MakeError(ErrorCode::kInvalidArgument, "server address: empty port");
  } else {
    const size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = authority.substr(colon + 1);
      if (port.empty()) return MakeError(ErrorCode::kInvalidArgument, "server address: empty port");
    }
  }
  for (const char c : url.host) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) {
      return MakeError(ErrorCode::kInvalidArgument, "server address: the host has a space or control character");
    }
  }
  if (url.host.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "server address has no host; expected http://HOST:PORT");
  }
  url.port = DefaultPort(url.tls);
  if (!port.empty()) {
    int number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
      return MakeError(ErrorCode::kInvalidArgument, "server address: port must be a number from 1 to 65535: {}", port);
    }
    url.port = static_cast<uint16_t>(number);
  }
  return {};
}

}  // namespace

std::string Url::Authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string text = ipv6 ? "[" + host + "]" : host;
  if (port != DefaultPort(tls)) text += fmt::format(":{}", port);
  return text;
}

std::string Url::Origin() const { return (tls ? "https://" : "http://") + Authority(); }

Result<Url> ParseUrl(std::string_view text) {
  Url url;
  std::string_view rest = Trim(text);
  const size_t scheme_end = rest.find("://");
  if (scheme_end != std::string_view::npos) {
    const std::string scheme = LowerAscii(rest.substr(0, scheme_end));
    if (scheme != "http" && scheme != "https") {
      return MakeError(ErrorCode::kInvalidArgument, "server address must start with http:// or https://, not {}://",
                       scheme);
    }
    url.tls = scheme == "https";
    rest.remove_prefix(scheme_end + 3);
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return MakeError(ErrorCode::kInvalidArgument, "server address must not have a query or fragment");
  }
  const size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "server address must not hold a user name or password; give a token with --token-file");
  }
  NL_RETURN_IF_ERROR(ParseAuthority(authority, url));
  if (slash != std::string_view::npos) url.path = rest.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  for (const char c : url.path) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) {
      return MakeError(ErrorCode::kInvalidArgument, "server address: the path has a space or control character");
    }
  }
  return url;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("%{:02X}", c);
    }
  }
  return out;
}

}  // namespace neurolake::net
