// What is granted and denied on models, pipelines and semantic models, in the metadata store.
#include "catalog/object_grants.h"

#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "catalog/internal/store_semantic_models.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

Result<void> Remove(Session& session, const ObjectGrant& grant) {
  NL_RETURN_IF_ERROR(session.Execute(
      "DELETE FROM object_grants WHERE object_kind = ? AND object = ? AND privilege = ? AND grantee_kind = ? AND "
      "grantee_id = ?",
      {grant.object_kind, metastore::MakeStorable(grant.object), grant.privilege, grant.grantee_kind,
       grant.grantee_id}));
  return {};
}

}  // namespace

Result<void> ForgetObjectGrants(Session& session, std::string_view kind, const std::string& object) {
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM object_grants WHERE object_kind = ? AND object = ?",
                                     {std::string(kind), metastore::MakeStorable(object)}));
  return {};
}

Result<void> StoreCatalog::AddObjectGrant(const ObjectGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(Remove(session, grant));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO object_grants (object_kind, object, privilege, grantee_kind, grantee_id, denied, granted_by, "
        "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {grant.object_kind, metastore::MakeStorable(grant.object), grant.privilege, grant.grantee_kind,
         grant.grantee_id, int64_t{grant.denied ? 1 : 0}, metastore::MakeStorable(grant.granted_by),
         ToValue(grant.created)}));
    return {};
  });
}

Result<void> StoreCatalog::RemoveObjectGrant(const ObjectGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> { return Remove(session, grant); });
}

Result<std::vector<ObjectGrant>> StoreCatalog::ListObjectGrants(const std::vector<std::string_view>& kinds) {
  std::vector<metastore::Value> wanted;
  for (const std::string_view kind : kinds) wanted.emplace_back(std::string(kind));
  if (wanted.empty()) return std::vector<ObjectGrant>();
  std::string places = "?";
  for (size_t i = 1; i < wanted.size(); ++i) places += ", ?";
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT object_kind, object, privilege, grantee_kind, grantee_id, denied, "
                      "granted_by, created FROM object_grants WHERE object_kind IN (" +
                          places + ") ORDER BY object_kind, object, privilege, grantee_kind, grantee_id",
                      wanted));
  std::vector<ObjectGrant> grants;
  for (const Row& row : rows) {
    grants.push_back({.object_kind = TextAt(row, 0),
                      .object = TextAt(row, 1),
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
