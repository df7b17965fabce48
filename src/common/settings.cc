#include "common/settings.h"

#include <toml++/toml.h>

#include <charconv>
#include <cstring>

#include "common/text.h"

extern char** environ;

namespace neurolake {
namespace {

/// Where a value was found, for error messages.
struct Found {
  std::string text;
  std::string source;
};

std::string WithoutPunctuation(std::string_view name) {
  std::string plain = LowerAscii(name);
  std::ranges::replace(plain, '.', '_');
  std::ranges::replace(plain, '-', '_');
  return plain;
}

std::optional<size_t> FindSetting(std::string_view name) {
  for (size_t i = 0; i < kSettingDefinitions.size(); ++i) {
    if (WithoutPunctuation(kSettingDefinitions[i].name) == WithoutPunctuation(name)) return i;
  }
  return std::nullopt;
}

Result<void> Assign(Settings& settings, size_t index, const Found& found) {
  const SettingDefinition& definition = kSettingDefinitions[index];
  const SettingsTarget target = TargetOf(settings, index);
  auto fail = [&](std::string_view expected) {
    return MakeError(ErrorCode::kInvalidArgument, "setting {} from {}: expected {}", definition.name, found.source,
                     expected);
  };
  const std::string_view type = definition.type;
  if (type == "string") {
    const auto allowed = Split(definition.one_of, ',');
    if (*definition.one_of != '\0' && std::ranges::find(allowed, found.text) == allowed.end()) {
      return fail(fmt::format("one of {}", definition.one_of));
    }
    *target.as_string = found.text;
  } else if (type == "bool") {
    if (found.text != "true" && found.text != "false") return fail("true or false");
    *target.as_bool = found.text == "true";
  } else if (type == "duration") {
    const auto duration = ParseDuration(found.text);
    if (!duration) return fail("a number and ms, s, m, h or d");
    if (duration->count() < definition.min) return fail(fmt::format("at least {} ms", definition.min));
    *target.as_duration = *duration;
  } else if (type == "list") {
    target.as_list->clear();
    for (const std::string& part : Split(found.text, ',')) {
      if (!Trim(part).empty()) target.as_list->emplace_back(Trim(part));
    }
  } else {
    int64_t number = 0;
    if (type == "bytes") {
      const auto bytes = ParseBytes(found.text);
      if (!bytes) return fail("a number and B, KiB, MiB, GiB or TiB");
      number = *bytes;
    } else {
      const auto [end, error] = std::from_chars(found.text.data(), found.text.data() + found.text.size(), number);
      if (error != std::errc() || end != found.text.data() + found.text.size()) return fail("a whole number");
    }
    if (number < definition.min || number > definition.max) {
      return fail(fmt::format("a value from {} to {}", definition.min, definition.max));
    }
    *target.as_int = number;
  }
  return {};
}

/// Flattens TOML tables to dotted names.
Result<void> Flatten(const toml::table& table, const std::string& prefix, const std::string& file,
                     std::map<std::string, Found>& found) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    const std::string source = fmt::format("{}:{}", file, node.source().begin.line);
    if (const auto* child = node.as_table()) {
      NL_RETURN_IF_ERROR(Flatten(*child, name, file, found));
      continue;
    }
    if (!FindSetting(name)) {
      return MakeError(ErrorCode::kInvalidArgument, "unknown setting in {}: {}", source, name);
    }
    std::string text;
    if (const auto* list = node.as_array()) {
      for (const auto& element : *list) text += (text.empty() ? "" : ",") + element.value_or(std::string());
    } else if (const auto* string = node.as_string()) {
      text = string->get();
    } else if (const auto* number = node.as_integer()) {
      text = std::to_string(number->get());
    } else if (const auto* boolean = node.as_boolean()) {
      text = boolean->get() ? "true" : "false";
    } else {
      return MakeError(ErrorCode::kInvalidArgument,
                       "setting {} from {}: expected text, a number, true, false or a list", name, source);
    }
    found[kSettingDefinitions[*FindSetting(name)].name] = {text, source};
  }
  return {};
}

Result<std::map<std::string, Found>> ReadFile(const std::string& file) {
  std::map<std::string, Found> found;
  if (file.empty()) return found;
  try {
    NL_RETURN_IF_ERROR(Flatten(toml::parse_file(file), "", file, found));
  } catch (const toml::parse_error& error) {
    return MakeError(ErrorCode::kInvalidArgument, "cannot read configuration file {} line {}: {}", file,
                     error.source().begin.line, error.description());
  }
  return found;
}

}  // namespace

std::map<std::string, std::string> SettingsEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (text.starts_with("NEUROLAKE_") && equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

Result<Settings> LoadSettings(const std::string& file, const std::map<std::string, std::string>& environment,
                              const std::map<std::string, std::string>& flags) {
  NL_ASSIGN_OR_RETURN(auto found, ReadFile(file));
  // Variables that are not settings but belong to the command line and to the build.
  static constexpr std::string_view kOtherVariables[] = {"NEUROLAKE_TOKEN", "NEUROLAKE_SERVER", "NEUROLAKE_CONFIG",
                                                         "NEUROLAKE_CACHE", "NEUROLAKE_DATA"};
  for (const auto& [name, value] : environment) {
    if (std::ranges::find(kOtherVariables, name) != std::end(kOtherVariables)) continue;
    const auto index = FindSetting(std::string_view(name).substr(std::strlen("NEUROLAKE_")));
    if (!index) return MakeError(ErrorCode::kInvalidArgument, "unknown setting in the environment: {}", name);
    found[kSettingDefinitions[*index].name] = {value, "the environment variable " + name};
  }
  for (const auto& [name, value] : flags) {
    const auto index = FindSetting(name);
    if (!index) return MakeError(ErrorCode::kInvalidArgument, "unknown setting: {}", name);
    found[kSettingDefinitions[*index].name] = {value, "the flag --" + name};
  }
  Settings settings;
  for (size_t i = 0; i < kSettingDefinitions.size(); ++i) {
    const auto entry = found.find(kSettingDefinitions[i].name);
    NL_RETURN_IF_ERROR(Assign(
        settings, i, entry == found.end() ? Found{kSettingDefinitions[i].default_value, "default"} : entry->second));
  }
  return settings;
}

}  // namespace neurolake
