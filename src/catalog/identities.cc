// Kinds of principals, and who they are as they act.
#include <boost/json/array.hpp>
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

constexpr std::string_view kLocalName = "local";
constexpr std::string_view kSelect =
    "SELECT p.id, p.name, p.role, p.disabled, p.created, p.kind, COALESCE(b.name, ''), "
    "CASE WHEN w.principal_id IS NULL THEN 0 ELSE 1 END FROM principals p LEFT JOIN principals b ON b.id = "
    "p.on_behalf_of LEFT JOIN passwords w ON w.principal_id = p.id";

Result<PrincipalRecord> ToPrincipal(const Row& row) {
  PrincipalRecord record{PrincipalId(TextAt(row, 0)), TextAt(row, 1), TextAt(row, 2), NumberAt(row, 3) != 0,
                         TimeAt(row, 4)};
  const auto kind = PrincipalKindOf(TextAt(row, 5));
  if (!kind) return MakeError(ErrorCode::kCorruption, "a principal of the metadata store is of no known kind");
  record.kind = *kind;
  record.on_behalf_of = TextAt(row, 6);
  record.has_password = NumberAt(row, 7) != 0;
  return record;
}

std::unexpected<Error> NotThere() {
  return MakeError(ErrorCode::kUnauthenticated, "the principal is not there or is disabled");
}

Result<std::string> BehalfOf(Session& session, const Identities::NewPrincipal& principal) {
  const std::string name = NameToFind(principal.on_behalf_of);
  if (name == kLocalName) {
    return MakeError(ErrorCode::kInvalidArgument, "nobody acts on behalf of who owns the lake's directory: local");
  }
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id, kind FROM principals WHERE name = ?", {name}));
  if (rows.empty()) return MakeError(ErrorCode::kNotFound, "there is no such principal: {}", name);
  if (TextAt(rows[0], 1) == NameOf(PrincipalKind::kAgent)) {
    return MakeError(ErrorCode::kInvalidArgument, "an agent acts on behalf of a user or a service account, not of: {}",
                     name);
  }
  return TextAt(rows[0], 0);
}

}  // namespace

std::string TextsToJson(const std::vector<std::string>& texts) {
  return json::serialize(json::array(texts.begin(), texts.end()));
}

Result<std::vector<std::string>> TextsFromJson(const std::string& text) {
  boost::system::error_code problem;
  const json::value value = json::parse(text, problem);
  std::vector<std::string> texts;
  bool good = !problem && value.is_array();
  if (good) {
    for (const json::value& one : value.get_array()) {
      good = good && one.is_string();
      if (one.is_string()) texts.emplace_back(one.get_string());
    }
  }
  if (!good) return MakeError(ErrorCode::kCorruption, "the metadata store has something else than a list of texts");
  return texts;
}

void ActFor(Principal& agent, Principal behalf) {
  std::erase_if(agent.rights, [&](Right right) { return !behalf.Has(right); });
  agent.on_behalf_of = std::make_shared<const Principal>(std::move(behalf));
}

Result<PrincipalRecord> StoreIdentities::CreatePrincipal(const NewPrincipal& principal) {
  NL_ASSIGN_OR_RETURN(const std::string name, CheckedName("principal", principal.name));
  NL_RETURN_IF_ERROR(RightsOfRole(principal.role));
  const bool is_agent = principal.kind == PrincipalKind::kAgent;
  if (is_agent == principal.on_behalf_of.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "agents, and nobody else, act on somebody's behalf: {}", name);
  }
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT 1 FROM principal_groups WHERE name = ? UNION ALL "
                                                        "SELECT 1 FROM principals WHERE name = ?",
                                                        {name, name}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "a group or principal has this name already: {}", name);
    }
    metastore::Value behalf = std::monostate{};
    if (is_agent) {
      NL_ASSIGN_OR_RETURN(behalf, BehalfOf(session, principal));
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO principals (id, name, role, disabled, created, kind, on_behalf_of) VALUES (?, ?, ?, 0, ?, ?, ?)",
        {NewUuid(), name, principal.role, ToValue(clock_.Now()), std::string(NameOf(principal.kind)), behalf}));
    return {};
  }));
  NL_ASSIGN_OR_RETURN(auto made, FindPrincipal(name));
  if (!made) return MakeError(ErrorCode::kConflict, "the principal is gone again: {}", name);
  return std::move(*made);
}

Result<std::optional<PrincipalRecord>> StoreIdentities::FindPrincipal(const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(fmt::format("{} WHERE p.name = ?", kSelect), {NameToFind(name)}));
  if (rows.empty()) return std::nullopt;
  return ToPrincipal(rows[0]);
}

Result<std::vector<PrincipalRecord>> StoreIdentities::ListPrincipals() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(fmt::format("{} ORDER BY p.name", kSelect)));
  std::vector<PrincipalRecord> principals;
  for (const Row& row : rows) {
    NL_ASSIGN_OR_RETURN(auto principal, ToPrincipal(row));
    principals.push_back(std::move(principal));
  }
  return principals;
}

Result<void> StoreIdentities::ReadClaimedGroups(const std::vector<std::string>& names, Principal& principal) {
  if (names.empty()) return {};
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT id, name FROM principal_groups ORDER BY name"));
  for (const Row& row : rows) {
    if (std::ranges::find(names, TextAt(row, 1)) == names.end()) continue;
    principal.claimed_groups.emplace_back(TextAt(row, 0), TextAt(row, 1));
  }
  return {};
}

Result<Principal> StoreIdentities::PrincipalOf(const PrincipalId& id, std::string_view authentication,
                                               const std::optional<IdentityClaims>& claims) {
  if (!metastore::IsStorableText(id.value())) return NotThere();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          "SELECT p.id, p.name, p.role, p.kind, p.claimed_role, p.claimed_groups, p.disabled, b.id, b.name, "
          "b.role, b.kind, b.claimed_role, b.claimed_groups, b.disabled FROM principals p LEFT JOIN "
          "principals b ON b.id = p.on_behalf_of WHERE p.id = ?",
          {id.value()}));
  if (rows.empty() || NumberAt(rows[0], 6) != 0) return NotThere();
  const auto make = [&](size_t column, const std::optional<IdentityClaims>& said) -> Result<Principal> {
    const std::string& kept = TextAt(rows[0], column + 4);
    std::string role = kept.empty() ? TextAt(rows[0], column + 2) : kept;
    NL_ASSIGN_OR_RETURN(auto groups, TextsFromJson(TextAt(rows[0], column + 5)));
    if (said) {
      role = said->role.value_or(TextAt(rows[0], column + 2));
      groups = said->groups;
    }
    NL_ASSIGN_OR_RETURN(auto rights, RightsOfRole(role));
    Principal made{PrincipalId(TextAt(rows[0], column)), TextAt(rows[0], column + 1), role, std::move(rights)};
    NL_ASSIGN_OR_RETURN(made.kind, PrincipalKindOf(TextAt(rows[0], column + 3)));
    NL_RETURN_IF_ERROR(ReadClaimedGroups(groups, made));
    return made;
  };
  NL_ASSIGN_OR_RETURN(Principal principal, make(0, claims));
  principal.authentication = authentication;
  if (claims) {
    principal.attributes.insert(claims->attributes.begin(), claims->attributes.end());
    // What a token is for is what is done with it.
    const auto purpose = principal.attributes.find("purpose");
    if (purpose != principal.attributes.end()) {
      principal.purpose = LowerAscii(metastore::MakeStorable(purpose->second));
    }
  }
  if (principal.kind != PrincipalKind::kAgent) return principal;
  // Without somebody to act for it may do nothing.
  if (std::holds_alternative<std::monostate>(rows[0].at(7)) || NumberAt(rows[0], 13) != 0) return NotThere();
  NL_ASSIGN_OR_RETURN(Principal behalf, make(7, std::nullopt));
  ActFor(principal, std::move(behalf));
  return principal;
}

Result<void> StoreIdentities::KeepClaims(const PrincipalId& id, const IdentityClaims& claims) {
  const std::string role = claims.role.value_or(std::string());
  const std::string groups = TextsToJson(claims.groups);
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT claimed_role, claimed_groups FROM principals WHERE id = ?", {id.value()}));
  if (rows.empty() || (TextAt(rows[0], 0) == role && TextAt(rows[0], 1) == groups)) return {};
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("UPDATE principals SET claimed_role = ?, claimed_groups = ? WHERE id = ?",
                                       {role, groups, id.value()}));
    return {};
  });
}

Result<void> StoreIdentities::BindIdentity(const std::string& issuer, const std::string& subject,
                                           const std::string& principal_name) {
  const std::string name = NameToFind(principal_name);
  if (issuer.empty() || subject.empty() || !metastore::IsStorableText(issuer) || !metastore::IsStorableText(subject)) {
    return MakeError(ErrorCode::kInvalidArgument, "an identity is an issuer and a subject, neither of them empty");
  }
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id, kind FROM principals WHERE name = ?", {name}));
    if (rows.empty()) return MakeError(ErrorCode::kNotFound, "there is no such principal: {}", name);
    if (name == kLocalName || TextAt(rows[0], 1) == NameOf(PrincipalKind::kAgent)) {
      return MakeError(ErrorCode::kInvalidArgument, "identities are bound to users and service accounts, not to: {}",
                       name);
    }
    NL_ASSIGN_OR_RETURN(
        const auto bound,
        session.Query("SELECT 1 FROM external_identities WHERE issuer = ? AND subject = ?", {issuer, subject}));
    if (!bound.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "the identity is bound to a principal already: {}", subject);
    }
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO external_identities (issuer, subject, principal_id, created) VALUES (?, ?, ?, ?)",
                        {issuer, subject, TextAt(rows[0], 0), ToValue(clock_.Now())}));
    return {};
  });
}

Result<void> StoreIdentities::UnbindIdentity(const std::string& issuer, const std::string& subject) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        "UPDATE principals SET claimed_role = '', claimed_groups = '[]' WHERE id IN (SELECT principal_id FROM "
        "external_identities WHERE issuer = ? AND subject = ?)",
        {metastore::MakeStorable(issuer), metastore::MakeStorable(subject)}));
    NL_ASSIGN_OR_RETURN(const auto changed,
                        session.Execute("DELETE FROM external_identities WHERE issuer = ? AND subject = ?",
                                        {metastore::MakeStorable(issuer), metastore::MakeStorable(subject)}));
    if (changed == 0) return MakeError(ErrorCode::kNotFound, "no principal is bound to the identity: {}", subject);
    return {};
  });
}

Result<std::optional<PrincipalId>> StoreIdentities::FindIdentity(const std::string& issuer,
                                                                 const std::string& subject) {
  if (!metastore::IsStorableText(issuer) || !metastore::IsStorableText(subject)) return std::nullopt;
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT principal_id FROM external_identities WHERE issuer = ? AND subject = ?",
                                      {issuer, subject}));
  if (rows.empty()) return std::nullopt;
  return PrincipalId(TextAt(rows[0], 0));
}

Result<std::vector<ExternalIdentity>> StoreIdentities::ListIdentities() {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT e.issuer, e.subject, p.name, e.created FROM external_identities e JOIN "
                                      "principals p ON p.id = e.principal_id ORDER BY p.name, e.issuer, e.subject"));
  std::vector<ExternalIdentity> identities;
  for (const Row& row : rows) {
    identities.push_back({TextAt(row, 0), TextAt(row, 1), TextAt(row, 2), TimeAt(row, 3)});
  }
  return identities;
}

}  // namespace neurolake::catalog
