#pragma once
#include <map>
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"
#include "common/clock.h"
#include "common/settings.h"

namespace neurolake::cli {

/// One setting as `config` shows it.
struct EffectiveSetting {
  std::string name;
  std::string value;   ///< "(secret)" for what must not be printed.
  std::string source;  ///< "flag", "environment NEUROLAKE_…", the file's path, or "default".
};

/// Every setting in force. Errors: those of LoadSettings.
Result<std::vector<EffectiveSetting>> EffectiveSettings(const std::string& file,
                                                        const std::map<std::string, std::string>& environment,
                                                        const std::map<std::string, std::string>& flags);

/// `neurolake config`.
Result<void> PrintConfig(const std::vector<EffectiveSetting>& settings, OutputFormat format, Console& console);

/// Copies the metadata store of the lake to `file` and notes which version of each table it matches. A server may run.
/// Errors: kNotFound when there is no lake; kAlreadyExists when there is a file.
Result<void> Backup(const Settings& settings, const std::string& file, const Clock& clock, std::ostream& out);

/// Puts the copy in `file` in place of the lake's metadata store, after checking that it can be opened. What was there
/// is kept beside. Lists tables whose log is not at the version the copy matches. Errors: kUnavailable when a server
/// runs on the lake; kAlreadyExists unless `force`; kNotSupported for PostgreSQL.
Result<void> Restore(const Settings& settings, const std::string& file, bool force, const Clock& clock,
                     std::ostream& out);

/// The newest version in a Delta table's log, or -1 without one. Errors: kIoError.
Result<int64_t> NewestLogVersion(const std::string& table_location);

}  // namespace neurolake::cli
