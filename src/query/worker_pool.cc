#include "query/worker_pool.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "common/ids.h"
#include "common/log.h"
#include "common/process_memory.h"
#include "query/worker_process.h"

extern char** environ;

namespace neurolake::query {
namespace {

using std::chrono::milliseconds;

/// Overshoot that is not the statement's fault: allocator caches, thread stacks, the result being sent.
constexpr int64_t kMemorySlackBytes = 96LL << 20;
/// Addresses that an allocator holds, beside as many as the statement may use.
constexpr int64_t kReservedBytes = 256LL << 20;
/// What an idle worker may keep: snapshots it has seen, the allocator's own.
constexpr int64_t kRetainedBytesMax = 256LL << 20;
constexpr milliseconds kSupervisorTick{20};
constexpr milliseconds kSpawnTimeout{20'000};

/// The server's environment without what opens something: whoever takes over a worker must not find it there. Points
/// into `environ`.
std::vector<char*> WorkerEnvironment() {
  std::vector<char*> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const bool secret = std::ranges::any_of(
        std::initializer_list<std::string_view>{"AWS_ACCESS_", "AWS_SECRET_", "AWS_SESSION_", "AZURE_", "GOOGLE_",
                                                "PGPASS", "NEUROLAKE_CREDENTIALS", "NEUROLAKE_METASTORE",
                                                "NEUROLAKE_TOKEN"},
        [&](std::string_view prefix) { return variable.starts_with(prefix); });
    // Where the machine's identity is asked for; it opens nothing by itself.
    const bool address = variable.starts_with("AZURE_POD_IDENTITY_AUTHORITY_HOST=");
    if (!secret || address) kept.push_back(*entry);
  }
  kept.push_back(nullptr);
  return kept;
}

int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Worker::Worker(pid_t pid, Descriptor descriptor, std::string spill_directory)
    : pid_(pid), channel_(std::move(descriptor)), spill_directory_(std::move(spill_directory)) {}

Worker::~Worker() {
  // Whoever still waits on the process is done with it; a worker holds nothing that a kill could harm.
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  std::error_code ignored;
  std::filesystem::remove_all(spill_directory_, ignored);
}

void Worker::Cancel(WorkerEnd reason) {
  auto none = WorkerEnd::kNone;
  if (!cancel_reason_.compare_exchange_strong(none, reason)) return;
  cancelled_at_ns_ = SteadyNanoseconds();
  // A worker that does not read fills the socket; the supervisor's SIGKILL does not depend on this frame.
  [[maybe_unused]] const auto sent = channel_.Send(FrameKind::kCancel, {});
}

bool Worker::HasEnded() const {
  siginfo_t info{};
  // WNOWAIT leaves the process to the destructor.
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == pid_;
}

WorkerEnd Worker::FindEnd() {
  if (killed_for_memory_) return WorkerEnd::kMemory;
  if (cancelled()) return cancel_reason();
  siginfo_t info{};
  // WNOWAIT leaves the process to the destructor. It is dying: its end of the socket is closed.
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == pid_) break;
    std::this_thread::sleep_for(milliseconds(5));
  }
  if (info.si_code == CLD_EXITED && info.si_status == kWorkerExitOutOfMemory) return WorkerEnd::kEngineOutOfMemory;
  return WorkerEnd::kCrashed;
}

WorkerPool::WorkerPool(WorkerPoolOptions options, Metrics& metrics) : options_(std::move(options)), metrics_(metrics) {}

Result<std::unique_ptr<WorkerPool>> WorkerPool::Start(WorkerPoolOptions options, Metrics& metrics) {
  std::unique_ptr<WorkerPool> pool(new WorkerPool(std::move(options), metrics));
  // The first one here, so that a lake whose workers cannot start says so at once.
  NL_ASSIGN_OR_RETURN(auto first, pool->Spawn());
  pool->idle_.push_back(std::move(first));
  pool->alive_ = 1;
  pool->supervisor_ = std::jthread([raw = pool.get()](std::stop_token stop) { raw->Supervise(stop); });
  pool->spawner_ = std::jthread([raw = pool.get()](std::stop_token stop) { raw->Refill(stop); });
  return pool;
}

WorkerPool::~WorkerPool() {
  spawner_.request_stop();
  supervisor_.request_stop();
  changed_.notify_all();
  if (spawner_.joinable()) spawner_.join();
  if (supervisor_.joinable()) supervisor_.join();
}

Result<std::unique_ptr<Worker>> WorkerPool::Spawn() {
  NL_ASSIGN_OR_RETURN(ChannelPair ends, MakeChannelPair());
  const std::string spill = options_.spill_directory + "/" + NewUuid();
  const std::vector<std::string> arguments = {options_.program,
                                              "worker",
                                              fmt::format("--descriptor={}", ends.worker.get()),
                                              fmt::format("--threads={}", options_.threads_per_worker),
                                              fmt::format("--memory={}", options_.memory_bytes),
                                              fmt::format("--spill={}", spill)};
  std::vector<char*> environment = WorkerEnvironment();
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return MakeError(ErrorCode::kUnavailable, "cannot start a worker: {}", std::strerror(errno));
  if (pid == 0) {
    // Only calls that are safe after fork() in a process with threads.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::fcntl(ends.worker.get(), F_SETFD, 0);
    ::execve(argv[0], argv.data(), environment.data());
    ::_exit(127);
  }
  ends.worker = Descriptor();  // So that its end is seen here.
  auto worker = std::make_unique<Worker>(pid, std::move(ends.server), spill);
  auto ready = worker->channel().Receive(kSpawnTimeout);
  if (!ready || !*ready || (*ready)->kind != FrameKind::kReady) {
    return MakeError(ErrorCode::kUnavailable, "a worker process did not start");
  }
  worker->fresh_resident_bytes_ = ReadProcessMemory(pid).resident_bytes;
  return worker;
}

Result<std::unique_ptr<Worker>> WorkerPool::Lease(const RequestContext& ctx, int64_t memory_limit_bytes,
                                                  milliseconds wait_max, Turn turn) {
  std::unique_lock lock(mutex_);
  const bool first = turn == Turn::kFirst;
  if (!first && idle_.empty() && wanted_ >= options_.queue_max) {
    return MakeError(ErrorCode::kTooManyRequests, "too many statements are waiting, retry later: {}", wanted_);
  }
  ++wanted_;
  urgent_ += first;
  changed_.notify_all();
  const auto until = std::min(ctx.deadline(), ctx.clock().SteadyNow() + wait_max);
  std::unique_ptr<Worker> worker;
  while (worker == nullptr) {
    const auto turn_has_come = [&] { return !idle_.empty() && (first || urgent_ == 0); };
    if (!changed_.wait_for(lock, ctx.stop_token(), until - ctx.clock().SteadyNow(), turn_has_come)) {
      --wanted_;
      urgent_ -= first;
      changed_.notify_all();
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      return MakeError(ErrorCode::kTooManyRequests, "no worker became free in time, retry later");
    }
    worker = std::move(idle_.front());
    idle_.pop_front();
    if (worker->HasEnded()) {
      // Killed while it was idle: no statement has to learn of it.
      lock.unlock();
      Destroy(std::move(worker));
      lock.lock();
    }
  }
  --wanted_;
  urgent_ -= first;
  if (first) changed_.notify_all();
  const ProcessMemory idle = ReadProcessMemory(worker->pid_);
  worker->idle_data_bytes_ = idle.data_bytes;
  worker->idle_resident_bytes_ = idle.resident_bytes;
  worker->ctx_ = ctx;
  ApplyLimit(*worker, memory_limit_bytes);
  leased_.push_back(worker.get());
  return worker;
}

void WorkerPool::SetMemoryLimit(Worker& worker, int64_t memory_limit_bytes) {
  std::lock_guard lock(mutex_);
  ApplyLimit(worker, memory_limit_bytes);
}

void WorkerPool::ApplyLimit(Worker& worker, int64_t memory_limit_bytes) {
  worker.memory_limit_bytes_ = memory_limit_bytes;
  // The system counts addresses, of which the allocator holds more than it uses, in proportion to what is used. Memory
  // that is really in use is what the supervisor looks at.
  const int64_t reserved = kReservedBytes + memory_limit_bytes;
  const auto hard = static_cast<rlim_t>(worker.idle_data_bytes_ + memory_limit_bytes + reserved);
  const rlimit limit{hard, RLIM_INFINITY};
  ::prlimit(worker.pid_, RLIMIT_DATA, &limit, nullptr);
}

void WorkerPool::Return(std::unique_ptr<Worker> worker, bool reusable) {
  {
    std::lock_guard lock(mutex_);
    std::erase(leased_, worker.get());
    worker->ctx_.reset();
  }
  ++worker->statements_;
  if (!reusable || !MayKeep(*worker) || worker->cancelled() || worker->statements_ >= options_.statements_max) {
    Destroy(std::move(worker));
    return;
  }
  std::lock_guard lock(mutex_);
  // Last in, first out: the warmest caches go to the next statement.
  idle_.push_front(std::move(worker));
  changed_.notify_all();
}

bool WorkerPool::MayKeep(Worker& worker) const {
  const int64_t kept = ReadProcessMemory(worker.pid_).resident_bytes - worker.fresh_resident_bytes_ - kRetainedBytesMax;
  if (kept <= 0) {
    worker.kept_.reset();
    return true;
  }
  // Either the snapshot of a large table, which the next statement would have to read again, or what a statement left
  // behind in the allocator; such a worker is cheaper to replace than to reason about.
  const bool allowed = options_.admission != nullptr && kept <= options_.kept_bytes_max;
  if (!allowed || options_.admission->waiting() > 0) return false;
  // In place: what it gave back for a moment another could take.
  if (worker.kept_ != nullptr) return worker.kept_->TryResize(kept);
  worker.kept_ = options_.admission->TryAcquire(kept);
  return worker.kept_ != nullptr;
}

void WorkerPool::ReleaseKept() {
  std::list<std::unique_ptr<Worker>> released;
  {
    std::lock_guard lock(mutex_);
    for (auto worker = idle_.begin(); worker != idle_.end();) {
      const auto next = std::next(worker);
      if ((*worker)->kept_ != nullptr) released.splice(released.end(), idle_, worker);
      worker = next;
    }
  }
  for (auto& worker : released) Destroy(std::move(worker));
}

void WorkerPool::Destroy(std::unique_ptr<Worker> worker) {
  worker.reset();
  std::lock_guard lock(mutex_);
  --alive_;
  changed_.notify_all();
}

int WorkerPool::alive() const {
  std::lock_guard lock(mutex_);
  return alive_;
}

int WorkerPool::waiting() const {
  std::lock_guard lock(mutex_);
  return wanted_;
}

void WorkerPool::CheckLeased(Worker& worker, SteadyTime now) {
  const int64_t cancelled_at = worker.cancelled_at_ns_;
  if (cancelled_at != 0) {
    if (SteadyNanoseconds() - cancelled_at > std::chrono::nanoseconds(options_.kill_after).count()) {
      ::kill(worker.pid_, SIGKILL);
    }
    return;
  }
  if (worker.ctx_->stop_token().stop_requested()) {
    worker.Cancel(WorkerEnd::kCancelled);
  } else if (now >= worker.ctx_->deadline()) {
    worker.Cancel(WorkerEnd::kDeadline);
  } else if (ReadProcessMemory(worker.pid_).resident_bytes >
             worker.idle_resident_bytes_ + worker.memory_limit_bytes_ + kMemorySlackBytes) {
    worker.killed_for_memory_ = true;
    ::kill(worker.pid_, SIGKILL);
  }
}

void WorkerPool::Supervise(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    for (Worker* worker : leased_) CheckLeased(*worker, worker->ctx_->clock().SteadyNow());
    changed_.wait_for(lock, stop, kSupervisorTick, [] { return false; });
  }
}

void WorkerPool::Refill(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto needed = [&] {
      const int idle = static_cast<int>(idle_.size());
      return (idle < wanted_ && alive_ < options_.workers_max) || alive_ < options_.idle_workers;
    };
    changed_.wait(lock, stop, needed);
    if (stop.stop_requested()) return;
    ++alive_;
    lock.unlock();
    auto worker = Spawn();
    metrics_.Count("neurolake_workers_started_total", "Worker processes started.", "outcome", worker ? "ok" : "failed");
    lock.lock();
    if (worker) {
      spawn_failures_ = 0;
      idle_.push_back(std::move(*worker));
      changed_.notify_all();
      continue;
    }
    --alive_;
    Log(LogLevel::kError, "cannot start a worker", {}, {{"reason", worker.error().message()}});
    // Backs off, so that a broken installation does not fork in a loop.
    const auto pause = milliseconds(100) * (1 << std::min(++spawn_failures_, 7));
    changed_.wait_for(lock, stop, pause, [] { return false; });
  }
}

}  // namespace neurolake::query
