#pragma once
#include <functional>
#include <string>

#include "common/settings.h"
#include "query/worker_process.h"

namespace neurolake::cli {

/// `neurolake mcp`: whose messages at standard input are answered, and by which lake.
struct McpArguments {
  std::string server;  ///< Empty: the lake that the settings name is opened in this process.
  std::string token;   ///< Empty, without a server: who owns the lake's files asks.
  std::string certificate_authority_file;
};

/// What the program gives the command line that is not the command line's to know.
struct Environment {
  std::string version;  ///< "0.1.0".
  std::string program;  ///< Absolute path of this binary: workers are started from it.
  std::function<int(const Settings&)> serve;
  std::function<int(const query::WorkerProcessOptions&)> worker;
  std::function<Result<void>(const Settings&, const McpArguments&)> mcp;
};

/// The whole program: reads the command line, runs the command, gives the exit code (docs/cli.md lists them).
int Main(int argc, char** argv, const Environment& environment);

}  // namespace neurolake::cli
