// What is granted and denied on models and pipelines, in the metadata store.
#include "catalog/object_grants.h"

#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

Result<void> Remove(Session& session, const ObjectGrant& grant) {
  NL_RETURN_IF_ERROR(session.Execute(
      "DELETE FROM object_grants WHERE object_kind = ? AND object_name = ? AND privilege = ? AND grantee_kind = ? AND "
      "grantee_id = ?",
      {grant.object_kind, metastore::MakeStorable(grant.object_name), grant.privilege, grant.grantee_kind,
       grant.grantee_id}));
  return {};
}

}  // namespace

Result<void> StoreCatalog::AddObjectGrant(const ObjectGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(Remove(session, grant));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO object_grants (object_kind, object_name, privilege, grantee_kind, grantee_id, denied, granted_by, "
        "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {grant.object_kind, metastore::MakeStorable(grant.object_name), grant.privilege, grant.grantee_kind,
         grant.grantee_id, int64_t{grant.denied ? 1 : 0}, metastore::MakeStorable(grant.granted_by),
         ToValue(grant.created)}));
    return {};
  });
}

Result<void> StoreCatalog::RemoveObjectGrant(const ObjectGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> { return Remove(session, grant); });
}

Result<std::vector<ObjectGrant>> StoreCatalog::ListObjectGrants(const std::string& object_kind) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT object_kind, object_name, privilege, grantee_kind, grantee_id, denied, "
                                      "granted_by, created FROM object_grants WHERE ? IN ('', object_kind) ORDER BY "
                                      "object_kind, object_name, privilege, grantee_kind, grantee_id",
                                      {object_kind}));
  std::vector<ObjectGrant> grants;
  for (const Row& row : rows) {
    grants.push_back({.object_kind = TextAt(row, 0),
                      .object_name = TextAt(row, 1),
                      .privilege = TextAt(row, 2),
                      .grantee_kind = TextAt(row, 3),
                      .grantee_id = TextAt(row, 4),
                      .denied = NumberAt(row, 5) != 0,
                      .granted_by = TextAt(row, 6),
                      .created = TimeAt(row, 7)});
  }
  return grants;
}

}  // namespace neurolake::catalog
