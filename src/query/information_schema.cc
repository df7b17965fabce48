#include "query/information_schema.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "query/access.h"
#include "query/messages.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::GrantRecord;

constexpr const char* kLake = "lake";

json::value Text(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

const char* YesOrNo(bool yes) { return yes ? "YES" : "NO"; }

/// Upper case, as the standard writes privileges.
std::string PrivilegeName(Privilege privilege) { return privilege == Privilege::kSelect ? "SELECT" : "MODIFY"; }

class Information {
 public:
  Information(const RequestContext& ctx, catalog::Catalog& catalog)
      : ctx_(ctx), catalog_(catalog), access_(catalog, ctx) {}

  Result<std::vector<std::string>> Read(const std::string& relation) {
    if (relation == "schemata") NL_RETURN_IF_ERROR(AddSchemata());
    if (relation == "tables") NL_RETURN_IF_ERROR(AddTables());
    if (relation == "views") NL_RETURN_IF_ERROR(AddViews());
    if (relation == "table_privileges") NL_RETURN_IF_ERROR(AddPrivileges());
    if (relation == "role_table_grants") NL_RETURN_IF_ERROR(AddGrants());
    if (relation == "keys") NL_RETURN_IF_ERROR(AddKeys());
    return std::move(rows_);
  }

 private:
  void Add(json::array row) { rows_.push_back(json::serialize(row)); }

  Result<void> AddSchemata() {
    NL_ASSIGN_OR_RETURN(const auto schemas, access_.Schemas());
    for (const auto& one : schemas) {
      Add({kLake, one.name, nullptr, Text(one.comment), FormatTimestamp(one.created)});
    }
    return {};
  }

  Result<void> AddTables() {
    NL_ASSIGN_OR_RETURN(const auto tables, access_.Tables(std::nullopt));
    for (const auto& table : tables) {
      NL_ASSIGN_OR_RETURN(const bool modifies, access_.May(Privilege::kModify, table));
      Add({kLake, table.schema_name, table.name, "BASE TABLE", YesOrNo(modifies), "NO",
           FormatTimestamp(table.created)});
    }
    NL_ASSIGN_OR_RETURN(const auto views, access_.Views(std::nullopt));
    for (const auto& view : views) {
      Add({kLake, view.schema_name, view.name, "VIEW", "NO", "NO", FormatTimestamp(view.created)});
    }
    return {};
  }

  Result<void> AddViews() {
    NL_ASSIGN_OR_RETURN(const auto views, access_.Views(std::nullopt));
    for (const auto& view : views) {
      Add({kLake, view.schema_name, view.name, view.sql, "NONE", "NO", "NO"});
    }
    return {};
  }

  void AddPrivilege(const std::string& schema, const std::string& name, Privilege privilege, bool grants) {
    Add({nullptr, ctx_.principal().name, kLake, schema, name, PrivilegeName(privilege), YesOrNo(grants)});
  }

  /// What the principal may do, wherever it has that from.
  Result<void> AddPrivileges() {
    NL_ASSIGN_OR_RETURN(const auto tables, access_.Tables(std::nullopt));
    for (const auto& table : tables) {
      const bool grants = IsSteward(ctx_.principal(), table);
      NL_ASSIGN_OR_RETURN(const bool reads, access_.May(Privilege::kSelect, table));
      NL_ASSIGN_OR_RETURN(const auto columns, access_.Columns(table));
      if (reads || !columns.granted.empty()) AddPrivilege(table.schema_name, table.name, Privilege::kSelect, grants);
      NL_ASSIGN_OR_RETURN(const bool modifies, access_.May(Privilege::kModify, table));
      if (modifies) AddPrivilege(table.schema_name, table.name, Privilege::kModify, grants);
    }
    NL_ASSIGN_OR_RETURN(const auto views, access_.Views(std::nullopt));
    for (const auto& view : views) {
      AddPrivilege(view.schema_name, view.name, Privilege::kSelect, OwnsView(view));
    }
    return {};
  }

  bool OwnsView(const catalog::ViewRecord& view) const {
    return ctx_.principal().Has(Right::kManage) ||
           (ctx_.principal().Has(Right::kCreate) && view.owner == ctx_.principal().owner());
  }

  /// What was granted to the principal, its groups, its role or everybody; of what it looks after, to anybody.
  Result<void> AddGrants() {
    NL_ASSIGN_OR_RETURN(grants_, catalog_.ListGrants());
    if (grants_.empty()) return {};
    NL_ASSIGN_OR_RETURN(groups_, catalog_.ListGroups());
    NL_ASSIGN_OR_RETURN(own_groups_, catalog_.GroupsOf(ctx_.principal()));
    NL_ASSIGN_OR_RETURN(principals_, catalog_.ListPrincipals());
    NL_ASSIGN_OR_RETURN(schemas_, catalog_.ListSchemas());
    NL_ASSIGN_OR_RETURN(const auto tables, access_.Tables(std::nullopt));
    for (const auto& table : tables) {
      AddGrantsOn(table.id.value(), table.schema_name, table.name, IsSteward(ctx_.principal(), table));
    }
    NL_ASSIGN_OR_RETURN(const auto views, access_.Views(std::nullopt));
    for (const auto& view : views) AddGrantsOn(view.id, view.schema_name, view.name, OwnsView(view));
    return {};
  }

  void AddGrantsOn(const std::string& id, const std::string& schema, const std::string& name, bool looks_after) {
    const auto found = std::ranges::find(schemas_, schema, &catalog::SchemaRecord::name);
    const std::string schema_id = found == schemas_.end() ? std::string() : found->id.value();
    for (const GrantRecord& grant : grants_) {
      if (grant.denied || (grant.privilege != "select" && grant.privilege != "modify")) continue;
      const char* inherited = nullptr;
      if (grant.securable_kind == "lake") inherited = "CATALOG";
      if (grant.securable_kind == "schema" && grant.securable_id == schema_id) inherited = "SCHEMA";
      if (grant.securable_kind == "relation" && grant.securable_id == id) inherited = "NONE";
      if (inherited == nullptr || !(looks_after || IsOwn(grant))) continue;
      Add({grant.granted_by, GranteeName(grant), kLake, schema, name,
           PrivilegeName(grant.privilege == "select" ? Privilege::kSelect : Privilege::kModify), "NO", inherited});
    }
  }

  bool IsOwn(const GrantRecord& grant) const {
    if (grant.grantee_kind == "public") return true;
    if (grant.grantee_kind == "user") return grant.grantee_id == ctx_.principal().id.value();
    if (grant.grantee_kind == "role") return grant.grantee_id == ctx_.principal().role;
    return std::ranges::any_of(own_groups_, [&](const auto& group) { return group.first == grant.grantee_id; });
  }

  std::string GranteeName(const GrantRecord& grant) const {
    if (grant.grantee_kind == "public") return "PUBLIC";
    if (grant.grantee_kind == "role") return grant.grantee_id;
    if (grant.grantee_kind == "group") {
      const auto group = std::ranges::find(groups_, grant.grantee_id, &catalog::GroupRecord::id);
      return group == groups_.end() ? "" : group->name;
    }
    const auto user = std::ranges::find_if(
        principals_, [&](const auto& principal) { return principal.id.value() == grant.grantee_id; });
    return user == principals_.end() ? "" : user->name;
  }

  /// Expectations that are keys: enforced where a statement that breaks them fails.
  Result<void> AddKeys() {
    NL_ASSIGN_OR_RETURN(const auto all, catalog_.ListExpectations());
    for (const auto& [table, expectation] : all) {
      if (expectation.kind != "unique" && expectation.kind != "foreign key") continue;
      NL_ASSIGN_OR_RETURN(const bool known, access_.Knows(table));
      if (!known) continue;
      if (expectation.foreign_table) {
        NL_ASSIGN_OR_RETURN(const auto foreign, catalog_.FindTable(*expectation.foreign_table));
        if (!foreign) continue;
        NL_ASSIGN_OR_RETURN(const bool knows_foreign, access_.Knows(*foreign));
        if (!knows_foreign) continue;
      }
      NL_ASSIGN_OR_RETURN(json::object plan, ParseObject(expectation.plan));
      json::value* key = plan.if_contains("key");
      if (key == nullptr || !key->is_array()) continue;
      Add({table.schema_name, table.name, expectation.name, expectation.kind == "unique" ? "UNIQUE" : "FOREIGN KEY",
           YesOrNo(expectation.action == "FAIL"), std::move(*key)});
    }
    return {};
  }

  const RequestContext& ctx_;
  catalog::Catalog& catalog_;
  Access access_;
  std::vector<std::string> rows_;
  std::vector<GrantRecord> grants_;
  std::vector<catalog::GroupRecord> groups_;
  std::vector<std::pair<std::string, std::string>> own_groups_;
  std::vector<catalog::PrincipalRecord> principals_;
  std::vector<catalog::SchemaRecord> schemas_;
};

}  // namespace

Result<std::vector<std::string>> ReadInformation(const RequestContext& ctx, catalog::Catalog& catalog,
                                                 const std::string& relation) {
  return Information(ctx, catalog).Read(relation);
}

}  // namespace neurolake::query
