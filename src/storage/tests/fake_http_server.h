#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

struct ssl_ctx_st;

namespace neurolake::storage {

struct FakeRequest {
  std::string method;
  std::string path;                            ///< Decoded.
  std::map<std::string, std::string> query;    ///< Decoded.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
  int connection = 0;  ///< Which connection it came over, from 1.
};

struct FakeReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// How the answer goes wrong.
  enum class Fault : uint8_t {
    kNone,
    kLost,       ///< The connection closes without an answer.
    kTruncated,  ///< The head announces all of the body, half of it comes, then the connection closes.
    kSilent,     ///< Nothing comes until the server is stopped.
    kGarbage,    ///< Not HTTP.
    kClosing,    ///< Whole, then the connection closes although the head did not say so.
  };
  Fault fault = Fault::kNone;
};

/// A certificate of its own authority, for `name`: "DNS:localhost", "IP:127.0.0.1". Both in PEM.
struct FakeCertificate {
  std::string certificate;
  std::string key;
};
FakeCertificate MakeFakeCertificate(const std::string& name);

/// HTTP/1.1 on 127.0.0.1, one thread per connection, connections kept. For tests.
class FakeHttpServer {
 public:
  using Handler = std::function<FakeReply(const FakeRequest&)>;
  explicit FakeHttpServer(Handler handler, std::optional<FakeCertificate> tls = {});
  ~FakeHttpServer();

  std::string url() const;
  uint16_t port() const { return port_; }
  std::vector<FakeRequest> requests() const;
  int connections() const { return connections_; }

 private:
  class Stream;
  void Accept();
  void Serve(int descriptor, int connection);
  void ServeStream(Stream& stream, int connection);
  static bool Send(Stream& stream, const FakeReply& reply, bool with_body);

  Handler handler_;
  std::shared_ptr<ssl_ctx_st> tls_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<FakeRequest> requests_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
  bool stopping_ = false;
};

}  // namespace neurolake::storage
