#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "common/metrics.h"
#include "query/event_sink.h"

namespace neurolake::query {

/// Events on their way out. They are kept in the metadata store until the sink has taken them, so that neither an
/// endpoint that is away nor a restart loses one; a thread of its own sends them, oldest first, and no statement waits
/// for it. Each is sent at least once. Thread-safe.
class EventOutbox {
 public:
  /// `events_max`: one more than these is dropped and counted. Borrows all but the sink.
  EventOutbox(catalog::Catalog& catalog, Metrics& metrics, std::unique_ptr<EventSink> sink, int64_t events_max);
  ~EventOutbox();

  /// Never fails: what cannot be kept is counted as dropped.
  void Add(catalog::OutboxEvent event);

 private:
  void Run(std::stop_token stop);
  /// Whether everything there was is gone.
  bool SendAll(std::stop_token stop);
  void Count(const char* outcome);

  catalog::Catalog& catalog_;
  Metrics& metrics_;
  const std::unique_ptr<EventSink> sink_;
  const int64_t events_max_;
  std::atomic<int64_t> waiting_{0};
  std::mutex mutex_;
  std::condition_variable_any added_;
  bool news_ = true;  ///< Also at the start: what an earlier process left.
  std::jthread thread_;
};

}  // namespace neurolake::query
