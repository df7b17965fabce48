#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// GRANT, DENY and REVOKE on the server's side. The actions, with their arguments and answers:
///   grant  {effect: "grant"|"deny"|"revoke", privileges: ["select"|"modify"], kind: "lake"|"schema"|"relation",
///          schema, name, grantees: [{kind, name}]} → {}
///   grants {kind: "" or as above, schema, name, grantees: none or one} → {rows: [[kind, object, grantee, privilege,
///          effect, granted_by, created], …], columns: [[row, schema, table, what files call the column], …]}; of a
///          relation also those on its schema and the lake
///   set_owner {schema, name, is_view, owner} → {}; is_view: of a view alone
/// On a table or view they are for who looks after its policies, on a schema or the lake for who manages the lake.
/// Errors: kPermissionDenied; kNotFound, also for what the principal may not know of.
bool IsGrantAction(std::string_view action);
Result<boost::json::value> RunGrantAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                          const std::string& action, const boost::json::object& arguments);

}  // namespace neurolake::query
