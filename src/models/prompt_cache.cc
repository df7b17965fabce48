#include "models/prompt_cache.h"

namespace neurolake::models {
namespace {

class MemoryPromptCache final : public PromptCache {
 public:
  explicit MemoryPromptCache(int64_t bytes_max) : bytes_max_(bytes_max) {}

  std::optional<std::string> Get(std::string_view key) override {
    std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  void Put(std::string_view key, std::string value) override {
    const auto bytes = static_cast<int64_t>(key.size() + value.size());
    if (bytes > bytes_max_) return;
    std::lock_guard lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) Drop(found->second);
    entries_.push_front({std::string(key), std::move(value)});
    places_.emplace(entries_.front().key, entries_.begin());
    bytes_ += bytes;
    while (bytes_ > bytes_max_) Drop(std::prev(entries_.end()));
  }

 private:
  struct Entry {
    std::string key;
    std::string value;
  };

  void Drop(std::list<Entry>::iterator entry) {
    bytes_ -= static_cast<int64_t>(entry->key.size() + entry->value.size());
    places_.erase(entry->key);
    entries_.erase(entry);
  }

  const int64_t bytes_max_;
  std::mutex mutex_;
  int64_t bytes_ = 0;
  std::list<Entry> entries_;  ///< The one used last comes first.
  std::map<std::string, std::list<Entry>::iterator, std::less<>> places_;
};

}  // namespace

std::unique_ptr<PromptCache> NewMemoryPromptCache(int64_t bytes_max) {
  return std::make_unique<MemoryPromptCache>(bytes_max);
}

}  // namespace neurolake::models
