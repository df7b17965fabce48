#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// What there is of the kinds that privileges are given on by name. A new kind is one more member, and a line in
/// object_grants.cc.
struct ConfiguredObjects {
  std::vector<std::string> models;     ///< "openai:NAME", each once.
  std::vector<std::string> pipelines;  ///< None can be made yet.
};

/// The models of the setting models.routes, each once.
std::vector<std::string> ConfiguredModels(const std::vector<std::string>& routes);

/// Whether `principal`, and whom it acts for, was granted the privilege on the object or on all of its kind, itself, by
/// a group, its role or as everybody, and it was denied to none of these. Nobody has it otherwise, administrators
/// neither; who owns an object has all privileges on it. One read of the metadata store.
/// Source: docs/sql/policies.md, "Models and pipelines".
Result<bool> MayUseObject(catalog::Catalog& catalog, const Principal& principal, std::string_view kind,
                          std::string_view name, std::string_view privilege);

/// GRANT, DENY and REVOKE on objects called by name, on the server's side. The actions:
///   grant_object   {effect: "grant"|"deny"|"revoke", kind, objects: [name, or "" for all], privileges: […],
///                   grantees: [{kind, name}]} → {}
///   object_grants  {kind, name} → {rows: as those of SHOW GRANTS}
/// Errors: kPermissionDenied for who does not manage the lake, whether the object is there or not, but for the owner of
/// an object; kNotFound, one text for pipelines that are missing and those that one may do nothing with; kNotFound for
/// models that are not configured and for grantees.
bool IsObjectGrantAction(std::string_view action);
Result<boost::json::value> RunObjectGrantAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                                const ConfiguredObjects& objects, const std::string& action,
                                                const boost::json::object& arguments);

/// All of them, for SHOW GRANTS. Errors: kPermissionDenied for who does not manage the lake.
Result<boost::json::array> ShowObjectGrants(const RequestContext& ctx, catalog::Catalog& catalog);

}  // namespace neurolake::query
