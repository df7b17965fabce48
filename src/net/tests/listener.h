#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace neurolake::net {

/// A port of this machine that takes connections, for servers of tests that say what a test wrote down.
class Listener {
 public:
  Listener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(descriptor_, 16);
    socklen_t size = sizeof(address);
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(descriptor_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::string origin() const { return fmt::format("http://127.0.0.1:{}", port_); }
  /// The next connection; below 0 after Stop.
  int Accept() const { return ::accept(descriptor_, nullptr, nullptr); }
  /// Ends what waits in Accept, and every later one.
  void Stop() { ::shutdown(descriptor_, SHUT_RDWR); }

 private:
  const int descriptor_;
  uint16_t port_ = 0;
};

/// What comes until `ends` says that it is all, or the other side closes.
template <typename Ends>
std::string ReadUntil(int connection, const Ends& ends) {
  std::string text;
  char piece[8192];
  while (!ends(text)) {
    const ssize_t count = ::read(connection, piece, sizeof(piece));
    if (count <= 0) break;
    text.append(piece, static_cast<size_t>(count));
  }
  return text;
}

/// Whether `text` is a whole request: its head, and as many bytes as that says.
inline bool IsWholeRequest(const std::string& text) {
  const size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  const size_t at = text.find("Content-Length: ");
  return at == std::string::npos || text.size() >= head + 4 + std::stoul(text.substr(at + 16));
}

/// All of it, unless the other side is gone.
inline void SendAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

}  // namespace neurolake::net
