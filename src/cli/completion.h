#pragma once
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace neurolake::cli {

/// A script that completes commands, options and their values in `shell`: "bash", "zsh" or "fish". Made from the
/// options as `app` defines them, so that it knows exactly what the program takes.
std::string CompletionScript(const CLI::App& app, std::string_view shell);

}  // namespace neurolake::cli
