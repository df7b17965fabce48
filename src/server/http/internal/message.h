#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace neurolake::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The body of a request as it arrives. Not thread-safe.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// Bytes announced by Content-Length; nullopt for chunked bodies.
  virtual std::optional<uint64_t> announced_size() const = 0;
  /// Blocks for the next bytes; 0 at the end. Errors: kDeadlineExceeded for a client that is too slow, kCancelled for
  /// one that went away, kInvalidArgument for broken framing.
  virtual Result<size_t> Read(std::span<char> buffer) = 0;
};

/// What a client asked, free of any network library.
struct Request {
  std::string method;  ///< "GET"; upper case as sent.
  std::string target;  ///< As sent: "/v1/statements?limit=3".
  Headers headers;     ///< Names in lower case.
  BodyReader* body = nullptr;
  bool from_loopback = false;
  /// The client's as the socket knows it, in the form of CountedAddress: no header says who asks, but one of
  /// http.trusted_proxies.
  std::string address = {};
  /// Names of the client certificate that TLS verified (net::AlternativeNames); empty without one.
  std::vector<std::string> certificate_names = {};
  bool http_1_0 = false;
  /// Stops when the client closes its connection or the server shuts down.
  std::stop_token stop;

  /// First value of a header (name in lower case), or empty.
  std::string_view Header(std::string_view name) const;
  size_t CountHeader(std::string_view name) const;
};

struct ResponseHead {
  int status = 200;
  std::string content_type;
  Headers headers;
};

/// Sends one response. Not thread-safe. Either `Send`, or `Begin`, any number of `Write`, then `Finish` or `Abort`.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  virtual Result<void> Send(const ResponseHead& head, std::string_view body) = 0;
  /// Chunked for HTTP/1.1 clients; delimited by the end of the connection for older ones.
  virtual Result<void> Begin(const ResponseHead& head) = 0;
  /// Blocks while the client reads slowly. Errors: kCancelled when it went away, kDeadlineExceeded when it stopped
  /// reading; after one every further call fails at once.
  virtual Result<void> Write(std::string_view bytes) = 0;
  virtual Result<void> Finish(const Headers& trailers) = 0;
  /// Cuts the connection, so that the client sees the response as incomplete.
  virtual void Abort() = 0;
  virtual bool begun() const = 0;
  virtual int status() const = 0;
  virtual uint64_t bytes_sent() const = 0;
};

/// Answers requests. Thread-safe.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual void Handle(Request& request, ResponseWriter& writer) = 0;
  /// Body of an answer to bytes that are no HTTP request: a problem document for `status`.
  virtual std::pair<ResponseHead, std::string> Refuse(int status, std::string_view detail) = 0;
};

}  // namespace neurolake::server
