#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::catalog {

/// Who may ask. Principals are disabled, never deleted: history and ownership go on naming them.
struct PrincipalRecord {
  PrincipalId id;
  std::string name;  ///< Lower case.
  std::string role;
  bool disabled = false;
  WallTime created;
  PrincipalKind kind = PrincipalKind::kUser;
  std::string on_behalf_of = {};  ///< Of an agent: the name of whom it acts for.
  bool has_password = false;
};

struct TokenRecord {
  TokenId id;
  std::string name;
  std::string prefix;  ///< First characters of the token, to recognise it by; not a secret.
  PrincipalId principal;
  std::string principal_name;
  std::string role;
  WallTime created;
  std::optional<WallTime> expires;
  std::optional<WallTime> revoked;
  std::vector<std::string> scopes = {};
  std::vector<std::string> schemas = {};
};

/// A subject as an identity provider calls it, bound to a principal of the lake.
struct ExternalIdentity {
  std::string issuer;
  std::string subject;
  std::string principal_name;
  WallTime created;
};

/// What an identity provider said of a principal, as the lake's settings translate it.
struct IdentityClaims {
  std::optional<std::string> role;  ///< In the place of the stored one.
  std::vector<std::string> groups;  ///< Names; those that are no group of the lake are nothing.
  std::vector<std::pair<std::string, std::string>> attributes;
};

/// Kinds of principals, and the ways but tokens in which they prove who they are: in the metadata store, behind the
/// same rules as Catalog. Nothing is cached, so that what is disabled, ended or unbound is so for the next statement.
class Identities {
 public:
  virtual ~Identities() = default;

  struct NewPrincipal {
    std::string name;
    PrincipalKind kind = PrincipalKind::kUser;
    std::string role;
    std::string on_behalf_of = {};  ///< Of an agent, and of nothing else: a user or service account, for good.
  };
  /// Errors: kAlreadyExists for the name of a principal or group; kNotFound for whom an agent is to act for;
  /// kInvalidArgument for an agent of an agent, of nobody or of "local", and an unknown role.
  virtual Result<PrincipalRecord> CreatePrincipal(const NewPrincipal& principal) = 0;
  virtual Result<std::optional<PrincipalRecord>> FindPrincipal(const std::string& name) = 0;

  /// The principal as it may act now. Without `claims` its identity provider's last word counts (KeepClaims), so that
  /// what is denied to a group of theirs is denied to their tokens and agents, too. Errors: kUnauthenticated when there
  /// is none, when it is disabled, or, of an agent, when whom it acts for is.
  virtual Result<Principal> PrincipalOf(const PrincipalId& id, std::string_view authentication,
                                        const std::optional<IdentityClaims>& claims = std::nullopt) = 0;
  /// Role and groups that an identity provider says of the principal now. Writes when they changed.
  virtual Result<void> KeepClaims(const PrincipalId& id, const IdentityClaims& claims) = 0;

  /// A hash in libsodium's text form (PasswordHasher). Ends the principal's sessions. Errors: kNotFound;
  /// kInvalidArgument for an agent or "local".
  virtual Result<void> SetPassword(const std::string& principal_name, const std::string& hash) = 0;
  virtual Result<void> RemovePassword(const std::string& principal_name) = 0;
  struct Password {
    PrincipalId principal;
    std::string hash;
  };
  /// Also of disabled principals.
  virtual Result<std::optional<Password>> FindPassword(const std::string& principal_name) = 0;
  /// Unless it was changed meanwhile.
  virtual Result<void> UpgradePassword(const Password& former, const std::string& hash) = 0;

  /// A browser's session: its secret ("nls_" and 43 characters) is returned once, and its hash kept.
  virtual Result<std::string> CreateSession(const PrincipalId& principal, std::string_view authentication,
                                            const IdentityClaims& claims, WallTime expires) = 0;
  /// Errors: kUnauthenticated with one text for every reason.
  virtual Result<Principal> PrincipalOfSession(std::string_view secret) = 0;
  /// No error when there is none.
  virtual Result<void> EndSession(std::string_view secret) = 0;
  virtual Result<void> EndSessions(const std::string& principal_name) = 0;

  /// Errors: kAlreadyExists when the subject is bound, to whomever; kNotFound; kInvalidArgument for an agent or
  /// "local".
  virtual Result<void> BindIdentity(const std::string& issuer, const std::string& subject,
                                    const std::string& principal_name) = 0;
  /// Forgets what providers said of the principal, too.
  virtual Result<void> UnbindIdentity(const std::string& issuer, const std::string& subject) = 0;
  virtual Result<std::optional<PrincipalId>> FindIdentity(const std::string& issuer, const std::string& subject) = 0;
  virtual Result<std::vector<ExternalIdentity>> ListIdentities() = 0;
};

/// The rights of the scopes of a token. Errors: kInvalidArgument for an unknown scope.
Result<std::vector<Right>> RightsOfScopes(const std::vector<std::string>& scopes);

}  // namespace neurolake::catalog
