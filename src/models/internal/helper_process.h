#pragma once
#include <sys/types.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "common/descriptor.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::models {

/// A program of ours that works off requests, a JSON object a line, and answers each with one or more such lines
/// (docs/formats/llm-pipe.md). Started when it is first needed, and again after it ended, with no environment and one
/// socket as its standard input and output; it ends when that closes. One request at a time; others wait for their turn
/// as long as their context lets them. Thread-safe.
class HelperProcess {
 public:
  struct Options {
    std::vector<std::string> command;  ///< The program's path and its arguments.
    /// How long it may go on after a request was given up, before it is killed.
    std::chrono::milliseconds cancel_grace{2'000};
    size_t line_bytes_max = 8 << 20;
  };
  explicit HelperProcess(Options options) : options_(std::move(options)) {}
  ~HelperProcess();

  /// What one line of the answer does: true when it was the last.
  using OnLine = std::function<Result<bool>(const boost::json::object& line)>;
  /// Asks and reads until `on_line` had the last line. A request that is given up (deadline, stop, an error of
  /// `on_line`) is cancelled there. Errors: those of `ctx` and of `on_line`; what the program says of a request that it
  /// refuses; kUnavailable when it cannot be started, ends, or answers anything else. None has what was asked.
  Result<void> Call(const RequestContext& ctx, boost::json::object request, const OnLine& on_line);

 private:
  Result<void> Start();
  /// Waits until it says that it is ready, which may be long after it was started, for another request.
  Result<void> AwaitReady(const RequestContext& ctx);
  Result<void> Send(const RequestContext& ctx, std::string_view line);
  /// Errors: those of `ctx`; kUnavailable when it ended or wrote what is no line.
  Result<boost::json::object> Receive(const RequestContext& ctx);
  Result<void> Converse(const RequestContext& ctx, const boost::json::object& request, const OnLine& on_line);
  /// Tells it to give the request up; ends it if it does not.
  void Cancel(const RequestContext& ctx);
  void Kill();
  std::unexpected<Error> Ended();

  const Options options_;
  std::timed_mutex turn_;  ///< Of the one that talks with it; guards all below.
  pid_t pid_ = -1;
  Descriptor socket_;
  std::string received_;  ///< Not yet a whole line.
  bool ready_ = false;
  bool open_ = false;  ///< It works on a request.
  int64_t last_id_ = 0;
};

}  // namespace neurolake::models
