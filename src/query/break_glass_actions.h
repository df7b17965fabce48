#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Access past a table's policies, for a while, on the server's side. The actions, with their arguments and answers:
///   request_break_glass  {table, minutes, reason} → {id}; for who may read the table
///   approve_break_glass  {id} → {}; for who manages the lake and did not ask for it
///   end_break_glass      {id} → {}; for who manages the lake, and who asked for it
///   break_glass          {} → {rows: [[id, schema, table, principal, reason, minutes, requested_at, approved_by,
///                        expires_at, ended_by], …]}; all of them for who manages the lake, else one's own
/// Each is logged as a warning. Errors: kPermissionDenied; kNotFound; those of the catalogue.
bool IsBreakGlassAction(std::string_view action);
Result<boost::json::value> RunBreakGlassAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                               const std::string& action, const boost::json::object& arguments);

/// The id of what lets `principal` see `table` past its policies now. One read for a table with policies.
Result<std::optional<std::string>> BreakGlassOf(catalog::Catalog& catalog, const Principal& principal,
                                                const catalog::TableRecord& table);

}  // namespace neurolake::query
