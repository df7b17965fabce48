#pragma once
#include <memory>
#include <string>

#include "net/http_client.h"
#include "privacy/key_service.h"

namespace neurolake::privacy {

struct VaultTransitOptions {
  std::string address;  ///< https://vault.example.org:8200
  std::string mount = "transit";
  std::string key;         ///< Name of the transit key, of a type that encrypts with associated data: aes256-gcm96.
  std::string token;       ///< Sent as X-Vault-Token.
  std::string token_file;  ///< Instead: read anew for each request, as an agent renews it.
  std::string name_space;  ///< X-Vault-Namespace; empty: the root.
  std::string certificate_authority_file;
  bool allow_plain_http = false;  ///< Else only https, as tokens and keys travel.
};

/// HashiCorp Vault's transit engine, or OpenBao's, by its HTTP API: encrypt, decrypt, rewrap, rotate. The transit key
/// never leaves the service, and data keys travel in TLS alone. What `about` says is sent as associated data.
/// Errors of the service become codes; its texts are not shown, as they may quote what was sent. Thread-safe.
/// Source: developer.hashicorp.com/vault/api-docs/secret/transit.
class VaultTransit final : public KeyService {
 public:
  /// Errors: kInvalidArgument for options that are missing or do not fit.
  static Result<std::unique_ptr<VaultTransit>> Make(VaultTransitOptions options);
  ~VaultTransit() override;

  std::string name() const override { return "vault"; }
  Result<WrappedKey> Wrap(const RequestContext& ctx, const SecretKey& key, std::string_view about) override;
  Result<SecretKey> Unwrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) override;
  Result<WrappedKey> Rewrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) override;
  /// The token needs `update` on keys/<key>/rotate.
  Result<void> Rotate(const RequestContext& ctx) override;
  /// Sets min_decryption_version to the newest: older ciphertexts cannot be decrypted any more.
  Result<void> Retire(const RequestContext& ctx) override;

 private:
  class Api;
  explicit VaultTransit(std::unique_ptr<Api> api);
  Result<int64_t> NewestVersion(const RequestContext& ctx);
  std::unique_ptr<Api> api_;
};

}  // namespace neurolake::privacy
