#include "server/http/internal/connection.h"

#include <arpa/inet.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "common/text.h"
#include "net/certificate.h"
#include "server/http/internal/exchange.h"
#include "server/http/internal/request_limits.h"

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

std::string AddressOf(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = address.ss_family == AF_INET
                          ? static_cast<const void*>(&reinterpret_cast<sockaddr_in&>(address).sin_addr)
                          : &reinterpret_cast<sockaddr_in6&>(address).sin6_addr;
  inet_ntop(address.ss_family, bytes, text, sizeof text);
  return CountedAddress(text);
}

template <typename Stream>
class SocketConnection final : public Connection {
 public:
  template <typename MakeStream>
  SocketConnection(int descriptor, bool from_loopback, const ConnectionOptions& options, const Clock& clock,
                   SocketWatcher& watcher, RequestHandler& handler, MakeStream&& make_stream)
      : options_(options),
        from_loopback_(from_loopback),
        address_(AddressOf(descriptor)),
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
      const auto code = io_.Wait(
          [&](auto handler) { io_.stream().async_handshake(asio::ssl::stream_base::server, std::move(handler)); });
      if (code) return false;
      SSL* const tls = io_.stream().native_handle();
      const X509* const certificate = SSL_get0_peer_certificate(tls);
      // Without an authority nothing was verified, and clients are not asked.
      if (certificate != nullptr && SSL_get_verify_result(tls) == X509_V_OK &&
          SSL_get_verify_mode(tls) != SSL_VERIFY_NONE) {
        certificate_names_ = net::AlternativeNames(certificate);
      }
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
    request.address = address_;
    request.certificate_names = certificate_names_;
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
         {"host", "content-length", "transfer-encoding", "authorization", "content-type", "cookie", "origin"}) {
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
  const std::string address_;
  std::vector<std::string> certificate_names_;
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

namespace {

Result<void> AskForClientCertificates(SSL_CTX* context, const TlsContext::Files& files) {
  if (SSL_CTX_load_verify_file(context, files.client_authority.c_str()) != 1) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_client_authority is not a readable PEM file: {}",
                     files.client_authority);
  }
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.client_authority.c_str()));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (files.client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  // A resumed session would bring a certificate that was revoked or has expired meanwhile.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  if (files.client_revocations.empty()) return {};
  X509_LOOKUP* const lookup = X509_STORE_add_lookup(SSL_CTX_get_cert_store(context), X509_LOOKUP_file());
  if (lookup == nullptr || X509_load_crl_file(lookup, files.client_revocations.c_str(), X509_FILETYPE_PEM) < 1) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_client_revocations is not a readable PEM file: {}",
                     files.client_revocations);
  }
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const Files& files) {
  auto state = std::make_unique<State>();
  // Clients without TLS 1.3 are older than this product; leaving 1.2 out leaves its choices out.
  SSL_CTX_set_min_proto_version(state->context.native_handle(), TLS1_3_VERSION);
  ErrorCodeOfBoost code;
  state->context.use_certificate_chain_file(files.certificate, code);
  if (code) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_certificate is not a readable PEM certificate chain: {}",
                     files.certificate);
  }
  state->context.use_private_key_file(files.key, asio::ssl::context::pem, code);
  if (code || SSL_CTX_check_private_key(state->context.native_handle()) != 1) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_key is not the PEM private key of the certificate: {}",
                     files.key);
  }
  if (!files.client_authority.empty())
    NL_RETURN_IF_ERROR(AskForClientCertificates(state->context.native_handle(), files));
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
