#pragma once
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::net {

/// A public key that signatures are checked with, and the algorithms it is for. Immutable; thread-safe.
/// RS, PS: RSA of 2048 to 8192 bits with an exponent from 65537 on, without the ROCA weakness (CVE-2017-15361). ES:
/// P-256 with ES256, P-384 with ES384, P-521 with ES512. EdDSA: Ed25519. There are no symmetric keys, so none can be
/// mistaken for one.
/// Source: RFC 7517, RFC 7518 section 6, RFC 8037.
class PublicKey {
 public:
  struct State;
  /// Errors: kInvalidArgument saying which rule the key breaks: its kind, size, curve, point, `use`, `key_ops` or
  /// `alg`.
  static Result<PublicKey> FromJwk(const boost::json::object& jwk);
  PublicKey(PublicKey&&) noexcept;
  ~PublicKey();

  const std::string& id() const { return id_; }  ///< `kid`; empty when it has none.
  bool IsFor(std::string_view algorithm) const;
  /// Whether `signature` is the key's over `text`. False for an algorithm that it is not for.
  bool Verify(std::string_view algorithm, std::string_view text, std::string_view signature) const;

 private:
  explicit PublicKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  std::string id_;
  std::vector<std::string> algorithms_;
};

/// A provider's keys (RFC 7517, section 5). Immutable; thread-safe.
class KeySet {
 public:
  /// Keys of other kinds and uses, and those that break a rule, are left out: providers publish keys for encryption in
  /// the same set. Errors: kInvalidArgument for what is no set, one of more than 100 keys, or one without a key of use.
  static Result<std::shared_ptr<const KeySet>> Parse(std::string_view text);
  /// The key for `algorithm` that `id` names, byte for byte. Without an id: the only one for the algorithm. Null when
  /// there is none, or more than one: what is ambiguous is refused.
  const PublicKey* Find(std::string_view algorithm, const std::optional<std::string>& id) const;
  bool Has(std::string_view id) const;
  size_t size() const { return keys_.size(); }

 private:
  std::vector<PublicKey> keys_;
};

}  // namespace neurolake::net
