#pragma once
#include <string>

#include "common/settings.h"

namespace neurolake::app {

/// `neurolake serve`: opens the lake, serves until SIGTERM or SIGINT, stops cleanly. Returns the exit status.
int Serve(const Settings& settings, const std::string& program);

}  // namespace neurolake::app
