#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/settings.h"
#include "plan/table_policy.h"
#include "privacy/data_keys.h"

namespace neurolake::query {

/// The server's side of data keys: it alone opens them. Their records are the catalogue's, their wrapping the key
/// service's. Thread-safe.
class KeyStore {
 public:
  struct Options {
    int64_t lookups_per_hour = 100;
  };
  /// Borrows `catalog`.
  KeyStore(catalog::Catalog& catalog, std::unique_ptr<privacy::DataKeys> keys, Options options)
      : catalog_(catalog), keys_(std::move(keys)), options_(options) {}

  /// The newest version of each, or what hinders: kCorruption where there is no such key, the key service's error.
  /// Errors: the metadata store's.
  Result<std::vector<plan::PolicyKey>> Open(const RequestContext& ctx, const std::vector<plan::PolicyKeyName>& names);

  struct OpenVersion {
    uint32_t version = 0;
    std::shared_ptr<const privacy::SecretKey> key;
  };
  /// All versions, the newest last. Errors: the key service's.
  Result<std::vector<OpenVersion>> OpenVersions(const RequestContext& ctx, const catalog::DataKeyRecord& key);

  /// Errors: kAlreadyExists.
  Result<void> Create(const RequestContext& ctx, const std::string& name);
  /// A new version: what masks show changes with it, and tokens of before do not join those of after. Returns its
  /// number. Errors: kNotFound; kConflict when somebody else did it meanwhile.
  Result<int64_t> Rotate(const RequestContext& ctx, const std::string& name);
  /// Errors: kNotFound; kDependentObjects while a policy needs it.
  Result<void> Drop(const std::string& name);
  /// Wraps every version of every key anew, under the newest wrapping key of the configured service; the keys
  /// themselves stay, and so does what masks show. Statements go on meanwhile. Returns how many were wrapped anew.
  Result<int64_t> Rewrap(const RequestContext& ctx);
  /// A new wrapping key, under which everything is wrapped anew; then older ones are given up. A crash in between
  /// leaves them all, and the next call ends it.
  Result<int64_t> RotateMaster(const RequestContext& ctx);

  /// What is asked for: the token that mask_token shows of a value.
  struct Question {
    std::string key;    ///< Its name.
    std::string type;   ///< "varchar", "integer" or "bigint".
    std::string value;  ///< As text.
  };
  /// On record before it is answered. Errors: kNotFound for a key that is not there or may not be asked, alike;
  /// kTooManyRequests; kInvalidArgument for a value that is not of the type.
  Result<std::string> LookUp(const RequestContext& ctx, const StatementId& statement, const Question& question);
  /// Notes that the principal asked which rows have a value, of which `token` is what files have.
  /// Errors: kTooManyRequests.
  Result<void> RecordLookup(const RequestContext& ctx, const StatementId& statement, const std::string& key_id,
                            const std::string& token);

 private:
  Result<std::shared_ptr<const privacy::SecretKey>> OpenNewest(const RequestContext& ctx,
                                                               const catalog::DataKeyRecord& key);
  Result<std::string> TokenOf(const privacy::SecretKey& key, const std::string& id, const Question& question) const;

  Result<int64_t> RewrapAll(const RequestContext& ctx);

  catalog::Catalog& catalog_;
  const std::unique_ptr<privacy::DataKeys> keys_;
  std::mutex changes_;  ///< No key is made while the wrapping key changes: it could be left under one that goes.
  const Options options_;
};

/// Keys that any expression of the policy names, each once.
std::vector<plan::PolicyKeyName> KeysOf(const plan::TablePolicy& policy);

/// Whether the principal has "usage", "encrypt", "lookup" or "decrypt" on a key: granted and not denied, to them, a
/// group of theirs, their role or PUBLIC. Who manages the lake has the first two of all keys unless they are denied,
/// and the others of none that they were not granted on. An agent may what it and whom it acts for may both.
Result<bool> MayUseKey(catalog::Catalog& catalog, const Principal& principal, const std::string& key_id,
                       std::string_view privilege);

/// By the settings keys.*: the service that wraps, and the local keyring besides while Vault is configured, so that
/// what it wrapped can be moved. Errors: kInvalidArgument for settings that do not fit.
Result<std::unique_ptr<privacy::DataKeys>> MakeDataKeys(const Settings& settings, const std::string& lake_directory,
                                                        catalog::Catalog& catalog);

}  // namespace neurolake::query
