#pragma once
#include "catalog/identity.h"
#include "metastore/database.h"

namespace neurolake::catalog {

class StoreIdentities final : public Identities {
 public:
  /// Borrows both.
  StoreIdentities(metastore::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  Result<PrincipalRecord> CreatePrincipal(const NewPrincipal& principal) override;
  Result<std::optional<PrincipalRecord>> FindPrincipal(const std::string& name) override;
  Result<std::vector<PrincipalRecord>> ListPrincipals();
  Result<Principal> PrincipalOf(const PrincipalId& id, std::string_view authentication,
                                const std::optional<IdentityClaims>& claims) override;
  Result<void> KeepClaims(const PrincipalId& id, const IdentityClaims& claims) override;
  Result<void> SetPassword(const std::string& principal_name, const std::string& hash) override;
  Result<void> RemovePassword(const std::string& principal_name) override;
  Result<std::optional<Password>> FindPassword(const std::string& principal_name) override;
  Result<void> UpgradePassword(const Password& former, const std::string& hash) override;
  Result<std::string> CreateSession(const PrincipalId& principal, std::string_view authentication,
                                    const IdentityClaims& claims, WallTime expires) override;
  Result<Principal> PrincipalOfSession(std::string_view secret) override;
  Result<void> EndSession(std::string_view secret) override;
  Result<void> EndSessions(const std::string& principal_name) override;
  Result<void> BindIdentity(const std::string& issuer, const std::string& subject,
                            const std::string& principal_name) override;
  Result<void> UnbindIdentity(const std::string& issuer, const std::string& subject) override;
  Result<std::optional<PrincipalId>> FindIdentity(const std::string& issuer, const std::string& subject) override;
  Result<std::vector<ExternalIdentity>> ListIdentities() override;

 private:
  Result<void> ReadClaimedGroups(const std::vector<std::string>& names, Principal& principal);

  metastore::Store& store_;
  const Clock& clock_;
};

/// Takes from an agent what whom it acts for may not do either.
void ActFor(Principal& agent, Principal behalf);

/// 256 random bits in base64url behind `mark`.
std::string NewSecret(std::string_view mark);

/// A JSON array of texts; what else it is, is kCorruption.
std::string TextsToJson(const std::vector<std::string>& texts);
Result<std::vector<std::string>> TextsFromJson(const std::string& text);

}  // namespace neurolake::catalog
