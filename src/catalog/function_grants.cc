// Who may execute which functions, in the metadata store.
#include "catalog/function_grants.h"

#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

Result<void> Remove(Session& session, const FunctionGrant& grant) {
  NL_RETURN_IF_ERROR(
      session.Execute("DELETE FROM function_grants WHERE function_name = ? AND grantee_kind = ? AND grantee_id = ?",
                      {grant.function_name, grant.grantee_kind, grant.grantee_id}));
  return {};
}

}  // namespace

Result<void> StoreCatalog::AddFunctionGrant(const FunctionGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(Remove(session, grant));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO function_grants (function_name, grantee_kind, grantee_id, effect, granted_by, created) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {grant.function_name, grant.grantee_kind, grant.grantee_id, grant.effect,
         metastore::MakeStorable(grant.granted_by), ToValue(grant.created)}));
    return {};
  });
}

Result<void> StoreCatalog::RemoveFunctionGrant(const FunctionGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> { return Remove(session, grant); });
}

Result<std::vector<FunctionGrant>> StoreCatalog::ListFunctionGrants() {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT function_name, grantee_kind, grantee_id, effect, granted_by, created FROM "
                      "function_grants ORDER BY function_name, grantee_kind, grantee_id"));
  std::vector<FunctionGrant> grants;
  for (const Row& row : rows) {
    grants.push_back({.function_name = TextAt(row, 0),
                      .grantee_kind = TextAt(row, 1),
                      .grantee_id = TextAt(row, 2),
                      .effect = TextAt(row, 3),
                      .granted_by = TextAt(row, 4),
                      .created = TimeAt(row, 5)});
  }
  return grants;
}

}  // namespace neurolake::catalog
