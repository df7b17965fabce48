#include "models/internal/exchange.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "common/text.h"
#include "net/strict_json.h"

namespace neurolake::models {
namespace {

constexpr size_t kDepthMax = 64;
constexpr size_t kRefusalBytesMax = 64 * 1024;
constexpr int64_t kRetryAfterMax = 3600;

/// Seconds of a Retry-After header; empty for a date or nonsense.
std::string RetryAfter(const net::HttpResponse& response) {
  const std::string text = response.header("Retry-After");
  if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) return {};
  return fmt::to_string(std::min<int64_t>(std::stoll(text), kRetryAfterMax));
}

/// What a provider says in words is left out: it may quote what was sent.
Error Refusal(const net::HttpResponse& response) {
  const int status = response.status();
  const auto code = [&] {
    switch (status) {
      case 400:
      case 404:
      case 422: return ErrorCode::kInvalidArgument;
      case 401: return ErrorCode::kUnauthenticated;
      case 403: return ErrorCode::kPermissionDenied;
      case 413: return ErrorCode::kPayloadTooLarge;
      case 429: return ErrorCode::kTooManyRequests;
      default: return ErrorCode::kUnavailable;
    }
  }();
  Error error(code, fmt::format("the model's provider answered with status {}", status));
  if (const std::string after = RetryAfter(response); !after.empty())
    error = std::move(error).With("retry_after", after);
  return error;
}

Result<boost::json::object> ParseAnswer(std::string_view text) {
  auto parsed = net::ParseStrictObject(text, "the answer", kDepthMax);
  if (!parsed) return BrokenAnswer("no JSON object");
  return parsed;
}

}  // namespace

std::unexpected<Error> BrokenAnswer(std::string_view what) {
  return MakeError(ErrorCode::kUnavailable, "the model's provider gave an answer that cannot be used: {}", what);
}

Result<std::unique_ptr<ProviderClient>> ProviderClient::Make(const ProviderOptions& options, Headers headers) {
  NL_ASSIGN_OR_RETURN(net::Url url, net::ParseUrl(options.url));
  net::HttpClientOptions http;
  http.certificate_authority_file = options.certificate_authority_file;
  http.idle_timeout = options.idle_timeout;
  NL_ASSIGN_OR_RETURN(auto client, net::HttpClient::Make(std::move(url), std::move(http)));
  return std::unique_ptr<ProviderClient>(
      new ProviderClient(std::move(client), std::move(headers), options.answer_bytes_max));
}

Result<std::unique_ptr<net::HttpResponse>> ProviderClient::Send(const RequestContext& ctx, const std::string& target,
                                                                const std::string& body, const char* accept) const {
  net::HttpRequest request{.method = "POST", .target = target, .headers = headers_, .body = body};
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", accept);
  NL_ASSIGN_OR_RETURN(auto response, client_->Send(ctx, std::move(request)));
  if (response->status() == 200) return response;
  Error refusal = Refusal(*response);
  (void)response->ReadAll(kRefusalBytesMax);
  return std::unexpected(std::move(refusal));
}

Result<boost::json::object> ProviderClient::Ask(const RequestContext& ctx, const std::string& target,
                                                const std::string& body) const {
  NL_ASSIGN_OR_RETURN(const auto response, Send(ctx, target, body, "application/json"));
  NL_ASSIGN_OR_RETURN(const std::string text, response->ReadAll(answer_bytes_max_));
  return ParseAnswer(text);
}

Result<void> ProviderClient::AskForEvents(const RequestContext& ctx, const std::string& target, const std::string& body,
                                          const OnEvent& on_event) const {
  constexpr std::string_view kData = "data:";
  NL_ASSIGN_OR_RETURN(const auto response, Send(ctx, target, body, "text/event-stream"));
  std::string buffer;
  std::string data;
  size_t bytes = 0;
  for (;;) {
    NL_ASSIGN_OR_RETURN(const auto piece, response->Read());
    if (!piece) return BrokenAnswer("it ends too early");
    bytes += piece->size();
    if (bytes > answer_bytes_max_)
      return MakeError(ErrorCode::kPayloadTooLarge, "the model's answer is larger than {} bytes", answer_bytes_max_);
    buffer += *piece;
    for (size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
      const std::string_view line = Trim(std::string_view(buffer).substr(0, end));
      if (line.starts_with(kData)) data += Trim(line.substr(kData.size()));
      const bool complete = line.empty() && !data.empty();
      buffer.erase(0, end + 1);
      if (!complete) continue;
      const std::string event = std::exchange(data, {});
      // OpenAI's way to say that there is no more, which its last event has said already.
      if (event == "[DONE]") return BrokenAnswer("it ends too early");
      NL_ASSIGN_OR_RETURN(const boost::json::object object, ParseAnswer(event));
      NL_ASSIGN_OR_RETURN(const bool last, on_event(object));
      if (last) return {};
    }
  }
}

const boost::json::object* ObjectAt(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const boost::json::array* ArrayAt(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

std::string TextAt(const boost::json::object& object, std::string_view name) { return net::TextMember(object, name); }

int64_t IntegerAt(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? std::max<int64_t>(0, value->get_int64()) : 0;
}

Result<boost::json::object> ParseOwn(std::string_view json, std::string_view what) {
  return net::ParseStrictObject(json, what, kDepthMax);
}

bool IsJsonObject(std::string_view text) { return net::ParseStrictObject(text, "it", kDepthMax).has_value(); }

}  // namespace neurolake::models
