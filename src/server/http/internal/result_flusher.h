#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace neurolake::server {

/// Sends what responses hold back to fill a chunk, when their statement leaves them waiting for its next rows. One
/// thread for all of them, asleep while there are none. Thread-safe.
class ResultFlusher {
 public:
  /// Excludes the response's own thread and the flusher's from each other.
  struct Watched {
    std::mutex mutex;
    std::function<void()> flush;  ///< Sends what has waited long enough; empty: the response has ended.
  };

  ResultFlusher();

  /// From now on `flush` is called a few times a second, under the mutex, until `Forget`.
  std::shared_ptr<Watched> Watch(std::function<void()> flush);
  void Forget(const std::shared_ptr<Watched>& watched);

 private:
  void Run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::shared_ptr<Watched>> watched_;
  std::jthread thread_;
};

}  // namespace neurolake::server
