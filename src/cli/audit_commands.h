#pragma once
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"
#include "common/settings.h"

namespace neurolake::cli {

/// `neurolake audit verify | prove | checkpoint | key | export`, on the files of the lake; a server may run. `program`
/// is this one: the verifier is the file neurolake-audit-verify beside it. Returns the exit status, which is the
/// verifier's own for `verify` and `prove`. Errors: kNotFound where there is no log or no verifier; kAlreadyExists for
/// a directory that is there; kNotSupported with --server; kIoError.
Result<int> RunAuditCommand(const Arguments& arguments, const Settings& settings, const std::string& program,
                            Console& console);

}  // namespace neurolake::cli
