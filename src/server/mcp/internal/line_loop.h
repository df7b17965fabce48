#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "net/message_endpoint.h"
#include "server/mcp/pipe_server.h"

namespace neurolake::server::mcp {

/// Writes messages as lines. Thread-safe.
class LineSink final : public net::EventSink {
 public:
  explicit LineSink(int out) : out_(out) {}
  Result<void> Send(std::string_view json) override;

 private:
  const int out_;
  std::mutex mutex_;
  bool broken_ = false;
};

/// Reads lines, has `work` answer each on a thread of its own, and writes what it answers, if anything. Returns at the
/// end of input, once all answers are written; `cancel_all` is called when they take too long, or nobody reads them.
/// Errors: kIoError.
Result<void> RunLineLoop(const PipeOptions& options,
                         const std::function<std::string(const std::string& line, net::EventSink& sink)>& work,
                         const std::function<void()>& cancel_all);

}  // namespace neurolake::server::mcp
