#pragma once
// One request's body and its response on a socket. Included by connection.cc alone.
#include <sys/socket.h>

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <ctime>

#include "common/clock.h"
#include "server/http/internal/message.h"
#include "server/http/internal/problem.h"
#include "server/http/internal/timed_stream.h"

namespace neurolake::server {

using Parser = http::request_parser<http::buffer_body>;

// A body may be as slow as this on average before its sender is taken for an attacker who holds connections.
inline constexpr double kBodyBytesPerSecondMin = 1024;
// What is left of an unread body is read and dropped up to here, so that the client sees the answer and not a reset.
inline constexpr size_t kDrainBytesMax = 1024 * 1024;

/// The Date header's value.
inline std::string HttpDate(const Clock& clock) {
  // One format per second and thread; requests come in thousands.
  thread_local std::time_t last = 0;
  thread_local std::string text;
  const std::time_t now = std::chrono::system_clock::to_time_t(clock.Now());
  if (now != last || text.empty()) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    char buffer[40];
    const size_t length = strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    text.assign(buffer, length);
    last = now;
  }
  return text;
}

template <typename Stream>
class SocketBody final : public BodyReader {
 public:
  SocketBody(TimedStream<Stream>& io, beast::flat_buffer& buffer, Parser& parser, bool expects_continue,
             std::chrono::milliseconds grace)
      : io_(io), buffer_(buffer), parser_(parser), expects_continue_(expects_continue), grace_(grace) {}

  std::optional<uint64_t> announced_size() const override {
    const auto length = parser_.content_length();
    if (length.has_value()) return *length;
    if (parser_.chunked()) return std::nullopt;
    return 0;
  }

  Result<size_t> Read(std::span<char> out) override {
    if (parser_.is_done() || out.empty()) return size_t{0};
    if (std::exchange(expects_continue_, false)) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      if (const auto code = io_.Write(asio::buffer(kContinue.data(), kContinue.size()))) return FromBoost(code);
    }
    auto& body = parser_.get().body();
    body.data = out.data();
    body.size = out.size();
    body.more = true;
    // A read ends with every piece that arrives, so the time limit is for silence and not for the whole body.
    while (body.size == out.size() && !parser_.is_done()) {
      const auto code = io_.Wait([&](auto handler) { http::async_read_some(io_.stream(), buffer_, parser_, handler); });
      if (code && code != http::error::need_buffer) return FromBoost(code);
    }
    const size_t count = out.size() - body.size;
    total_ += count;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began_;
    if (elapsed > 2 * grace_ && static_cast<double>(total_) < elapsed.count() * kBodyBytesPerSecondMin) {
      return MakeError(ErrorCode::kDeadlineExceeded, "the request body arrives too slowly");
    }
    return count;
  }

  /// True when the connection can go on to the next request.
  bool Drain() {
    if (expects_continue_ && !parser_.is_done()) return false;
    std::vector<char> sink(64 * 1024);
    size_t dropped = 0;
    while (!parser_.is_done() && dropped < kDrainBytesMax) {
      const auto count = Read(sink);
      if (!count.has_value() || (*count == 0 && !parser_.is_done())) return false;
      dropped += *count;
    }
    return parser_.is_done();
  }

 private:
  TimedStream<Stream>& io_;
  beast::flat_buffer& buffer_;
  Parser& parser_;
  bool expects_continue_;
  std::chrono::milliseconds grace_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  size_t total_ = 0;
};

template <typename Stream>
class SocketWriter final : public ResponseWriter {
 public:
  struct Options {
    bool head_only = false;
    bool http_1_0 = false;
    bool keep_alive = true;
    std::stop_token stop{};  ///< Stops when the client has left: a write that blocks ends soon then.
  };
  SocketWriter(TimedStream<Stream>& io, const Clock& clock, Options options)
      : io_(io), clock_(clock), options_(std::move(options)) {}

  Result<void> Send(const ResponseHead& head, std::string_view body) override {
    NL_CHECK(!begun_);
    begun_ = finished_ = true;
    std::string text = HeadText(head);
    if (head.status != 204) text += fmt::format("Content-Length: {}\r\n", body.size());
    text += "\r\n";
    if (options_.head_only || head.status == 204) body = {};
    if (body.size() <= 16 * 1024) {  // One segment, one system call.
      text += body;
      return Put(asio::buffer(text));
    }
    return Put(std::array<asio::const_buffer, 2>{asio::buffer(text), asio::buffer(body.data(), body.size())});
  }

  Result<void> Begin(const ResponseHead& head) override {
    NL_CHECK(!begun_);
    begun_ = true;
    if (options_.http_1_0) options_.keep_alive = false;
    std::string text = HeadText(head);
    if (!options_.http_1_0) text += "Transfer-Encoding: chunked\r\n";
    text += "\r\n";
    return Put(asio::buffer(text));
  }

  Result<void> Write(std::string_view bytes) override {
    if (bytes.empty() || options_.head_only) return {};
    if (options_.http_1_0) return Put(asio::buffer(bytes.data(), bytes.size()));
    const std::string size = fmt::format("{:x}\r\n", bytes.size());
    static constexpr std::string_view kEnd = "\r\n";
    return Put(std::array<asio::const_buffer, 3>{asio::buffer(size), asio::buffer(bytes.data(), bytes.size()),
                                                 asio::buffer(kEnd.data(), kEnd.size())});
  }

  Result<void> Finish(const Headers& trailers) override {
    finished_ = true;
    if (options_.http_1_0 || options_.head_only) return {};
    std::string text = "0\r\n";
    for (const auto& [name, value] : trailers) AppendHeader(name, value, text);
    text += "\r\n";
    return Put(asio::buffer(text));
  }

  void Abort() override {
    begun_ = true;
    options_.keep_alive = false;
    // A reset rather than an orderly end: a client of HTTP/1.0 could take the latter for the end of the data.
    const linger reset{1, 0};
    setsockopt(io_.socket().native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }

  bool begun() const override { return begun_; }
  int status() const override { return status_; }
  uint64_t bytes_sent() const override { return bytes_sent_; }
  bool may_go_on() const { return finished_ && options_.keep_alive && !broken_; }
  bool finished() const { return finished_ && !broken_; }

 private:
  static void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
    out += name;
    out += ": ";
    // No value may smuggle in a line of its own, whatever made it.
    for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    out += "\r\n";
  }

  std::string HeadText(const ResponseHead& head) {
    status_ = head.status;
    std::string text =
        fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", head.status, ReasonPhrase(head.status), HttpDate(clock_));
    if (!head.content_type.empty()) AppendHeader("Content-Type", head.content_type, text);
    for (const auto& [name, value] : head.headers) AppendHeader(name, value, text);
    if (!options_.keep_alive) {
      text += "Connection: close\r\n";
    } else if (options_.http_1_0) {
      text += "Connection: keep-alive\r\n";
    }
    return text;
  }

  template <typename Buffers>
  Result<void> Put(const Buffers& buffers) {
    if (broken_) return MakeError(ErrorCode::kCancelled, "the client closed the connection");
    if (const auto code = io_.Write(buffers, options_.stop)) {
      broken_ = true;
      return FromBoost(code);
    }
    bytes_sent_ += asio::buffer_size(buffers);
    return {};
  }

  TimedStream<Stream>& io_;
  const Clock& clock_;
  Options options_;
  bool begun_ = false;
  bool finished_ = false;
  bool broken_ = false;
  int status_ = 0;
  uint64_t bytes_sent_ = 0;
};

}  // namespace neurolake::server
