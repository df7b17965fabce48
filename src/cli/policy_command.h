#pragma once
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/statement_runner.h"
#include "governance/rego/bundle.h"

namespace neurolake::cli {

/// The files of a bundle: those below a directory, without links, or of a tar archive. Errors: kNotFound; kIoError;
/// those of governance::ReadBundleArchive.
Result<std::vector<governance::BundleFile>> ReadBundle(const std::string& path);

/// `neurolake policy test`: loads the bundle as a server would and prints how each of its tests went. Needs no lake.
/// Returns an exit code: 1 unless all pass.
int RunPolicyTest(const PolicyArguments& policy, OutputFormat format, Console& console);

/// The other `neurolake policy …`: statements of docs/policies-rego.md. `lint` gives 1 for errors and warnings.
int RunPolicy(const std::string& action, const PolicyArguments& policy, StatementRunner& runner);

}  // namespace neurolake::cli
