#pragma once
#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/provider.h"
#include "net/http_client.h"

namespace neurolake::models {

/// One question to a provider and its answer, whatever it is about. Nothing that was sent or received is in its errors.
class ProviderClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// `headers` go with every request.
  static Result<std::unique_ptr<ProviderClient>> Make(const ProviderOptions& options, Headers headers);

  /// The answer, which is one JSON object.
  Result<boost::json::object> Ask(const RequestContext& ctx, const std::string& target, const std::string& body) const;

  /// What one event does: true when it was the last.
  using OnEvent = std::function<Result<bool>(const boost::json::object& data)>;
  /// The answer as server-sent events, each of whose data is a JSON object. Errors: kUnavailable too where it ends
  /// before `on_event` had the last.
  Result<void> AskForEvents(const RequestContext& ctx, const std::string& target, const std::string& body,
                            const OnEvent& on_event) const;

 private:
  ProviderClient(std::unique_ptr<net::HttpClient> client, Headers headers, size_t answer_bytes_max)
      : client_(std::move(client)), headers_(std::move(headers)), answer_bytes_max_(answer_bytes_max) {}
  Result<std::unique_ptr<net::HttpResponse>> Send(const RequestContext& ctx, const std::string& target,
                                                  const std::string& body, const char* accept) const;

  const std::unique_ptr<net::HttpClient> client_;
  const Headers headers_;
  const size_t answer_bytes_max_;
};

/// The error for an answer that is not what the protocol says.
std::unexpected<Error> BrokenAnswer(std::string_view what);

// Members of an answer; missing and mistyped ones are null, zero or empty.
const boost::json::object* ObjectAt(const boost::json::object& object, std::string_view name);
const boost::json::array* ArrayAt(const boost::json::object& object, std::string_view name);
std::string TextAt(const boost::json::object& object, std::string_view name);
int64_t IntegerAt(const boost::json::object& object, std::string_view name);
/// A JSON object of ours, such as a schema. Errors: kInvalidArgument naming it.
Result<boost::json::object> ParseOwn(std::string_view json, std::string_view what);
/// Whether the text is one JSON object.
bool IsJsonObject(std::string_view text);

}  // namespace neurolake::models
