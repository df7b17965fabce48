#pragma once
#include <functional>
#include <string>

#include "common/settings.h"
#include "query/worker_process.h"

namespace neurolake::cli {

/// What the program gives the command line that is not the command line's to know.
struct Environment {
  std::string version;  ///< "0.1.0".
  std::string program;  ///< Absolute path of this binary: workers are started from it.
  std::function<int(const Settings&)> serve;
  std::function<int(const query::WorkerProcessOptions&)> worker;
};

/// The whole program: reads the command line, runs the command, gives the exit code (docs/cli.md lists them).
int Main(int argc, char** argv, const Environment& environment);

}  // namespace neurolake::cli
