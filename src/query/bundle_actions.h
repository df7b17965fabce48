#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Bundles of policies in Rego, and the lint over all policies, on the server's side. All need the right to manage the
/// lake. The actions, with their arguments and answers:
///   create_bundle   {archive} → {version, revision, digest, tests}; base64 of a tar archive; kInvalidArgument for a
///                   bundle that does not load, or of which a test does not pass
///   activate_bundle {version} → {epoch}; null: none decides from now on
///   bundles         {} → {rows: [[version, revision, digest, created_by, created, state], …]}
///   lint_policies   {} → {rows: [[severity, finding, object, policy, explanation], …]}
bool IsBundleAction(std::string_view action);
Result<boost::json::value> RunBundleAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const std::string& action, const boost::json::object& arguments);

}  // namespace neurolake::query
