#include "query/access.h"

#include <algorithm>

namespace neurolake::query {
namespace {

using catalog::GrantRecord;
using catalog::SchemaRecord;
using catalog::TableRecord;
using catalog::ViewRecord;

/// The role that has only what is granted to it.
constexpr std::string_view kMember = "member";
/// So has this one, and the audit log.
constexpr std::string_view kAuditor = "auditor";

template <typename Record, typename Keep>
Result<std::vector<Record>> Filter(Access& access, std::vector<Record> all, Keep keep) {
  if (!all.empty() && all[0].lake_has_grants) NL_RETURN_IF_ERROR(access.LoadGrants());
  std::vector<Record> kept;
  for (Record& one : all) {
    NL_ASSIGN_OR_RETURN(const bool keeps, keep(one));
    if (keeps) kept.push_back(std::move(one));
  }
  return kept;
}

bool IsMember(const Principal& principal) { return principal.role == kMember || principal.role == kAuditor; }

/// Whether anything that is known has to be granted, to the principal or to whom it acts for.
bool NeedsGrants(const Principal& principal) {
  return IsMember(principal) || (principal.on_behalf_of != nullptr && IsMember(*principal.on_behalf_of));
}

}  // namespace

std::string_view NameOf(Privilege privilege) { return privilege == Privilege::kSelect ? "select" : "modify"; }

bool HasGrantsAlone(const Principal& principal) { return NeedsGrants(principal) || principal.schemas.has_value(); }

Result<bool> Access::IsNamed(const Principal& principal, Groups& groups, const GrantRecord& grant) {
  if (grant.grantee_kind == "public") return true;
  if (grant.grantee_kind == "role") return grant.grantee_id == principal.role;
  if (grant.grantee_kind == "user") return grant.grantee_id == principal.id.value();
  if (!groups) {
    NL_ASSIGN_OR_RETURN(groups, catalog_.GroupsOf(principal));
  }
  return std::ranges::any_of(*groups, [&](const auto& group) { return group.first == grant.grantee_id; });
}

Result<void> Access::LoadGrants() {
  if (grants_) return {};
  NL_ASSIGN_OR_RETURN(const auto schemas, catalog_.ListSchemas());
  for (const SchemaRecord& schema : schemas) schema_ids_[schema.name] = schema.id.value();
  NL_ASSIGN_OR_RETURN(grants_, catalog_.ListGrants());
  return {};
}

Result<std::vector<GrantRecord>> Access::GrantsOn(const Object& object) {
  if (!grants_) return catalog_.GrantsOn(object.id);
  const auto schema = schema_ids_.find(object.schema_name);
  std::vector<GrantRecord> on;
  for (const GrantRecord& grant : *grants_) {
    const bool of_schema = schema != schema_ids_.end() && grant.securable_id == schema->second;
    if (grant.securable_kind == "lake" || grant.securable_id == object.id || of_schema) on.push_back(grant);
  }
  return on;
}

Result<bool> Access::MayUse(Privilege privilege, const Object& object) {
  if (!principal_.MayUseSchema(object.schema_name)) return false;
  NL_ASSIGN_OR_RETURN(bool may, MayUseAs(principal_, groups_, privilege, object));
  if (may && principal_.on_behalf_of != nullptr) {
    NL_ASSIGN_OR_RETURN(may, MayUseAs(*principal_.on_behalf_of, behalf_groups_, privilege, object));
  }
  return may ? IsJudged(privilege, object) : may;
}

Result<bool> Access::IsJudged(Privilege privilege, const Object& object) {
  NL_ASSIGN_OR_RETURN(const auto verdicts, judged_.Ask(NameOf(privilege), {object.kind, object.id, object.schema_name,
                                                                           object.name, object.owner}));
  return std::ranges::all_of(verdicts, [&](const auto& verdict) {
    // Rows and cells are hidden at scans of tables: what could only be done there is not done for a view, so it is
    // denied.
    const bool for_scans = !verdict->row_filters.empty() || !verdict->masks.empty();
    return verdict->allow && (object.kind == "table" || !for_scans);
  });
}

Result<bool> Access::MayUseAs(const Principal& principal, Groups& groups, Privilege privilege, const Object& object) {
  if (!principal.Has(privilege == Privilege::kSelect ? Right::kRead : Right::kWrite)) return false;
  bool granted = !IsMember(principal) || object.owner == principal.owner();
  if (!object.lake_has_grants) return granted;
  NL_ASSIGN_OR_RETURN(const auto grants, GrantsOn(object));
  for (const GrantRecord& grant : grants) {
    if (grant.privilege != NameOf(privilege)) continue;
    NL_ASSIGN_OR_RETURN(const bool named, IsNamed(principal, groups, grant));
    if (!named) continue;
    if (grant.denied) return false;
    granted = true;
  }
  return granted;
}

Result<bool> Access::May(Privilege privilege, const TableRecord& table) { return MayUse(privilege, ObjectOf(table)); }

Result<bool> Access::May(Privilege privilege, const ViewRecord& view) {
  return MayUse(privilege, {"view", view.id, view.schema_name, view.name, view.owner, view.lake_has_grants});
}

Result<Access::ColumnRights> Access::Columns(const TableRecord& table) {
  const Object object = ObjectOf(table);
  if (!principal_.MayUseSchema(object.schema_name)) return ColumnRights();
  NL_ASSIGN_OR_RETURN(ColumnRights rights, ColumnsOfBoth(object));
  if (rights.granted.empty()) return rights;
  NL_ASSIGN_OR_RETURN(const bool may, IsJudged(Privilege::kSelect, object));
  if (!may) rights.granted.clear();
  return rights;
}

// An agent reads what both may read: columns of the one where the other has the whole table, or those of both.
Result<Access::ColumnRights> Access::ColumnsOfBoth(const Object& object) {
  NL_ASSIGN_OR_RETURN(ColumnRights rights, ColumnsAs(principal_, groups_, object));
  if (principal_.on_behalf_of == nullptr) return rights;
  const Principal& behalf = *principal_.on_behalf_of;
  NL_ASSIGN_OR_RETURN(ColumnRights theirs, ColumnsAs(behalf, behalf_groups_, object));
  NL_ASSIGN_OR_RETURN(const bool reads_all, MayUseAs(principal_, groups_, Privilege::kSelect, object));
  NL_ASSIGN_OR_RETURN(const bool they_read_all, MayUseAs(behalf, behalf_groups_, Privilege::kSelect, object));
  if (reads_all) {
    rights.granted = std::move(theirs.granted);
  } else if (!they_read_all) {
    std::erase_if(rights.granted, [&](const std::string& one) {
      return std::ranges::find(theirs.granted, one) == theirs.granted.end();
    });
  }
  std::ranges::move(theirs.denied, std::back_inserter(rights.denied));
  return rights;
}

Result<Access::ColumnRights> Access::ColumnsAs(const Principal& principal, Groups& groups, const Object& object) {
  ColumnRights rights;
  if (!object.lake_has_grants || !principal.Has(Right::kRead)) return rights;
  NL_ASSIGN_OR_RETURN(const auto grants, GrantsOn(object));
  bool all_denied = false;
  for (const GrantRecord& grant : grants) {
    const bool of_table = grant.privilege == NameOf(Privilege::kSelect);
    if (!of_table && !grant.privilege.starts_with(kSelectColumn)) continue;
    NL_ASSIGN_OR_RETURN(const bool named, IsNamed(principal, groups, grant));
    if (!named) continue;
    if (of_table) {
      all_denied = all_denied || grant.denied;
      continue;
    }
    (grant.denied ? rights.denied : rights.granted).push_back(grant.privilege.substr(kSelectColumn.size()));
  }
  // Deny wins, of the whole over the part as well.
  if (all_denied) rights.granted.clear();
  return rights;
}

Result<bool> Access::Knows(const TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const bool reads, May(Privilege::kSelect, table));
  if (reads) return true;
  NL_ASSIGN_OR_RETURN(const bool writes, May(Privilege::kModify, table));
  if (writes) return true;
  NL_ASSIGN_OR_RETURN(const auto columns, Columns(table));
  return !columns.granted.empty();
}

Result<bool> Access::Knows(const ViewRecord& view) { return May(Privilege::kSelect, view); }

Result<bool> Access::KnowsSchema(const SchemaRecord& schema) {
  if (!principal_.Has(Right::kRead) || !principal_.MayUseSchema(schema.name)) return false;
  if (!NeedsGrants(principal_)) return true;
  NL_ASSIGN_OR_RETURN(const auto tables, Tables(schema.name));
  if (!tables.empty()) return true;
  NL_ASSIGN_OR_RETURN(const auto views, Views(schema.name));
  return !views.empty();
}

Result<std::vector<SchemaRecord>> Access::Schemas() {
  NL_ASSIGN_OR_RETURN(auto all, catalog_.ListSchemas());
  std::vector<SchemaRecord> known;
  for (SchemaRecord& one : all) {
    NL_ASSIGN_OR_RETURN(const bool knows, KnowsSchema(one));
    if (knows) known.push_back(std::move(one));
  }
  return known;
}

Result<std::vector<TableRecord>> Access::Tables(const std::optional<std::string>& schema) {
  NL_ASSIGN_OR_RETURN(auto all, catalog_.ListTables(schema));
  return Filter(*this, std::move(all), [&](const TableRecord& one) { return Knows(one); });
}

Result<std::vector<ViewRecord>> Access::Views(const std::optional<std::string>& schema) {
  NL_ASSIGN_OR_RETURN(auto all, catalog_.ListViews(schema));
  return Filter(*this, std::move(all), [&](const ViewRecord& one) { return Knows(one); });
}

}  // namespace neurolake::query
