#include "query/policy_lint.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/text.h"
#include "plan/field_path.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

using catalog::GrantRecord;
using catalog::PolicyRecord;
using catalog::TableRecord;
using governance::Grantee;
using governance::PolicyRule;

/// What is looked at, read once.
struct Lake {
  std::map<std::string, std::string> users;  ///< Id to name, of those that are not disabled.
  std::map<std::string, std::string> roles;  ///< Of users, by their id.
  std::map<std::string, catalog::GroupRecord> groups;
  std::map<std::string, std::string> objects;  ///< Schemas, tables and views: id to name.
  std::vector<GrantRecord> grants;

  /// Ids of the users that a grantee stands for.
  std::set<std::string> Members(std::string_view kind, const std::string& id) const {
    std::set<std::string> members;
    for (const auto& [user, name] : users) {
      const auto group = groups.find(id);
      const bool in_group = kind == "group" && group != groups.end() &&
                            std::ranges::find(group->second.members, name) != group->second.members.end();
      if (kind == "public" || (kind == "user" && user == id) || (kind == "role" && roles.at(user) == id) || in_group) {
        members.insert(user);
      }
    }
    return members;
  }
  std::set<std::string> Members(const std::vector<Grantee>& grantees) const {
    std::set<std::string> members;
    for (const Grantee& one : grantees) {
      using enum Grantee::Kind;
      const char* kind = one.kind == kPublic  ? "public"
                         : one.kind == kUser  ? "user"
                         : one.kind == kGroup ? "group"
                                              : "role";
      members.merge(Members(kind, one.id));
    }
    return members;
  }
};

Result<Lake> ReadLake(catalog::Catalog& catalog) {
  Lake lake;
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  for (const auto& one : principals) {
    if (one.disabled) continue;
    lake.users[one.id.value()] = one.name;
    lake.roles[one.id.value()] = one.role;
  }
  NL_ASSIGN_OR_RETURN(const auto groups, catalog.ListGroups());
  for (const auto& one : groups) lake.groups[one.id] = one;
  NL_ASSIGN_OR_RETURN(const auto schemas, catalog.ListSchemas());
  for (const auto& one : schemas) lake.objects[one.id.value()] = one.name;
  NL_ASSIGN_OR_RETURN(const auto tables, catalog.ListTables(std::nullopt));
  for (const auto& one : tables) lake.objects[one.id.value()] = one.schema_name + "." + one.name;
  NL_ASSIGN_OR_RETURN(const auto views, catalog.ListViews(std::nullopt));
  for (const auto& one : views) lake.objects[one.id] = one.schema_name + "." + one.name;
  NL_ASSIGN_OR_RETURN(lake.grants, catalog.ListGrants());
  return lake;
}

/// The policies of one table.
struct Policies {
  std::string table;
  std::vector<std::pair<PolicyRecord, PolicyRule>> all;
};

bool IsConstant(const PolicyRule& rule, std::string_view value) {
  return rule.value.columns.empty() && EqualsIgnoringCase(Trim(rule.value.sql), value);
}

void LintReach(const Lake& lake, const Policies& policies, std::vector<PolicyFinding>& findings) {
  bool any_permissive = false;
  bool any_restrictive = false;
  const PolicyRecord* open = nullptr;
  for (const auto& [record, rule] : policies.all) {
    const bool mask = rule.kind == PolicyRule::Kind::kMask;
    any_permissive = any_permissive || rule.kind == PolicyRule::Kind::kPermissive;
    any_restrictive = any_restrictive || rule.kind == PolicyRule::Kind::kRestrictive;
    if (!mask && lake.Members(rule.to).empty()) {
      findings.push_back({"warning", "no-effect", policies.table, record.name,
                          "the policy is for nobody: its groups have no members, its users are disabled"});
    }
    if (mask && lake.Members(rule.except) == lake.Members("public", "")) {
      findings.push_back({"warning", "no-effect", policies.table, record.name, "the mask excepts everybody"});
    }
    if (rule.kind == PolicyRule::Kind::kPermissive && IsConstant(rule, "false")) {
      findings.push_back({"warning", "no-effect", policies.table, record.name, "the policy lets no row through"});
    }
    if (rule.kind == PolicyRule::Kind::kRestrictive && IsConstant(rule, "true")) {
      findings.push_back({"warning", "no-effect", policies.table, record.name, "the policy takes no row away"});
    }
    const bool to_all =
        std::ranges::any_of(rule.to, [](const auto& one) { return one.kind == Grantee::Kind::kPublic; });
    if (rule.kind == PolicyRule::Kind::kPermissive && to_all && IsConstant(rule, "true")) open = &record;
  }
  for (const auto& [record, rule] : policies.all) {
    if (open == nullptr || rule.kind != PolicyRule::Kind::kPermissive || record.name == open->name) continue;
    findings.push_back({"warning", "unreachable", policies.table, record.name,
                        "another policy lets every row through for everybody: " + open->name});
  }
  if (any_restrictive && !any_permissive) {
    findings.push_back({"error", "unreachable", policies.table, "",
                        "the table has restrictive policies and no permissive one, so nobody sees a row"});
  }
}

void LintMaskedFilters(const Policies& policies, std::vector<PolicyFinding>& findings) {
  for (const auto& [mask, masked] : policies.all) {
    if (masked.kind != PolicyRule::Kind::kMask) continue;
    for (const auto& [filter, rule] : policies.all) {
      if (rule.kind == PolicyRule::Kind::kMask) continue;
      const auto same = [&](const auto& column) { return column.physical == masked.column.physical; };
      if (std::ranges::none_of(rule.value.columns, same)) continue;
      findings.push_back({"note", "filter-reads-masked", policies.table, filter.name,
                          "which rows are seen tells of the column that " + mask.name +
                              " masks: " + plan::ShownPath(masked.column.name)});
    }
  }
}

std::string Describe(const Lake& lake, const GrantRecord& grant) {
  const auto user = lake.users.find(grant.grantee_id);
  const auto group = lake.groups.find(grant.grantee_id);
  const std::string name = user != lake.users.end()     ? user->second
                           : group != lake.groups.end() ? group->second.name
                                                        : grant.grantee_id;
  return fmt::format("{} {} {} {}{}", grant.denied ? "DENY" : "GRANT", grant.privilege, "TO", grant.grantee_kind,
                     name.empty() ? "" : " " + name);
}

/// The id of the schema that an object lies in is not in its record, so names are compared.
bool Covers(const Lake& lake, const GrantRecord& outer, const GrantRecord& inner) {
  if (outer.securable_kind == "lake" || outer.securable_id == inner.securable_id) return true;
  const auto schema = lake.objects.find(outer.securable_id);
  const auto object = lake.objects.find(inner.securable_id);
  return outer.securable_kind == "schema" && inner.securable_kind == "relation" && schema != lake.objects.end() &&
         object != lake.objects.end() && object->second.starts_with(schema->second + ".");
}

void LintGrants(const Lake& lake, std::vector<PolicyFinding>& findings) {
  for (const GrantRecord& grant : lake.grants) {
    const auto object = lake.objects.find(grant.securable_id);
    const std::string name = grant.securable_kind == "lake" ? "lake"
                             : object == lake.objects.end() ? ""
                                                            : object->second;
    if (name.empty()) {
      findings.push_back(
          {"warning", "object-gone", "", Describe(lake, grant), "what it is about is not there any more"});
      continue;
    }
    const auto members = lake.Members(grant.grantee_kind, grant.grantee_id);
    if (members.empty()) {
      findings.push_back({"warning", "no-effect", name, Describe(lake, grant), "it is for nobody"});
      continue;
    }
    if (grant.denied) continue;
    for (const GrantRecord& denial : lake.grants) {
      if (!denial.denied || denial.privilege != grant.privilege || !Covers(lake, denial, grant)) continue;
      const auto denied = lake.Members(denial.grantee_kind, denial.grantee_id);
      if (!std::ranges::includes(denied, members)) continue;
      findings.push_back({"warning", "contradiction", name, Describe(lake, grant),
                          "all whom it is for are denied it: " + Describe(lake, denial)});
      break;
    }
  }
}

/// Rules whose owner could not set a tag themselves any more.
Result<void> LintPersonalDataRules(catalog::Catalog& catalog, const Lake& lake, std::vector<PolicyFinding>& findings) {
  NL_ASSIGN_OR_RETURN(const auto rules, catalog.ListPersonalDataRules());
  if (rules.empty()) return {};
  NL_ASSIGN_OR_RETURN(const auto tables, catalog.ListTables(std::nullopt));
  for (const auto& rule : rules) {
    const auto name = "pii rule " + rule.name;
    const auto role = lake.roles.find(rule.owner.value());
    if (role == lake.roles.end()) {
      findings.push_back({"warning", "no-effect", "", name, "the rule's owner is disabled"});
      continue;
    }
    const auto rights = RightsOfRole(role->second);
    const auto has = [&](Right right) { return rights && std::ranges::find(*rights, right) != rights->end(); };
    const bool owns_any =
        std::ranges::any_of(tables, [&](const TableRecord& table) { return table.owner == rule.owner; });
    if ((rule.of_others && has(Right::kManage)) || (owns_any && has(Right::kCreate))) continue;
    findings.push_back({"warning", "no-effect", "", name,
                        "the rule's owner, " + lake.users.at(rule.owner.value()) + ", looks after no table"});
  }
  return {};
}

}  // namespace

Result<std::vector<PolicyFinding>> LintPolicies(catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const Lake lake, ReadLake(catalog));
  NL_ASSIGN_OR_RETURN(const auto policies, catalog.ListPolicies());
  std::map<std::string, Policies> by_table;
  std::vector<PolicyFinding> findings;
  for (const auto& [table, record] : policies) {
    Policies& of_table = by_table[table.id.value()];
    of_table.table = table.schema_name + "." + table.name;
    auto rule = RuleOfPlan(record.kind, record.plan);
    if (rule) {
      of_table.all.emplace_back(record, *std::move(rule));
    } else {
      findings.push_back({"error", "no-effect", of_table.table, record.name,
                          "the policy cannot be read, so nothing of the table can be"});
    }
  }
  for (const auto& [id, of_table] : by_table) {
    LintReach(lake, of_table, findings);
    LintMaskedFilters(of_table, findings);
  }
  LintGrants(lake, findings);
  NL_RETURN_IF_ERROR(LintPersonalDataRules(catalog, lake, findings));
  for (const auto& [id, group] : lake.groups) {
    const auto enabled = lake.Members("group", id);
    if (enabled.empty()) findings.push_back({"note", "empty-group", "", group.name, "the group has no members"});
  }
  return findings;
}

}  // namespace neurolake::query
