#include "privacy/data_keys.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"

namespace neurolake::privacy {
namespace {

/// What a wrapped key belongs to: swapped rows of the metadata store do not open.
std::string AboutOf(const DataKeyName& name) {
  return fmt::format("neurolake data key|{}|{}|{}", name.purpose, name.id, name.version);
}

}  // namespace

DataKeys::DataKeys(std::vector<std::unique_ptr<KeyService>> services) : services_(std::move(services)) {
  NL_CHECK(!services_.empty());
}

Result<KeyService*> DataKeys::ServiceOf(const WrappedKey& wrapped) {
  const auto found = std::ranges::find(services_, wrapped.service, [](const auto& one) { return one->name(); });
  if (found != services_.end()) return found->get();
  return MakeError(ErrorCode::kNotFound, "a data key was wrapped by a key service that is not configured: {}",
                   wrapped.service);
}

Result<WrappedKey> DataKeys::Make(const RequestContext& ctx, const DataKeyName& name) {
  return services_.front()->Wrap(ctx, SecretKey::Random(), AboutOf(name));
}

Result<std::shared_ptr<const SecretKey>> DataKeys::Open(const RequestContext& ctx, const DataKeyName& name,
                                                        const WrappedKey& wrapped) {
  // By what is stored, too: a key that was made anew under its name is another one.
  const std::string place = AboutOf(name) + "|" + Sha256Hex(wrapped.service + "|" + wrapped.text);
  {
    std::lock_guard lock(mutex_);
    const auto known = kept_.find(place);
    if (known != kept_.end() && ctx.clock().SteadyNow() < known->second.until) return known->second.key;
  }
  NL_ASSIGN_OR_RETURN(KeyService * service, ServiceOf(wrapped));
  NL_ASSIGN_OR_RETURN(SecretKey key, service->Unwrap(ctx, wrapped, AboutOf(name)));
  auto opened = std::make_shared<const SecretKey>(std::move(key));
  std::lock_guard lock(mutex_);
  const SteadyTime now = ctx.clock().SteadyNow();
  std::erase_if(kept_, [&](const auto& one) { return one.second.until <= now; });
  if (kept_.size() >= kKeptMax) kept_.clear();
  kept_[place] = {opened, now + kKept};
  return opened;
}

Result<WrappedKey> DataKeys::Rewrap(const RequestContext& ctx, const DataKeyName& name, const WrappedKey& wrapped) {
  NL_ASSIGN_OR_RETURN(KeyService * service, ServiceOf(wrapped));
  if (service == services_.front().get()) return service->Rewrap(ctx, wrapped, AboutOf(name));
  NL_ASSIGN_OR_RETURN(const SecretKey key, service->Unwrap(ctx, wrapped, AboutOf(name)));
  return services_.front()->Wrap(ctx, key, AboutOf(name));
}

Result<void> DataKeys::RotateService(const RequestContext& ctx) { return services_.front()->Rotate(ctx); }
Result<void> DataKeys::RetireService(const RequestContext& ctx) { return services_.front()->Retire(ctx); }

void DataKeys::Forget() {
  std::lock_guard lock(mutex_);
  kept_.clear();
}

}  // namespace neurolake::privacy
