#include "query/commands/server_action.h"

#include <boost/json/serialize.hpp>

#include "query/messages.h"

namespace neurolake::query {

Result<boost::json::object> AskServer(CommandContext& context, const std::string& action,
                                      const boost::json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string answer, context.provider().Maintain(action, boost::json::serialize(arguments)));
  return ParseObject(answer);
}

Result<bool> MayShortenRetention(CommandContext& context) {
  NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "vacuum_policy", {}));
  return BoolMember(answer, "short_retention");
}

}  // namespace neurolake::query
