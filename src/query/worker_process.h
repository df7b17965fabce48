#pragma once
#include <cstdint>
#include <string>

namespace neurolake::query {

/// Exit status of a worker whose allocation failed where nobody could report it.
inline constexpr int kWorkerExitOutOfMemory = 77;

struct WorkerProcessOptions {
  int descriptor = -1;  ///< The worker's end of the channel.
  int threads = 1;
  int64_t memory_bytes = 0;  ///< The engine's limit before a statement's own.
  std::string spill_directory;
};

/// `neurolake worker`: opens an engine, then runs one statement after the other until the channel closes.
/// Returns the exit status. Never started by people; the server does.
int RunWorkerProcess(const WorkerProcessOptions& options);

}  // namespace neurolake::query
