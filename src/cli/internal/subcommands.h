#pragma once
#include <CLI/CLI.hpp>

#include "cli/arguments.h"

namespace neurolake::cli {

/// Adds every subcommand to `app`, bound to the fields of `arguments`, which must outlive it.
void AddSubcommands(CLI::App& app, Arguments& arguments);

}  // namespace neurolake::cli
