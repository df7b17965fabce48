// Passwords and browsers' sessions, as hashes.
#include <sodium.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_identities.h"
#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

namespace json = boost::json;
using metastore::Row;
using metastore::Session;

constexpr std::string_view kSessionMark = "nls_";
constexpr size_t kSecretLength = 43;
constexpr std::string_view kLocalName = "local";

std::unexpected<Error> NoSession() {
  return MakeError(ErrorCode::kUnauthenticated, "the session is not valid: unknown, expired or ended");
}

bool IsSession(std::string_view secret) {
  return secret.size() == kSessionMark.size() + kSecretLength && secret.starts_with(kSessionMark) &&
         metastore::IsStorableText(secret);
}

std::string ClaimsToJson(const IdentityClaims& claims) {
  json::object object{{"groups", json::array(claims.groups.begin(), claims.groups.end())}};
  if (claims.role) object["role"] = *claims.role;
  json::array attributes;
  for (const auto& [name, value] : claims.attributes) attributes.push_back(json::array{name, value});
  object["attributes"] = std::move(attributes);
  return json::serialize(object);
}

/// Written by ClaimsToJson alone: what is not so is damage, and boost's exception for it ends the request.
Result<IdentityClaims> ClaimsFromJson(const std::string& text) {
  try {
    const json::value value = json::parse(text);
    IdentityClaims claims;
    for (const auto& group : value.at("groups").as_array()) claims.groups.emplace_back(group.as_string());
    for (const auto& one : value.at("attributes").as_array()) {
      claims.attributes.emplace_back(one.at(0).as_string(), one.at(1).as_string());
    }
    if (const auto* role = value.as_object().if_contains("role")) claims.role = std::string(role->as_string());
    return claims;
  } catch (const std::exception&) {
    return MakeError(ErrorCode::kCorruption, "a session in the metadata store is damaged");
  }
}

Result<std::string> PrincipalWithPassword(Session& session, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id, kind FROM principals WHERE name = ?", {name}));
  if (rows.empty()) return MakeError(ErrorCode::kNotFound, "there is no such principal: {}", name);
  if (name == kLocalName || TextAt(rows[0], 1) == NameOf(PrincipalKind::kAgent)) {
    return MakeError(ErrorCode::kInvalidArgument, "passwords are for users and service accounts, not for: {}", name);
  }
  return TextAt(rows[0], 0);
}

}  // namespace

std::string NewSecret(std::string_view mark) {
  std::array<unsigned char, 32> random{};
  randombytes_buf(random.data(), random.size());
  std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING)> text{};
  sodium_bin2base64(text.data(), text.size(), random.data(), random.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero(random.data(), random.size());
  std::string secret = std::string(mark) + text.data();
  NL_CHECK(secret.size() == mark.size() + kSecretLength);
  return secret;
}

Result<void> StoreIdentities::SetPassword(const std::string& principal_name, const std::string& hash) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto id, PrincipalWithPassword(session, NameToFind(principal_name)));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO passwords (principal_id, hash, changed) VALUES (?, ?, ?) ON CONFLICT (principal_id) DO UPDATE "
        "SET hash = excluded.hash, changed = excluded.changed",
        {id, hash, ToValue(clock_.Now())}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM sessions WHERE principal_id = ?", {id}));
    return {};
  });
}

Result<void> StoreIdentities::RemovePassword(const std::string& principal_name) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto id, PrincipalWithPassword(session, NameToFind(principal_name)));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM passwords WHERE principal_id = ?", {id}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM sessions WHERE principal_id = ?", {id}));
    return {};
  });
}

Result<std::optional<Identities::Password>> StoreIdentities::FindPassword(const std::string& principal_name) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT p.id, w.hash FROM principals p JOIN passwords w ON w.principal_id = p.id "
                                      "WHERE p.name = ?",
                                      {NameToFind(principal_name)}));
  if (rows.empty()) return std::nullopt;
  return Password{PrincipalId(TextAt(rows[0], 0)), TextAt(rows[0], 1)};
}

Result<void> StoreIdentities::UpgradePassword(const Password& former, const std::string& hash) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("UPDATE passwords SET hash = ? WHERE principal_id = ? AND hash = ?",
                                       {hash, former.principal.value(), former.hash}));
    return {};
  });
}

Result<std::string> StoreIdentities::CreateSession(const PrincipalId& principal, std::string_view authentication,
                                                   const IdentityClaims& claims, WallTime expires) {
  std::string secret = NewSecret(kSessionMark);
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    const WallTime now = clock_.Now();
    // Sessions that nobody ended are cleared away by those that come.
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM sessions WHERE expires <= ?", {ToValue(now)}));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO sessions (id, hash, principal_id, authentication, details, created, expires) VALUES (?, ?, ?, ?, "
        "?, ?, ?)",
        {NewUuid(), Sha256Hex(secret), principal.value(), std::string(authentication), ClaimsToJson(claims),
         ToValue(now), ToValue(expires)}));
    return {};
  }));
  return secret;
}

Result<Principal> StoreIdentities::PrincipalOfSession(std::string_view secret) {
  if (!IsSession(secret)) return NoSession();
  // Found by its hash: what the store's index compares is nothing that who guesses can steer.
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT principal_id, authentication, details, expires, id FROM sessions WHERE hash = ?",
                      {Sha256Hex(secret)}));
  if (rows.empty() || TimeAt(rows[0], 3) <= clock_.Now()) return NoSession();
  NL_ASSIGN_OR_RETURN(const auto claims, ClaimsFromJson(TextAt(rows[0], 2)));
  auto principal = PrincipalOf(PrincipalId(TextAt(rows[0], 0)), TextAt(rows[0], 1), claims);
  if (!principal && principal.error().code() == ErrorCode::kUnauthenticated) return NoSession();
  if (principal) principal->credential = TextAt(rows[0], 4);
  return principal;
}

Result<void> StoreIdentities::EndSession(std::string_view secret) {
  if (!IsSession(secret)) return {};
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM sessions WHERE hash = ?", {Sha256Hex(secret)}));
    return {};
  });
}

Result<void> StoreIdentities::EndSessions(const std::string& principal_name) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(
        session.Execute("DELETE FROM sessions WHERE principal_id IN (SELECT id FROM principals WHERE name = ?)",
                        {NameToFind(principal_name)}));
    return {};
  });
}

}  // namespace neurolake::catalog
