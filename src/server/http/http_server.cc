#include "server/http/http_server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <list>

#include "catalog/authenticator.h"
#include "common/log.h"
#include "net/certificate.h"
#include "net/url.h"
#include "server/http/internal/connection.h"
#include "server/http/internal/dispatcher.h"

namespace neurolake::server {
namespace {

constexpr int kPollMilliseconds = 100;

bool IsLoopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return v6.sin6_addr.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

Result<int> Listen(const std::string& host, int64_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host == "localhost" ? "127.0.0.1" : host.c_str(), fmt::to_string(port).c_str(), &hints, &found) !=
      0) {
    return MakeError(ErrorCode::kInvalidArgument, "http.listen must be an IP address such as 127.0.0.1 or ::, not: {}",
                     host);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard(found, freeaddrinfo);
  const int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return MakeError(ErrorCode::kUnavailable, "no socket for http.listen: {}", std::strerror(errno));
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 || listen(descriptor, SOMAXCONN) != 0) {
    const int error = errno;
    close(descriptor);
    return MakeError(ErrorCode::kUnavailable, "cannot listen on http.listen and http.port, {}:{}: {}", host, port,
                     std::strerror(error));
  }
  return descriptor;
}

}  // namespace

namespace {

uint16_t PortOf(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

std::string UrlOf(const std::string& host, uint16_t port, bool tls) {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

/// Whether other machines reach the address, so that passwords and tokens would go over the network.
bool IsPublic(const std::string& host) { return host != "localhost" && host != "::1" && !host.starts_with("127."); }

/// Null for plain HTTP.
Result<std::shared_ptr<const TlsContext>> LoadTls(const Settings& settings, const std::string& own_directory,
                                                  const Clock& clock) {
  if (settings.http_tls_certificate.empty() != settings.http_tls_key.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_certificate and http.tls_key must be set together");
  }
  const bool has_certificate = !settings.http_tls_certificate.empty();
  const bool wanted =
      settings.http_tls == "on" || has_certificate || (IsPublic(settings.http_listen) && !own_directory.empty());
  if (settings.http_tls == "off" || !wanted) {
    if (settings.http_tls_client_authority.empty() && !(settings.http_tls == "off" && has_certificate)) return nullptr;
    return MakeError(ErrorCode::kInvalidArgument, "http.tls is off, and certificates are set");
  }
  TlsContext::Files files{.certificate = settings.http_tls_certificate,
                          .key = settings.http_tls_key,
                          .client_authority = settings.http_tls_client_authority,
                          .client_revocations = settings.http_tls_client_revocations,
                          .client_required = settings.http_tls_client_required};
  if (files.client_authority.empty() && (files.client_required || !files.client_revocations.empty())) {
    return MakeError(ErrorCode::kInvalidArgument, "client certificates need http.tls_client_authority");
  }
  if (!has_certificate) {
    if (own_directory.empty()) return MakeError(ErrorCode::kInvalidArgument, "http.tls needs http.tls_certificate");
    NL_ASSIGN_OR_RETURN(auto own, net::LocalCertificate(own_directory, clock));
    files.certificate = std::move(own.certificate);
    files.key = std::move(own.key);
  }
  return TlsContext::Load(files);
}

Result<std::string> PublicUrl(const Settings& settings, int descriptor, bool tls) {
  if (settings.http_public_url.empty()) return UrlOf(settings.http_listen, PortOf(descriptor), tls);
  NL_ASSIGN_OR_RETURN(const auto url, net::ParseUrl(settings.http_public_url));
  if (!url.path.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "http.public_url must be an origin, without a path");
  }
  return url.Origin();
}

}  // namespace

class HttpServer::Listener {
 public:
  Listener(const Settings& settings, query::StatementService& service, const Clock& clock, Options options,
           std::unique_ptr<StatementStore> statements, std::shared_ptr<const TlsContext> tls, int descriptor,
           std::unique_ptr<catalog::Authenticator> authenticator, std::string public_url)
      : settings_(settings),
        service_(service),
        clock_(clock),
        statements_(std::move(statements)),
        uploads_(clock_, {.directory = std::move(options.staging_directory),
                          .keep = settings_.uploads_keep,
                          .bytes_max = settings_.uploads_bytes_max}),
        authenticator_(std::move(authenticator)),
        limits_(settings_, clock_, service_),
        door_{settings_,
              service_,
              clock_,
              *statements_,
              uploads_,
              flusher_,
              std::move(options.version),
              *authenticator_,
              login_box_,
              limits_,
              options.messages,
              options.ask,
              std::move(public_url)},
        dispatcher_(door_),
        options_{.idle_timeout = settings_.http_idle_timeout, .tls = std::move(tls)},
        descriptor_(descriptor) {
    port_ = PortOf(descriptor_);
    accepting_ = std::jthread([this](std::stop_token stop) { Accept(std::move(stop)); });
  }

  ~Listener() {
    Stop(std::chrono::milliseconds(0));
    statements_.reset();
  }

  uint16_t port() const { return port_; }
  std::string url() const { return UrlOf(settings_.http_listen, port_, options_.tls != nullptr); }

  void Stop(std::chrono::milliseconds grace) {
    if (accepting_.joinable()) {
      accepting_.request_stop();
      accepting_.join();
      close(descriptor_);
    }
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (Connection* connection : connections_) connection->Drain();
    if (changed_.wait_for(lock, grace, [this] { return active_ == 0; })) return;
    for (Connection* connection : connections_) connection->Close();
    changed_.wait(lock, [this] { return active_ == 0; });
  }

 private:
  void Accept(std::stop_token stop) {
    while (!stop.stop_requested()) {
      if (!AwaitSlot()) continue;
      pollfd ready{descriptor_, POLLIN, 0};
      if (poll(&ready, 1, kPollMilliseconds) <= 0) continue;
      sockaddr_storage peer{};
      socklen_t length = sizeof peer;
      const int client = accept4(descriptor_, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC);
      if (client < 0) {
        // Out of descriptors or memory: the next round may do better, an immediate one would only burn the processor.
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
          Log(LogLevel::kWarn, "cannot accept a connection", {}, {{"error", std::string(std::strerror(errno))}});
          std::this_thread::sleep_for(std::chrono::milliseconds(kPollMilliseconds));
        }
        continue;
      }
      const int on = 1;
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Begin(client, IsLoopback(peer));
    }
  }

  // True when one more connection may be served. Makes room by ending the one that has been idle longest.
  bool AwaitSlot() {
    std::unique_lock lock(mutex_);
    if (active_ < settings_.http_connections_max) return true;
    pollfd ready{descriptor_, POLLIN, 0};
    if (poll(&ready, 1, 0) > 0) {
      Connection* idlest = nullptr;
      SteadyTime since = SteadyTime::max();
      for (Connection* connection : connections_) {
        const auto idle = connection->idle_since();
        if (!idle.has_value() || *idle >= since) continue;
        since = *idle;
        idlest = connection;
      }
      if (idlest != nullptr) idlest->Drain();
    }
    changed_.wait_for(lock, std::chrono::milliseconds(kPollMilliseconds),
                      [this] { return active_ < settings_.http_connections_max; });
    return active_ < settings_.http_connections_max;
  }

  void Begin(int client, bool from_loopback) {
    {
      std::lock_guard lock(mutex_);
      ++active_;
    }
    // Detached but counted: Stop() waits for active_ to reach zero.
    std::thread([this, client, from_loopback] {
      Serve(client, from_loopback);
      std::lock_guard lock(mutex_);
      --active_;
      changed_.notify_all();
    }).detach();
  }

  void Serve(int client, bool from_loopback) {
    std::unique_ptr<Connection> connection;
    try {
      connection = NewConnection(client, from_loopback, options_, clock_, watcher_, dispatcher_);
    } catch (const std::exception& exception) {
      Log(LogLevel::kError, "cannot serve a connection", {}, {{"what", std::string(exception.what())}});
      close(client);
      return;
    }
    std::list<Connection*>::iterator place;
    {
      std::lock_guard lock(mutex_);
      place = connections_.insert(connections_.end(), connection.get());
      if (stopping_) connection->Drain();
    }
    try {
      connection->Run();
    } catch (const std::exception& exception) {
      Log(LogLevel::kError, "a connection met a bug", {}, {{"what", std::string(exception.what())}});
    }
    std::lock_guard lock(mutex_);
    connections_.erase(place);
  }

  const Settings settings_;
  query::StatementService& service_;
  const Clock& clock_;
  std::unique_ptr<StatementStore> statements_;
  UploadStore uploads_;
  ResultFlusher flusher_;
  const std::unique_ptr<catalog::Authenticator> authenticator_;
  const LoginBox login_box_;
  RequestLimits limits_;
  Door door_;
  Dispatcher dispatcher_;
  const ConnectionOptions options_;
  SocketWatcher watcher_;
  const int descriptor_;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t active_ = 0;
  bool stopping_ = false;
  std::list<Connection*> connections_;
  std::jthread accepting_;
};

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const Settings& settings, query::StatementService& service,
                                                      const Clock& clock, Options options) {
  NL_ASSIGN_OR_RETURN(auto tls, LoadTls(settings, options.tls_directory, clock));
  NL_RETURN_IF_ERROR(RequestLimits::CheckSettings(settings));
  NL_ASSIGN_OR_RETURN(auto identity, catalog::AuthenticatorOptionsFrom(settings));
  NL_ASSIGN_OR_RETURN(auto statements, StatementStore::Make(service, clock,
                                                            {.directory = options.results_directory,
                                                             .keep = settings.results_keep,
                                                             .bytes_max = settings.results_bytes_max}));
  NL_ASSIGN_OR_RETURN(const int descriptor, Listen(settings.http_listen, settings.http_port));
  auto open = [&]() -> Result<std::unique_ptr<Listener>> {
    // With the port, which may have been chosen just now, an identity provider is told the way back.
    NL_ASSIGN_OR_RETURN(std::string public_url, PublicUrl(settings, descriptor, tls != nullptr));
    NL_ASSIGN_OR_RETURN(auto provider, catalog::OidcProviderFrom(settings, public_url, clock));
    NL_ASSIGN_OR_RETURN(auto authenticator, catalog::Authenticator::Make(
                                                service.catalog(), clock, std::move(identity),
                                                [&service](const RequestContext& ctx, std::string_view token) {
                                                  return service.Authenticate(token, ctx.principal().address);
                                                },
                                                std::move(provider)));
    return std::make_unique<Listener>(settings, service, clock, std::move(options), std::move(statements),
                                      std::move(tls), descriptor, std::move(authenticator), std::move(public_url));
  };
  auto listener = open();
  if (!listener) {
    close(descriptor);
    return std::unexpected(listener.error());
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(*listener)));
}

uint16_t HttpServer::port() const { return listener_->port(); }
std::string HttpServer::url() const { return listener_->url(); }
void HttpServer::Stop(std::chrono::milliseconds grace) { listener_->Stop(grace); }

}  // namespace neurolake::server
