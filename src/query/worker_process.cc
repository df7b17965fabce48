#include "query/worker_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>

#include "common/log.h"
#include "query/remote_provider.h"
#include "query/statement_stores.h"
#include "query/worker_statement.h"
#include "storage/object_store.h"

namespace neurolake::query {
namespace {

namespace engine = neurolake::engine::duckdb;

/// Hands frames from the reading thread to the thread that runs statements.
class Mailbox {
 public:
  void Put(std::optional<Frame> frame) {
    std::lock_guard lock(mutex_);
    if (frame) frame_ = std::move(frame);
    else closed_ = true;
    arrived_.notify_all();
  }
  /// nullopt: the channel closed.
  std::optional<Frame> Take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return frame_.has_value() || closed_; });
    if (!frame_) return std::nullopt;
    auto frame = std::move(frame_);
    frame_.reset();
    return frame;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<Frame> frame_;
  bool closed_ = false;
};

class WorkerProcess {
 public:
  WorkerProcess(int descriptor, engine::Engine& engine, StatementStores& stores)
      : channel_(Descriptor(descriptor)), engine_(engine), stores_(stores), provider_(channel_) {}

  int Run() {
    std::jthread reader([this] { Read(); });
    int status = 0;
    if (!channel_.Send(FrameKind::kReady, {})) status = 1;
    while (status == 0) {
      const auto frame = starts_.Take();
      if (!frame) break;
      if (!RunOne(frame->payload)) status = 1;
    }
    // The reader sits in recv() until the server closes its end; nothing here is worth waiting for.
    std::_Exit(status);
  }

 private:
  void Read() {
    for (;;) {
      auto frame = channel_.Receive(std::chrono::milliseconds(-1));
      if (!frame) {
        provider_.Deliver(std::nullopt);
        grants_.Put(std::nullopt);
        starts_.Put(std::nullopt);
        Stop();
        return;
      }
      switch ((*frame)->kind) {
        case FrameKind::kStart: starts_.Put(std::move(**frame)); break;
        case FrameKind::kGrant: grants_.Put(std::move(**frame)); break;
        case FrameKind::kReply: provider_.Deliver(std::move((*frame)->payload)); break;
        case FrameKind::kCancel: Stop(); break;
        default: break;
      }
    }
  }

  void Stop() {
    std::lock_guard lock(stop_mutex_);
    stop_.request_stop();
    engine_.Interrupt();
  }

  /// False: the engine is not usable any more.
  bool RunOne(const std::string& payload) {
    auto start = DecodeStart(payload);
    if (!start) return false;
    SetLogLevel(
        static_cast<LogLevel>(std::clamp<int64_t>(start->log_level, 0, static_cast<int64_t>(LogLevel::kError))));
    {
      std::lock_guard lock(stop_mutex_);
      stop_ = std::stop_source();
    }
    const SystemClock clock;
    const RequestContext ctx(start->principal, start->request_id, start->door, clock,
                             clock.SteadyNow() + std::chrono::milliseconds(start->deadline_ms), stop_.get_token());
    stores_.Begin(
        &ctx, [this](const std::string& url) { return provider_.OpenStore(url); },
        [](const StoreAccess& access) -> Result<std::shared_ptr<storage::ObjectStore>> { return OpenStore(access); });
    StageTimes stages;
    auto ended = [&] {
      WorkerStatement statement(ctx, *start, engine_, provider_, channel_,
                                [this](const PlannedMessage& planned) { return AskGrant(planned); });
      auto outcome = RunGuarded(*start, statement);
      stages = statement.stages();
      return outcome;
    }();
    // The engine has let go of the statement; what opened its stores must not outlive it.
    stores_.End();
    if (ended) return channel_.Send(FrameKind::kDone, Encode(DoneMessage{*ended, stages})).has_value();
    const bool broken = engine_.broken();
    const FailedMessage failed{ended.error(), stages, broken};
    return channel_.Send(FrameKind::kFailed, Encode(failed)).has_value() && !broken;
  }

  /// The one place that catches our own bugs and exhausted memory.
  Result<engine::ExecutionStatistics> RunGuarded(const StartMessage& start, WorkerStatement& statement) {
    try {
      return statement.Run();
    } catch (const std::bad_alloc&) {
      return MakeError(ErrorCode::kOutOfMemory, "{}", engine::kMoreThanGranted);
    } catch (const std::exception& bug) {
      Log(LogLevel::kError, "a statement met a bug", start.request_id, {{"what", std::string(bug.what())}});
      return MakeError(ErrorCode::kInternal, "the statement met a bug of the server; its log has the details");
    }
  }

  Result<int64_t> AskGrant(const PlannedMessage& planned) {
    NL_RETURN_IF_ERROR(channel_.Send(FrameKind::kPlanned, Encode(planned)));
    const auto frame = grants_.Take();
    if (!frame) return MakeError(ErrorCode::kUnavailable, "the server is gone");
    NL_ASSIGN_OR_RETURN(GrantMessage grant, DecodeGrant(frame->payload));
    if (grant.error) return std::unexpected(*std::move(grant.error));
    return grant.memory_bytes;
  }

  Channel channel_;
  engine::Engine& engine_;
  StatementStores& stores_;
  RemoteProvider provider_;
  Mailbox starts_;
  Mailbox grants_;
  std::mutex stop_mutex_;
  std::stop_source stop_;
};

/// An allocation that fails where nobody catches it ends here; the server reads the exit status.
[[noreturn]] void ExitOnTerminate() {
  try {
    if (auto current = std::current_exception()) std::rethrow_exception(current);
  } catch (const std::bad_alloc&) {
    ::_exit(kWorkerExitOutOfMemory);
  } catch (...) {
  }
  std::abort();
}

}  // namespace

int RunWorkerProcess(const WorkerProcessOptions& options) {
  std::set_terminate(ExitOnTerminate);
  // The terminal's Ctrl-C goes to the whole group; the server decides what happens to its workers.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_DUMPABLE, 0);  // No core dumps: they would hold users' data.
  const auto local = storage::NewLocalStore();
  StatementStores stores;
  const auto store = NewStatementStore(*local, stores);
  auto opened = engine::OpenEngine({.memory_limit_bytes = options.memory_bytes,
                                    .threads = options.threads,
                                    .spill_directory = options.spill_directory},
                                   *store);
  if (!opened) {
    Log(LogLevel::kError, "a worker cannot open its engine", {}, {{"reason", opened.error().message()}});
    return 1;
  }
  WorkerProcess process(options.descriptor, **opened, stores);
  return process.Run();
}

}  // namespace neurolake::query
