#pragma once
#include <boost/json/object.hpp>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// Calls columns in the rows of a server's answer what their tables call them now, where the answer says in "names"
/// that it names them (policy_names.h). A name that another column has by now stands beside it, as a policy holds for
/// that one, too; a text gets a comment for each name that changed. Of a table that may not be read, or not any more,
/// names stay as they are. Errors: kCorruption for an answer that is none.
Result<void> CallColumnsAsNow(CommandContext& context, boost::json::object& answer);

}  // namespace neurolake::query
