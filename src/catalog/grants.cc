// What is granted and denied on objects, in the metadata store.
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

constexpr std::string_view kSelectGrants =
    "SELECT securable_kind, securable_id, grantee_kind, grantee_id, privilege, denied, granted_by, created FROM "
    "grants ";

std::vector<GrantRecord> ToGrants(const std::vector<Row>& rows) {
  std::vector<GrantRecord> grants;
  for (const Row& row : rows) {
    grants.push_back({.securable_kind = TextAt(row, 0),
                      .securable_id = TextAt(row, 1),
                      .grantee_kind = TextAt(row, 2),
                      .grantee_id = TextAt(row, 3),
                      .privilege = TextAt(row, 4),
                      .denied = NumberAt(row, 5) != 0,
                      .granted_by = TextAt(row, 6),
                      .created = TimeAt(row, 7)});
  }
  return grants;
}

Result<void> Remove(Session& session, const GrantRecord& grant) {
  NL_RETURN_IF_ERROR(session.Execute(
      "DELETE FROM grants WHERE securable_kind = ? AND securable_id = ? AND grantee_kind = ? AND grantee_id = ? AND "
      "privilege = ?",
      {grant.securable_kind, grant.securable_id, grant.grantee_kind, grant.grantee_id, grant.privilege}));
  return {};
}

}  // namespace

Result<void> StoreCatalog::AddGrant(const GrantRecord& grant) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(Remove(session, grant));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO grants (securable_kind, securable_id, grantee_kind, grantee_id, privilege, denied, granted_by, "
        "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {grant.securable_kind, grant.securable_id, grant.grantee_kind, grant.grantee_id, grant.privilege,
         int64_t{grant.denied ? 1 : 0}, metastore::MakeStorable(grant.granted_by), ToValue(grant.created)}));
    return {};
  });
}

Result<void> StoreCatalog::RemoveGrant(const GrantRecord& grant) {
  return store_.Write([&](Session& session) -> Result<void> { return Remove(session, grant); });
}

Result<std::vector<GrantRecord>> StoreCatalog::ListGrants() {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          fmt::format("{}ORDER BY securable_kind, securable_id, grantee_kind, grantee_id, privilege", kSelectGrants)));
  return ToGrants(rows);
}

Result<std::vector<GrantRecord>> StoreCatalog::GrantsOn(const std::string& relation_id) {
  if (!metastore::IsStorableText(relation_id)) return std::vector<GrantRecord>();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}WHERE securable_kind = 'lake' OR securable_id = ? OR securable_id IN (SELECT "
                                  "schema_id FROM relations WHERE id = ?)",
                                  kSelectGrants),
                      {relation_id, relation_id}));
  return ToGrants(rows);
}

}  // namespace neurolake::catalog
