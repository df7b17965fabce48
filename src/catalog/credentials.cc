#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"

namespace neurolake::catalog {

using metastore::Row;
using metastore::Session;

namespace {

constexpr const char* kSelect =
    "SELECT name, kind, source, options, sealed, key_id, created FROM credentials ORDER BY name";

CredentialRecord ToCredential(const Row& row) {
  return {.name = TextAt(row, 0),
          .kind = TextAt(row, 1),
          .source = TextAt(row, 2),
          .options = TextAt(row, 3),
          .sealed = TextAt(row, 4),
          .key_id = TextAt(row, 5),
          .created = TimeAt(row, 6)};
}

Result<void> Insert(Session& session, const CredentialRecord& credential) {
  NL_RETURN_IF_ERROR(session.Execute(
      "INSERT INTO credentials (name, kind, source, options, sealed, key_id, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
      {credential.name, credential.kind, credential.source, credential.options, credential.sealed, credential.key_id,
       ToValue(credential.created)}));
  return {};
}

}  // namespace

Result<void> StoreCatalog::AddCredential(const CredentialRecord& credential, bool or_replace) {
  CredentialRecord stored = credential;
  NL_ASSIGN_OR_RETURN(stored.name, CheckedName("credential", credential.name));
  return store_.Write([&](Session& session) -> Result<void> {
    if (or_replace) {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM credentials WHERE name = ?", {stored.name}));
    }
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT name FROM credentials WHERE name = ?", {stored.name}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "there is a credential of this name already: {}", stored.name);
    }
    return Insert(session, stored);
  });
}

Result<void> StoreCatalog::DropCredential(const std::string& name) {
  const std::string found_name = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto users,
                        session.Query("SELECT name FROM external_locations WHERE credential = ?", {found_name}));
    if (!users.empty() && !found_name.empty()) {
      return MakeError(ErrorCode::kDependentObjects, "an external location needs the credential, drop it first: {}",
                       TextAt(users[0], 0));
    }
    NL_ASSIGN_OR_RETURN(const auto changed, session.Execute("DELETE FROM credentials WHERE name = ?", {found_name}));
    if (changed == 0) return MakeError(ErrorCode::kNotFound, "there is no such credential: {}", found_name);
    return {};
  });
}

Result<std::vector<CredentialRecord>> StoreCatalog::ListCredentials() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(kSelect));
  std::vector<CredentialRecord> credentials;
  for (const Row& row : rows) credentials.push_back(ToCredential(row));
  return credentials;
}

Result<int64_t> StoreCatalog::ChangeCredentials(const std::function<Result<void>(CredentialRecord&)>& change) {
  int64_t changed = 0;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    changed = 0;  // A transaction may be tried again.
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query(kSelect, {}));
    for (const Row& row : rows) {
      CredentialRecord credential = ToCredential(row);
      NL_RETURN_IF_ERROR(change(credential));
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM credentials WHERE name = ?", {credential.name}));
      NL_RETURN_IF_ERROR(Insert(session, credential));
      ++changed;
    }
    return {};
  }));
  return changed;
}

}  // namespace neurolake::catalog
