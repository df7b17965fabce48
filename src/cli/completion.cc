#include "cli/completion.h"

#include <set>

#include "cli/internal/subcommands.h"
#include "common/settings.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

enum class ValueKind : uint8_t { kNone, kText, kFile, kDirectory, kChoice };

struct OptionShape {
  std::vector<std::string> names;  ///< "--format", "-c"; empty for a positional.
  std::string description;
  ValueKind kind = ValueKind::kNone;
  std::vector<std::string> choices;
};

struct CommandShape {
  std::string path;                                           ///< "" for the program, "token create".
  std::vector<std::pair<std::string, std::string>> commands;  ///< Name and description.
  std::vector<OptionShape> options;
  std::vector<OptionShape> positionals;
};

// What a choice is, only its validator knows; it describes itself as "TEXT:{a,b}".
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}', open);
  if (open != std::string::npos && close != std::string::npos) {
    return Split(std::string_view(type).substr(open + 1, close - open - 1), ',');
  }
  for (const SettingDefinition& definition : kSettingDefinitions) {
    const bool named = std::ranges::find(option.get_lnames(), definition.name) != option.get_lnames().end();
    if (!named) continue;
    if (std::string_view(definition.type) == "bool") return {"true", "false"};
    if (*definition.one_of != '\0') return Split(definition.one_of, ',');
  }
  return {};
}

OptionShape ShapeOf(const CLI::Option& option) {
  OptionShape shape;
  for (const std::string& name : option.get_snames()) shape.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) {
    // Of a setting's two spellings the dotted one is offered.
    const bool dashed = option.get_lnames().size() > 1 && name != option.get_lnames().front();
    if (!dashed) shape.names.push_back("--" + name);
  }
  shape.description = option.get_description();
  shape.choices = ChoicesOf(option);
  const std::string text = option.get_option_text();
  const std::string positional = option.get_positional() ? option.get_name(true) : "";
  if (option.get_items_expected_max() == 0) {
    shape.kind = ValueKind::kNone;
  } else if (!shape.choices.empty()) {
    shape.kind = ValueKind::kChoice;
  } else if (text.starts_with("FILE") || positional.starts_with("file")) {
    shape.kind = ValueKind::kFile;
  } else {
    shape.kind = text == "DIR" ? ValueKind::kDirectory : ValueKind::kText;
  }
  return shape;
}

void Collect(const CLI::App& app, const std::string& path, std::vector<CommandShape>& out) {
  CommandShape shape{.path = path};
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) shape.commands.emplace_back(child->get_name(), child->get_description());
  for (const CLI::Option* option : app.get_options()) {
    OptionShape found = ShapeOf(*option);
    (found.names.empty() ? shape.positionals : shape.options).push_back(std::move(found));
  }
  out.push_back(std::move(shape));
  for (const CLI::App* child : children) {
    Collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), out);
  }
}

std::string Join(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::vector<std::string> OptionNames(const CommandShape& command) {
  std::vector<std::string> names;
  for (const OptionShape& option : command.options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

/// `'it'\''s'`: one word of any of the three shells.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// bash and zsh share a function in the language of both: zsh runs it through its bashcompinit.
std::string BashScript(const std::vector<CommandShape>& commands) {
  std::set<std::string> with_value;
  std::string paths;
  std::string values;
  std::string words;
  std::string options;
  for (const CommandShape& command : commands) {
    if (!command.path.empty()) paths += (paths.empty() ? "" : "|") + Quoted(command.path);
    const std::string scope = command.path.empty() ? "*" : Quoted(command.path);
    for (const OptionShape& option : command.options) {
      if (option.kind == ValueKind::kNone) continue;
      with_value.insert(option.names.begin(), option.names.end());
      std::string action = "return 0";
      if (option.kind == ValueKind::kFile) action = "COMPREPLY=($(compgen -f -- \"$cur\")); return 0";
      if (option.kind == ValueKind::kDirectory) action = "COMPREPLY=($(compgen -d -- \"$cur\")); return 0";
      if (option.kind == ValueKind::kChoice) action = fmt::format("words={}", Quoted(Join(option.choices, " ")));
      for (const std::string& name : option.names) {
        // The program's own options stand behind those of its commands, of which the first that fits counts.
        (command.path.empty() ? options : values) += fmt::format("      {}'|{}') {} ;;\n", scope, name, action);
      }
    }
    std::vector<std::string> offered;
    for (const auto& [name, description] : command.commands) offered.push_back(name);
    std::string files;
    for (const OptionShape& positional : command.positionals) {
      offered.insert(offered.end(), positional.choices.begin(), positional.choices.end());
      if (positional.kind == ValueKind::kFile) files = "; COMPREPLY=($(compgen -f -- \"$cur\"))";
    }
    std::vector<std::string> names = OptionNames(command);
    words += fmt::format("    {}) if [[ $cur == -* ]]; then words=\"$global \"{}; else words={}{}; fi ;;\n",
                         Quoted(command.path), Quoted(Join(names, " ")), Quoted(Join(offered, " ")), files);
  }
  return fmt::format(
      R"(# Completion of neurolake for bash, made by 'neurolake completion bash'.
_neurolake() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} path='' previous='' words='' word i
  local global={}
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if [[ -n $previous ]]; then previous=''; continue; fi
    case $word in
      {}) previous=$word ;;
      -*) ;;
      *) case "${{path:+$path }}$word" in {}) path="${{path:+$path }}$word" ;; esac ;;
    esac
  done
  if [[ -n $previous ]]; then
    case "$path|$previous" in
{}{}    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return 0
  fi
  case $path in
{}  esac
  COMPREPLY+=($(compgen -W "$words" -- "$cur"))
}}
)",
      Quoted(Join(OptionNames(commands.front()), " ")), Join({with_value.begin(), with_value.end()}, "|"), paths,
      values, options, words);
}

std::string FishScript(const std::vector<CommandShape>& commands) {
  std::string out = R"(# Completion of neurolake for fish, made by 'neurolake completion fish'.
function __neurolake_at
    set -l path
    for word in (commandline -opc)[2..]
        if contains -- (string trim "$path $word") $__neurolake_paths
            set path (string trim "$path $word")
        end
    end
    test "$path" = "$argv[1]"
end
complete -c neurolake -f
)";
  std::string paths;
  for (const CommandShape& command : commands) {
    if (!command.path.empty()) paths += " " + Quoted(command.path);
    const std::string at = fmt::format("complete -c neurolake -n {}", Quoted("__neurolake_at " + Quoted(command.path)));
    for (const auto& [name, description] : command.commands) {
      out += fmt::format("{} -a {} -d {}\n", at, name, Quoted(description));
    }
    for (const OptionShape& positional : command.positionals) {
      if (positional.kind == ValueKind::kFile) out += at + " -F\n";
      if (!positional.choices.empty()) out += fmt::format("{} -a {}\n", at, Quoted(Join(positional.choices, " ")));
    }
    for (const OptionShape& option : command.options) {
      std::string line = command.path.empty() ? "complete -c neurolake" : at;
      for (const std::string& name : option.names) {
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (option.kind == ValueKind::kFile || option.kind == ValueKind::kDirectory) line += " -r -F";
      if (option.kind == ValueKind::kText) line += " -x";
      if (option.kind == ValueKind::kChoice) line += " -x -a " + Quoted(Join(option.choices, " "));
      out += fmt::format("{} -d {}\n", line, Quoted(option.description));
    }
  }
  return out + "set -g __neurolake_paths" + paths + "\n";
}

}  // namespace

std::string CompletionScript(const CLI::App& app, std::string_view shell) {
  std::vector<CommandShape> commands;
  Collect(app, "", commands);
  if (shell == "fish") return FishScript(commands);
  const std::string script = BashScript(commands);
  if (shell == "bash") return script + "complete -F _neurolake neurolake\n";
  return "#compdef neurolake\nautoload -U +X bashcompinit && bashcompinit\n" + script +
         "complete -F _neurolake neurolake\n";
}

}  // namespace neurolake::cli
