// Groups of principals, in the metadata store.
#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

/// What may be said of a group in each table of grants, and which of its rows are denials.
constexpr std::pair<std::string_view, std::string_view> kGrantTables[] = {{"grants", "denied <> 0"},
                                                                          {"data_key_grants", "denied <> 0"},
                                                                          {"data_subject_grants", "denied <> 0"},
                                                                          {"function_grants", "effect = 'deny'"},
                                                                          {"object_grants", "denied <> 0"},
                                                                          {"purpose_grants", "1 = 0"}};

/// The id behind a name. Errors: kNotFound naming `what`.
Result<std::string> IdOf(Session& session, const std::string& table, const std::string& what, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id FROM " + table + " WHERE name = ?", {name}));
  if (rows.empty()) return MakeError(ErrorCode::kNotFound, "there is no such {}: {}", what, name);
  return TextAt(rows[0], 0);
}

}  // namespace

Result<void> StoreCatalog::CreateGroup(const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto checked, CheckedName("group", name));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT 1 FROM principal_groups WHERE name = ? UNION ALL "
                                                        "SELECT 1 FROM principals WHERE name = ?",
                                                        {checked, checked}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "a group or principal has this name already: {}", checked);
    }
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO principal_groups (id, name, created) VALUES (?, ?, ?)",
                                       {NewUuid(), checked, ToValue(clock_.Now())}));
    return {};
  });
}

Result<void> StoreCatalog::DropGroup(const std::string& name) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto id, IdOf(session, "principal_groups", "group", NameToFind(name)));
    // Without it a restriction would be gone, not the access.
    NL_ASSIGN_OR_RETURN(
        const auto needed,
        session.Query("SELECT name FROM policies WHERE plan LIKE ? UNION ALL SELECT name FROM tag_policies WHERE plan "
                      "LIKE ? ORDER BY 1 LIMIT 1",
                      {"%" + id + "%", "%" + id + "%"}));
    if (!needed.empty()) {
      return MakeError(ErrorCode::kDependentObjects, "a policy names the group, drop that first: {}",
                       TextAt(needed[0], 0));
    }
    for (const auto& [table, denied] : kGrantTables) {
      const std::string of_group = fmt::format(" FROM {} WHERE grantee_kind = 'group' AND grantee_id = ?", table);
      NL_ASSIGN_OR_RETURN(const auto found,
                          session.Query(fmt::format("SELECT 1{} AND {} LIMIT 1", of_group, denied), {id}));
      if (!found.empty()) {
        return MakeError(ErrorCode::kDependentObjects, "something is denied to the group, revoke that first: {}", name);
      }
      NL_RETURN_IF_ERROR(session.Execute("DELETE" + of_group, {id}));
    }
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM group_members WHERE group_id = ?", {id}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM principal_groups WHERE id = ?", {id}));
    return {};
  });
}

Result<std::vector<GroupRecord>> StoreCatalog::ListGroups() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT id, name, created FROM principal_groups ORDER BY name"));
  NL_ASSIGN_OR_RETURN(const auto members,
                      store_.ReadOnce("SELECT m.group_id, p.name FROM group_members m JOIN principals p ON "
                                      "p.id = m.principal_id ORDER BY p.name"));
  std::vector<GroupRecord> groups;
  for (const Row& row : rows) {
    GroupRecord& group = groups.emplace_back(GroupRecord{TextAt(row, 0), TextAt(row, 1), TimeAt(row, 2), {}});
    for (const Row& member : members) {
      if (TextAt(member, 0) == group.id) group.members.push_back(TextAt(member, 1));
    }
  }
  return groups;
}

Result<void> StoreCatalog::AddMember(const std::string& group, const std::string& principal_name) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto group_id, IdOf(session, "principal_groups", "group", NameToFind(group)));
    NL_ASSIGN_OR_RETURN(const auto principal, IdOf(session, "principals", "principal", NameToFind(principal_name)));
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO group_members (group_id, principal_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                        {group_id, principal}));
    return {};
  });
}

Result<void> StoreCatalog::RemoveMember(const std::string& group, const std::string& principal_name) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto group_id, IdOf(session, "principal_groups", "group", NameToFind(group)));
    NL_ASSIGN_OR_RETURN(const auto principal, IdOf(session, "principals", "principal", NameToFind(principal_name)));
    NL_RETURN_IF_ERROR(
        session.Execute("DELETE FROM group_members WHERE group_id = ? AND principal_id = ?", {group_id, principal}));
    return {};
  });
}

Result<std::vector<std::pair<std::string, std::string>>> StoreCatalog::GroupsOf(const PrincipalId& principal) {
  if (!metastore::IsStorableText(principal.value())) return std::vector<std::pair<std::string, std::string>>();
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT g.id, g.name FROM principal_groups g JOIN group_members m ON "
                                      "m.group_id = g.id WHERE m.principal_id = ? ORDER BY g.name",
                                      {principal.value()}));
  std::vector<std::pair<std::string, std::string>> groups;
  for (const Row& row : rows) groups.emplace_back(TextAt(row, 0), TextAt(row, 1));
  return groups;
}

Result<std::vector<std::pair<std::string, std::string>>> Catalog::GroupsOf(const Principal& principal) {
  NL_ASSIGN_OR_RETURN(auto groups, GroupsOf(principal.id));
  for (const auto& claimed : principal.claimed_groups) {
    if (std::ranges::find(groups, claimed) == groups.end()) groups.push_back(claimed);
  }
  return groups;
}

}  // namespace neurolake::catalog
