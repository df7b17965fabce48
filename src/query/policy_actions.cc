#include "query/policy_actions.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "governance/rego/decision.h"
#include "plan/field_path.h"
#include "query/access.h"
#include "query/break_glass_actions.h"
#include "query/effective_privileges.h"
#include "query/key_actions.h"
#include "query/messages.h"
#include "query/policy_messages.h"
#include "query/policy_names.h"
#include "query/tag_actions.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::PolicyRecord;
using catalog::TableRecord;
using governance::Grantee;
using governance::PolicyRule;
using governance::PolicySubject;

std::string_view KindName(Grantee::Kind kind) {
  switch (kind) {
    case Grantee::Kind::kPublic: return "public";
    case Grantee::Kind::kUser: return "user";
    case Grantee::Kind::kGroup: return "group";
    case Grantee::Kind::kRole: return "role";
  }
  NL_UNREACHABLE();
}

Result<Grantee> DecodeGrantee(const json::object& object) {
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(object, "kind"));
  NL_ASSIGN_OR_RETURN(std::string id, StringMember(object, "id"));
  return GranteeOf(kind, std::move(id));
}

Result<std::vector<Grantee>> DecodeGrantees(const json::object& plan, std::string_view name) {
  std::vector<Grantee> grantees;
  const auto* list = plan.if_contains(name);
  if (list == nullptr || !list->is_array()) return BadMember(name);
  for (const auto& one : list->get_array()) {
    if (!one.is_object()) return BadMember(name);
    NL_ASSIGN_OR_RETURN(auto grantee, DecodeGrantee(one.get_object()));
    grantees.push_back(std::move(grantee));
  }
  return grantees;
}

Result<plan::PolicyExpression> ExpressionMember(const json::object& plan, std::string_view name) {
  const auto* member = plan.if_contains(name);
  if (member == nullptr || !member->is_object()) return BadMember(name);
  return DecodePolicyExpression(member->get_object());
}

/// What policies by tag say of the table, which may have none.
Result<std::vector<PolicyRule>> TagRulesOf(catalog::Catalog& catalog, const TableId& table) {
  std::vector<governance::TagRule> rules;
  NL_ASSIGN_OR_RETURN(const auto policies, catalog.TagPoliciesOf(table.value()));
  if (policies.empty()) return std::vector<PolicyRule>();
  for (const auto& policy : policies) {
    governance::TagRule rule{
        .rule = {}, .of_columns = policy.on.of_columns, .tag = policy.on.tag, .value = policy.on.value};
    NL_ASSIGN_OR_RETURN(rule.rule, RuleOfPlan(policy.kind, policy.plan));
    rules.push_back(std::move(rule));
  }
  NL_ASSIGN_OR_RETURN(const auto tags, TagsOfTable(catalog, table));
  return governance::RulesByTag(rules, tags);
}

}  // namespace

Result<Grantee> GranteeOf(const std::string& kind, std::string id) {
  using enum Grantee::Kind;
  for (const auto known : {kPublic, kUser, kGroup, kRole}) {
    if (KindName(known) == kind) return Grantee{known, std::move(id)};
  }
  return BadMember("kind");
}

Result<PolicyRule> RuleOfPlan(const std::string& kind, const std::string& text) {
  NL_ASSIGN_OR_RETURN(const json::object plan, ParseObject(text));
  PolicyRule rule;
  NL_ASSIGN_OR_RETURN(rule.value, ExpressionMember(plan, "value"));
  if (kind == "mask") {
    rule.kind = PolicyRule::Kind::kMask;
    NL_ASSIGN_OR_RETURN(rule.except, DecodeGrantees(plan, "except"));
    const auto* column = plan.if_contains("column");
    if (column == nullptr || !column->is_object()) return BadMember("column");
    NL_ASSIGN_OR_RETURN(rule.column, DecodePolicyColumn(column->get_object()));
    return rule;
  }
  NL_ASSIGN_OR_RETURN(const bool restrictive, BoolMember(plan, "restrictive"));
  rule.kind = restrictive ? PolicyRule::Kind::kRestrictive : PolicyRule::Kind::kPermissive;
  NL_ASSIGN_OR_RETURN(rule.to, DecodeGrantees(plan, "to"));
  if (plan.contains("check")) {
    NL_ASSIGN_OR_RETURN(rule.check, ExpressionMember(plan, "check"));
  }
  return rule;
}

Result<void> ResolveGrantees(catalog::Catalog& catalog, json::object& plan, std::string_view member) {
  auto* list = plan.if_contains(member);
  if (list == nullptr) return {};
  if (!list->is_array()) return BadMember(member);
  NL_ASSIGN_OR_RETURN(const auto groups, catalog.ListGroups());
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  for (auto& one : list->get_array()) {
    if (!one.is_object()) return BadMember(member);
    json::object& grantee = one.get_object();
    NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(grantee, "kind"));
    NL_ASSIGN_OR_RETURN(const std::string name, StringMember(grantee, "name"));
    const auto group = std::ranges::find(groups, name, &catalog::GroupRecord::name);
    const auto principal = std::ranges::find(principals, name, &catalog::PrincipalRecord::name);
    const bool any = kind == "any";
    if (kind == "public") {
      grantee["id"] = "";
    } else if (kind == "role") {
      NL_RETURN_IF_ERROR(RightsOfRole(name));
      grantee["id"] = name;
    } else if ((any || kind == "group") && group != groups.end()) {
      if (any && principal != principals.end()) {
        return MakeError(ErrorCode::kInvalidArgument, "a group and a user have the name, say GROUP or USER: {}", name);
      }
      grantee["kind"] = "group";
      grantee["id"] = group->id;
    } else if ((any || kind == "user") && principal != principals.end()) {
      grantee["kind"] = "user";
      grantee["id"] = principal->id.value();
    } else {
      return MakeError(ErrorCode::kNotFound, "there is no such {}: {}", any ? "group or user" : kind, name);
    }
  }
  return {};
}

Result<std::string> ResolvedPlan(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& kind,
                                 const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(arguments, "plan"));
  NL_ASSIGN_OR_RETURN(json::object plan, ParseObject(text));
  for (const char* grantees : {"to", "except"}) NL_RETURN_IF_ERROR(ResolveGrantees(catalog, plan, grantees));
  for (const char* expression : {"value", "check"}) NL_RETURN_IF_ERROR(ResolveKeys(ctx, catalog, plan, expression));
  std::string resolved = json::serialize(plan);
  // What could not be read later would hide all that it is for.
  NL_RETURN_IF_ERROR(RuleOfPlan(kind, resolved));
  return resolved;
}

namespace {

/// The table of an action, if the principal may know of it.
Result<TableRecord> KnownTable(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments,
                               std::string_view which) {
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(id)));
  bool known = false;
  if (table) {
    NL_ASSIGN_OR_RETURN(known, Access(catalog, ctx).Knows(*table));
  }
  if (!known) return MakeError(ErrorCode::kNotFound, "the table {} is not there any more", which);
  return *table;
}

constexpr std::string_view kOfPolicy = "of the policy";

Result<json::value> CreatePolicy(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const TableRecord table, StewardsTable(ctx, catalog, arguments, kOfPolicy));
  PolicyRecord policy;
  policy.id = NewUuid();
  policy.table = table.id;
  NL_ASSIGN_OR_RETURN(policy.kind, StringMember(arguments, "kind"));
  if (policy.kind != "row" && policy.kind != "mask") return BadMember("kind");
  NL_ASSIGN_OR_RETURN(policy.name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(policy.column, StringMember(arguments, "column"));
  NL_ASSIGN_OR_RETURN(policy.definition, StringMember(arguments, "definition"));
  NL_ASSIGN_OR_RETURN(policy.plan, ResolvedPlan(ctx, catalog, policy.kind, arguments));
  policy.created_by = ctx.principal().name;
  policy.created = ctx.clock().Now();
  NL_RETURN_IF_ERROR(CheckExpectations(catalog, table.id));
  NL_ASSIGN_OR_RETURN(const bool replace, BoolMember(arguments, "replace"));
  NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
  if (if_not_exists) {
    NL_ASSIGN_OR_RETURN(const auto known, catalog.ListPolicies(table.id));
    const auto named = [&](const PolicyRecord& one) { return one.name == policy.name && one.kind == policy.kind; };
    if (std::ranges::any_of(known, named)) return json::value{{"created", false}};
  }
  NL_RETURN_IF_ERROR(catalog.AddPolicy(policy, replace));
  return json::value{{"created", true}};
}

Result<json::value> DropPolicy(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const TableRecord table, StewardsTable(ctx, catalog, arguments, kOfPolicy));
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
  auto dropped = catalog.DropPolicy(table.id, kind, name);
  if (!dropped && !(if_exists && dropped.error().code() == ErrorCode::kNotFound)) {
    return std::unexpected(dropped.error());
  }
  return json::value(json::object());
}

Result<json::value> ShowPolicies(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string only, StringMember(arguments, "table"));
  if (!only.empty()) NL_RETURN_IF_ERROR(StewardsTable(ctx, catalog, arguments, kOfPolicy));
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListPolicies());
  json::array rows, names;
  for (const auto& [table, policy] : all) {
    if (!IsSteward(ctx.principal(), table) || (!only.empty() && table.id.value() != only)) continue;
    json::value column;
    if (const auto rule = RuleOfPlan(policy.kind, policy.plan)) {
      if (policy.kind == "mask") column = plan::ShownPath(rule->column.table_name());
      AddNames(*rule, table, {.row = static_cast<int64_t>(rows.size()), .column = 4, .text = 5}, names);
    }
    rows.push_back(json::array{table.schema_name, table.name, policy.name, policy.kind, std::move(column),
                               policy.definition, policy.created_by, FormatTimestamp(policy.created)});
  }
  return json::value{{"rows", std::move(rows)}, {"names", std::move(names)}};
}

/// One line for each thing that applies, in the order it is applied in.
json::array Describe(const std::shared_ptr<const plan::TablePolicy>& policy) {
  json::array rows;
  const auto add = [&](const char* kind, const std::string& column, const plan::PolicyExpression& expression) {
    rows.push_back(json::array{kind, expression.policy, column, expression.sql});
  };
  if (policy == nullptr) return rows;
  if (policy->filters_rows && policy->permissive.empty()) {
    add("row filter", "", {.policy = "", .sql = "false", .columns = {}});
  }
  for (const auto& one : policy->permissive) add("row filter, any of", "", one);
  for (const auto& one : policy->restrictive) add("row filter, all of", "", one);
  for (const auto& one : policy->permissive_checks) add("write check, any of", "", one);
  for (const auto& one : policy->restrictive_checks) add("write check, all of", "", one);
  for (const auto& any : policy->any_of) {
    if (any.empty()) add("row filter of a tag", "", {.policy = "", .sql = "false", .columns = {}});
    for (const auto& one : any) add("row filter of a tag, any of", "", one);
  }
  for (const auto& any : policy->any_of_checks) {
    for (const auto& one : any) add("write check of a tag, any of", "", one);
  }
  for (const auto& one : policy->masks) add("mask", plan::ShownPath(one.column.table_name()), one.value);
  for (const auto& one : policy->group_minimums) {
    add("smallest group", one.entity ? plan::ShownPath(one.entity->name) : "",
        {.policy = std::to_string(one.size), .sql = "", .columns = {}});
  }
  if (policy->lacks_purpose) {
    std::string purposes;
    for (const auto& one : policy->purposes) purposes += (purposes.empty() ? "" : ", ") + one;
    add("purpose, one of", "", {.policy = purposes.empty() ? "none" : purposes, .sql = "", .columns = {}});
  }
  return rows;
}

Result<json::value> ShowEffective(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const TableRecord table, KnownTable(ctx, catalog, arguments, kOfPolicy));
  NL_ASSIGN_OR_RETURN(const std::string wanted, StringMember(arguments, "principal"));
  const bool steward = IsSteward(ctx.principal(), table);
  Principal subject = ctx.principal();
  if (!wanted.empty() && wanted != subject.name) {
    if (!steward) return MakeError(ErrorCode::kPermissionDenied, "what applies to others is for the table's owner");
    NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
    const auto found = std::ranges::find(principals, wanted, &catalog::PrincipalRecord::name);
    if (found == principals.end()) return MakeError(ErrorCode::kNotFound, "there is no such principal: {}", wanted);
    subject = Principal{found->id, found->name, found->role, {}};
    auto whole = catalog.identities().PrincipalOf(found->id, {});
    // A disabled one as it was; an agent that may not act sees nothing at all.
    if (!whole && found->kind == PrincipalKind::kAgent) return std::unexpected(whole.error());
    if (whole) subject = std::move(*whole);
  }
  const RequestContext theirs(subject, ctx.request_id(), ctx.door(), ctx.clock(), ctx.deadline(), ctx.stop_token());
  NL_ASSIGN_OR_RETURN(const auto policy, PolicyFor(catalog, theirs, table));
  NL_ASSIGN_OR_RETURN(json::array rows, MissingPrivileges(theirs, catalog, table));
  for (auto& row : Describe(policy)) rows.push_back(std::move(row));
  NL_ASSIGN_OR_RETURN(const auto past_policies, BreakGlassOf(catalog, subject, table));
  if (past_policies) rows.push_back(json::array{"break glass, past all policies", *past_policies, "", ""});
  NL_ASSIGN_OR_RETURN(const auto records, catalog.ListPolicies(table.id));
  for (auto& one : rows) {
    json::array& row = one.get_array();
    // How a mask is computed is not for those from whom it hides.
    if (!steward) row[3] = nullptr;
    // A column that is denied is not there for whom it is denied to.
    if (!steward && row[0] == "denied") row[2] = "";
    if (!steward || row[0] != "mask") continue;
    // As it was written: what became of it has the key of a hash in it.
    const auto record = std::ranges::find_if(
        records, [&](const PolicyRecord& each) { return each.kind == "mask" && each.name == row[1].as_string(); });
    row[3] = record == records.end() ? json::value(nullptr) : json::value(record->definition);
  }
  json::array names = NamesOfEffective(rows, policy, records, table);
  return json::value{{"rows", std::move(rows)}, {"names", std::move(names)}};
}

/// The files of a table hold what its policies hide, and what was deleted; an external location may be around them.
Result<json::value> CheckSources(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  const auto* paths = arguments.if_contains("paths");
  if (paths == nullptr || !paths->is_array()) return BadMember("paths");
  if (!std::ranges::all_of(paths->get_array(), &json::value::is_string)) return BadMember("paths");
  std::vector<std::string> asked;
  for (const json::value& path : paths->get_array()) asked.push_back(storage::NormalPath(path.get_string()));
  NL_ASSIGN_OR_RETURN(const auto tables, catalog.ListTables(std::nullopt));
  for (const TableRecord& table : tables) {
    const std::string location = storage::NormalPath(table.location);
    if (std::ranges::none_of(asked, [&](const auto& path) { return storage::IsBelow(path, location); })) continue;
    NL_ASSIGN_OR_RETURN(const bool sees_all, SeesAll(catalog, ctx, table));
    if (sees_all) continue;
    // Without its name, which may be hidden, too.
    return MakeError(ErrorCode::kPermissionDenied,
                     "files of a table cannot be loaded by who sees a part of it or nothing; read the table");
  }
  return json::value(json::object());
}

Result<json::value> RunGroupAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                   const json::object& arguments) {
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "groups need the right to manage the lake");
  }
  if (action == "groups") {
    NL_ASSIGN_OR_RETURN(const auto groups, catalog.ListGroups());
    json::array rows;
    for (const auto& group : groups) {
      if (group.members.empty()) rows.push_back(json::array{group.name, nullptr});
      for (const auto& member : group.members) rows.push_back(json::array{group.name, member});
    }
    return json::value{{"rows", std::move(rows)}};
  }
  NL_ASSIGN_OR_RETURN(const std::string group, StringMember(arguments, "group"));
  Result<void> done;
  if (action == "create_group") {
    done = catalog.CreateGroup(group);
  } else if (action == "drop_group") {
    done = catalog.DropGroup(group);
  } else {
    NL_ASSIGN_OR_RETURN(const std::string member, StringMember(arguments, "member"));
    done = action == "add_member" ? catalog.AddMember(group, member) : catalog.RemoveMember(group, member);
  }
  if (!done) return std::unexpected(done.error());
  return json::value(json::object());
}

}  // namespace

Result<PolicySubject> SubjectOf(catalog::Catalog& catalog, const Principal& principal) {
  PolicySubject subject{.id = principal.id.value(),
                        .name = principal.name,
                        .role = principal.role,
                        .groups = {},
                        .purpose = principal.purpose};
  NL_ASSIGN_OR_RETURN(subject.groups, catalog.GroupsOf(principal));
  NL_ASSIGN_OR_RETURN(subject.attributes, catalog.AttributesOf(principal.id));
  // What was said of it here goes before what an identity provider says.
  for (const auto& [name, value] : principal.attributes) {
    const std::string folded = LowerAscii(name);
    const bool known = std::ranges::any_of(subject.attributes, [&](const auto& one) { return one.first == folded; });
    if (!known) subject.attributes.emplace_back(folded, value);
  }
  return subject;
}

bool IsPolicyAction(std::string_view action) {
  constexpr std::string_view kActions[] = {"create_policy", "drop_policy", "policies",   "effective_policy",
                                           "check_sources", "groups",      "add_member", "remove_member",
                                           "create_group",  "drop_group"};
  return std::ranges::find(kActions, action) != std::end(kActions);
}

Result<json::value> RunPolicyAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                    const json::object& arguments) {
  if (action == "create_policy") return CreatePolicy(ctx, catalog, arguments);
  if (action == "drop_policy") return DropPolicy(ctx, catalog, arguments);
  if (action == "policies") return ShowPolicies(ctx, catalog, arguments);
  if (action == "effective_policy") return ShowEffective(ctx, catalog, arguments);
  if (action == "check_sources") return CheckSources(ctx, catalog, arguments);
  return RunGroupAction(ctx, catalog, action, arguments);
}

namespace {

/// What was made with CREATE ROW POLICY and CREATE MASK POLICY, of the table and of its tags; purposes; break glass.
Result<std::shared_ptr<const plan::TablePolicy>> StoredPolicyFor(catalog::Catalog& catalog, const Principal& principal,
                                                                 const TableRecord& table) {
  if (!table.has_policies) return nullptr;
  NL_ASSIGN_OR_RETURN(const auto past_policies, BreakGlassOf(catalog, principal, table));
  if (past_policies) return nullptr;
  NL_ASSIGN_OR_RETURN(const auto records, catalog.ListPolicies(table.id));
  NL_ASSIGN_OR_RETURN(const PolicySubject subject, SubjectOf(catalog, principal));
  std::optional<PolicySubject> behalf;
  if (principal.on_behalf_of != nullptr) {
    NL_ASSIGN_OR_RETURN(behalf, SubjectOf(catalog, *principal.on_behalf_of));
  }
  std::vector<PolicyRule> rules;
  for (const PolicyRecord& record : records) {
    NL_ASSIGN_OR_RETURN(auto rule, RuleOfPlan(record.kind, record.plan));
    rules.push_back(std::move(rule));
  }
  NL_ASSIGN_OR_RETURN(auto by_tag, TagRulesOf(catalog, table.id));
  std::ranges::move(by_tag, std::back_inserter(rules));
  governance::PurposeRules purposes;
  NL_ASSIGN_OR_RETURN(auto lists, catalog.AllowedPurposesOf(table.id));
  for (auto& list : lists) purposes.allowed.push_back(std::move(list.purposes));
  NL_ASSIGN_OR_RETURN(purposes.groups, GroupsFor(catalog, table.id));
  return governance::EffectivePolicy(subject, rules, purposes, behalf ? &*behalf : nullptr);
}

}  // namespace

// Rows that an expectation sets aside would lie in a table without the policy, and who writes to a table that refers
// to this one could ask it for any key.
Result<void> CheckExpectations(catalog::Catalog& catalog, const TableId& table) {
  NL_ASSIGN_OR_RETURN(const auto expectations, catalog.ListExpectations(table));
  for (const auto& one : expectations) {
    if (!one.quarantine) continue;
    return MakeError(ErrorCode::kDependentObjects,
                     "an expectation of the table sets rows aside, where no policy would hide them, drop it first: {}",
                     one.name);
  }
  NL_ASSIGN_OR_RETURN(const auto referring, catalog.ListExpectationsReading(table));
  if (referring.empty()) return {};
  return MakeError(ErrorCode::kDependentObjects,
                   "an expectation refers to the table, which would tell of any key whether it is there, drop it "
                   "first: {}",
                   referring[0].name);
}

namespace {

/// As whom expressions see who asks: of an agent, whom it acts for.
Result<plan::PolicyContext> ContextOf(catalog::Catalog& catalog, const Principal& principal) {
  const Principal& seen_as = principal.on_behalf_of == nullptr ? principal : *principal.on_behalf_of;
  NL_ASSIGN_OR_RETURN(auto subject, SubjectOf(catalog, seen_as));
  plan::PolicyContext context{.principal = seen_as.name,
                              .groups = {},
                              .purpose = principal.purpose,
                              .attributes = std::move(subject.attributes)};
  for (const auto& [id, name] : subject.groups) context.groups.push_back(name);
  return context;
}

}  // namespace

Result<std::shared_ptr<const plan::TablePolicy>> PolicyFor(catalog::Catalog& catalog, const RequestContext& ctx,
                                                           const TableRecord& table,
                                                           std::initializer_list<Privilege> uses) {
  NL_ASSIGN_OR_RETURN(auto policy, StoredPolicyFor(catalog, ctx.principal(), table));
  JudgedAccess judged(catalog, ctx);
  for (const Privilege use : uses) {
    NL_ASSIGN_OR_RETURN(const auto verdicts, judged.Ask(NameOf(use), {"table", table.id.value(), table.schema_name,
                                                                      table.name, table.owner}));
    if (verdicts.empty()) continue;
    NL_ASSIGN_OR_RETURN(const auto context, ContextOf(catalog, ctx.principal()));
    for (const auto& verdict : verdicts) {
      policy = governance::Narrow(
          {.allow = verdict->allow, .row_filters = verdict->row_filters, .masks = verdict->masks}, policy, context);
    }
  }
  return policy;
}

Result<bool> SeesAll(catalog::Catalog& catalog, const RequestContext& ctx, const TableRecord& table) {
  Access access(catalog, ctx);
  NL_ASSIGN_OR_RETURN(const bool reads, access.May(Privilege::kSelect, table));
  NL_ASSIGN_OR_RETURN(const auto columns, access.Columns(table));
  if (!reads || !columns.denied.empty()) return false;
  NL_ASSIGN_OR_RETURN(const auto policy, PolicyFor(catalog, ctx, table));
  return policy == nullptr;
}

bool IsSteward(const Principal& principal, const TableRecord& table) {
  return principal.Has(Right::kManage) || (principal.Has(Right::kCreate) && table.owner == principal.owner());
}

Result<void> RequireSteward(const Principal& principal, const TableRecord& table) {
  if (IsSteward(principal, table)) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "a table's policies, and what would do away with them, are for its owner or who manages the lake");
}

Result<TableRecord> StewardsTable(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments,
                                  std::string_view which) {
  NL_ASSIGN_OR_RETURN(TableRecord table, KnownTable(ctx, catalog, arguments, which));
  NL_RETURN_IF_ERROR(RequireSteward(ctx.principal(), table));
  return table;
}

}  // namespace neurolake::query
