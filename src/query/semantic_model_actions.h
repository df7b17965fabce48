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

/// Statements about semantic models on the server's side. The actions, with their arguments and answers:
///   create_semantic_model  {name, schema, session_schema, comment, definition, or_replace, if_not_exists} → {version};
///                          null: there is one, and IF NOT EXISTS. `schema` and `comment` null: as they are, else the
///                          session's and none
///   semantic_model         {name, version} → {name, schema, comment, version, definition, may_change, stale, tables:
///                          [[schema, name, schema now, name now], …]}; version null: the current one
///   alter_semantic_model   {name, kind: "rename"|"owner", set} or {name, kind: "comment", comment} → {}
///   restore_semantic_model {name, version} → {version}
///   drop_semantic_model    {name, if_exists} → {}
///   semantic_models        {} → {rows: as system.semantic_models}
///   semantic_model_versions {name} → {rows: [[version, digest, restored from, created by, at, is current], …]}
///   grant_semantic_model   {effect, privilege, kind: "model"|"schema"|"lake", name, schema, grantees} → {}
///   semantic_model_grants  {name} → {rows: as those of SHOW GRANTS}; of one, for who may change it
/// Rights are checked here (ModelAccess); a text is loaded again, as a worker is not believed. Errors: kNotFound, also
/// for what may not be known; kPermissionDenied; kAlreadyExists; those of LoadModel and of the catalogue.
bool IsSemanticModelAction(std::string_view action);
Result<boost::json::value> RunSemanticModelAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                                  const std::string& action, const boost::json::object& arguments);

/// Rows of system.semantic_models and system.semantic_model_versions, of models that the principal may use.
Result<std::vector<std::string>> ReadSemanticModels(const RequestContext& ctx, catalog::Catalog& catalog);
Result<std::vector<std::string>> ReadSemanticModelVersions(const RequestContext& ctx, catalog::Catalog& catalog);

/// Of all models, schemas and the lake: as rows of SHOW GRANTS. For who manages the lake.
Result<boost::json::array> SemanticModelGrantRows(catalog::Catalog& catalog, const std::string& model_id = {});

/// Before a schema is dropped with all that is in it. Errors: kPermissionDenied where a model of it is not the
/// principal's to drop.
Result<void> CheckMayDropModels(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& schema);

}  // namespace neurolake::query
