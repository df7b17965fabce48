#include "query/server_actions.h"

#include <boost/json/parse.hpp>
#include <filesystem>

#include "query/messages.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

Result<void> Require(const RequestContext& ctx, Right right, std::string_view what) {
  if (ctx.principal().Has(right)) return {};
  return MakeError(ErrorCode::kPermissionDenied, "{}", what);
}

/// An administrator may have closed the place since the table was made.
Result<void> CheckStillOpen(catalog::Catalog& catalog, const std::string& location) {
  std::error_code problem;
  const std::string canonical =
      storage::IsUrl(location) ? location : std::filesystem::weakly_canonical(location, problem).string();
  NL_ASSIGN_OR_RETURN(const bool open, IsOpenForTables(catalog, canonical));
  if (open && !problem) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "the table does not lie in an external location that is open for tables any more: {}", location);
}

Result<json::value> Undrop(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(ctx, Right::kCreate, "bringing a table back needs the right to create"));
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "id"));
  NL_ASSIGN_OR_RETURN(const auto dropped,
                      id.empty() ? catalog.FindDroppedTable(schema, name) : catalog.FindDroppedTable(TableId(id)));
  if (!dropped.table.managed) {
    NL_RETURN_IF_ERROR(Require(ctx, Right::kRegisterLocation,
                               "a table at a LOCATION needs the right to register "
                               "locations"));
    NL_RETURN_IF_ERROR(CheckStillOpen(catalog, dropped.table.location));
  }
  NL_ASSIGN_OR_RETURN(const auto table, catalog.UndropTable(dropped.table.id));
  return json::value{{"schema", table.schema_name}, {"name", table.name}, {"id", table.id.value()}};
}

/// For a table that was made by mistake and whose files are somebody else's: no managed one, whose files nobody would
/// delete any more.
Result<json::value> ForgetDropped(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(
      Require(ctx, Right::kRegisterLocation, "forgetting a table needs the right to register locations"));
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "id"));
  NL_ASSIGN_OR_RETURN(const auto dropped, catalog.FindDroppedTable(TableId(id)));
  if (dropped.table.managed) {
    return MakeError(ErrorCode::kPermissionDenied, "only a table at a LOCATION can be forgotten");
  }
  NL_RETURN_IF_ERROR(catalog.ForgetDroppedTable(dropped.table.id));
  return json::value(json::object());
}

Result<std::string> ArrayText(const json::object& arguments, const char* name) {
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(arguments, name));
  boost::system::error_code problem;
  const json::value value = json::parse(text, problem);
  if (problem || !value.is_array()) return BadMember(name);
  return text;
}

Result<json::value> SaveStatistics(const RequestContext& ctx, catalog::Catalog& catalog,
                                   const json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(ctx, Right::kWrite, "ANALYZE TABLE needs the right to write"));
  catalog::TableStatistics statistics;
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "id"));
  statistics.table = TableId(id);
  NL_ASSIGN_OR_RETURN(statistics.version, IntMember(arguments, "version"));
  NL_ASSIGN_OR_RETURN(statistics.table_row, ArrayText(arguments, "table"));
  NL_ASSIGN_OR_RETURN(statistics.column_rows, ArrayText(arguments, "columns"));
  statistics.made = ctx.clock().Now();
  NL_RETURN_IF_ERROR(catalog.SaveStatistics(statistics));
  return json::value(json::object());
}

}  // namespace

Result<bool> IsOpenForTables(catalog::Catalog& catalog, const std::string& canonical) {
  NL_ASSIGN_OR_RETURN(const auto locations, catalog.ListExternalLocations());
  return std::ranges::any_of(locations, [&](const auto& location) {
    return location.may_register && (canonical + "/").starts_with(location.path);
  });
}

Result<json::value> RunServerAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                    const MaintenancePolicy& policy, const std::string& action,
                                    const json::object& arguments) {
  if (action == "vacuum_policy") return json::value{{"short_retention", policy.short_retention}};
  if (action == "scan_policy") return json::value{{"after_load", policy.scan_after_load}};
  if (action == "undrop") return Undrop(ctx, catalog, arguments);
  if (action == "forget_dropped") return ForgetDropped(ctx, catalog, arguments);
  if (action == "save_statistics") return SaveStatistics(ctx, catalog, arguments);
  return MakeError(ErrorCode::kCorruption, "a worker asked for something unknown");
}

}  // namespace neurolake::query
