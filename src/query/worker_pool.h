#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/metrics.h"
#include "common/request_context.h"
#include "common/result.h"
#include "query/admission.h"
#include "query/channel.h"

namespace neurolake::query {

struct WorkerPoolOptions {
  std::string program;          ///< This binary; workers are `program worker`.
  std::string spill_directory;  ///< Each worker has a folder of its own below it, removed with the worker.
  int idle_workers = 2;         ///< Kept warm.
  int workers_max = 4;
  int threads_per_worker = 2;
  int64_t queue_max = 256;                    ///< Leases that may wait at once; one more is refused.
  int statements_max = 10'000;                ///< A worker is replaced after this many.
  int64_t memory_bytes = 0;                   ///< A worker's engine limit before a statement's own.
  std::chrono::milliseconds kill_after{700};  ///< From an unheeded cancel to SIGKILL.
  /// Most that an idle worker may keep of large tables' snapshots, out of what `admission` shares and only until a
  /// statement waits for it. Null: nothing.
  int64_t kept_bytes_max = 0;
  Admission* admission = nullptr;
};

/// Why a worker ended, when it did not do so by itself.
enum class WorkerEnd : uint8_t { kNone, kCancelled, kDeadline, kMemory, kCrashed, kEngineOutOfMemory };

/// One worker process. The statement that leases it talks over `channel()`; the pool's supervisor watches its memory
/// and deadline at the same time.
class Worker {
 public:
  Worker(pid_t pid, Descriptor descriptor, std::string spill_directory);
  ~Worker();

  Channel& channel() { return channel_; }
  pid_t pid() const { return pid_; }
  /// Asks the statement to stop; the supervisor kills the worker if it has not within `kill_after`. Thread-safe.
  void Cancel(WorkerEnd reason);
  /// The process is gone; nobody has said why yet.
  bool HasEnded() const;
  /// Why the channel broke: waits shortly for the process to be reaped.
  WorkerEnd FindEnd();
  bool cancelled() const { return cancel_reason_.load() != WorkerEnd::kNone; }
  WorkerEnd cancel_reason() const { return cancel_reason_.load(); }

 private:
  friend class WorkerPool;
  const pid_t pid_;
  Channel channel_;
  const std::string spill_directory_;
  std::atomic<WorkerEnd> cancel_reason_ = WorkerEnd::kNone;
  std::atomic<bool> killed_for_memory_ = false;
  std::atomic<int64_t> cancelled_at_ns_ = 0;  ///< Steady time; 0: not cancelled.
  int statements_ = 0;
  int64_t fresh_resident_bytes_ = 0;  ///< Of the process that has run nothing yet.
  // Of the current lease. What the idle process had lies beneath the statement's limit.
  int64_t idle_data_bytes_ = 0;
  int64_t idle_resident_bytes_ = 0;
  int64_t memory_limit_bytes_ = 0;
  std::optional<RequestContext> ctx_;
  std::unique_ptr<Admission::Grant> kept_;  ///< For what it keeps beyond what each may; lies beneath its leases.
};

/// Supervised, pre-warmed worker processes. Thread-safe.
class WorkerPool {
 public:
  static Result<std::unique_ptr<WorkerPool>> Start(WorkerPoolOptions options, Metrics& metrics);
  ~WorkerPool();

  enum class Turn : uint8_t {
    kInTurn,
    kFirst,  ///< Before all others: what many wait for.
  };
  /// An idle worker for one statement, with the operating system's limits set for it. Waits for one until the
  /// context ends or `wait_max` passes; kTooManyRequests then, and when too many wait already.
  Result<std::unique_ptr<Worker>> Lease(const RequestContext& ctx, int64_t memory_limit_bytes,
                                        std::chrono::milliseconds wait_max, Turn turn = Turn::kInTurn);
  /// Changes the limits of a leased worker.
  void SetMemoryLimit(Worker& worker, int64_t memory_limit_bytes);
  /// Gives the worker back; `reusable` false replaces it.
  void Return(std::unique_ptr<Worker> worker, bool reusable);
  /// Ends idle workers that keep memory which statements could have.
  void ReleaseKept();
  int alive() const;
  int waiting() const;

 private:
  WorkerPool(WorkerPoolOptions options, Metrics& metrics);
  Result<std::unique_ptr<Worker>> Spawn();
  void Supervise(std::stop_token stop);
  static void ApplyLimit(Worker& worker, int64_t memory_limit_bytes);
  void CheckLeased(Worker& worker, SteadyTime now);
  void Refill(std::stop_token stop);
  void Destroy(std::unique_ptr<Worker> worker);
  /// Counts what an idle worker keeps; false if it may not keep that much.
  bool MayKeep(Worker& worker) const;

  const WorkerPoolOptions options_;
  Metrics& metrics_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<std::unique_ptr<Worker>> idle_;
  std::vector<Worker*> leased_;
  int alive_ = 0;
  int wanted_ = 0;  ///< Leases that wait.
  int urgent_ = 0;  ///< Of them, those that go first.
  int spawn_failures_ = 0;
  std::jthread supervisor_;
  std::jthread spawner_;
};

}  // namespace neurolake::query
