#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"

namespace neurolake::models {

/// A provider on a port of this machine that answers its connections, one after the other, with what a test wrote down,
/// byte by byte, and keeps what it was sent. After the last it is gone.
class ScriptedProvider {
 public:
  explicit ScriptedProvider(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    listen(listener_, 16);
    socklen_t size = sizeof(address);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~ScriptedProvider() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    if (silent_ >= 0) close(silent_);
  }

  /// A connection that is taken and never answered.
  static std::string Silence() { return "silence"; }
  static std::string Json(const std::string& body, int status = 200, const std::string& more = "") {
    return fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
                       body.size(), more, body);
  }
  /// Server-sent events; `cut`: the connection breaks off after them.
  static std::string Events(const std::vector<std::string>& events, bool cut = false) {
    std::string body;
    for (const std::string& event : events) body += "data: " + event + "\r\n\r\n";
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {}\r\n\r\n{}",
                       body.size() + (cut ? 100 : 0), body);
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }
  std::string origin() const { return fmt::format("http://127.0.0.1:{}", port_); }
  std::vector<std::string> received() {
    std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void Serve() {
    for (const std::string& answer : answers_) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      std::string request = ReadRequest(connection);
      {
        std::lock_guard lock(mutex_);
        received_.push_back(std::move(request));
      }
      if (answer == Silence()) {
        silent_ = connection;
        continue;
      }
      for (size_t sent = 0; sent < answer.size();) {
        const ssize_t count = send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<size_t>(count);
      }
      shutdown(connection, SHUT_WR);
      close(connection);
    }
  }

  static std::string ReadRequest(int connection) {
    std::string text;
    char piece[8192];
    for (;;) {
      const size_t head = text.find("\r\n\r\n");
      if (head != std::string::npos) {
        const size_t at = text.find("Content-Length: ");
        if (at == std::string::npos || text.size() >= head + 4 + std::stoul(text.substr(at + 16))) return text;
      }
      const ssize_t count = read(connection, piece, sizeof(piece));
      if (count <= 0) return text;
      text.append(piece, static_cast<size_t>(count));
    }
  }

  const std::vector<std::string> answers_;
  int listener_ = -1;
  int silent_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> received_;
  std::thread thread_;
};

inline RequestContext ContextOf(const Clock& clock, const std::string& who = "anna", std::stop_token stop = {},
                                std::chrono::milliseconds allowed = std::chrono::seconds(20)) {
  return {Principal{PrincipalId(who), who, "reader", {Right::kRead}},
          "request",
          "test",
          clock,
          clock.SteadyNow() + allowed,
          std::move(stop)};
}

}  // namespace neurolake::models
