#!/usr/bin/env python3
"""Makes the config struct, its definitions and docs/configuration.md from the one settings schema."""
import argparse
import json
import pathlib
import re
import sys

CPP_TYPES = {
    "string": "std::string", "int": "int64_t", "bytes": "int64_t", "bool": "bool",
    "duration": "std::chrono::milliseconds", "list": "std::vector<std::string>",
}


def field_name(name):
    return re.sub(r"[.-]", "_", name)


def default_text(setting):
    value = setting["default"]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def quote(text):
    return json.dumps(text)


def header(settings):
    lines = ["// Generated from common/settings.json. Do not edit.", "#pragma once", "#include <chrono>",
             "#include <cstdint>", "#include <span>", "#include <string>", "#include <vector>", "",
             "namespace neurolake {", "",
             "/// The effective configuration. Made by LoadSettings; sizes are bytes.", "struct Settings {"]
    for setting in settings:
        lines += [f"  /// {setting['doc']}", f"  {CPP_TYPES[setting['type']]} {field_name(setting['name'])}{{}};"]
    lines += ["};", "", "/// One setting, as flags, documentation and `neurolake config` show it.",
              "struct SettingDefinition {", "  const char* name;", "  const char* type;", "  const char* default_value;",
              "  const char* doc;", "  bool secret;", "  int64_t min;", "  int64_t max;",
              "  const char* one_of;  ///< Values separated by commas; empty: any.", "};", "",
              "extern const std::span<const SettingDefinition> kSettingDefinitions;", "",
              "/// Parsers for each type, so that the generated code holds no logic.", "struct SettingsTarget {",
              "  std::string* as_string = nullptr;", "  int64_t* as_int = nullptr;", "  bool* as_bool = nullptr;",
              "  std::chrono::milliseconds* as_duration = nullptr;",
              "  std::vector<std::string>* as_list = nullptr;", "};",
              "/// Where the value of the setting at `index` of kSettingDefinitions is kept.",
              "SettingsTarget TargetOf(Settings& settings, size_t index);", "", "}  // namespace neurolake", ""]
    return "\n".join(lines)


def source(settings):
    lines = ["// Generated from common/settings.json. Do not edit.", '#include "settings.gen.h"', "",
             "namespace neurolake {", "namespace {", "const SettingDefinition kDefinitions[] = {"]
    for setting in settings:
        fields = [quote(setting["name"]), quote(setting["type"]), quote(default_text(setting)), quote(setting["doc"]),
                  "true" if setting.get("secret") else "false", str(setting.get("min", "INT64_MIN")),
                  str(setting.get("max", "INT64_MAX")), quote(",".join(setting.get("one_of", [])))]
        lines.append("    {" + ", ".join(fields) + "},")
    lines += ["};", "}  // namespace", "",
              "const std::span<const SettingDefinition> kSettingDefinitions(kDefinitions);", "",
              "SettingsTarget TargetOf(Settings& settings, size_t index) {", "  switch (index) {"]
    member = {"string": "as_string", "int": "as_int", "bytes": "as_int", "bool": "as_bool",
              "duration": "as_duration", "list": "as_list"}
    for index, setting in enumerate(settings):
        lines.append(f"    case {index}: return {{.{member[setting['type']]} = &settings.{field_name(setting['name'])}}};")
    lines += ["    default: return {};", "  }", "}", "", "}  // namespace neurolake", ""]
    return "\n".join(lines)


def documentation(settings):
    lines = ["# Configuration", "",
             "A setting is read from, in this order: the flag (`--http.port 8080`), the environment "
             "(`NEUROLAKE_HTTP_PORT=8080`), the TOML file given with `--config` (`[http]` then `port = 8080`), "
             "the default. An unknown name is an error wherever it stands. `neurolake config` prints what is in force "
             "and where it came from.", "",
             "Sizes take `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024) or `KB`, `MB`, `GB`, `TB`; times take `ms`, `s`, "
             "`m`, `h`, `d`; lists are separated by commas.", "",
             "| setting | environment | type | default | what it does |", "| --- | --- | --- | --- | --- |"]
    for setting in settings:
        env = "NEUROLAKE_" + field_name(setting["name"]).upper()
        default = default_text(setting)
        doc = setting["doc"] + (f" One of: {', '.join(setting['one_of'])}." if "one_of" in setting else "")
        doc += " Secret: never printed." if setting.get("secret") else ""
        lines.append(f"| `{setting['name']}` | `{env}` | {setting['type']} | "
                     f"{'`' + default + '`' if default else 'empty'} | {doc} |")
    return "\n".join(lines) + "\n"


def write_if_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schema", required=True, type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, help="directory for settings.gen.h and settings.gen.cc")
    parser.add_argument("--docs", type=pathlib.Path, help="write the documentation page here")
    parser.add_argument("--check", type=pathlib.Path, help="fail unless this page is up to date")
    args = parser.parse_args()
    settings = json.loads(args.schema.read_text())
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        write_if_changed(args.out / "settings.gen.h", header(settings))
        # The command's outputs must be newer than its inputs, or it runs at every build.
        (args.out / "settings.gen.cc").write_text(source(settings))
        (args.out / "settings.gen.h").touch()
    if args.docs:
        args.docs.write_text(documentation(settings))
    if args.check and args.check.read_text() != documentation(settings):
        sys.exit(f"{args.check} is out of date: run scripts/generate_settings.py --schema {args.schema} --docs {args.check}")


if __name__ == "__main__":
    main()
