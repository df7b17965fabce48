#include "server/mcp/internal/line_loop.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <thread>

#include "common/log.h"
#include "common/text.h"
#include "server/mcp/internal/rpc.h"

namespace neurolake::server::mcp {
namespace {

/// Requests that run, counted.
class Running {
 public:
  explicit Running(int most) : most_(most) {}
  void Begin() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ < most_; });
    ++count_;
  }
  void End() {
    std::lock_guard lock(mutex_);
    --count_;
    // Under the lock: who waits for the last may go away with this object.
    changed_.notify_all();
  }
  bool AwaitNone(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return count_ == 0; });
  }
  void AwaitNone() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  const int most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

/// Lines of a descriptor. One that is too long is read to its end and given as nothing.
class LineReader {
 public:
  LineReader(int in, size_t bytes_max) : in_(in), bytes_max_(bytes_max) {}

  /// False at the end of input. `too_long`: the line is left out.
  Result<bool> Next(std::string& line, bool& too_long) {
    line.clear();
    too_long = false;
    for (;;) {
      const size_t end = buffer_.find('\n');
      const size_t count = end == std::string::npos ? buffer_.size() : end;
      too_long |= line.size() + count > bytes_max_;
      if (too_long) line.clear();
      else line.append(buffer_, 0, count);
      buffer_.erase(0, end == std::string::npos ? count : end + 1);
      if (end != std::string::npos) return true;
      std::array<char, 64 * 1024> piece;  // NOLINT: read() fills it.
      const ssize_t read_bytes = ::read(in_, piece.data(), piece.size());
      if (read_bytes < 0 && errno == EINTR) continue;
      if (read_bytes < 0)
        return MakeError(ErrorCode::kIoError, "cannot read from the client: {}", std::strerror(errno));
      if (read_bytes == 0) return !line.empty() || too_long;
      buffer_.append(piece.data(), static_cast<size_t>(read_bytes));
    }
  }

 private:
  const int in_;
  const size_t bytes_max_;
  std::string buffer_;
};

}  // namespace

Result<void> LineSink::Send(std::string_view json) {
  std::lock_guard lock(mutex_);
  std::string line(json);
  line.push_back('\n');
  for (size_t at = 0; at < line.size() && !broken_;) {
    const ssize_t written = ::write(out_, line.data() + at, line.size() - at);
    if (written < 0 && errno == EINTR) continue;
    broken_ = written < 0;
    if (!broken_) at += static_cast<size_t>(written);
  }
  if (broken_) return MakeError(ErrorCode::kIoError, "cannot write to the client");
  return {};
}

Result<void> RunLineLoop(const PipeOptions& options,
                         const std::function<std::string(const std::string& line, net::EventSink& sink)>& work,
                         const std::function<void()>& cancel_all) {
  LineSink sink(options.out);
  Running running(options.requests_max);
  std::atomic<bool> broken = false;
  const auto answer = [&](const std::string& line) {
    std::string text;
    try {
      text = work(line, sink);
    } catch (const std::exception& exception) {
      // A broken invariant of ours ends the request, not the client's connection.
      Log(LogLevel::kError, "a message met a bug", {}, {{"what", std::string(exception.what())}});
      text = ErrorMessage("", {kInternalError, "an internal error ended the request", ""});
    }
    if (!text.empty() && !sink.Send(text)) {
      broken = true;
      cancel_all();
    }
  };
  LineReader reader(options.in, options.message_bytes_max);
  std::string line;
  bool too_long = false;
  Result<bool> more = true;
  while (!broken && (more = reader.Next(line, too_long)) && *more) {
    if (too_long) {
      (void)sink.Send(ErrorMessage("", {kInvalidRequest, "the message is too long", ""}));
      continue;
    }
    if (Trim(line).empty()) continue;
    running.Begin();
    std::thread([&, line] {
      answer(line);
      running.End();
    }).detach();
  }
  if (broken || !running.AwaitNone(options.grace)) cancel_all();
  running.AwaitNone();
  if (!more) return std::unexpected(more.error());
  if (broken) return MakeError(ErrorCode::kIoError, "cannot write to the client");
  return {};
}

}  // namespace neurolake::server::mcp
