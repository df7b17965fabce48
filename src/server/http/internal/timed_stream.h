#pragma once
// Included by connection.cc alone, like everything that includes Beast.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/error.hpp>
#include <chrono>
#include <stop_token>

#include "common/result.h"

namespace neurolake::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using ErrorCodeOfBoost = boost::system::error_code;

/// What ended an operation, in our terms.
inline std::unexpected<Error> FromBoost(const ErrorCodeOfBoost& code) {
  if (code == beast::error::timeout) {
    return MakeError(ErrorCode::kDeadlineExceeded, "the client was silent for too long");
  }
  if (code.category() == make_error_code(http::error::end_of_stream).category() && code != http::error::end_of_stream &&
      code != http::error::partial_message) {
    return MakeError(ErrorCode::kInvalidArgument, "the request body is not valid HTTP: {}", code.message());
  }
  return MakeError(ErrorCode::kCancelled, "the client closed the connection");
}

/// Blocking operations with a time limit over a stream that has an io_context of its own, which runs on the calling
/// thread until the operation's handler was called. After a time-out the stream can still be written to, which is why
/// this is not beast::tcp_stream: that one closes the socket.
template <typename Stream>
class TimedStream {
 public:
  TimedStream(asio::io_context& context, Stream stream, std::chrono::milliseconds timeout)
      : context_(context), stream_(std::move(stream)), timeout_(timeout) {}

  Stream& stream() { return stream_; }
  asio::ip::tcp::socket& socket() { return beast::get_lowest_layer(stream_); }

  /// `start(handler)` starts one operation whose handler takes (error, …).
  template <typename Start>
  ErrorCodeOfBoost Wait(Start&& start) {
    return WaitFor(timeout_, std::forward<Start>(start));
  }

  /// Once `stop` is requested the operation has half a second left, whatever `timeout` is.
  template <typename Start>
  ErrorCodeOfBoost WaitFor(std::chrono::milliseconds timeout, Start&& start, const std::stop_token& stop = {}) {
    ErrorCodeOfBoost result;
    bool done = false;
    start([&](ErrorCodeOfBoost code, auto&&...) {
      result = code;
      done = true;
    });
    RunUntil(std::chrono::steady_clock::now() + timeout, stop, done);
    if (done) return result;
    ErrorCodeOfBoost ignored;
    socket().cancel(ignored);
    context_.restart();
    while (!done && context_.run_one() > 0) {
    }
    // It may have been done at the very last moment.
    return result ? ErrorCodeOfBoost(beast::error::timeout) : result;
  }

  /// After an error nothing more may be written: part of `buffers` may be on its way, and a socket that was reset tells
  /// so once; a further write would wait for its time limit.
  template <typename Buffers>
  ErrorCodeOfBoost Write(const Buffers& buffers, const std::stop_token& stop = {}) {
    return WaitFor(
        timeout_, [&](auto handler) { asio::async_write(stream_, buffers, std::move(handler)); }, stop);
  }

 private:
  // How often a blocked operation looks whether its client has left, and what it has left then: for one that closed its
  // sending side only and still reads. With the watcher's period they are less than the second docs/http.md promises.
  static constexpr std::chrono::milliseconds kStopPeriod{100};
  static constexpr std::chrono::milliseconds kAfterStop{500};

  void RunUntil(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop, const bool& done) {
    context_.restart();
    bool left = false;
    while (!done) {
      const bool looks = stop.stop_possible() && !left;
      const auto until = looks ? std::min(deadline, std::chrono::steady_clock::now() + kStopPeriod) : deadline;
      if (context_.run_one_until(until) > 0) continue;
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline || context_.stopped()) return;
      if (!looks || !stop.stop_requested()) continue;
      left = true;
      deadline = std::min(deadline, now + kAfterStop);
    }
  }

  asio::io_context& context_;
  Stream stream_;
  std::chrono::milliseconds timeout_;
};

}  // namespace neurolake::server
