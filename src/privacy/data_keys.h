#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "privacy/key_service.h"

namespace neurolake::privacy {

/// Which data key, and which version of it. Versions start at 1.
struct DataKeyName {
  std::string id;
  std::string purpose;  ///< "mask" or "column": a key of one purpose does not open as one of the other.
  uint32_t version = 0;
};

/// Makes and opens data keys by way of the configured key service, and keeps opened ones for a while, so that not each
/// statement asks the service: a service that is taken away, or a right that it withdraws, has its effect after
/// kKept at the latest. At most kKeptMax keys are held; they are wiped when they go. Thread-safe.
class DataKeys {
 public:
  static constexpr std::chrono::seconds kKept{60};
  static constexpr size_t kKeptMax = 1024;

  /// The first service wraps new keys; all of them unwrap what they wrapped, so that a lake can move from one to
  /// another by rewrapping.
  explicit DataKeys(std::vector<std::unique_ptr<KeyService>> services);

  /// A new key, wrapped.
  Result<WrappedKey> Make(const RequestContext& ctx, const DataKeyName& name);
  /// Errors: the service's; kNotFound if the service that wrapped it is not configured.
  Result<std::shared_ptr<const SecretKey>> Open(const RequestContext& ctx, const DataKeyName& name,
                                                const WrappedKey& wrapped);
  /// Under the newest key of the first service. The data key itself stays what it is, so no cell changes.
  Result<WrappedKey> Rewrap(const RequestContext& ctx, const DataKeyName& name, const WrappedKey& wrapped);
  /// A new wrapping key in the first service.
  Result<void> RotateService(const RequestContext& ctx);
  /// Gives up the first service's older wrapping keys; only when every data key was rewrapped.
  Result<void> RetireService(const RequestContext& ctx);
  /// Opened keys are wiped, such as when one is dropped.
  void Forget();

 private:
  struct Kept {
    std::shared_ptr<const SecretKey> key;
    SteadyTime until;
  };
  Result<KeyService*> ServiceOf(const WrappedKey& wrapped);

  const std::vector<std::unique_ptr<KeyService>> services_;
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;
};

}  // namespace neurolake::privacy
