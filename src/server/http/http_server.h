#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/settings.h"
#include "net/message_endpoint.h"
#include "query/service.h"

namespace neurolake::ask {
class AskDoor;
}

namespace neurolake::server {

/// The HTTP door: docs/http.md says what it answers. Each connection has a thread, at most http.connections_max of
/// them; when all are taken, the connection that has been idle longest makes room.
class HttpServer {
 public:
  struct Options {
    /// Folder for the results of asynchronous statements, inside the lake's spill folder. Emptied at start.
    std::string results_directory;
    std::string version;
    /// The lake's folder of uploads, of which old files are removed; empty: none are.
    std::string staging_directory;
    /// Where the certificate for localhost is, or is made, when the settings name none; empty: none is made.
    std::string tls_directory;
    /// What answers at /mcp; null: nothing does. Borrowed, and must outlive the server.
    net::MessageEndpoint* messages = nullptr;
    /// What answers questions; null: nothing does. Borrowed, and must outlive the server.
    ask::AskDoor* ask = nullptr;
  };

  /// Listens and serves from here on. Borrows the first three, which must outlive the server.
  /// Errors: kInvalidArgument for an address or certificate that cannot be used; kUnavailable for a taken port.
  static Result<std::unique_ptr<HttpServer>> Start(const Settings& settings, query::StatementService& service,
                                                   const Clock& clock, Options options);
  /// Stops at once.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  /// "http://127.0.0.1:8321"
  std::string url() const;
  /// Takes no more connections, lets running requests end for `grace`, then cuts them. Returns when all are gone.
  void Stop(std::chrono::milliseconds grace);

 private:
  class Listener;
  explicit HttpServer(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace neurolake::server
