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

#include "common/log.h"
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

class HttpServer::Listener {
 public:
  Listener(const Settings& settings, query::StatementService& service, const Clock& clock, Options options,
           std::unique_ptr<StatementStore> statements, std::shared_ptr<const TlsContext> tls, int descriptor)
      : settings_(settings),
        service_(service),
        clock_(clock),
        statements_(std::move(statements)),
        uploads_(clock_, {.directory = std::move(options.staging_directory),
                          .keep = settings_.uploads_keep,
                          .bytes_max = settings_.uploads_bytes_max}),
        door_{settings_, service_, clock_, *statements_, uploads_, flusher_, std::move(options.version)},
        dispatcher_(door_),
        options_{.idle_timeout = settings_.http_idle_timeout, .tls = std::move(tls)},
        descriptor_(descriptor) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                                : reinterpret_cast<sockaddr_in&>(address).sin_port);
    accepting_ = std::jthread([this](std::stop_token stop) { Accept(std::move(stop)); });
  }

  ~Listener() {
    Stop(std::chrono::milliseconds(0));
    statements_.reset();
  }

  uint16_t port() const { return port_; }
  std::string url() const {
    const bool v6 = settings_.http_listen.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", options_.tls == nullptr ? "http" : "https", v6 ? "[" : "",
                       settings_.http_listen, v6 ? "]" : "", port_);
  }

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
  std::shared_ptr<const TlsContext> tls;
  if (settings.http_tls_certificate.empty() != settings.http_tls_key.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "http.tls_certificate and http.tls_key must be set together");
  }
  if (!settings.http_tls_certificate.empty()) {
    NL_ASSIGN_OR_RETURN(tls, TlsContext::Load(settings.http_tls_certificate, settings.http_tls_key));
  }
  NL_ASSIGN_OR_RETURN(auto statements, StatementStore::Make(service, clock,
                                                            {.directory = options.results_directory,
                                                             .keep = settings.results_keep,
                                                             .bytes_max = settings.results_bytes_max}));
  NL_ASSIGN_OR_RETURN(const int descriptor, Listen(settings.http_listen, settings.http_port));
  return std::unique_ptr<HttpServer>(new HttpServer(std::make_unique<Listener>(
      settings, service, clock, std::move(options), std::move(statements), std::move(tls), descriptor)));
}

uint16_t HttpServer::port() const { return listener_->port(); }
std::string HttpServer::url() const { return listener_->url(); }
void HttpServer::Stop(std::chrono::milliseconds grace) { listener_->Stop(grace); }

}  // namespace neurolake::server
