#include "query/break_glass_actions.h"

#include <boost/json/array.hpp>

#include "common/ids.h"
#include "common/log.h"
#include "common/text.h"
#include "query/access.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::BreakGlassRecord;

/// For whoever watches the server, whatever becomes of the store.
void Announce(const RequestContext& ctx, const char* what, const std::string& id, const std::string& table) {
  Log(LogLevel::kWarn, what, ctx.request_id(),
      {{"break_glass", id}, {"principal", ctx.principal().name}, {"table", table}});
}

Result<json::value> Request(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string table_id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(table_id)));
  bool reads = false;
  if (table) {
    NL_ASSIGN_OR_RETURN(reads, Access(catalog, ctx).May(Privilege::kSelect, *table));
  }
  // It goes past policies, not past privileges.
  if (!reads) return MakeError(ErrorCode::kNotFound, "the table is not there any more, or may not be read");
  BreakGlassRecord request{.id = NewUuid(),
                           .table = table->id,
                           .principal = ctx.principal().id,
                           .reason = {},
                           .minutes = 0,
                           .requested = ctx.clock().Now()};
  NL_ASSIGN_OR_RETURN(request.reason, StringMember(arguments, "reason"));
  NL_ASSIGN_OR_RETURN(request.minutes, IntMember(arguments, "minutes"));
  NL_RETURN_IF_ERROR(catalog.RequestBreakGlass(request));
  Announce(ctx, "access past policies was asked for", request.id, table->schema_name + "." + table->name);
  return json::value{{"id", request.id}};
}

Result<json::value> Approve(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& id) {
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "letting others past policies needs the right to manage the lake");
  }
  NL_RETURN_IF_ERROR(catalog.ApproveBreakGlass(id, ctx.principal().id, ctx.principal().name));
  Announce(ctx, "access past policies was approved", id, "");
  return json::value(json::object());
}

Result<json::value> End(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& id) {
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListBreakGlass());
  const auto found = std::ranges::find(all, id, &BreakGlassRecord::id);
  const bool own = found != all.end() && found->principal == ctx.principal().id;
  if (!own && !ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kNotFound, "there is no such access past policies, or it has ended: {}", id);
  }
  NL_RETURN_IF_ERROR(catalog.EndBreakGlass(id, ctx.principal().name));
  Announce(ctx, "access past policies was ended", id, "");
  return json::value(json::object());
}

json::value OrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

Result<json::value> Show(const RequestContext& ctx, catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListBreakGlass());
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  json::array rows;
  for (const BreakGlassRecord& one : all) {
    if (one.principal != ctx.principal().id && !ctx.principal().Has(Right::kManage)) continue;
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(one.table));
    if (table && !ctx.principal().MayUseSchema(table->schema_name)) continue;
    const auto principal = std::ranges::find(principals, one.principal, &catalog::PrincipalRecord::id);
    rows.push_back(json::array{
        one.id, table ? json::value(table->schema_name) : json::value(nullptr),
        table ? json::value(table->name) : json::value(nullptr),
        principal == principals.end() ? json::value(nullptr) : json::value(principal->name), one.reason,
        std::to_string(one.minutes), FormatTimestamp(one.requested), OrNull(one.approved_by),
        one.expires ? json::value(FormatTimestamp(*one.expires)) : json::value(nullptr), OrNull(one.ended_by)});
  }
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

bool IsBreakGlassAction(std::string_view action) {
  return action == "request_break_glass" || action == "approve_break_glass" || action == "end_break_glass" ||
         action == "break_glass";
}

Result<json::value> RunBreakGlassAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                        const json::object& arguments) {
  const bool by_agent = ctx.principal().on_behalf_of != nullptr;
  if (by_agent && (action == "request_break_glass" || action == "approve_break_glass")) {
    return MakeError(ErrorCode::kPermissionDenied, "agents do not go past policies, and let nobody past them");
  }
  if (action == "request_break_glass") return Request(ctx, catalog, arguments);
  if (action == "break_glass") return Show(ctx, catalog);
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "id"));
  return action == "approve_break_glass" ? Approve(ctx, catalog, id) : End(ctx, catalog, id);
}

Result<std::optional<std::string>> BreakGlassOf(catalog::Catalog& catalog, const Principal& principal,
                                                const catalog::TableRecord& table) {
  // It was given to somebody who answers for it.
  if (!table.has_policies || principal.on_behalf_of != nullptr) return std::nullopt;
  return catalog.ActiveBreakGlass(table.id, principal.id);
}

}  // namespace neurolake::query
