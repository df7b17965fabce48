// Purposes and attributes of principals, on the server's side.
#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/access.h"
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/tag_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using governance::PolicySubject;

Result<void> RequireManager(const RequestContext& ctx) {
  if (ctx.principal().Has(Right::kManage)) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "purposes, and attributes of principals, need the right to manage the lake");
}

Result<std::vector<std::string>> Texts(const json::object& arguments, std::string_view name) {
  const auto* list = arguments.if_contains(name);
  if (list == nullptr || !list->is_array()) return BadMember(name);
  std::vector<std::string> texts;
  for (const auto& one : list->get_array()) {
    if (!one.is_string()) return BadMember(name);
    texts.emplace_back(one.get_string());
  }
  return texts;
}

/// Whether a purpose was granted to `principal`; of an agent, to whom it acts for as well.
Result<bool> MayUse(catalog::Catalog& catalog, const Principal& principal,
                    const std::vector<catalog::PurposeGrantRecord>& grants) {
  if (principal.on_behalf_of != nullptr) {
    NL_ASSIGN_OR_RETURN(const bool they_may, MayUse(catalog, *principal.on_behalf_of, grants));
    if (!they_may) return false;
  }
  NL_ASSIGN_OR_RETURN(const PolicySubject subject, SubjectOf(catalog, principal));
  for (const auto& grant : grants) {
    NL_ASSIGN_OR_RETURN(const governance::Grantee grantee, GranteeOf(grant.grantee_kind, grant.grantee_id));
    if (governance::Names({grantee}, subject)) return true;
  }
  return false;
}

Result<json::value> ShowPurposes(const RequestContext& ctx, catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto purposes, catalog.ListPurposes());
  json::array rows;
  for (const auto& purpose : purposes) {
    NL_ASSIGN_OR_RETURN(const auto grants, catalog.ListPurposeGrants(purpose.name));
    NL_ASSIGN_OR_RETURN(const bool may_use, MayUse(catalog, ctx.principal(), grants));
    if (!may_use && !ctx.principal().Has(Right::kManage)) continue;
    rows.push_back(json::array{purpose.name, purpose.comment, may_use ? "yes" : "no"});
  }
  return json::value{{"rows", std::move(rows)}};
}

Result<json::value> ChangePurpose(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                  const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  if (action == "drop_purpose") {
    NL_RETURN_IF_ERROR(catalog.DropPurpose(name));
    return json::value(json::object());
  }
  NL_ASSIGN_OR_RETURN(const std::string comment, StringMember(arguments, "comment"));
  NL_RETURN_IF_ERROR(catalog.CreatePurpose(name, comment));
  return json::value(json::object());
}

Result<json::value> GrantPurpose(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool grant, BoolMember(arguments, "grant"));
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(catalog, resolved, "grantees"));
  const auto* grantees = resolved.if_contains("grantees");
  if (grantees == nullptr || !grantees->is_array()) return BadMember("grantees");
  for (const auto& one : grantees->get_array()) {
    catalog::PurposeGrantRecord record{.purpose = name,
                                       .grantee_kind = {},
                                       .grantee_id = {},
                                       .granted_by = ctx.principal().name,
                                       .created = ctx.clock().Now()};
    NL_ASSIGN_OR_RETURN(record.grantee_kind, StringMember(one.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(record.grantee_id, StringMember(one.get_object(), "id"));
    NL_RETURN_IF_ERROR(catalog.GrantPurpose(record, grant));
  }
  return json::value(json::object());
}

/// Of a table by its owner, who opens it to nobody that way; of a tag by who manages the lake.
Result<json::value> AllowPurposes(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  catalog::AllowedPurposes allowed;
  NL_ASSIGN_OR_RETURN(allowed.purposes, Texts(arguments, "purposes"));
  NL_ASSIGN_OR_RETURN(allowed.tag, StringMember(arguments, "tag"));
  if (!allowed.tag.empty()) {
    NL_RETURN_IF_ERROR(RequireManager(ctx));
    if (const auto* value = arguments.if_contains("value"); value != nullptr && !value->is_null()) {
      NL_ASSIGN_OR_RETURN(allowed.value, StringMember(arguments, "value"));
    }
  } else {
    NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
    NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(schema, name));
    bool known = false;
    if (table) {
      NL_ASSIGN_OR_RETURN(known, Access(catalog, ctx).Knows(*table));
    }
    if (!known) {
      return MakeError(ErrorCode::kNotFound, "table does not exist or may not be read: {}.{}", schema, name);
    }
    NL_RETURN_IF_ERROR(RequireSteward(ctx.principal(), *table));
    allowed.table = table->id;
  }
  NL_RETURN_IF_ERROR(catalog.SetAllowedPurposes(allowed));
  return json::value(json::object());
}

/// Of a table by its owner; of a tag by who manages the lake.
Result<json::value> SetMinimumGroup(const RequestContext& ctx, catalog::Catalog& catalog,
                                    const json::object& arguments) {
  catalog::MinimumGroup group;
  NL_ASSIGN_OR_RETURN(group.purpose, StringMember(arguments, "purpose"));
  NL_ASSIGN_OR_RETURN(group.size, IntMember(arguments, "size"));
  if (arguments.contains("tag")) {
    NL_RETURN_IF_ERROR(RequireManager(ctx));
    NL_ASSIGN_OR_RETURN(group.tag, StringMember(arguments, "tag"));
    NL_ASSIGN_OR_RETURN(group.entity_tag, StringMember(arguments, "entity_tag"));
    if (const auto* value = arguments.if_contains("value"); value != nullptr && !value->is_null()) {
      NL_ASSIGN_OR_RETURN(group.value, StringMember(arguments, "value"));
    }
    NL_RETURN_IF_ERROR(catalog.SetMinimumGroup(group));
    return json::value(json::object());
  }
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(group.column, StringMember(arguments, "column"));
  NL_ASSIGN_OR_RETURN(group.label, StringMember(arguments, "label"));
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(id)));
  bool known = false;
  if (table) {
    NL_ASSIGN_OR_RETURN(known, Access(catalog, ctx).Knows(*table));
  }
  if (!known) return MakeError(ErrorCode::kNotFound, "the table is not there any more");
  NL_RETURN_IF_ERROR(RequireSteward(ctx.principal(), *table));
  group.table = table->id;
  NL_RETURN_IF_ERROR(catalog.SetMinimumGroup(group));
  return json::value(json::object());
}

Result<json::value> SetAttributes(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(const std::string principal, StringMember(arguments, "principal"));
  NL_ASSIGN_OR_RETURN(const auto unset, Texts(arguments, "unset"));
  const auto* list = arguments.if_contains("set");
  if (list == nullptr || !list->is_array()) return BadMember("set");
  std::vector<std::pair<std::string, std::string>> set;
  for (const auto& one : list->get_array()) {
    const bool pair = one.is_array() && one.get_array().size() == 2 && one.get_array()[0].is_string() &&
                      one.get_array()[1].is_string();
    if (!pair) return BadMember("set");
    set.emplace_back(one.get_array()[0].get_string(), one.get_array()[1].get_string());
  }
  NL_RETURN_IF_ERROR(catalog.ChangeAttributes(principal, set, unset));
  return json::value(json::object());
}

Result<json::value> ShowAttributes(const RequestContext& ctx, catalog::Catalog& catalog,
                                   const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(const std::string wanted, StringMember(arguments, "principal"));
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  json::array rows;
  for (const auto& principal : principals) {
    if (!wanted.empty() && principal.name != wanted) continue;
    NL_ASSIGN_OR_RETURN(const auto attributes, catalog.AttributesOf(principal.id));
    for (const auto& [name, value] : attributes) rows.push_back(json::array{principal.name, name, value});
  }
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

bool IsPurposeAction(std::string_view action) {
  constexpr std::string_view kActions[] = {"purposes",       "create_purpose", "drop_purpose", "grant_purpose",
                                           "allow_purposes", "set_attributes", "attributes",   "set_minimum_group"};
  return std::ranges::find(kActions, action) != std::end(kActions);
}

Result<json::value> RunPurposeAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                     const json::object& arguments) {
  if (action == "purposes") return ShowPurposes(ctx, catalog);
  if (action == "grant_purpose") return GrantPurpose(ctx, catalog, arguments);
  if (action == "allow_purposes") return AllowPurposes(ctx, catalog, arguments);
  if (action == "set_minimum_group") return SetMinimumGroup(ctx, catalog, arguments);
  if (action == "set_attributes") return SetAttributes(ctx, catalog, arguments);
  if (action == "attributes") return ShowAttributes(ctx, catalog, arguments);
  return ChangePurpose(ctx, catalog, action, arguments);
}

Result<std::vector<governance::PurposeRules::Group>> GroupsFor(catalog::Catalog& catalog, const TableId& table) {
  std::vector<governance::PurposeRules::Group> rules;
  NL_ASSIGN_OR_RETURN(const auto groups, catalog.MinimumGroupsOf(table));
  for (const auto& group : groups) {
    governance::PurposeRules::Group rule{.purpose = group.purpose, .size = group.size};
    if (group.entity_tag.empty()) {
      if (!group.column.empty()) rule.entity = plan::PolicyColumn{.name = group.label, .physical = group.column};
      rules.push_back(std::move(rule));
      continue;
    }
    NL_ASSIGN_OR_RETURN(const auto tags, catalog.TagsOf(table.value()));
    bool counted = false;
    for (const auto& tag : tags) {
      if (tag.column.empty() || tag.tag != group.entity_tag) continue;
      counted = true;
      rule.entity = plan::PolicyColumn{.name = tag.label, .physical = tag.column};
      rules.push_back(rule);
    }
    if (counted) continue;
    // Nobody knows whom its rows are about: the scan finds no such column, and nothing leaves.
    rule.entity = plan::PolicyColumn{.name = "\x01", .physical = "\x01"};
    rules.push_back(std::move(rule));
  }
  return rules;
}

Result<void> CheckPurpose(catalog::Catalog& catalog, const Principal& principal, const std::string& purpose) {
  if (purpose.empty()) return {};
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.ListPurposeGrants(purpose));
  NL_ASSIGN_OR_RETURN(const bool may_use, MayUse(catalog, principal, grants));
  if (may_use) return {};
  return MakeError(ErrorCode::kPermissionDenied, "there is no such purpose, or it was not granted to you: {}", purpose);
}

}  // namespace neurolake::query
