#pragma once
#include <boost/json/object.hpp>
#include <memory>

#include "common/result.h"
#include "plan/table_policy.h"

namespace neurolake::query {

/// {"policy", "sql", "columns": [{"name", "physical"}], "by_name"}
boost::json::object EncodePolicyExpression(const plan::PolicyExpression& expression);
/// Errors: kCorruption, as of the next.
Result<plan::PolicyExpression> DecodePolicyExpression(const boost::json::object& object);
boost::json::object EncodePolicyColumn(const plan::PolicyColumn& column);
Result<plan::PolicyColumn> DecodePolicyColumn(const boost::json::object& object);

/// What a worker is told of a table with policies; null is encoded as null.
boost::json::value EncodePolicy(const std::shared_ptr<const plan::TablePolicy>& policy);
/// Member "policy" of a table. Anything but an object or null is kCorruption: a policy is never lost on the way.
Result<std::shared_ptr<const plan::TablePolicy>> DecodePolicy(const boost::json::object& table);

}  // namespace neurolake::query
