#pragma once
#include <boost/json/object.hpp>
#include <string>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// Asks the server for an action of server_actions.h. Errors: the server's; kInternal for an answer that is none.
Result<boost::json::object> AskServer(CommandContext& context, const std::string& action,
                                      const boost::json::object& arguments);

/// Whether VACUUM may keep files for less time than their table says (setting vacuum.short_retention).
Result<bool> MayShortenRetention(CommandContext& context);

}  // namespace neurolake::query
