#include "server/http/internal/result_flusher.h"

#include <algorithm>
#include <chrono>

namespace neurolake::server {
namespace {

constexpr std::chrono::milliseconds kPeriod{100};

}  // namespace

ResultFlusher::ResultFlusher() : thread_([this](const std::stop_token& stop) { Run(stop); }) {}

std::shared_ptr<ResultFlusher::Watched> ResultFlusher::Watch(std::function<void()> flush) {
  auto watched = std::make_shared<Watched>();
  watched->flush = std::move(flush);
  std::lock_guard lock(mutex_);
  watched_.push_back(watched);
  if (watched_.size() == 1) changed_.notify_all();
  return watched;
}

void ResultFlusher::Forget(const std::shared_ptr<Watched>& watched) {
  {
    std::lock_guard lock(watched->mutex);
    watched->flush = nullptr;
  }
  std::lock_guard lock(mutex_);
  std::erase(watched_, watched);
}

void ResultFlusher::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<std::shared_ptr<Watched>> now;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !watched_.empty(); })) return;
      changed_.wait_for(lock, stop, kPeriod, [] { return false; });
      now = watched_;
    }
    // Without the list's lock: a client that reads slowly holds up this thread, and nobody's response.
    for (const auto& watched : now) {
      const std::unique_lock busy(watched->mutex, std::try_to_lock);
      if (busy.owns_lock() && watched->flush) watched->flush();
    }
  }
}

}  // namespace neurolake::server
