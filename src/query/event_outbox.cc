#include "query/event_outbox.h"

#include <algorithm>

#include "common/log.h"

namespace neurolake::query {
namespace {

constexpr int64_t kSentAtOnce = 100;
constexpr std::chrono::milliseconds kRetryFirst{500};
constexpr std::chrono::milliseconds kRetryLast{30'000};

}  // namespace

EventOutbox::EventOutbox(catalog::Catalog& catalog, Metrics& metrics, std::unique_ptr<EventSink> sink,
                         int64_t events_max)
    : catalog_(catalog),
      metrics_(metrics),
      sink_(std::move(sink)),
      events_max_(events_max),
      waiting_(catalog.CountEvents().value_or(0)),
      thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

EventOutbox::~EventOutbox() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void EventOutbox::Count(const char* outcome) {
  metrics_.Count("neurolake_openlineage_events_total", "OpenLineage events, by what became of them.", "outcome",
                 outcome);
}

void EventOutbox::Add(catalog::OutboxEvent event) {
  if (waiting_.load() >= events_max_) return Count("dropped");
  ++waiting_;
  if (auto added = catalog_.AddEvents({event}); !added) {
    --waiting_;
    Log(LogLevel::kWarn, "an OpenLineage event cannot be kept", {}, {{"reason", added.error().message()}});
    return Count("dropped");
  }
  {
    std::lock_guard lock(mutex_);
    news_ = true;
  }
  added_.notify_all();
}

bool EventOutbox::SendAll(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto events = catalog_.ListEvents(kSentAtOnce);
    if (!events) return false;
    if (events->empty()) return true;
    for (const auto& event : *events) {
      if (stop.stop_requested()) return false;
      const auto sent = sink_->Send(event.body, stop);
      if (!sent) {
        Log(LogLevel::kDebug, "an OpenLineage event was not taken", {}, {{"reason", sent.error().message()}});
        return false;
      }
      const bool refused = *sent == EventSink::Outcome::kRefused;
      if (refused) Log(LogLevel::kWarn, "the endpoint refused an OpenLineage event", {}, {{"event", event.id}});
      Count(refused ? "refused" : "sent");
      if (!catalog_.RemoveEvents({event.id})) return false;
      --waiting_;
    }
  }
  return false;
}

void EventOutbox::Run(std::stop_token stop) {
  std::chrono::milliseconds retry = kRetryFirst;
  bool failing = false;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      // While the endpoint is away news change nothing; it is asked again when it is time.
      if (failing) added_.wait_for(lock, stop, retry, [] { return false; });
      else added_.wait(lock, stop, [this] { return news_; });
      news_ = false;
    }
    if (stop.stop_requested()) return;
    const bool sent = SendAll(stop);
    if (!sent && !failing && !stop.stop_requested()) {
      Log(LogLevel::kWarn, "OpenLineage events are kept until they can be delivered", {},
          {{"waiting", waiting_.load()}});
    }
    retry = !sent && failing ? std::min(2 * retry, kRetryLast) : kRetryFirst;
    failing = !sent;
  }
}

}  // namespace neurolake::query
