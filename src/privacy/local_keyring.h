#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "privacy/key_service.h"
#include "storage/secret_box.h"

namespace neurolake::privacy {

/// What encrypts the keyring's file itself. At most one of them.
struct KeyringProtection {
  std::string passphrase;    ///< Stretched by Argon2id.
  std::string wrapping_key;  ///< 64 hexadecimal digits, from the environment or a file that is not in the lake.

  bool none() const { return passphrase.empty() && wrapping_key.empty(); }
};

/// Keys in a file below the lake (0600), sealed and opened by storage::SecretBox as credentials are. Without
/// protection whoever can read the file and the metadata store can read all; with it, they need that as well.
/// The file is read anew with each call: a rotation by another process is seen. Source: docs/masking.md, "Key
/// services".
class LocalKeyring final : public KeyService {
 public:
  /// The file is made when the first key is wrapped, and only if `may_make` says that nothing was wrapped yet: a lake
  /// that lost its keyring must not go on with another one unnoticed.
  LocalKeyring(std::string path, KeyringProtection protection, std::function<Result<bool>()> may_make);
  ~LocalKeyring() override;

  std::string name() const override { return "local"; }
  Result<WrappedKey> Wrap(const RequestContext& ctx, const SecretKey& key, std::string_view about) override;
  Result<SecretKey> Unwrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) override;
  Result<WrappedKey> Rewrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) override;
  Result<void> Rotate(const RequestContext& ctx) override;
  Result<void> Retire(const RequestContext& ctx) override;

  /// Puts the protection on a file that has none yet; nothing to do for one that has it, or where there is no file.
  Result<void> ProtectPlain();
  /// Encrypts a file that `before` opens with the present protection, also none; nothing to do for one that the present
  /// protection opens, or where there is no file. Errors: kPermissionDenied for a file that neither opens.
  Result<void> ProtectAnew(const KeyringProtection& before);

 private:
  Result<storage::SecretBox> Open() { return OpenBy(protection_); }
  Result<storage::SecretBox> OpenBy(const KeyringProtection& protection);
  Result<storage::SecretBox> OpenOrMake();
  Result<void> Write(const std::vector<std::string>& keys, const KeyringProtection& protection);
  /// The box that seals the file, from the protection and the file's salt. Argon2id takes its time once per salt.
  Result<const storage::SecretBox*> Protector(const KeyringProtection& protection, const std::string& salt);

  const std::string path_;
  std::mutex mutex_;
  KeyringProtection protection_;
  const std::function<Result<bool>()> may_make_;
  std::string stretched_salt_;
  std::optional<storage::SecretBox> stretched_;
};

}  // namespace neurolake::privacy
