#include "net/http_client.h"

#include <poll.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

namespace neurolake::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 * 1024;
constexpr size_t kWriteBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kResolveWait{30'000};

/// One connection, used by one thread. Every wait ends at its timeout, the request's deadline or its stop token, which
/// is why the calls are asynchronous inside although they block outside.
class Connection {
 public:
  Connection(const RequestContext& ctx, const Url& url, const HttpClientOptions& options)
      : ctx_(ctx), url_(url), options_(options) {}

  /// For a connection that was kept: whose waits these are now.
  void ServeFor(const RequestContext& ctx) { ctx_ = ctx; }

  /// Between answers nothing is to be read: what is there is the server's goodbye, or not meant for us.
  bool IsIdle() {
    pollfd waiting{.fd = socket().native_handle(), .events = POLLIN, .revents = 0};
    return buffer_.size() == 0 && socket().is_open() && ::poll(&waiting, 1, 0) == 0;
  }

  /// Says what failed in terms of the server's address: never what was sent.
  std::unexpected<Error> Unavailable(std::string_view what, const error_code& reason) const {
    return MakeError(ErrorCode::kUnavailable, "{} {}: {}", what, url_.Origin(), reason.message());
  }

  Result<void> Connect(asio::ssl::context* tls) {
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
    tcp::resolver resolver(io_);
    tcp::resolver::results_type addresses;
    error_code failure;
    NL_RETURN_IF_ERROR(Wait(
        kResolveWait, failure, [&] { resolver.cancel(); },
        [&](auto done) {
          resolver.async_resolve(url_.host, std::to_string(url_.port),
                                 [&addresses, done](error_code code, tcp::resolver::results_type found) {
                                   addresses = std::move(found);
                                   done(code);
                                 });
        }));
    if (failure) return Unavailable("cannot resolve", failure);
    if (tls == nullptr) {
      plain_.emplace(io_);
    } else {
      secure_.emplace(io_, *tls);
    }
    NL_RETURN_IF_ERROR(Wait(
        options_.connect_timeout, failure, [&] { Close(); },
        [&](auto done) {
          asio::async_connect(socket(), addresses, [done](error_code code, const tcp::endpoint&) { done(code); });
        }));
    if (failure) return Unavailable("cannot connect to", failure);
    socket().set_option(tcp::no_delay(true), failure);
    return tls == nullptr ? Result<void>() : Handshake();
  }

  /// A failed write may have an answer waiting (413, 401): `failure` tells, and the caller reads on.
  Result<void> Write(std::string_view bytes, error_code& failure) {
    return Wait(
        options_.idle_timeout, failure, [&] { Close(); },
        [&](auto done) {
          OnStream([&](auto& stream) {
            asio::async_write(stream, asio::buffer(bytes.data(), bytes.size()),
                              [done](error_code code, size_t) { done(code); });
          });
        });
  }

  Result<void> ReadHead(http::response_parser<http::buffer_body>& parser, error_code& failure) {
    return Wait(
        options_.idle_timeout, failure, [&] { Close(); },
        [&](auto done) {
          OnStream([&](auto& stream) {
            http::async_read_header(stream, buffer_, parser, [done](error_code code, size_t) { done(code); });
          });
        });
  }

  Result<void> ReadSome(http::response_parser<http::buffer_body>& parser, error_code& failure) {
    return Wait(
        options_.idle_timeout, failure, [&] { Close(); },
        [&](auto done) {
          OnStream([&](auto& stream) {
            http::async_read_some(stream, buffer_, parser, [done](error_code code, size_t) { done(code); });
          });
        });
  }

 private:
  tcp::socket& socket() { return secure_ ? secure_->next_layer() : *plain_; }

  void Close() {
    error_code ignored;
    socket().close(ignored);
  }

  template <typename Action>
  void OnStream(Action action) {
    if (secure_) {
      action(*secure_);
    } else {
      action(*plain_);
    }
  }

  Result<void> Handshake() {
    error_code failure;
    const bool is_address = !asio::ip::make_address(url_.host, failure).is_unspecified() && !failure;
    if (!is_address) SSL_set_tlsext_host_name(secure_->native_handle(), url_.host.c_str());
    secure_->set_verify_mode(asio::ssl::verify_peer);
    secure_->set_verify_callback(asio::ssl::host_name_verification(url_.host));
    NL_RETURN_IF_ERROR(Wait(
        options_.connect_timeout, failure, [&] { Close(); },
        [&](auto done) {
          secure_->async_handshake(asio::ssl::stream_base::client, [done](error_code code) { done(code); });
        }));
    return failure ? Unavailable("cannot open TLS to", failure) : Result<void>();
  }

  /// Starts one operation and blocks until it ended. `failure` is the operation's own; the Result is ours.
  template <typename Abort, typename Start>
  Result<void> Wait(std::chrono::milliseconds timeout, error_code& failure, Abort abort, Start start) {
    std::optional<error_code> ended;
    start([&ended](error_code code) { ended = code; });
    // A stop wakes the loop below; the io_context is the one part of it that other threads may touch.
    const std::stop_callback wake(ctx_.stop_token(), [this] { asio::post(io_, [] {}); });
    const SteadyTime until = std::chrono::steady_clock::now() + timeout;
    while (!ended) {
      const auto slice = std::min(until - std::chrono::steady_clock::now(), SteadyTime::duration(ctx_.Remaining()));
      io_.restart();
      // A stop that came before the callback was made is seen here, not slept through.
      if (ctx_.CheckAlive().has_value() && slice.count() > 0) io_.run_one_for(slice);
      if (ended) break;
      const Result<void> alive = ctx_.CheckAlive();
      const bool late = std::chrono::steady_clock::now() >= until;
      if (alive.has_value() && !late) continue;
      abort();
      while (!ended) {
        io_.restart();
        io_.run_one();
      }
      NL_RETURN_IF_ERROR(alive);
      return MakeError(ErrorCode::kUnavailable, "no answer within {} s from {}",
                       std::chrono::duration_cast<std::chrono::seconds>(timeout).count(), url_.Origin());
    }
    failure = *ended;
    return {};
  }

  RequestContext ctx_;
  Url url_;
  HttpClientOptions options_;
  asio::io_context io_;
  std::optional<tcp::socket> plain_;
  std::optional<asio::ssl::stream<tcp::socket>> secure_;
  beast::flat_buffer buffer_;
};

/// Connections that wait for their next request. Thread-safe.
class ConnectionPool {
 public:
  ConnectionPool(int connections_max, std::chrono::milliseconds age_max)
      : connections_max_(static_cast<size_t>(std::max(connections_max, 0))), age_max_(age_max) {}

  bool keeps() const { return connections_max_ > 0; }

  /// The one used last; null when there is none that is alive.
  std::unique_ptr<Connection> Take(const RequestContext& ctx) {
    std::lock_guard lock(mutex_);
    const SteadyTime oldest = std::chrono::steady_clock::now() - age_max_;
    while (!idle_.empty()) {
      Idle last = std::move(idle_.back());
      idle_.pop_back();
      if (last.since < oldest || !last.connection->IsIdle()) continue;
      last.connection->ServeFor(ctx);
      return std::move(last.connection);
    }
    return nullptr;
  }

  void Give(std::unique_ptr<Connection> connection) {
    std::lock_guard lock(mutex_);
    if (idle_.size() >= connections_max_ || !connection->IsIdle()) return;
    idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
  }

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    SteadyTime since;
  };

  const size_t connections_max_;
  const std::chrono::milliseconds age_max_;
  std::mutex mutex_;
  std::vector<Idle> idle_;
};

class StreamingResponse final : public HttpResponse {
 public:
  StreamingResponse(std::unique_ptr<Connection> connection, std::shared_ptr<ConnectionPool> pool,
                    uint64_t header_bytes_max)
      : connection_(std::move(connection)), pool_(std::move(pool)) {
    parser_.header_limit(static_cast<std::uint32_t>(header_bytes_max));
    parser_.body_limit(boost::none);
  }

  /// `skip_body`: an answer to HEAD. `body_cut`: the request could not be written to its end.
  Result<void> ReadHead(bool skip_body, bool body_cut) {
    parser_.skip(skip_body);
    body_cut_ = body_cut;
    error_code failure;
    NL_RETURN_IF_ERROR(connection_->ReadHead(parser_, failure));
    if (failure) return connection_->Unavailable("no valid HTTP answer from", failure);
    KeepConnection();
    return {};
  }

  int status() const override { return static_cast<int>(parser_.get().result_int()); }

  std::string header(std::string_view name) const override {
    const auto& fields = parser_.get();
    const auto found = fields.find(beast::string_view(name.data(), name.size()));
    return found == fields.end() ? std::string() : std::string(found->value());
  }

  Result<std::optional<std::string>> Read() override {
    while (!parser_.is_done()) {
      std::string piece(kReadBytes, '\0');
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      body.more = true;
      error_code failure;
      NL_RETURN_IF_ERROR(connection_->ReadSome(parser_, failure));
      if (failure == http::error::need_buffer) failure = {};
      piece.resize(piece.size() - body.size);
      if (failure) return connection_->Unavailable("answer broke off, connection lost to", failure);
      KeepConnection();
      if (!piece.empty()) return piece;
    }
    return std::nullopt;
  }

  Result<std::string> ReadAll(size_t limit_bytes) override {
    std::string all;
    while (true) {
      NL_ASSIGN_OR_RETURN(auto piece, Read());
      if (!piece) return all;
      if (all.size() + piece->size() > limit_bytes) {
        return MakeError(ErrorCode::kPayloadTooLarge, "answer of the server is larger than {} bytes", limit_bytes);
      }
      all += *piece;
    }
  }

 private:
  /// Once the answer has ended, and if the server lets it. A request whose body was not taken whole has lost step.
  void KeepConnection() {
    if (connection_ != nullptr && pool_->keeps() && parser_.is_done() && parser_.keep_alive() && !body_cut_) {
      pool_->Give(std::move(connection_));
    }
  }

  std::unique_ptr<Connection> connection_;
  std::shared_ptr<ConnectionPool> pool_;
  http::response_parser<http::buffer_body> parser_;
  bool body_cut_ = false;
};

bool HasControlCharacter(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

Result<std::string> Head(const Url& url, const HttpRequest& request, bool keep_connection) {
  if (HasControlCharacter(request.target) || request.target.contains(' ')) {
    return MakeError(ErrorCode::kInvalidArgument, "HTTP request target has a space or a control character");
  }
  std::string head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n{}", request.method, url.path, request.target,
                                 url.Authority(), keep_connection ? "" : "Connection: close\r\n");
  for (const auto& [name, value] : request.headers) {
    // The value may be a token: it is not repeated.
    if (HasControlCharacter(name) || HasControlCharacter(value)) {
      return MakeError(ErrorCode::kInvalidArgument, "HTTP header has a control character: {}",
                       HasControlCharacter(name) ? "its name" : name);
    }
    head += fmt::format("{}: {}\r\n", name, value);
  }
  if (request.body_source || !request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    head += fmt::format("Content-Length: {}\r\n",
                        request.body_source ? request.body_source_bytes : static_cast<int64_t>(request.body.size()));
  }
  return head + "\r\n";
}

/// Stops at the first failed write: the server may have answered already.
Result<void> SendBody(Connection& connection, const HttpRequest& request, error_code& failure) {
  if (!request.body_source) {
    // In pieces, so that each of them has its timeout.
    for (std::string_view left = request.body; !left.empty() && !failure;) {
      const std::string_view piece = left.substr(0, kWriteBytes);
      NL_RETURN_IF_ERROR(connection.Write(piece, failure));
      left.remove_prefix(piece.size());
    }
    return {};
  }
  int64_t left = request.body_source_bytes;
  while (left > 0) {
    NL_ASSIGN_OR_RETURN(const std::string piece, request.body_source());
    left -= static_cast<int64_t>(piece.size());
    if (piece.empty() || left < 0) {
      return MakeError(ErrorCode::kIoError, "the file changed its size while it was sent");
    }
    NL_RETURN_IF_ERROR(connection.Write(piece, failure));
    if (failure) return {};
  }
  return {};
}

}  // namespace

struct HttpClient::State {
  Url url;
  HttpClientOptions options;
  std::unique_ptr<asio::ssl::context> tls;
  std::shared_ptr<ConnectionPool> pool;  ///< Shared with answers that are still being read.
};

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;
const Url& HttpClient::url() const { return state_->url; }

Result<std::unique_ptr<HttpClient>> HttpClient::Make(Url url, HttpClientOptions options) {
  auto state = std::make_unique<State>();
  if (url.tls) {
    state->tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(state->tls->native_handle(), TLS1_2_VERSION);
    error_code failure;
    if (options.certificate_authority_file.empty()) {
      state->tls->set_default_verify_paths(failure);
    } else {
      state->tls->load_verify_file(options.certificate_authority_file, failure);
    }
    if (failure) {
      return MakeError(ErrorCode::kInvalidArgument, "cannot read the certificate authorities from {}: {}",
                       options.certificate_authority_file.empty() ? "the system" : options.certificate_authority_file,
                       failure.message());
    }
  }
  state->url = std::move(url);
  state->pool = std::make_shared<ConnectionPool>(options.idle_connections_max, options.idle_connection_age);
  state->options = std::move(options);
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

Result<std::unique_ptr<HttpResponse>> HttpClient::Send(const RequestContext& ctx, HttpRequest request) const {
  NL_ASSIGN_OR_RETURN(const std::string head, Head(state_->url, request, state_->pool->keeps()));
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  auto connection = state_->pool->Take(ctx);
  if (connection == nullptr) {
    connection = std::make_unique<Connection>(ctx, state_->url, state_->options);
    NL_RETURN_IF_ERROR(connection->Connect(state_->tls.get()));
  }
  if (request.sent != nullptr) *request.sent = true;
  error_code write_failure;
  NL_RETURN_IF_ERROR(connection->Write(head, write_failure));
  if (!write_failure) NL_RETURN_IF_ERROR(SendBody(*connection, request, write_failure));
  auto response =
      std::make_unique<StreamingResponse>(std::move(connection), state_->pool, state_->options.header_bytes_max);
  NL_RETURN_IF_ERROR(response->ReadHead(request.method == "HEAD", static_cast<bool>(write_failure)));
  return response;
}

}  // namespace neurolake::net
