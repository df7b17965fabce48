#include "retrieval/endpoint_embedder.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>

#include "common/untrusted_text.h"
#include "net/url.h"

namespace neurolake::retrieval {
namespace {

namespace json = boost::json;

/// A number takes some 12 characters in JSON.
constexpr size_t kBytesPerNumber = 32;
constexpr size_t kAnswerBytesMin = 1 << 20;

/// Valid UTF-8, as JSON wants it.
json::string ValidText(std::string_view text) {
  boost::system::error_code failure;
  const json::value value = json::parse(UntrustedText(std::string(text)).QuotedJson(), failure);
  return failure ? json::string() : value.as_string();
}

bool MayTryAgain(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

}  // namespace

Result<std::unique_ptr<EndpointEmbedder>> EndpointEmbedder::Make(EndpointEmbedderOptions options) {
  if (options.model.id.empty() || options.model.dimension == 0) {
    return MakeError(ErrorCode::kInvalidArgument, "embedding endpoint needs the model's name and its dimension");
  }
  NL_ASSIGN_OR_RETURN(net::Url url, net::ParseUrl(options.url));
  NL_ASSIGN_OR_RETURN(auto http, net::HttpClient::Make(
                                     std::move(url), {.idle_timeout = options.timeout,
                                                      .certificate_authority_file = options.certificate_authority_file,
                                                      .idle_connections_max = 4}));
  return std::unique_ptr<EndpointEmbedder>(new EndpointEmbedder(std::move(http), std::move(options)));
}

Result<EmbeddingBatch> EndpointEmbedder::Embed(const RequestContext& ctx,
                                               std::span<const std::string_view> texts) const {
  EmbeddingBatch batch(texts.size(), options_.model.dimension);
  const size_t per_call = std::max<size_t>(options_.texts_per_call, 1);
  for (size_t first = 0; first < texts.size(); first += per_call) {
    json::array input;
    for (const std::string_view text : texts.subspan(first, std::min(per_call, texts.size() - first))) {
      // Servers refuse empty texts; what they would say of a space is as good.
      input.emplace_back(text.empty() ? json::string(" ") : ValidText(text));
    }
    const size_t count = input.size();
    const json::object body = {{"model", options_.model.id}, {"input", std::move(input)}, {"encoding_format", "float"}};
    NL_ASSIGN_OR_RETURN(const std::string answer, Ask(ctx, json::serialize(body)));
    NL_RETURN_IF_ERROR(Read(answer, batch, first, count));
  }
  return batch;
}

Result<EndpointEmbedder::Answer> EndpointEmbedder::AskOnce(const RequestContext& ctx, const std::string& body) const {
  net::HttpRequest request;
  request.method = "POST";
  request.target = "/embeddings";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!options_.key.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.key);
  request.body = body;
  const SteadyTime until = std::min(ctx.deadline(), ctx.clock().SteadyNow() + options_.timeout);
  const RequestContext call(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(), until, ctx.stop_token());
  const size_t limit = kAnswerBytesMin + options_.texts_per_call * options_.model.dimension * kBytesPerNumber;
  const auto ask = [&]() -> Result<Answer> {
    NL_ASSIGN_OR_RETURN(const auto response, http_->Send(call, std::move(request)));
    NL_ASSIGN_OR_RETURN(std::string text, response->ReadAll(limit));
    return Answer{response->status(), std::move(text)};
  };
  Result<Answer> answer = ask();
  if (answer.has_value()) return answer;
  // The call's own time is over, the caller's is not.
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  if (answer.error().code() == ErrorCode::kDeadlineExceeded) {
    return MakeError(ErrorCode::kUnavailable, "embedding endpoint did not answer within {} ms: {}",
                     options_.timeout.count(), http_->url().Origin());
  }
  if (answer.error().code() == ErrorCode::kPayloadTooLarge) {
    return MakeError(ErrorCode::kUnavailable, "embedding endpoint answered with too much: {}", http_->url().Origin());
  }
  return answer;
}

Result<std::string> EndpointEmbedder::Ask(const RequestContext& ctx, const std::string& body) const {
  std::chrono::milliseconds backoff = options_.first_backoff;
  int status = 0;
  for (int attempt = 0; attempt < std::max(options_.attempts_max, 1); ++attempt) {
    if (attempt > 0) {
      NL_RETURN_IF_ERROR(ctx.SleepFor(backoff));
      backoff *= 2;
    }
    NL_ASSIGN_OR_RETURN(Answer answer, AskOnce(ctx, body));
    if (answer.status == 200) return std::move(answer.body);
    status = answer.status;
    if (!MayTryAgain(status)) break;
  }
  // What the server says may repeat the texts or the key: only the status is passed on.
  const ErrorCode code = status == 429                    ? ErrorCode::kTooManyRequests
                         : status == 401 || status == 403 ? ErrorCode::kPermissionDenied
                                                          : ErrorCode::kUnavailable;
  return MakeError(code, "embedding endpoint refused with HTTP status {}: {}", status, http_->url().Origin());
}

Result<void> EndpointEmbedder::Read(std::string_view answer, EmbeddingBatch& batch, size_t first, size_t count) const {
  const auto wrong = [&](std::string_view what) {
    return MakeError(ErrorCode::kUnavailable, "embedding endpoint gave no valid answer, {}: {}", what,
                     http_->url().Origin());
  };
  boost::system::error_code failure;
  const json::value value = json::parse(answer, failure);
  const json::value* data = !failure && value.is_object() ? value.get_object().if_contains("data") : nullptr;
  if (data == nullptr || !data->is_array()) return wrong("it is not JSON with a list \"data\"");
  if (data->get_array().size() != count) return wrong("it has another number of vectors than texts were sent");
  std::vector<bool> given(count);
  for (const json::value& item : data->get_array()) {
    const json::value* index = item.is_object() ? item.get_object().if_contains("index") : nullptr;
    const json::value* numbers = item.is_object() ? item.get_object().if_contains("embedding") : nullptr;
    if (index == nullptr || !index->is_int64() || numbers == nullptr || !numbers->is_array()) {
      return wrong("an item lacks \"index\" or \"embedding\"");
    }
    const int64_t row = index->get_int64();
    if (row < 0 || row >= static_cast<int64_t>(count) || given[row])
      return wrong("an index is out of range or repeats");
    given[row] = true;
    const json::array& list = numbers->get_array();
    const std::span<float> vector = batch[first + static_cast<size_t>(row)];
    if (list.size() != vector.size()) {
      return wrong(
          fmt::format("a vector has {} numbers where the model is configured with {}", list.size(), vector.size()));
    }
    for (size_t at = 0; at < vector.size(); ++at) {
      if (!list[at].is_number()) return wrong("a vector holds something that is no number");
      vector[at] = static_cast<float>(list[at].to_number<double>());
      if (!std::isfinite(vector[at])) return wrong("a vector holds a number that is too large");
    }
    Normalize(vector);
  }
  return {};
}

}  // namespace neurolake::retrieval
