#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "catalog/catalog.h"
#include "common/request_context.h"

namespace neurolake::query {

/// The declarations of erasure_actions.h: what is known of data subjects, and who may have one forgotten.
Result<boost::json::value> RunDataSubjectAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                                const std::string& action, const boost::json::object& arguments);

}  // namespace neurolake::query
