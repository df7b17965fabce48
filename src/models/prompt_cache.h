#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace neurolake::models {

/// Answers by what was asked. Keys are made by the router, of everything an answer depends on and of who asks.
/// Thread-safe.
class PromptCache {
 public:
  virtual ~PromptCache() = default;
  virtual std::optional<std::string> Get(std::string_view key) = 0;
  virtual void Put(std::string_view key, std::string value) = 0;
};

/// In this process, up to `bytes_max`; the one that was used longest ago goes first.
std::unique_ptr<PromptCache> NewMemoryPromptCache(int64_t bytes_max);

}  // namespace neurolake::models
