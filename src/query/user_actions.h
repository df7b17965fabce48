#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Principals on the server's side, for who manages the lake:
///   create_user {name, kind, role, on_behalf_of} → {}; on_behalf_of is empty for all but agents
///   alter_user  {name, kind, role, state} → {}; role may be empty; state is "", "enabled" or "disabled"
///   users       {} → {rows: [[name, kind, role, on_behalf_of, has_password, disabled, created], …]}
/// Errors: kPermissionDenied; kNotFound, also for one of another kind; those of the catalogue.
bool IsUserAction(std::string_view action);
Result<boost::json::value> RunUserAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                         const std::string& action, const boost::json::object& arguments);

}  // namespace neurolake::query
