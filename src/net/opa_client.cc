#include "net/opa_client.h"

#include <algorithm>
#include <boost/json.hpp>

namespace neurolake::net {
namespace {

namespace json = boost::json;

/// Far above what a decision is, and what would be read of an answer that is none.
constexpr size_t kAnswerBytesMax = size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<OpaClient>> OpaClient::Make(OpaClientOptions options) {
  NL_ASSIGN_OR_RETURN(Url url, ParseUrl(options.url));
  HttpClientOptions http_options;
  http_options.connect_timeout = options.timeout;
  http_options.certificate_authority_file = options.certificate_authority_file;
  http_options.idle_connections_max = 16;
  NL_ASSIGN_OR_RETURN(auto http, HttpClient::Make(std::move(url), std::move(http_options)));
  return std::unique_ptr<OpaClient>(new OpaClient(std::move(http), std::move(options)));
}

Result<std::string> OpaClient::Ask(const RequestContext& ctx, const std::string& path,
                                   const std::string& input_json) const {
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/data/" + path + "?strict-builtin-errors=true";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!options_.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  request.body = "{\"input\":" + input_json + "}";
  NL_ASSIGN_OR_RETURN(const auto response, http_->Send(ctx, std::move(request)));
  const int status = response->status();
  NL_ASSIGN_OR_RETURN(std::string body, response->ReadAll(kAnswerBytesMax));
  if (status == 200) return body;
  // OPA says what went wrong by a code of its own, which quotes no input.
  boost::system::error_code code;
  const json::value answer = json::parse(body, code);
  const auto* reason = !code && answer.is_object() ? answer.get_object().if_contains("code") : nullptr;
  return MakeError(
      ErrorCode::kUnavailable, "the policy server answered with status {}: {}", status,
      reason != nullptr && reason->is_string() ? std::string_view(reason->get_string()).substr(0, 64) : "");
}

Result<std::optional<std::string>> OpaClient::Query(const RequestContext& ctx, const std::string& path,
                                                    const std::string& input_json) const {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  const SteadyTime until = std::min(ctx.deadline(), ctx.clock().SteadyNow() + options_.timeout);
  const RequestContext bounded(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(), until, ctx.stop_token());
  auto body = Ask(bounded, path, input_json);
  if (!body && body.error().code() == ErrorCode::kUnavailable) {
    // A connection that was kept may have been closed meanwhile; the question changes nothing, so it may be repeated.
    body = Ask(bounded, path, input_json);
  }
  if (!body) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    const bool late = body.error().code() == ErrorCode::kDeadlineExceeded;
    return MakeError(ErrorCode::kUnavailable, "no answer of the policy server at {}: {}", http_->url().Origin(),
                     late ? fmt::format("none within {} ms", options_.timeout.count()) : body.error().message());
  }
  boost::system::error_code code;
  const json::value answer = json::parse(*body, code);
  if (code || !answer.is_object()) {
    return MakeError(ErrorCode::kUnavailable, "the policy server's answer is no JSON object: {}",
                     http_->url().Origin());
  }
  const auto* result = answer.get_object().if_contains("result");
  if (result == nullptr) return std::optional<std::string>();
  return std::optional(json::serialize(*result));
}

}  // namespace neurolake::net
