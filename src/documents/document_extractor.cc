#include "documents/document_extractor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "common/descriptor.h"
#include "common/spawn.h"
#include "documents/internal/document_json.h"

namespace neurolake::documents {
namespace {

constexpr std::chrono::milliseconds kLook{50};
/// A text in JSON takes at most six bytes for one.
constexpr size_t kJsonFactor = 6;

/// One run of the program. Killed and waited for on every way out.
class Run {
 public:
  ~Run() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  Result<void> Start(const std::vector<std::string>& command) {
    int to[2];
    int from[2];
    if (::pipe2(to, O_CLOEXEC) != 0) return CannotStart(errno);
    const Descriptor their_input(to[0]);
    input_ = Descriptor(to[1]);
    if (::pipe2(from, O_CLOEXEC) != 0) return CannotStart(errno);
    output_ = Descriptor(from[0]);
    const Descriptor their_output(from[1]);
    ::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    const int failure = SpawnApart(command, their_input.get(), their_output.get(), pid_);
    if (failure != 0) return CannotStart(failure);
    return {};
  }

  /// Gives `input` and takes the answer, side by side.
  Result<std::string> Talk(const RequestContext& ctx, std::string_view input, size_t limit, SteadyTime until) {
    std::string answer;
    while (true) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      if (ctx.clock().SteadyNow() >= until) {
        return MakeError(ErrorCode::kPayloadTooLarge, "document takes too long to read");
      }
      pollfd waiting[2] = {{output_.get(), POLLIN, 0}, {input_.valid() ? input_.get() : -1, POLLOUT, 0}};
      if (::poll(waiting, 2, static_cast<int>(kLook.count())) < 0 && errno != EINTR) break;
      if (waiting[1].revents != 0) Give(input);
      if (waiting[0].revents == 0) continue;
      char piece[64 * 1024];
      const ssize_t count = ::read(output_.get(), piece, sizeof(piece));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      answer.append(piece, static_cast<size_t>(count));
      if (answer.size() > limit) return MakeError(ErrorCode::kPayloadTooLarge, "document has too much text");
    }
    return answer;
  }

  /// Status as waitpid(2) gives it.
  int Wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  static std::unexpected<Error> CannotStart(int reason) {
    return MakeError(ErrorCode::kUnavailable, "program that reads documents cannot be started: {}",
                     std::strerror(reason));
  }

  void Give(std::string_view& input) {
    const ssize_t count = input.empty() ? 0 : ::write(input_.get(), input.data(), input.size());
    if (count > 0) input.remove_prefix(static_cast<size_t>(count));
    // Either all was given, or the program does not want more, which its answer explains.
    const bool broken = count < 0 && errno != EAGAIN && errno != EINTR;
    if (input.empty() || broken) input_ = Descriptor();
  }

  pid_t pid_ = -1;
  Descriptor input_;
  Descriptor output_;
};

/// A pipe whose reader is gone must not end the server. Blocks the signal for this thread and takes one that came
/// meanwhile.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutPipeSignal() {
    const timespec now{};
    if (!::sigismember(&before_, SIGPIPE)) {
      while (::sigtimedwait(&pipe_, nullptr, &now) > 0) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

}  // namespace

Result<ExtractedDocument> DocumentExtractor::Extract(const RequestContext& ctx, DocumentFormat format,
                                                     std::string_view bytes) const {
  if (bytes.size() > options_.limits.input_bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge, "document is larger than {} bytes", options_.limits.input_bytes_max);
  }
  if (format == DocumentFormat::kPdf && options_.pdf_library.empty()) {
    return MakeError(ErrorCode::kNotSupported, "PDF cannot be read: no PDF library is configured");
  }
  const WithoutPipeSignal quiet;
  Run run;
  NL_RETURN_IF_ERROR(run.Start({options_.program, std::string(NameOf(format)), options_.pdf_library,
                                std::to_string(options_.limits.text_bytes_max),
                                std::to_string(options_.memory_bytes_max), std::to_string(options_.time_max.count())}));
  const SteadyTime until = ctx.clock().SteadyNow() + options_.time_max;
  const size_t limit = options_.limits.text_bytes_max * kJsonFactor + (1 << 20);
  NL_ASSIGN_OR_RETURN(const std::string answer, run.Talk(ctx, bytes, limit, until));
  const int status = run.Wait();
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
    return MakeError(ErrorCode::kPayloadTooLarge, "document takes too long or too much memory to read");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || answer.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "document cannot be read as {}: its reader gave up", NameOf(format));
  }
  return FromJson(answer, options_.limits);
}

}  // namespace neurolake::documents
