#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "query/statement_stores.h"
#include "query/store_access.h"
#include "storage/object_store_options.h"
#include "storage/secret_box.h"

namespace neurolake::query {

/// Where the key that seals credentials comes from.
struct CredentialKeySource {
  std::string text;  ///< Setting credentials.key; empty: the file.
  std::string file;  ///< "<lake>/credentials.key"; made with the first credential.
};

/// The server's side of credentials and external locations: it alone opens what is sealed. Thread-safe.
class LocationStores {
 public:
  /// Borrows `catalog`.
  LocationStores(catalog::Catalog& catalog, CredentialKeySource keys) : catalog_(catalog), keys_(std::move(keys)) {}

  /// How the external location that `url` lies in is reached: the innermost one. Errors: kPermissionDenied when there
  /// is none; SecretBox::Open's.
  Result<StoreAccess> AccessTo(const std::string& url);
  /// A client, the same one for the same access as long as it is used at all.
  Result<std::shared_ptr<storage::ObjectStore>> ClientFor(const StoreAccess& access);
  /// For a place of the settings, which is no external location. Errors: kNotFound for the credential; those of
  /// ClientFor.
  Result<std::shared_ptr<storage::ObjectStore>> ClientBy(const std::string& credential);
  /// `stores` reaches every external location until its End.
  void Begin(StatementStores& stores, const RequestContext* ctx);

  /// Whether tables can lie at `url`, reached by the credential: asks the store, with an object that is deleted again.
  /// Errors: kNotFound for the credential or the bucket; kInvalidArgument for a credential of another kind of store;
  /// kNotSupported for a store that would lose commits; the store's.
  Result<void> CheckPlace(const RequestContext& ctx, const std::string& url, const std::string& credential);

  /// From now on no external location is made inside or around `place`, the archive of the audit log, in whatever way
  /// it is written. Before the first statement. Errors: kInvalidArgument where there is one, or the lake.
  Result<void> ReservePlace(const std::string& place, const std::string& credential);

  /// Whether another external location, or the reserved place, names the same place of an Azure container in the other
  /// way, with or without its account: rights and overlaps are judged by the text. Errors: kInvalidArgument.
  Result<void> CheckSpelling(const std::string& url, const std::string& credential);

  /// Errors: kAlreadyExists; kInvalidArgument as CheckCredentialOptions.
  Result<void> CreateCredential(const std::string& name, const StoreAccess& access, WallTime now, bool or_replace);
  /// Seals every credential with a new key, of the file, or with the first key of the setting. A crash leaves both keys
  /// in the file. Returns how many credentials were sealed anew.
  Result<int64_t> RotateKey();

 private:
  Result<storage::SecretBox> OpenBox() const;
  Result<storage::SecretBox> OpenOrMakeBox() const;
  Result<StoreAccess> Unseal(const catalog::CredentialRecord& record) const;
  Result<StoreAccess> UnsealNamed(const std::string& credential) const;
  struct AzurePlace {
    storage::ObjectLocation at;
    std::string credential;
  };
  /// nullopt: of another kind of store, or none.
  static std::optional<AzurePlace> AzurePlaceOf(const std::string& place, const std::string& credential);
  /// Whether one is inside of the other and they are written with and without the account, as far as that is known.
  bool IsOneWrittenTwice(const AzurePlace& one, const AzurePlace& other) const;
  /// The Azure account that a URL or else its credential names; empty: not known.
  std::string AccountOf(const storage::ObjectLocation& at, const std::string& credential) const;
  /// By the credential's name; its prefix is empty.
  Result<StoreAccess> AccessBy(const std::string& credential) const;

  catalog::Catalog& catalog_;
  const CredentialKeySource keys_;
  std::optional<AzurePlace> reserved_;
  std::mutex keys_mutex_;  ///< One change of the key file or the credentials at a time.
  std::mutex clients_mutex_;
  std::vector<std::pair<std::string, std::shared_ptr<storage::ObjectStore>>> clients_;
};

/// Statements about credentials; for administrators. `action`: "create_credential", "drop_credential",
/// "list_credentials", "rotate_credential_key". Errors: kPermissionDenied.
Result<boost::json::value> RunCredentialAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                               LocationStores& stores, const std::string& action,
                                               const boost::json::object& arguments);
bool IsCredentialAction(std::string_view action);

}  // namespace neurolake::query
