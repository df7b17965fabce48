#include "storage/internal/credential_request.h"

#include <boost/json/parse.hpp>
#include <cstdlib>

#include "storage/internal/renewed.h"

namespace neurolake::storage::internal {
namespace {

constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kWait{200};
constexpr size_t kAnswerBytes = 256 << 10;

struct ServerAndTarget {
  net::Url server;
  std::string target;
};

/// The URL client takes no queries: they belong to the target.
Result<ServerAndTarget> SplitUrl(const std::string& url) {
  const size_t start = url.find("://");
  const size_t authority_end = url.find_first_of("/?", start == std::string::npos ? 0 : start + 3);
  ServerAndTarget split;
  NL_ASSIGN_OR_RETURN(split.server, net::ParseUrl(url.substr(0, authority_end)));
  split.target = authority_end == std::string::npos ? "/" : url.substr(authority_end);
  if (!split.target.starts_with('/')) split.target.insert(0, "/");
  return split;
}

}  // namespace

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::string> AskForCredentials(const RequestContext& ctx, const std::string& url, net::HttpRequest request,
                                      const CredentialTimeouts& timeouts) {
  NL_ASSIGN_OR_RETURN(ServerAndTarget at, SplitUrl(url));
  const std::string origin = at.server.Origin();
  NL_ASSIGN_OR_RETURN(
      const auto client,
      net::HttpClient::Make(std::move(at.server), {.connect_timeout = timeouts.connect,
                                                   .idle_timeout = timeouts.read,
                                                   .certificate_authority_file = timeouts.certificate_authority_file}));
  request.target = std::move(at.target);
  for (int attempt = 1;; ++attempt) {
    std::string why;
    auto response = client->Send(ctx, request);
    if (response.has_value()) {
      auto body = (*response)->ReadAll(kAnswerBytes);
      const int status = (*response)->status();
      if (status == 200 && body.has_value()) return body;
      why = status == 200 ? body.error().message() : fmt::format("HTTP {} from {}", status, origin);
      if (status != 429 && status < 500) return MakeError(ErrorCode::kUnauthenticated, "no credentials: {}", why);
    } else {
      why = response.error().message();
    }
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    if (attempt == kAttempts) return MakeError(ErrorCode::kUnauthenticated, "no credentials: {}", why);
    NL_RETURN_IF_ERROR(ctx.SleepFor(kWait * attempt));
  }
}

Result<boost::json::object> ParseCredentials(std::string_view text, std::string_view source) {
  boost::system::error_code problem;
  boost::json::value value = boost::json::parse(boost::json::string_view(text.data(), text.size()), problem);
  if (problem || !value.is_object()) {
    return MakeError(ErrorCode::kUnauthenticated, "no credentials: the answer is not a JSON object, from {}", source);
  }
  return std::move(value.get_object());
}

std::string TextOf(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(boost::json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string());
}

bool IsSafeForSecrets(const net::Url& url) {
  if (url.tls || url.host == "localhost" || url.host == "::1" || url.host.starts_with("fd00:ec2:")) return true;
  // An address, not a name that begins like one.
  const bool is_ipv4 = std::ranges::all_of(url.host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return is_ipv4 && (url.host.starts_with("127.") || url.host.starts_with("169.254."));
}

}  // namespace neurolake::storage::internal
