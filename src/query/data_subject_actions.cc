#include "query/data_subject_actions.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "common/field_path.h"
#include "common/text.h"
#include "query/erasure_actions.h"
#include "query/messages.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::DataSubjectColumn;
using catalog::DataSubjectRecord;

constexpr size_t kColumnsMax = 1000;

Result<void> RequireManage(const RequestContext& ctx) {
  // A declaration reaches tables of all schemas.
  if (ctx.principal().Has(Right::kManage) && !ctx.principal().schemas) return {};
  return MakeError(ErrorCode::kPermissionDenied, "declaring data subjects needs the right to manage the lake");
}

Result<DataSubjectRecord> Find(catalog::Catalog& catalog, const std::string& name) {
  NL_ASSIGN_OR_RETURN(auto subject, catalog.data_subjects().FindSubject(name));
  if (!subject) return MakeError(ErrorCode::kNotFound, "there is no such data subject: {}", name);
  return *std::move(subject);
}

Result<std::vector<DataSubjectColumn>> DecodeColumns(const json::object& arguments, std::string_view member) {
  const auto* list = arguments.if_contains(member);
  if (list == nullptr || !list->is_array() || list->get_array().size() > kColumnsMax) return BadMember(member);
  std::vector<DataSubjectColumn> columns;
  for (const auto& one : list->get_array()) {
    if (!one.is_object()) return BadMember(member);
    DataSubjectColumn column;
    NL_ASSIGN_OR_RETURN(std::string table, StringMember(one.get_object(), "table"));
    column.table = TableId(std::move(table));
    NL_ASSIGN_OR_RETURN(column.column_id, StringMember(one.get_object(), "column_id"));
    NL_ASSIGN_OR_RETURN(column.column_name, StringMember(one.get_object(), "column_name"));
    NL_ASSIGN_OR_RETURN(column.identifier, StringMember(one.get_object(), "identifier"));
    columns.push_back(std::move(column));
  }
  return columns;
}

bool SameColumn(const DataSubjectColumn& one, const DataSubjectColumn& other) {
  return one.table == other.table && one.column_id == other.column_id;
}

Result<void> AddColumns(std::vector<DataSubjectColumn>& columns, std::vector<DataSubjectColumn> added) {
  for (DataSubjectColumn& column : added) {
    if (std::ranges::any_of(columns, [&](const auto& known) { return SameColumn(known, column); })) {
      return MakeError(ErrorCode::kAlreadyExists, "the data subject has the column already: {}",
                       ShownPath(column.column_name));
    }
    columns.push_back(std::move(column));
  }
  if (columns.size() > kColumnsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a data subject has at most {} columns", kColumnsMax);
  }
  return {};
}

Result<json::value> Create(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  DataSubjectRecord subject{
      .id = NewUuid(), .name = {}, .created_by = ctx.principal().name, .created = ctx.clock().Now(), .columns = {}};
  NL_ASSIGN_OR_RETURN(subject.name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
  NL_ASSIGN_OR_RETURN(auto columns, DecodeColumns(arguments, "add"));
  NL_RETURN_IF_ERROR(AddColumns(subject.columns, std::move(columns)));
  const auto added = catalog.data_subjects().AddSubject(subject);
  if (!added && !(if_not_exists && added.error().code() == ErrorCode::kAlreadyExists)) {
    return std::unexpected(added.error());
  }
  return json::value(json::object());
}

Result<json::value> Alter(catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(DataSubjectRecord subject, Find(catalog, name));
  NL_ASSIGN_OR_RETURN(auto added, DecodeColumns(arguments, "add"));
  NL_RETURN_IF_ERROR(AddColumns(subject.columns, std::move(added)));
  NL_ASSIGN_OR_RETURN(const auto dropped, DecodeColumns(arguments, "drop"));
  for (const DataSubjectColumn& column : dropped) {
    const auto gone = std::erase_if(subject.columns, [&](const auto& known) { return SameColumn(known, column); });
    if (gone == 0) {
      return MakeError(ErrorCode::kNotFound, "the data subject does not have the column: {}",
                       ShownPath(column.column_name));
    }
  }
  if (std::ranges::none_of(subject.columns, [](const auto& column) { return column.identifier.empty(); })) {
    return MakeError(ErrorCode::kInvalidArgument, "a data subject keeps at least one KEY column, or is dropped: {}",
                     name);
  }
  NL_RETURN_IF_ERROR(catalog.data_subjects().SetColumns(subject.id, subject.columns));
  return json::value(json::object());
}

Result<json::value> Drop(catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
  const auto dropped = catalog.data_subjects().DropSubject(name);
  if (!dropped && !(if_exists && dropped.error().code() == ErrorCode::kNotFound)) {
    return std::unexpected(dropped.error());
  }
  return json::value(json::object());
}

Result<json::value> Grant(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string effect, StringMember(arguments, "effect"));
  if (effect != "grant" && effect != "deny" && effect != "revoke") return BadMember("effect");
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const DataSubjectRecord subject, Find(catalog, name));
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(catalog, resolved, "grantees"));
  const auto* grantees = resolved.if_contains("grantees");
  if (grantees == nullptr || !grantees->is_array()) return BadMember("grantees");
  for (const auto& grantee : grantees->get_array()) {
    catalog::DataSubjectGrant grant{.subject_id = subject.id,
                                    .grantee_kind = {},
                                    .grantee_id = {},
                                    .denied = effect == "deny",
                                    .granted_by = ctx.principal().name,
                                    .created = ctx.clock().Now()};
    NL_ASSIGN_OR_RETURN(grant.grantee_kind, StringMember(grantee.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(grant.grantee_id, StringMember(grantee.get_object(), "id"));
    NL_RETURN_IF_ERROR(effect == "revoke" ? catalog.data_subjects().RemoveSubjectGrant(grant)
                                          : catalog.data_subjects().AddSubjectGrant(grant));
  }
  return json::value(json::object());
}

Result<json::value> ListGrants(catalog::Catalog& catalog) {
  std::map<std::string, std::string> names;
  NL_ASSIGN_OR_RETURN(const auto groups, catalog.ListGroups());
  for (const auto& one : groups) names[one.id] = one.name;
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  for (const auto& one : principals) names[one.id.value()] = one.name;
  NL_ASSIGN_OR_RETURN(const auto subjects, catalog.data_subjects().ListSubjects());
  json::array rows;
  for (const auto& subject : subjects) {
    NL_ASSIGN_OR_RETURN(const auto grants, catalog.data_subjects().SubjectGrants(subject.id));
    for (const auto& grant : grants) {
      std::string grantee = grant.grantee_kind == "public" ? "public" : names[grant.grantee_id];
      if (grant.grantee_kind == "role") grantee = "role " + grant.grantee_id;
      rows.push_back(json::array{subject.name, grantee, grant.denied ? "deny" : "grant", grant.granted_by,
                                 FormatTimestamp(grant.created)});
    }
  }
  return json::value{{"rows", std::move(rows)}};
}

/// [schema, table, column, what it holds]. A table that is gone is named by its id.
Result<json::array> ColumnRows(catalog::Catalog& catalog, const DataSubjectRecord& subject) {
  json::array rows;
  for (const DataSubjectColumn& column : subject.columns) {
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(column.table));
    rows.push_back(json::array{table ? json::value(table->schema_name) : json::value(nullptr),
                               table ? table->name : column.table.value(), ShownPath(column.column_name),
                               column.identifier.empty() ? "key" : column.identifier});
  }
  return rows;
}

Result<json::value> Describe(catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const DataSubjectRecord subject, Find(catalog, name));
  NL_ASSIGN_OR_RETURN(auto rows, ColumnRows(catalog, subject));
  return json::value{{"rows", std::move(rows)}};
}

Result<json::value> List(catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto subjects, catalog.data_subjects().ListSubjects());
  json::array rows;
  for (const auto& subject : subjects) {
    rows.push_back(json::array{subject.name, std::to_string(subject.columns.size()), subject.created_by,
                               FormatTimestamp(subject.created)});
  }
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

Result<bool> MayForget(catalog::Catalog& catalog, const Principal& principal, const std::string& subject_id) {
  if (principal.schemas) return false;
  if (principal.on_behalf_of != nullptr) {
    NL_ASSIGN_OR_RETURN(const bool they_may, MayForget(catalog, *principal.on_behalf_of, subject_id));
    if (!they_may) return false;
  }
  NL_ASSIGN_OR_RETURN(const auto who, SubjectOf(catalog, principal));
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.data_subjects().SubjectGrants(subject_id));
  bool granted = false;
  for (const auto& grant : grants) {
    NL_ASSIGN_OR_RETURN(const auto grantee, GranteeOf(grant.grantee_kind, grant.grantee_id));
    if (!governance::Names({grantee}, who)) continue;
    if (grant.denied) return false;
    granted = true;
  }
  return granted;
}

Result<json::value> RunDataSubjectAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                         const std::string& action, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManage(ctx));
  if (action == "create_data_subject") return Create(ctx, catalog, arguments);
  if (action == "alter_data_subject") return Alter(catalog, arguments);
  if (action == "drop_data_subject") return Drop(catalog, arguments);
  if (action == "describe_data_subject") return Describe(catalog, arguments);
  if (action == "data_subjects") return List(catalog);
  if (action == "data_subject_grants") return ListGrants(catalog);
  if (action == "grant_forget") return Grant(ctx, catalog, arguments);
  return MakeError(ErrorCode::kCorruption, "a worker asked for something unknown");
}

namespace {

/// Who manages the lake, and who watches it; not by a token for some schemas.
bool WatchesAll(const Principal& principal) {
  return (principal.Has(Right::kManage) || principal.Has(Right::kAudit)) && !principal.schemas;
}

}  // namespace

Result<std::vector<std::string>> ReadDataSubjects(const RequestContext& ctx, catalog::Catalog& catalog) {
  std::vector<std::string> rows;
  const bool all = WatchesAll(ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto subjects, catalog.data_subjects().ListSubjects());
  for (const auto& subject : subjects) {
    NL_ASSIGN_OR_RETURN(const bool may, MayForget(catalog, ctx.principal(), subject.id));
    if (!all && !may) continue;
    NL_ASSIGN_OR_RETURN(const auto columns, ColumnRows(catalog, subject));
    for (const auto& column : columns) {
      json::array row{subject.name};
      for (const auto& value : column.get_array()) row.push_back(value);
      row.emplace_back(subject.created_by);
      row.emplace_back(FormatTimestamp(subject.created));
      rows.push_back(json::serialize(row));
    }
  }
  return rows;
}

Result<std::vector<std::string>> ReadErasures(const RequestContext& ctx, catalog::Catalog& catalog) {
  std::vector<std::string> rows;
  const bool all = WatchesAll(ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto erasures, catalog.data_subjects().ListErasures());
  for (const auto& one : erasures) {
    NL_ASSIGN_OR_RETURN(const bool may, MayForget(catalog, ctx.principal(), one.subject_id));
    if (!all && !may) continue;
    rows.push_back(json::serialize(
        json::array{one.id, one.subject_name, one.key_hash, one.state, one.principal, one.statement.value(),
                    FormatTimestamp(one.started),
                    one.ended ? json::value(FormatTimestamp(*one.ended)) : json::value(nullptr), one.report}));
  }
  return rows;
}

}  // namespace neurolake::query
