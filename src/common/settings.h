#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "settings.gen.h"  // struct Settings and kSettingDefinitions, generated from settings.json

namespace neurolake {

/// Reads settings with precedence flag, environment, file, default.
/// `file` is a TOML path ("" for none); `environment` holds NEUROLAKE_* variables (dots and dashes become "_");
/// `flags` holds --name=value pairs by setting name ("http.port" or "http-port").
/// Errors: kInvalidArgument naming the setting, where its value came from, and what would be right; an unknown name is
/// an error wherever it stands.
Result<Settings> LoadSettings(const std::string& file, const std::map<std::string, std::string>& environment,
                              const std::map<std::string, std::string>& flags);

/// The NEUROLAKE_* part of this process's environment.
std::map<std::string, std::string> SettingsEnvironment();

}  // namespace neurolake
