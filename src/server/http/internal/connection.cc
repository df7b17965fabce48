#include "server/http/internal/connection.h"

#include <sys/socket.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "common/text.h"
#include "server/http/internal/exchange.h"

namespace neurolake::server {
namespace {

/// Statuses for requests whose head is not HTTP as we accept it; 0 for a connection that just ended.
int StatusOf(const ErrorCodeOfBoost& code) {
  if (code == http::error::header_limit || code == http::error::buffer_overflow) return 431;
  if (code == beast::error::timeout) return 408;
  if (code == http::error::bad_version) return 505;
  if (code == http::error::end_of_stream || code == http::error::partial_message) return 0;
  return code.category() == make_error_code(http::error::bad_method).category() ? 400 : 0;
}

template <typename Stream>
class SocketConnection final : public Connection {
 public:
  template <typename MakeStream>
  SocketConnection(int descriptor, bool from_loopback, const ConnectionOptions& options, const Clock& clock,
                   SocketWatcher& watcher, RequestHandler& handler, MakeStream&& make_stream)
      : options_(options),
        from_loopback_(from_loopback),
        clock_(clock),
        watcher_(watcher),
        handler_(handler),
        descriptor_(descriptor),
        io_(context_, make_stream(context_, descriptor), options.idle_timeout) {
    SetIdle(true);
  }

  ~SocketConnection() override {
    // Before the descriptor goes: Close() from another thread must not hit somebody else's.
    std::lock_guard lock(mutex_);
    descriptor_ = -1;
    ErrorCodeOfBoost ignored;
    io_.socket().close(ignored);
  }

  void Run() override {
    if (!Handshake()) return;
    while (ServeOne()) {
    }
    Goodbye();
  }

  void Drain() override {
    draining_ = true;
    if (idle_since().has_value()) ShutDownSocket(SHUT_RD);
  }

  void Close() override {
    draining_ = true;
    {
      std::lock_guard lock(mutex_);
      stop_.request_stop();
    }
    ShutDownSocket(SHUT_RDWR);
  }

  std::optional<SteadyTime> idle_since() const override {
    const int64_t since = idle_since_.load();
    if (since == 0) return std::nullopt;
    return SteadyTime(SteadyTime::duration(since));
  }

 private:
  void SetIdle(bool idle) {
    // +1: a fake clock may start at zero, which means busy here.
    idle_since_ = idle ? clock_.SteadyNow().time_since_epoch().count() + 1 : 0;
  }

  // Wakes whatever read or write is going on in Run's thread; the socket object itself belongs to that thread.
  void ShutDownSocket(int how) {
    std::lock_guard lock(mutex_);
    if (descriptor_ >= 0) shutdown(descriptor_, how);
  }

  bool Handshake() {
    if constexpr (!std::is_same_v<Stream, asio::ip::tcp::socket>) {
      return !io_.Wait(
          [&](auto handler) { io_.stream().async_handshake(asio::ssl::stream_base::server, std::move(handler)); });
    }
    return true;
  }

  void Goodbye() {
    if constexpr (!std::is_same_v<Stream, asio::ip::tcp::socket>) {
      if (!aborted_) io_.Wait([&](auto handler) { io_.stream().async_shutdown(std::move(handler)); });
    }
    if (aborted_) return;
    ErrorCodeOfBoost ignored;
    io_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    // Closing with unread bytes would send a reset that can overtake the answer.
    char sink[16 * 1024];
    for (int i = 0; i < 64; ++i) {
      std::optional<size_t> count;
      const auto code = io_.WaitFor(std::chrono::seconds(1), [&](auto handler) {
        io_.socket().async_read_some(asio::buffer(sink), [&count, handler](ErrorCodeOfBoost error, size_t n) mutable {
          count = n;
          handler(error);
        });
      });
      if (code || draining_ || !count.has_value() || *count == 0) return;
    }
  }

  // Waits for the first byte of a request. The time between requests does not count as time for its head.
  bool AwaitRequest() {
    if (buffer_.size() > 0) return true;
    SetIdle(true);
    if (draining_) return false;
    size_t count = 0;
    const auto code = io_.Wait([&](auto handler) {
      io_.stream().async_read_some(buffer_.prepare(4096), [&count, handler](ErrorCodeOfBoost error, size_t n) mutable {
        count = n;
        handler(error);
      });
    });
    buffer_.commit(count);
    return !code && count > 0;
  }

  void Refuse(int status, std::string_view detail) {
    SocketWriter<Stream> writer(io_, clock_, {.keep_alive = false});
    const auto [head, body] = handler_.Refuse(status, detail);
    (void)writer.Send(head, body);
  }

  bool ServeOne() {
    if (!AwaitRequest()) return false;
    SetIdle(false);
    Parser parser;
    parser.header_limit(options_.header_bytes_max);
    parser.body_limit(boost::none);  // Routes have limits of their own; see ReadBody.
    const auto code =
        io_.Wait([&](auto handler) { http::async_read_header(io_.stream(), buffer_, parser, std::move(handler)); });
    if (code) {
      const int status = StatusOf(code);
      if (status != 0) {
        Refuse(status, status == 408 ? "the request's head did not arrive in time"
                                     : fmt::format("the request is not valid HTTP: {}", code.message()));
      }
      return false;
    }
    Request request = MakeRequest(parser);
    if (const std::string wrong = FindAmbiguity(request); !wrong.empty()) {
      Refuse(wrong == kUnknownEncoding ? 501 : 400, wrong);
      return false;
    }
    return Answer(parser, request);
  }

  bool Answer(Parser& parser, Request& request) {
    const bool expects_continue = EqualsIgnoringCase(request.Header("expect"), "100-continue");
    SocketBody<Stream> body(io_, buffer_, parser, expects_continue, options_.idle_timeout);
    std::stop_source stop;
    SocketWriter<Stream> writer(io_, clock_,
                                {.head_only = request.method == "HEAD",
                                 .http_1_0 = request.http_1_0,
                                 .keep_alive = parser.get().keep_alive() && !draining_,
                                 .stop = stop.get_token()});
    {
      std::lock_guard lock(mutex_);
      stop_ = stop;
    }
    request.body = &body;
    request.stop = stop.get_token();
    {
      SocketWatcher::Watch watch(watcher_, descriptor_, stop);
      handler_.Handle(request, writer);
    }
    if (!writer.may_go_on()) {
      aborted_ = !writer.finished();
      return false;
    }
    return body.Drain() && !draining_;
  }

  Request MakeRequest(const Parser& parser) const {
    Request request;
    const auto& message = parser.get();
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.http_1_0 = message.version() < 11;
    request.from_loopback = from_loopback_;
    for (const auto& field : message) {
      request.headers.emplace_back(LowerAscii(std::string(field.name_string())), std::string(field.value()));
    }
    return request;
  }

  static constexpr std::string_view kUnknownEncoding = "Transfer-Encoding may only be \"chunked\"";

  // Whatever a proxy before us could read differently (request smuggling) is refused, even where the standard is
  // milder.
  static std::string FindAmbiguity(const Request& request) {
    for (const std::string_view once :
         {"host", "content-length", "transfer-encoding", "authorization", "content-type"}) {
      if (request.CountHeader(once) > 1) return fmt::format("the header {} must not be repeated", once);
    }
    const std::string_view length = request.Header("content-length");
    if (length.find_first_not_of("0123456789") != std::string_view::npos) return "Content-Length is not a number";
    const bool encoded = request.CountHeader("transfer-encoding") > 0;
    if (encoded && request.CountHeader("content-length") > 0) return "Content-Length contradicts Transfer-Encoding";
    if (encoded && request.http_1_0) return "Transfer-Encoding is not part of HTTP/1.0";
    if (encoded && !EqualsIgnoringCase(request.Header("transfer-encoding"), "chunked")) {
      return std::string(kUnknownEncoding);
    }
    if (!request.http_1_0 && request.CountHeader("host") == 0) return "the header Host is missing";
    return {};
  }

  const ConnectionOptions& options_;
  const bool from_loopback_;
  const Clock& clock_;
  SocketWatcher& watcher_;
  RequestHandler& handler_;
  std::atomic<int64_t> idle_since_{0};
  std::atomic<bool> draining_{false};
  bool aborted_ = false;
  std::mutex mutex_;  ///< Guards stop_ and descriptor_ against Close().
  std::stop_source stop_;
  int descriptor_;
  asio::io_context context_{1};
  TimedStream<Stream> io_;
  beast::flat_buffer buffer_{256 * 1024};
};

using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;

asio::ip::tcp::socket MakeSocket(asio::io_context& context, int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  return {context, address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor};
}

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

size_t Request::CountHeader(std::string_view name) const {
  return static_cast<size_t>(
      std::count_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; }));
}

struct TlsContext::State {
  asio::ssl::context context{asio::ssl::context::tls_server};
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const std::string& certificate_file,
                                                           const std::string& key_file) {
  auto state = std::make_unique<State>();
  // Clients without TLS 1.3 are older than this product; leaving 1.2 out leaves its choices out.
  SSL_CTX_set_min_proto_version(state->context.native_handle(), TLS1_3_VERSION);
  ErrorCodeOfBoost code;
  state->context.use_certificate_chain_file(certificate_file, code);
  if (code) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_certificate is not a readable PEM certificate chain: {}",
                     certificate_file);
  }
  state->context.use_private_key_file(key_file, asio::ssl::context::pem, code);
  if (code || SSL_CTX_check_private_key(state->context.native_handle()) != 1) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_key is not the PEM private key of the certificate: {}",
                     key_file);
  }
  return std::make_shared<const TlsContext>(std::move(state));
}

std::unique_ptr<Connection> NewConnection(int descriptor, bool from_loopback, const ConnectionOptions& options,
                                          const Clock& clock, SocketWatcher& watcher, RequestHandler& handler) {
  if (options.tls == nullptr) {
    return std::make_unique<SocketConnection<asio::ip::tcp::socket>>(descriptor, from_loopback, options, clock, watcher,
                                                                     handler, MakeSocket);
  }
  const auto make_stream = [&](asio::io_context& context, int socket) {
    return TlsStream(MakeSocket(context, socket), options.tls->state().context);
  };
  return std::make_unique<SocketConnection<TlsStream>>(descriptor, from_loopback, options, clock, watcher, handler,
                                                       make_stream);
}

}  // namespace neurolake::server
