#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "common/settings.h"
#include "metastore/database.h"

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

/// In the metadata store, for `keep`: other processes and later ones give them again, too. Where the store fails there
/// is no kept answer. Borrows both.
std::unique_ptr<PromptCache> NewStoredPromptCache(metastore::Store& store, const Clock& clock,
                                                  std::chrono::milliseconds keep);

/// In Redis, for `keep`; `url` is redis://HOST:PORT/DATABASE of this machine's own addresses, the last two may be left
/// out. One that is away or refuses is left alone for some seconds, and there is no kept answer. Connects with the
/// first use. Borrows `clock`. Errors: kInvalidArgument for the address.
Result<std::unique_ptr<PromptCache>> NewRedisPromptCache(std::string_view url, std::string password, const Clock& clock,
                                                         std::chrono::milliseconds keep);

/// The cache of the settings models.cache*. Errors: kInvalidArgument naming the setting.
Result<std::unique_ptr<PromptCache>> PromptCacheFrom(const Settings& settings, metastore::Store& store,
                                                     const Clock& clock);

}  // namespace neurolake::models
