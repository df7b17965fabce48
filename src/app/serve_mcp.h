#pragma once
#include <string>

#include "cli/main.h"
#include "common/result.h"
#include "common/settings.h"

namespace neurolake::app {

/// `neurolake mcp`: answers messages at standard input until it ends.
/// Errors: kUnavailable when another process holds the lake; kUnauthenticated for a token that is not valid.
Result<void> ServeMcp(const Settings& settings, const std::string& program, const cli::McpArguments& arguments);

}  // namespace neurolake::app
