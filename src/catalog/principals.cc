#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"

namespace neurolake::catalog {
namespace {

using metastore::Session;

constexpr std::string_view kLocalName = "local";

}  // namespace

Result<std::vector<PrincipalRecord>> StoreCatalog::ListPrincipals() { return identities_.ListPrincipals(); }

Result<void> StoreCatalog::ChangePrincipal(const std::string& name, std::string_view column,
                                           const metastore::Value& value) {
  const std::string found_name = NameToFind(name);
  if (found_name == kLocalName) {
    // Whoever owns the lake's directory can change any file in it; a lesser role would only pretend otherwise.
    return MakeError(ErrorCode::kInvalidArgument,
                     "the principal that owns the lake's directory cannot be changed: local");
  }
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(
        const auto changed,
        session.Execute(fmt::format("UPDATE principals SET {} = ? WHERE name = ?", column), {value, found_name}));
    if (changed == 0) return MakeError(ErrorCode::kNotFound, "there is no such principal: {}", found_name);
    return {};
  });
}

Result<void> StoreCatalog::SetRole(const std::string& principal_name, const std::string& role) {
  NL_RETURN_IF_ERROR(RightsOfRole(role));
  // An administrator's word is newer than what an identity provider said; the next login may say it again.
  NL_RETURN_IF_ERROR(ChangePrincipal(principal_name, "claimed_role", std::string()));
  return ChangePrincipal(principal_name, "role", role);
}

Result<void> StoreCatalog::DisablePrincipal(const std::string& principal_name) {
  NL_RETURN_IF_ERROR(ChangePrincipal(principal_name, "disabled", int64_t{1}));
  // Enabling it again is no reason for a browser to be logged in.
  return identities_.EndSessions(principal_name);
}

Result<void> StoreCatalog::EnablePrincipal(const std::string& principal_name) {
  return ChangePrincipal(principal_name, "disabled", int64_t{0});
}

Result<Principal> StoreCatalog::LocalPrincipal() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT id, name, role FROM principals WHERE name = ?",
                                                       {std::string(kLocalName)}));
  if (rows.empty()) return MakeError(ErrorCode::kCorruption, "the metadata store lacks the principal: local");
  NL_ASSIGN_OR_RETURN(auto rights, RightsOfRole(TextAt(rows[0], 2)));
  return Principal{PrincipalId(TextAt(rows[0], 0)), TextAt(rows[0], 1), TextAt(rows[0], 2), std::move(rights)};
}

}  // namespace neurolake::catalog
