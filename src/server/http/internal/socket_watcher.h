#pragma once
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>

namespace neurolake::server {

/// One thread that notices clients hanging up while their request is being worked on, when nobody reads their socket.
/// Thread-safe. A hang-up is seen within a quarter of a second.
class SocketWatcher {
 public:
  SocketWatcher();
  ~SocketWatcher();

  /// Watches one socket while it lives; requests a stop of `stop` when the peer closes its side.
  class Watch {
   public:
    Watch(SocketWatcher& watcher, int descriptor, std::stop_source stop);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    SocketWatcher& watcher_;
    uint64_t id_;
  };

 private:
  struct Entry {
    int descriptor;
    std::stop_source stop;
  };
  void Run(std::stop_token stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  uint64_t next_id_ = 0;
  std::unordered_map<uint64_t, Entry> entries_;
  std::jthread thread_;
};

}  // namespace neurolake::server
