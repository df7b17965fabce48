#include "models/internal/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/json/serialize.hpp>
#include <cstring>

#include "common/spawn.h"
#include "models/internal/exchange.h"
#include "net/strict_json.h"

namespace neurolake::models {
namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr size_t kDepthMax = 16;

std::unexpected<Error> CannotStart(int reason) {
  return MakeError(ErrorCode::kUnavailable, "program of local models cannot be started: {}", std::strerror(reason));
}

/// What the program says of a request that it refuses. It speaks of numbers and of its file, never of what was asked.
Error RefusalOf(const boost::json::object& line) {
  const std::string kind = TextAt(line, "error");
  const std::string message = "local model: " + TextAt(line, "message");
  if (kind == "too_large") return Error(ErrorCode::kPayloadTooLarge, message);
  if (kind == "invalid") return Error(ErrorCode::kInvalidArgument, message);
  if (kind == "not_supported") return Error(ErrorCode::kNotSupported, message);
  return Error(ErrorCode::kUnavailable, message);
}

}  // namespace

HelperProcess::~HelperProcess() { Kill(); }

void HelperProcess::Kill() {
  socket_ = Descriptor();
  received_.clear();
  ready_ = false;
  open_ = false;
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::unexpected<Error> HelperProcess::Ended() {
  int status = 0;
  const bool known = pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_;
  if (known) pid_ = -1;
  Kill();
  if (known && WIFSIGNALED(status)) {
    return MakeError(ErrorCode::kUnavailable,
                     "program of local models was ended by signal {}: it may need more memory than "
                     "models.local.memory lets it",
                     WTERMSIG(status));
  }
  return MakeError(ErrorCode::kUnavailable, "program of local models ended");
}

Result<void> HelperProcess::Start() {
  Kill();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return CannotStart(errno);
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  const int failure = SpawnApart(options_.command, theirs.get(), theirs.get(), pid_);
  if (failure != 0) return CannotStart(failure);
  socket_ = std::move(ours);
  return {};
}

Result<void> HelperProcess::AwaitReady(const RequestContext& ctx) {
  if (ready_) return {};
  NL_ASSIGN_OR_RETURN(const boost::json::object line, Receive(ctx));
  if (line.contains("error")) {
    // It cannot load its model, and says so before it ends.
    Error error = RefusalOf(line);
    Kill();
    return std::unexpected(std::move(error));
  }
  ready_ = true;
  return {};
}

Result<void> HelperProcess::Send(const RequestContext& ctx, std::string_view line) {
  while (!line.empty()) {
    // MSG_NOSIGNAL: a program that is gone must not end the server.
    const ssize_t sent = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      line.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return Ended();
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    pollfd waiting{socket_.get(), POLLOUT, 0};
    ::poll(&waiting, 1, static_cast<int>(kLook.count()));
  }
  return {};
}

Result<boost::json::object> HelperProcess::Receive(const RequestContext& ctx) {
  size_t looked = 0;
  while (true) {
    const size_t end = received_.find('\n', looked);
    if (end != std::string::npos) {
      auto line = net::ParseStrictObject(std::string_view(received_).substr(0, end), "the line", kDepthMax);
      received_.erase(0, end + 1);
      if (line.has_value()) return line;
      Kill();
      return BrokenAnswer("no JSON object");
    }
    looked = received_.size();
    if (looked > options_.line_bytes_max) {
      Kill();
      return BrokenAnswer("a line without an end");
    }
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(kLook.count())) <= 0) continue;
    char piece[64 * 1024];
    const ssize_t count = ::recv(socket_.get(), piece, sizeof(piece), 0);
    if (count > 0) received_.append(piece, static_cast<size_t>(count));
    else if (count == 0 || (errno != EAGAIN && errno != EINTR)) return Ended();
  }
}

void HelperProcess::Cancel(const RequestContext& ctx) {
  if (pid_ <= 0 || !ready_) return;  // One that is still loading goes on: the next request wants it, too.
  // The caller's time is up; this is the program's.
  const RequestContext own(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(),
                           ctx.clock().SteadyNow() + options_.cancel_grace);
  if (!Send(own, fmt::format("{{\"cancel\":{}}}\n", last_id_)).has_value()) return Kill();
  while (true) {
    const auto line = Receive(own);
    if (!line.has_value()) return Kill();
    if (IntegerAt(*line, "id") == last_id_ && (line->contains("done") || line->contains("error"))) return;
  }
}

Result<void> HelperProcess::Converse(const RequestContext& ctx, const boost::json::object& request,
                                     const OnLine& on_line) {
  if (const auto sent = Send(ctx, boost::json::serialize(request) + "\n"); !sent.has_value()) {
    Kill();  // Half a line would be the beginning of the next.
    return sent;
  }
  open_ = true;
  while (true) {
    NL_ASSIGN_OR_RETURN(const boost::json::object line, Receive(ctx));
    if (IntegerAt(line, "id") != last_id_) {
      Kill();
      return BrokenAnswer("an answer to something else");
    }
    open_ = !line.contains("done") && !line.contains("error");
    if (line.contains("error")) return std::unexpected(RefusalOf(line));
    NL_ASSIGN_OR_RETURN(const bool last, on_line(line));
    if (last) return {};
    if (!open_) return BrokenAnswer("an end without an answer");
  }
}

Result<void> HelperProcess::Call(const RequestContext& ctx, boost::json::object request, const OnLine& on_line) {
  std::unique_lock turn(turn_, std::defer_lock);
  while (!turn.try_lock_for(kLook)) NL_RETURN_IF_ERROR(ctx.CheckAlive());
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  if (pid_ <= 0) NL_RETURN_IF_ERROR(Start());
  NL_RETURN_IF_ERROR(AwaitReady(ctx));
  request["id"] = ++last_id_;
  open_ = false;
  const auto talked = Converse(ctx, request, on_line);
  if (open_) Cancel(ctx);
  return talked;
}

}  // namespace neurolake::models
