#pragma once
#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "common/request_context.h"
#include "common/result.h"
#include "net/http_client.h"

namespace neurolake::storage::internal {

struct CredentialTimeouts {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds read{10'000};
  std::string certificate_authority_file;
};

/// Asks a service that hands out credentials; up to three attempts. `url`: whole, as an operator gave it.
/// Errors: kUnauthenticated, naming the service and the HTTP status; nothing of the answer is repeated.
Result<std::string> AskForCredentials(const RequestContext& ctx, const std::string& url, net::HttpRequest request,
                                      const CredentialTimeouts& timeouts);

/// Errors: kUnauthenticated for what is no JSON object. `source` names the service.
Result<boost::json::object> ParseCredentials(std::string_view text, std::string_view source);
/// The member as text; empty when it is missing or something else.
std::string TextOf(const boost::json::object& object, std::string_view name);

/// Whether secrets may travel to `url`: https, or http to this machine or to a link-local address.
bool IsSafeForSecrets(const net::Url& url);

}  // namespace neurolake::storage::internal
