#pragma once
#include <boost/json.hpp>

#include "ask/intent/intent.h"
#include "common/result.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// Metrics, dimensions and entities of `model`, hidden ones left out: docs/mcp.md, list_metrics. Pure.
boost::json::object DescribeModel(const semantic::SemanticModel& model);

/// A query by names (docs/mcp.md, query_metrics) as an intent; `query` has the members that ParseMembers let through.
/// `model` is as much as the caller may know: other names are unknown, and answered with the nearest of those.
/// Errors: kInvalidArgument naming the member. Pure.
Result<Intent> MetricQuery(const boost::json::object& query, const semantic::SemanticModel& model);

}  // namespace neurolake::ask
