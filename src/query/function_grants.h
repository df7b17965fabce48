#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// The functions that `principal`, or whom it acts for, may not execute: those denied to it, a group, its role or
/// everybody, and those that were taken from everybody and granted to none of these. One read of the metadata store.
/// Source: docs/sql/policies.md, "Functions".
Result<std::vector<std::string>> DeniedFunctions(catalog::Catalog& catalog, const Principal& principal);

/// GRANT, DENY and REVOKE of EXECUTE on functions, on the server's side. The actions:
///   grant_function   {effect: "grant"|"deny"|"revoke", functions: [name], grantees: [{kind, name}]} → {}
///   function_grants  {function: name, or "" for all} → {rows: as those of SHOW GRANTS}
/// Errors: kPermissionDenied for who does not manage the lake; kFunctionNotFound; kInvalidArgument for operators;
/// kNotFound for grantees.
bool IsFunctionGrantAction(std::string_view action);
Result<boost::json::value> RunFunctionGrantAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                                  const std::string& action, const boost::json::object& arguments);

}  // namespace neurolake::query
