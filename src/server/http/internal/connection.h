#pragma once
#include <atomic>
#include <memory>

#include "common/clock.h"
#include "server/http/internal/message.h"
#include "server/http/internal/socket_watcher.h"

namespace neurolake::server {

/// The server's side of TLS; hides OpenSSL and Asio from everything but connection.cc.
class TlsContext {
 public:
  struct State;
  struct Files {
    std::string certificate;
    std::string key;
    /// Who signs the certificates that clients may show; empty: they are asked for none.
    std::string client_authority = {};
    std::string client_revocations = {};
    bool client_required = false;
  };
  /// Errors: kInvalidArgument naming the file that does not load.
  static Result<std::shared_ptr<const TlsContext>> Load(const Files& files);
  explicit TlsContext(std::unique_ptr<State> state);
  ~TlsContext();
  State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

struct ConnectionOptions {
  std::chrono::milliseconds idle_timeout{60'000};
  uint32_t header_bytes_max = 32 * 1024;
  std::shared_ptr<const TlsContext> tls;  ///< Null: plain HTTP.
};

/// One client. `Run` blocks its thread until the connection ends; the other calls may come from any thread.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void Run() = 0;
  /// Ends the connection as soon as it is between two requests; a running request is answered first.
  virtual void Drain() = 0;
  /// Ends it now; a running request sees its stop token.
  virtual void Close() = 0;
  /// Since when the connection waits for a request; nullopt while it serves one.
  virtual std::optional<SteadyTime> idle_since() const = 0;
};

/// Takes ownership of the socket `descriptor`. Borrows the rest, which must outlive the connection.
std::unique_ptr<Connection> NewConnection(int descriptor, bool from_loopback, const ConnectionOptions& options,
                                          const Clock& clock, SocketWatcher& watcher, RequestHandler& handler);

}  // namespace neurolake::server
