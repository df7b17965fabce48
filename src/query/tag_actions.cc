#include "query/tag_actions.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/field_path.h"
#include "common/text.h"
#include "query/access.h"
#include "query/key_actions.h"
#include "query/messages.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::TableRecord;
using catalog::TagPattern;
using catalog::TagPolicyRecord;
using catalog::TagRecord;

Result<void> RequireManager(const RequestContext& ctx) {
  if (ctx.principal().Has(Right::kManage)) return {};
  return MakeError(ErrorCode::kPermissionDenied, "policies by tag need the right to manage the lake");
}

/// Rows of `width` texts under `name`.
Result<std::vector<std::vector<std::string>>> TextRows(const json::object& arguments, std::string_view name,
                                                       size_t width) {
  const auto* list = arguments.if_contains(name);
  if (list == nullptr || !list->is_array()) return BadMember(name);
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : list->get_array()) {
    if (!one.is_array() || one.get_array().size() != width) return BadMember(name);
    auto& row = rows.emplace_back();
    for (const auto& value : one.get_array()) {
      if (!value.is_string()) return BadMember(name);
      row.emplace_back(value.get_string());
    }
  }
  return rows;
}

/// Policies that the table would come under with `tags`.
Result<std::vector<TagPolicyRecord>> PoliciesMeaning(catalog::Catalog& catalog, const TableRecord& table,
                                                     const std::vector<TagRecord>& tags) {
  NL_ASSIGN_OR_RETURN(const auto schema, catalog.FindSchema(table.schema_name));
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListTagPolicies());
  std::vector<TagPolicyRecord> meaning;
  for (const TagPolicyRecord& policy : all) {
    const bool in_scope = policy.schema.empty() || (schema && policy.schema == schema->id);
    const bool meant = std::ranges::any_of(tags, [&](const auto& tag) { return catalog::Matches(policy.on, tag); });
    if (in_scope && meant) meaning.push_back(policy);
  }
  return meaning;
}

Result<json::value> SetTags(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const TableRecord table, StewardsTable(ctx, catalog, arguments, "to be tagged"));
  NL_ASSIGN_OR_RETURN(const auto set, TextRows(arguments, "set", 4));
  NL_ASSIGN_OR_RETURN(const auto unset, TextRows(arguments, "unset", 2));
  catalog::TagChange change{
      .relation_id = table.id.value(), .set = {}, .unset = {}, .may_weaken = ctx.principal().Has(Right::kManage)};
  for (const auto& row : set) {
    // Each step by both names, or a mask would not find the way.
    if (FieldPath(row[0]).size() != FieldPath(row[1]).size()) return BadMember("set");
    change.set.push_back({.relation_id = table.id.value(),
                          .column = row[0],
                          .label = row[1],
                          .tag = row[2],
                          .value = row[3],
                          .set_by = ctx.principal().name,
                          .created = ctx.clock().Now()});
  }
  for (const auto& row : unset) change.unset.emplace_back(row[0], row[1]);
  NL_RETURN_IF_ERROR(ChangeTableTags(catalog, table, change));
  return json::value(json::object());
}

/// The id of a table or view that the principal may know of.
Result<std::string> KnownRelation(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  Access access(catalog, ctx);
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(schema, name));
  if (table) {
    NL_ASSIGN_OR_RETURN(const bool known, access.Knows(*table));
    if (known) return table->id.value();
  }
  NL_ASSIGN_OR_RETURN(const auto view, catalog.FindView(schema, name));
  if (view) {
    NL_ASSIGN_OR_RETURN(const bool known, access.Knows(*view));
    if (known) return view->id;
  }
  return MakeError(ErrorCode::kNotFound, "table or view does not exist or may not be read: {}.{}", schema, name);
}

Result<json::value> ShowTags(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string relation, KnownRelation(ctx, catalog, arguments));
  NL_ASSIGN_OR_RETURN(const auto tags, catalog.TagsOf(relation));
  json::array rows;
  for (const TagRecord& one : tags) {
    rows.push_back(json::array{one.column, one.label, one.tag, one.value, one.set_by, FormatTimestamp(one.created)});
  }
  return json::value{{"rows", std::move(rows)}};
}

Result<json::value> PoliciesOfTags(const RequestContext& ctx, catalog::Catalog& catalog,
                                   const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const TableRecord table, StewardsTable(ctx, catalog, arguments, "to be tagged"));
  NL_ASSIGN_OR_RETURN(const auto rows, TextRows(arguments, "tags", 3));
  std::vector<TagRecord> tags;
  for (const auto& row : rows) {
    TagRecord& tag = tags.emplace_back();
    tag.column = row[0];
    tag.tag = row[1];
    tag.value = row[2];
  }
  NL_ASSIGN_OR_RETURN(auto policies, EncodePoliciesMeaning(catalog, table, tags));
  return json::value{{"policies", std::move(policies)}};
}

Result<json::value> ShowTagPolicies(const RequestContext& ctx, catalog::Catalog& catalog) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(const auto schemas, catalog.ListSchemas());
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListTagPolicies());
  json::array rows;
  for (const TagPolicyRecord& one : all) {
    const auto schema = std::ranges::find(schemas, one.schema, &catalog::SchemaRecord::id);
    rows.push_back(json::array{schema == schemas.end() ? json::value(nullptr) : json::value(schema->name), one.name,
                               one.kind, one.on.of_columns ? "column" : "table", one.on.tag,
                               one.on.value ? json::value(*one.on.value) : json::value(nullptr), one.definition,
                               one.created_by, FormatTimestamp(one.created)});
  }
  return json::value{{"rows", std::move(rows)}};
}

struct Scope {
  TagPattern on;
  SchemaId schema;
};

Result<Scope> ScopeOf(catalog::Catalog& catalog, const json::object& arguments) {
  Scope scope;
  NL_ASSIGN_OR_RETURN(scope.on.of_columns, BoolMember(arguments, "of_columns"));
  NL_ASSIGN_OR_RETURN(scope.on.tag, StringMember(arguments, "tag"));
  if (const auto* value = arguments.if_contains("value"); value != nullptr && !value->is_null()) {
    NL_ASSIGN_OR_RETURN(scope.on.value, StringMember(arguments, "value"));
  }
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  if (schema.empty()) return scope;
  NL_ASSIGN_OR_RETURN(const auto found, catalog.FindSchema(schema));
  if (!found) return MakeError(ErrorCode::kSchemaNotFound, "schema does not exist: {}", schema);
  scope.schema = found->id;
  return scope;
}

Result<json::value> FindMatches(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(catalog, arguments));
  NL_ASSIGN_OR_RETURN(const auto tags, catalog.TagsMatching(scope.on, scope.schema));
  json::array matches;
  for (const TagRecord& tag : tags) {
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(tag.relation_id)));
    if (!table) continue;
    matches.push_back(json::array{table->schema_name, table->name, tag.column});
  }
  return json::value{{"matches", std::move(matches)}};
}

Result<json::value> CreateTagPolicy(const RequestContext& ctx, catalog::Catalog& catalog,
                                    const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(Scope scope, ScopeOf(catalog, arguments));
  TagPolicyRecord policy{.id = NewUuid(),
                         .schema = scope.schema,
                         .name = {},
                         .kind = {},
                         .on = std::move(scope.on),
                         .definition = {},
                         .plan = {},
                         .created_by = ctx.principal().name,
                         .created = ctx.clock().Now()};
  NL_ASSIGN_OR_RETURN(policy.kind, StringMember(arguments, "kind"));
  if (policy.kind != "row" && policy.kind != "mask") return BadMember("kind");
  // A mask is of a column.
  if (policy.kind == "mask" && !policy.on.of_columns) return BadMember("of_columns");
  NL_ASSIGN_OR_RETURN(policy.name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(policy.definition, StringMember(arguments, "definition"));
  NL_ASSIGN_OR_RETURN(policy.plan, ResolvedPlan(ctx, catalog, policy.kind, arguments));
  NL_ASSIGN_OR_RETURN(const bool replace, BoolMember(arguments, "replace"));
  NL_ASSIGN_OR_RETURN(const bool if_any, BoolMember(arguments, "if_any"));
  NL_ASSIGN_OR_RETURN(const auto protected_now, catalog.TagsMatching(policy.on, policy.schema));
  for (const TagRecord& tag : protected_now) {
    NL_RETURN_IF_ERROR(CheckExpectations(catalog, TableId(tag.relation_id)));
  }
  NL_RETURN_IF_ERROR(catalog.AddTagPolicy(policy, {.or_replace = replace, .if_any = if_any}));
  return json::value(json::object());
}

Result<json::value> DropTagPolicy(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
  auto dropped = catalog.DropTagPolicy(kind, name);
  if (!dropped && !(if_exists && dropped.error().code() == ErrorCode::kNotFound)) {
    return std::unexpected(dropped.error());
  }
  return json::value(json::object());
}

}  // namespace

Result<void> ChangeTableTags(catalog::Catalog& catalog, const TableRecord& table, const catalog::TagChange& change) {
  NL_ASSIGN_OR_RETURN(const auto policies, PoliciesMeaning(catalog, table, change.set));
  if (!policies.empty()) NL_RETURN_IF_ERROR(CheckExpectations(catalog, table.id));
  return catalog.ChangeTags(change);
}

Result<json::array> EncodePoliciesMeaning(catalog::Catalog& catalog, const TableRecord& table,
                                          const std::vector<TagRecord>& tags) {
  NL_ASSIGN_OR_RETURN(const auto meaning, PoliciesMeaning(catalog, table, tags));
  json::array policies;
  for (const TagPolicyRecord& policy : meaning) {
    policies.push_back(
        {{"name", policy.name}, {"kind", policy.kind}, {"of_columns", policy.on.of_columns}, {"plan", policy.plan}});
  }
  return policies;
}

bool IsTagAction(std::string_view action) {
  constexpr std::string_view kActions[] = {
      "set_tags", "tags", "tag_policies", "show_tag_policies", "tag_matches", "create_tag_policy", "drop_tag_policy"};
  return std::ranges::find(kActions, action) != std::end(kActions);
}

Result<json::value> RunTagAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                 const json::object& arguments) {
  if (action == "set_tags") return SetTags(ctx, catalog, arguments);
  if (action == "tags") return ShowTags(ctx, catalog, arguments);
  if (action == "tag_policies") return PoliciesOfTags(ctx, catalog, arguments);
  if (action == "show_tag_policies") return ShowTagPolicies(ctx, catalog);
  if (action == "tag_matches") return FindMatches(ctx, catalog, arguments);
  if (action == "create_tag_policy") return CreateTagPolicy(ctx, catalog, arguments);
  return DropTagPolicy(ctx, catalog, arguments);
}

Result<std::vector<governance::ObjectTag>> TagsOfTable(catalog::Catalog& catalog, const TableId& table) {
  std::vector<governance::ObjectTag> found;
  NL_ASSIGN_OR_RETURN(const auto tags, catalog.TagsOf(table.value()));
  if (tags.empty()) return found;
  NL_ASSIGN_OR_RETURN(const auto policies, catalog.TagPoliciesOf(table.value()));
  NL_ASSIGN_OR_RETURN(const auto lists, catalog.AllowedPurposesOf(table));
  NL_ASSIGN_OR_RETURN(const auto groups, catalog.MinimumGroupsOf(table));
  for (const TagRecord& tag : tags) {
    const bool of_policy =
        std::ranges::any_of(policies, [&](const auto& policy) { return catalog::Matches(policy.on, tag); });
    const bool of_list = std::ranges::any_of(lists, [&](const auto& list) {
      return list.table.empty() && list.tag == tag.tag && (!list.value || EqualsIgnoringCase(*list.value, tag.value));
    });
    const bool of_group = std::ranges::any_of(groups, [&](const auto& group) {
      const bool has_value = !group.value || EqualsIgnoringCase(*group.value, tag.value);
      return group.table.empty() && ((group.tag == tag.tag && has_value) || group.entity_tag == tag.tag);
    });
    found.push_back({.column = {.name = tag.label, .physical = tag.column},
                     .tag = tag.tag,
                     .value = tag.value,
                     .is_stood_on = of_policy || of_list || of_group});
  }
  return found;
}

}  // namespace neurolake::query
