#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "common/request_context.h"
#include "common/result.h"
#include "privacy/secret_key.h"

namespace neurolake::privacy {

/// A data key as it is kept: encrypted by a key that the key service alone has.
struct WrappedKey {
  std::string service;  ///< "local" or "vault": which one opens it.
  std::string key_id;   ///< Which of the service's keys, and which version, wrapped it; for people and for rewrapping.
  std::string text;     ///< ASCII.
};

/// Keeps the keys that encrypt data keys (envelope encryption): cells and masks use data keys, which are stored
/// wrapped; the service wraps and unwraps them, and its own keys never leave it. Thread-safe.
class KeyService {
 public:
  virtual ~KeyService() = default;
  virtual std::string name() const = 0;  ///< WrappedKey::service.

  /// `about` is what the key is for. It is not in the result but has to be the same to unwrap it.
  virtual Result<WrappedKey> Wrap(const RequestContext& ctx, const SecretKey& key, std::string_view about) = 0;
  /// Errors: kCorruption for what was not wrapped so; kNotFound where the service has not the key any more;
  /// kPermissionDenied; kUnavailable when the service cannot be reached or is sealed.
  virtual Result<SecretKey> Unwrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) = 0;
  /// Under the service's newest key; what is under it already comes back as it is.
  virtual Result<WrappedKey> Rewrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) = 0;
  /// Makes a new key for what is wrapped from now on. Older ones still unwrap, until Retire.
  virtual Result<void> Rotate(const RequestContext& ctx) = 0;
  /// Gives up all keys but the newest: everything was rewrapped.
  virtual Result<void> Retire(const RequestContext& ctx) = 0;
};

}  // namespace neurolake::privacy
