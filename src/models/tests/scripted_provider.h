#pragma once
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"
#include "net/tests/listener.h"

namespace neurolake::models {

/// A provider on a port of this machine that answers its connections, one after the other, with what a test wrote down,
/// byte by byte, and keeps what it was sent. After the last it is gone.
class ScriptedProvider {
 public:
  explicit ScriptedProvider(std::vector<std::string> answers)
      : answers_(std::move(answers)), thread_([this] { Serve(); }) {}
  ~ScriptedProvider() {
    listener_.Stop();
    thread_.join();
    if (silent_ >= 0) ::close(silent_);
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

  std::string url() const { return origin() + "/v1"; }
  std::string origin() const { return listener_.origin(); }
  std::vector<std::string> received() {
    std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void Serve() {
    for (const std::string& answer : answers_) {
      const int connection = listener_.Accept();
      if (connection < 0) return;
      std::string request = net::ReadUntil(connection, net::IsWholeRequest);
      {
        std::lock_guard lock(mutex_);
        received_.push_back(std::move(request));
      }
      if (answer == Silence()) {
        silent_ = connection;
        continue;
      }
      net::SendAll(connection, answer);
      ::shutdown(connection, SHUT_WR);
      ::close(connection);
    }
  }

  const std::vector<std::string> answers_;
  net::Listener listener_;
  int silent_ = -1;
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
