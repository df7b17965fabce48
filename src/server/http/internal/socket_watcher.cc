#include "server/http/internal/socket_watcher.h"

#include <poll.h>

#include <chrono>
#include <vector>

namespace neurolake::server {
namespace {

constexpr std::chrono::milliseconds kPeriod{200};

}  // namespace

SocketWatcher::SocketWatcher() : thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

SocketWatcher::~SocketWatcher() {
  thread_.request_stop();
  changed_.notify_all();
}

SocketWatcher::Watch::Watch(SocketWatcher& watcher, int descriptor, std::stop_source stop) : watcher_(watcher) {
  std::lock_guard lock(watcher_.mutex_);
  id_ = watcher_.next_id_++;
  watcher_.entries_.emplace(id_, Entry{descriptor, std::move(stop)});
}

SocketWatcher::Watch::~Watch() {
  std::lock_guard lock(watcher_.mutex_);
  watcher_.entries_.erase(id_);
}

// Polls in rounds instead of waiting for events: a request shorter than a round, as most are, then costs two map
// operations and no system call.
void SocketWatcher::Run(std::stop_token stop) {
  std::vector<pollfd> sockets;
  std::vector<uint64_t> ids;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, kPeriod, [] { return false; });
    sockets.clear();
    ids.clear();
    for (const auto& [id, entry] : entries_) {
      if (entry.stop.stop_requested()) continue;
      sockets.push_back({entry.descriptor, POLLRDHUP, 0});
      ids.push_back(id);
    }
    if (sockets.empty()) continue;
    lock.unlock();
    const int ready = poll(sockets.data(), sockets.size(), 0);
    std::vector<std::stop_source> gone;
    lock.lock();
    for (size_t i = 0; ready > 0 && i < sockets.size(); ++i) {
      if ((sockets[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) continue;
      // The id tells whether the request is still the one that was polled: descriptors are used again.
      if (const auto found = entries_.find(ids[i]); found != entries_.end()) gone.push_back(found->second.stop);
    }
    lock.unlock();
    // Outside the lock: stop callbacks run here, and they may end a Watch.
    for (std::stop_source& source : gone) source.request_stop();
    lock.lock();
  }
}

}  // namespace neurolake::server
