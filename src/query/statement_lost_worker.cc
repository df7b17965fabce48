// What is said of a worker that ended before its statement did.
#include "common/log.h"
#include "common/text.h"
#include "query/statement.h"

namespace neurolake::query {

Error Statement::LostWorker() {
  const WorkerEnd end = worker_->FindEnd();
  LogLostWorker(end);
  if (const auto version = provider_.committed_version()) {
    return Error(
        ErrorCode::kCommitUnknown,
        fmt::format("the worker ended after its change was committed; do not repeat it. Version: {}", *version));
  }
  // Why the worker ended says nothing of what the store made of the commit.
  if (const auto& doubt = provider_.commit_in_doubt()) return *doubt;
  switch (end) {
    case WorkerEnd::kCancelled: return Error(ErrorCode::kCancelled, "the statement was cancelled");
    case WorkerEnd::kDeadline: return Error(ErrorCode::kDeadlineExceeded, "the statement ran past its deadline");
    case WorkerEnd::kMemory:
    case WorkerEnd::kEngineOutOfMemory: return OutOfMemory();
    case WorkerEnd::kNone:
    case WorkerEnd::kCrashed: break;
  }
  return Error(ErrorCode::kWorkerLost, "the worker that ran the statement ended unexpectedly; nothing was committed");
}

Error Statement::OutOfMemory() const {
  const int64_t granted = std::min(lake_.planning_bytes, memory_bytes_max_) + (grant_ == nullptr ? 0 : grant_->bytes());
  if (request_.memory_bytes > 0) {
    return Error(ErrorCode::kOutOfMemory,
                 fmt::format("the statement needed more memory than it asked for: {}; ask for more by the request's "
                             "memory, at most what memory.per_statement says",
                             FormatBytes(memory_bytes_max_)));
  }
  if (granted < memory_bytes_max_) {
    return Error(
        ErrorCode::kOutOfMemory,
        fmt::format("the statement needed more memory than was predicted and granted{}; ask for more by the "
                    "request's memory, at most {} (memory.per_statement)",
                    // Predicted from all rows, hidden ones among them.
                    provider_.ShowsAPart() ? "" : ": " + FormatBytes(granted), FormatBytes(memory_bytes_max_)));
  }
  return Error(ErrorCode::kOutOfMemory,
               fmt::format("the statement needed more memory than its limit: {}; memory.per_statement gives more",
                           FormatBytes(memory_bytes_max_)));
}

void Statement::LogLostWorker(WorkerEnd end) const {
  if (end == WorkerEnd::kCancelled || end == WorkerEnd::kDeadline) return;
  const bool memory = end == WorkerEnd::kMemory || end == WorkerEnd::kEngineOutOfMemory;
  Log(LogLevel::kWarn, "a worker ended while it ran a statement", ctx_.request_id(),
      {{"statement", record_.id.value()},
       {"worker", std::to_string(worker_->pid())},
       {"reason", memory ? "memory" : "crash"},
       {"committed_version", std::to_string(provider_.committed_version().value_or(-1))}});
}

}  // namespace neurolake::query
