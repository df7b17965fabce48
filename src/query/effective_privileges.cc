#include "query/effective_privileges.h"

#include "common/text.h"
#include "query/access.h"
#include "query/grantee_names.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::GrantRecord;
using catalog::TableRecord;

/// "DENY SELECT ON SCHEMA shop TO ROLE reader".
std::string Said(const GrantRecord& grant, const TableRecord& table, const GranteeNames& names) {
  const bool of_column = grant.privilege.starts_with(kSelectColumn);
  std::string on = grant.securable_kind == "lake" ? "LAKE" : "SCHEMA " + QuoteIdentifier(table.schema_name);
  if (grant.securable_kind == "relation") {
    on = QuoteIdentifier(table.schema_name) + "." + QuoteIdentifier(table.name);
  }
  const json::value name = names.Of(grant.grantee_kind, grant.grantee_id);
  std::string to = "PUBLIC";
  if (grant.grantee_kind == "role") {
    to = "ROLE " + grant.grantee_id;
  } else if (grant.grantee_kind != "public") {
    to = (grant.grantee_kind == "group" ? "GROUP " : "USER ") +
         (name.is_string() ? QuoteIdentifier(std::string(name.get_string())) : grant.grantee_id);
  }
  const char* privilege = of_column ? "SELECT of the column" : grant.privilege == "modify" ? "MODIFY" : "SELECT";
  return fmt::format("DENY {} ON {} TO {}", privilege, on, to);
}

/// Of one principal alone. Returns whether anything was denied.
Result<bool> AddDenials(catalog::Catalog& catalog, const Principal& principal, const TableRecord& table,
                        const std::vector<GrantRecord>& grants, json::array& rows) {
  GrantMatcher matcher(catalog, principal);
  std::optional<GranteeNames> names;
  bool reads_nothing = false;
  for (const GrantRecord& grant : grants) {
    if (!grant.denied) continue;
    NL_ASSIGN_OR_RETURN(const bool named, matcher.Names(grant.grantee_kind, grant.grantee_id));
    if (!named) continue;
    if (!names) {
      NL_ASSIGN_OR_RETURN(names, GranteeNames::Load(catalog));
    }
    const bool of_column = grant.privilege.starts_with(kSelectColumn);
    rows.push_back(json::array{"denied", of_column ? "select" : grant.privilege,
                               of_column ? grant.privilege.substr(kSelectColumn.size()) : "",
                               Said(grant, table, *names)});
    reads_nothing = reads_nothing || grant.privilege == NameOf(Privilege::kSelect);
  }
  return reads_nothing;
}

}  // namespace

Result<json::array> MissingPrivileges(const RequestContext& theirs, catalog::Catalog& catalog,
                                      const TableRecord& table) {
  json::array rows;
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.GrantsOn(table.id.value()));
  bool denied = false;
  for (const Principal* one = &theirs.principal(); one != nullptr; one = one->on_behalf_of.get()) {
    NL_ASSIGN_OR_RETURN(const bool reads_nothing, AddDenials(catalog, *one, table, grants, rows));
    denied = denied || reads_nothing;
  }
  if (denied) return rows;
  Access access(catalog, theirs);
  NL_ASSIGN_OR_RETURN(const bool reads, access.May(Privilege::kSelect, table));
  if (reads) return rows;
  NL_ASSIGN_OR_RETURN(const auto columns, access.Columns(table));
  for (const std::string& column : columns.granted) {
    rows.push_back(json::array{"granted alone", "select", column, ""});
  }
  if (columns.granted.empty()) {
    rows.push_back(
        json::array{"not granted", "select", "",
                    fmt::format("neither the role {} nor what was granted lets it be read", theirs.principal().role)});
  }
  return rows;
}

}  // namespace neurolake::query
