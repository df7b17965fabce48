#include <sodium.h>

#include <array>

#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

constexpr std::string_view kMark = "nl_";
constexpr size_t kTokenLength = 3 + 43;
// Kept in clear, to find a token by and to show: 48 of its 256 random bits, which leaves 208 to guess.
constexpr size_t kPrefixLength = 3 + 8;

// A token is 256 random bits, so there is no dictionary to try against a stolen hash: one SHA-256 protects it as well
// as a slow password hash would, and costs a microsecond at each statement instead of a tenth of a second.
std::string HashOf(std::string_view secret) { return Sha256Hex(secret); }

// One text for every reason, so that an answer tells nothing about which tokens exist or existed.
std::unexpected<Error> Refused() {
  return MakeError(ErrorCode::kUnauthenticated, "the token is not valid: unknown, expired or revoked");
}

struct Holder {
  std::string id;
  std::string name;
};

// The principal a token is for, made if it is new.
Result<Holder> HolderOf(Session& session, const std::string& name, const std::string& role, WallTime now) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("SELECT id, role, disabled FROM principals WHERE name = ?", {name}));
  if (rows.empty()) {
    const std::string id = NewUuid();
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO principals (id, name, role, disabled, created) VALUES (?, ?, ?, 0, ?)",
                        {id, name, role, ToValue(now)}));
    return Holder{id, name};
  }
  if (NumberAt(rows[0], 2) != 0) return MakeError(ErrorCode::kInvalidArgument, "the principal is disabled: {}", name);
  if (TextAt(rows[0], 1) != role) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the principal has the role {}, and a token does not change it to {}: {}", TextAt(rows[0], 1),
                     role, name);
  }
  return Holder{TextAt(rows[0], 0), name};
}

/// A token that reads the audit log, and nothing that lies in a schema.
bool IsForAuditAlone(const std::vector<std::string>& scopes) {
  return std::ranges::find(scopes, "audit") != scopes.end() &&
         std::ranges::all_of(scopes, [](const auto& scope) { return scope == "audit" || scope == "ask"; });
}

/// Takes away what a token's scopes and schemas do not name.
Result<void> LimitTo(const std::string& scopes_json, const std::string& schemas_json, Principal& principal) {
  if (scopes_json != "[]") {
    NL_ASSIGN_OR_RETURN(const auto scopes, TextsFromJson(scopes_json));
    NL_ASSIGN_OR_RETURN(const auto allowed, RightsOfScopes(scopes));
    std::erase_if(principal.rights, [&](Right right) { return std::ranges::find(allowed, right) == allowed.end(); });
    if (IsForAuditAlone(scopes)) {
      principal.schemas.emplace();
      return {};
    }
  }
  if (schemas_json == "[]") return {};
  NL_ASSIGN_OR_RETURN(principal.schemas, TextsFromJson(schemas_json));
  // What makes, manages or leads out of schemas is no matter of some of them.
  std::erase_if(principal.rights,
                [](Right right) { return right != Right::kRead && right != Right::kWrite && right != Right::kAsk; });
  return {};
}

}  // namespace

Result<std::vector<Right>> RightsOfScopes(const std::vector<std::string>& scopes) {
  using enum Right;
  std::vector<Right> rights;
  for (const std::string& scope : scopes) {
    if (scope == "read") {
      rights.insert(rights.end(), {kRead, kAsk});
    } else if (scope == "write") {
      rights.insert(rights.end(), {kRead, kWrite, kAsk});
    } else if (scope == "create") {
      rights.insert(rights.end(), {kRead, kWrite, kCreate, kAsk});
    } else if (scope == "admin") {
      rights.insert(rights.end(), {kRead, kWrite, kCreate, kRegisterLocation, kManage, kAudit, kAsk});
    } else if (scope == "audit") {
      rights.insert(rights.end(), {kRead, kAudit});
    } else if (scope == "ask") {
      rights.push_back(kAsk);
    } else {
      return MakeError(ErrorCode::kInvalidArgument,
                       "unknown scope, expected read, write, create, admin, audit or ask: {}", scope);
    }
  }
  return rights;
}

Result<Catalog::NewToken> StoreCatalog::CreateToken(const TokenRequest& request) {
  NL_ASSIGN_OR_RETURN(const auto principal, CheckedName("principal", request.principal));
  NL_RETURN_IF_ERROR(CheckedName("token", request.name));
  NL_RETURN_IF_ERROR(RightsOfRole(request.role));
  NL_RETURN_IF_ERROR(RightsOfScopes(request.scopes));
  if (!request.schemas.empty() && std::ranges::find(request.scopes, "audit") != request.scopes.end()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the audit log tells of all schemas: a token with the scope audit is not limited to some");
  }
  if (IsForAuditAlone(request.scopes) && std::ranges::find(request.scopes, "ask") != request.scopes.end()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the scope audit alone knows of no schema, so there is nothing to ask of: make two tokens");
  }
  const WallTime now = clock_.Now();
  if (request.expires && *request.expires <= now) {
    return MakeError(ErrorCode::kInvalidArgument, "a token must expire in the future");
  }
  NewToken token;
  token.secret = NewSecret(kMark);
  NL_CHECK(token.secret.size() == kTokenLength);
  token.record = {TokenId(NewUuid()),
                  request.name,
                  token.secret.substr(0, kPrefixLength),
                  PrincipalId(),
                  principal,
                  request.role,
                  now,
                  request.expires,
                  std::nullopt,
                  request.scopes};
  for (const std::string& schema : request.schemas) {
    // A schema that is made later is not meant by a slip of the pen.
    NL_ASSIGN_OR_RETURN(const auto found, FindSchema(schema));
    if (!found) return MakeError(ErrorCode::kSchemaNotFound, "there is no such schema: {}", schema);
    token.record.schemas.push_back(found->name);
  }
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto holder, HolderOf(session, principal, request.role, now));
    token.record.principal = PrincipalId(holder.id);
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO tokens (id, name, prefix, hash, principal_id, created, expires, scopes, schemas) VALUES (?, ?, ?, "
        "?, ?, ?, ?, ?, ?)",
        {token.record.id.value(), request.name, token.record.prefix, HashOf(token.secret), holder.id, ToValue(now),
         ToValue(request.expires), TextsToJson(request.scopes), TextsToJson(token.record.schemas)}));
    return {};
  }));
  return token;
}

Result<std::vector<TokenRecord>> StoreCatalog::ListTokens() {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          "SELECT t.id, t.name, t.prefix, p.id, p.name, p.role, t.created, t.expires, t.revoked, "
          "t.scopes, t.schemas FROM tokens t JOIN principals p ON p.id = t.principal_id ORDER BY t.created, t.id"));
  std::vector<TokenRecord> tokens;
  for (const Row& row : rows) {
    tokens.push_back({TokenId(TextAt(row, 0)), TextAt(row, 1), TextAt(row, 2), PrincipalId(TextAt(row, 3)),
                      TextAt(row, 4), TextAt(row, 5), TimeAt(row, 6), OptionalTimeAt(row, 7), OptionalTimeAt(row, 8)});
    NL_ASSIGN_OR_RETURN(tokens.back().scopes, TextsFromJson(TextAt(row, 9)));
    NL_ASSIGN_OR_RETURN(tokens.back().schemas, TextsFromJson(TextAt(row, 10)));
  }
  return tokens;
}

Result<void> StoreCatalog::RevokeToken(const TokenId& id) {
  const std::string text = metastore::MakeStorable(id.value());
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto changed,
                        session.Execute("UPDATE tokens SET revoked = COALESCE(revoked, ?) WHERE id = ?",
                                        {ToValue(clock_.Now()), text}));
    if (changed == 0) return MakeError(ErrorCode::kNotFound, "there is no such token: {}", text);
    return {};
  });
}

Result<Principal> StoreCatalog::Authenticate(std::string_view secret) {
  if (secret.size() != kTokenLength || !secret.starts_with(kMark) || !metastore::IsStorableText(secret))
    return Refused();
  const std::string hash = HashOf(secret);
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT t.hash, t.expires, t.revoked, p.disabled, p.id, p.name, p.role, p.kind, t.scopes, "
                      "t.schemas, p.claimed_role, p.claimed_groups FROM tokens t JOIN principals p ON p.id = "
                      "t.principal_id WHERE t.prefix = ?",
                      {std::string(secret.substr(0, kPrefixLength))}));
  const WallTime now = clock_.Now();
  for (const Row& row : rows) {
    const std::string& stored = TextAt(row, 0);
    if (stored.size() != hash.size() || sodium_memcmp(stored.data(), hash.data(), hash.size()) != 0) continue;
    const auto expires = OptionalTimeAt(row, 1);
    if ((expires && *expires <= now) || OptionalTimeAt(row, 2) || NumberAt(row, 3) != 0) return Refused();
    NL_ASSIGN_OR_RETURN(auto rights, RightsOfRole(TextAt(row, 6)));
    Principal principal{PrincipalId(TextAt(row, 4)), TextAt(row, 5), TextAt(row, 6), std::move(rights)};
    NL_ASSIGN_OR_RETURN(principal.kind, PrincipalKindOf(TextAt(row, 7)));
    const bool has_claims = !TextAt(row, 10).empty() || TextAt(row, 11) != "[]";
    if (principal.kind == PrincipalKind::kAgent || has_claims) {
      // The second read is for agents, and for those of whom an identity provider spoke.
      auto whole = identities_.PrincipalOf(principal.id, {}, std::nullopt);
      if (!whole && whole.error().code() == ErrorCode::kUnauthenticated) return Refused();
      NL_ASSIGN_OR_RETURN(principal, std::move(whole));
    }
    principal.authentication = "token";
    principal.credential = secret.substr(0, kPrefixLength);
    NL_RETURN_IF_ERROR(LimitTo(TextAt(row, 8), TextAt(row, 9), principal));
    return principal;
  }
  return Refused();
}

Result<bool> StoreCatalog::HasAnyToken() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT 1 FROM tokens LIMIT 1"));
  return !rows.empty();
}

}  // namespace neurolake::catalog
