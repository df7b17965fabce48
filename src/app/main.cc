#include <filesystem>
#include <string>

#include "app/serve.h"
#include "app/serve_mcp.h"
#include "cli/main.h"
#include "query/worker_process.h"

// Builds every object, no logic.
int main(int argc, char** argv) {
  using namespace neurolake;
  // Workers are started from the file itself, also after a new version was put in its place.
  std::error_code unknown;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", unknown).string();
  const std::string program = unknown ? argv[0] : self;
  return cli::Main(
      argc, argv,
      {.version = NL_VERSION,
       .program = program,
       .serve = [&](const Settings& settings) { return app::Serve(settings, program); },
       .worker = query::RunWorkerProcess,
       .mcp = [&](const Settings& settings,
                  const cli::McpArguments& arguments) { return app::ServeMcp(settings, program, arguments); }});
}
