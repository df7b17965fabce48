#include <atomic>

#include "common/clock.h"
#include "common/log.h"
#include "models/prompt_cache.h"

namespace neurolake::models {
namespace {

constexpr size_t kValueBytesMax = 64 << 10;
/// How many answers are kept between two rounds of forgetting.
constexpr int kPutsPerRound = 64;

class StoredPromptCache final : public PromptCache {
 public:
  StoredPromptCache(metastore::Store& store, const Clock& clock, std::chrono::milliseconds keep)
      : store_(store), clock_(clock), keep_(keep) {}

  std::optional<std::string> Get(std::string_view key) override {
    const auto rows =
        store_.ReadOnce("SELECT value FROM kept_answers WHERE key = ? AND kept > ?", {std::string(key), Oldest()});
    if (!rows.has_value()) return Lost(rows.error());
    if (rows->empty()) return std::nullopt;
    const auto* value = std::get_if<std::string>(&rows->front()[0]);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }

  void Put(std::string_view key, std::string value) override {
    if (value.size() > kValueBytesMax) return;
    const auto written = store_.WriteRelaxed(
        "INSERT INTO kept_answers (key, value, kept) VALUES (?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, kept = excluded.kept",
        {std::string(key), std::move(value), MicrosecondsOf(clock_.Now())});
    if (!written.has_value()) Lost(written.error());
    if (puts_++ % kPutsPerRound != 0) return;
    const auto forgotten = store_.WriteRelaxed("DELETE FROM kept_answers WHERE kept <= ?", {Oldest()});
    if (!forgotten.has_value()) Lost(forgotten.error());
  }

 private:
  static int64_t MicrosecondsOf(WallTime time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  }
  int64_t Oldest() const { return MicrosecondsOf(clock_.Now() - keep_); }
  /// A cache that fails costs a call, and no answer.
  static std::optional<std::string> Lost(const Error& error) {
    Log(LogLevel::kWarn, "kept answers of models are not to be had", {}, {{"reason", error.message()}});
    return std::nullopt;
  }

  metastore::Store& store_;
  const Clock& clock_;
  const std::chrono::milliseconds keep_;
  std::atomic<int> puts_ = 0;
};

}  // namespace

std::unique_ptr<PromptCache> NewStoredPromptCache(metastore::Store& store, const Clock& clock,
                                                  std::chrono::milliseconds keep) {
  return std::make_unique<StoredPromptCache>(store, clock, keep);
}

}  // namespace neurolake::models
