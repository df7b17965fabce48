#pragma once
#include <CLI/CLI.hpp>

#include "cli/arguments.h"

namespace neurolake::cli {

/// Adds every subcommand to `app`, bound to the fields of `arguments`, which must outlive it.
void AddSubcommands(CLI::App& app, Arguments& arguments);

/// One command, with examples below its options; global options may stand behind it, too.
CLI::App* AddCommand(CLI::App& parent, const char* name, const char* description, const char* examples);

/// `semantic`: `infer`, `lint`, `import` and `export`, and what is done with models of the catalogue.
void AddSemantic(CLI::App& app, SemanticArguments& semantic, SemanticModelArguments& kept);
/// What `ask` has for conversations and feedback.
void AddConversations(CLI::App& command, AskArguments& ask);
/// `documents`.
void AddDocuments(CLI::App& app, DocumentArguments& documents);
/// `eval`.
void AddEval(CLI::App& app, EvalArguments& eval);

}  // namespace neurolake::cli
