#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "net/url.h"

namespace neurolake::net {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< Path and query below the client's URL; starts with "/".
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// For bodies too large to hold: called until it gives an empty string; `body` is ignored. The length must be known.
  std::function<Result<std::string>()> body_source;
  int64_t body_source_bytes = 0;
  /// Set once anything of the request may have reached the server: a failure before that had no effect there.
  bool* sent = nullptr;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  /// Longest silence of the server while it answers. The request's deadline bounds the whole call besides.
  std::chrono::milliseconds idle_timeout{900'000};
  std::string certificate_authority_file;  ///< PEM. Empty: the system's.
  uint64_t header_bytes_max = 64 * 1024;
  /// Connections kept for the next request once their answer was read to its end; 0: each request has its own.
  int idle_connections_max = 0;
  std::chrono::milliseconds idle_connection_age{20'000};
};

/// An answer whose body comes as it is read: memory stays bounded whatever its size. Destroying it before the body's
/// end closes the connection. One thread reads.
class HttpResponse {
 public:
  virtual ~HttpResponse() = default;
  virtual int status() const = 0;
  /// Compares names without case; empty when there is no such header.
  virtual std::string header(std::string_view name) const = 0;
  /// The next piece of the body; nullopt at its end. Errors: kUnavailable when the connection broke before the end;
  /// kCancelled and kDeadlineExceeded from the request's context.
  virtual Result<std::optional<std::string>> Read() = 0;
  /// What is left of the body. Errors: as Read; kPayloadTooLarge above `limit_bytes`.
  virtual Result<std::string> ReadAll(size_t limit_bytes) = 0;
};

/// HTTP/1.1 over TCP or TLS 1.2+ (certificate and host name verified). Thread-safe.
/// It follows no redirects: a token must not travel to where a server points. It repeats nothing: a connection that was
/// kept and turns out to be dead is an error like any other, since the request may have had its effect.
class HttpClient {
 public:
  /// Errors: kInvalidArgument when the certificate authority's file cannot be read.
  static Result<std::unique_ptr<HttpClient>> Make(Url url, HttpClientOptions options);
  ~HttpClient();

  const Url& url() const;
  /// Sends and waits for the answer's head. Any status is an answer, not an error.
  /// Errors: kUnavailable (not resolvable, refused, TLS, broken), naming host and port; kCancelled, kDeadlineExceeded.
  Result<std::unique_ptr<HttpResponse>> Send(const RequestContext& ctx, HttpRequest request) const;

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace neurolake::net
