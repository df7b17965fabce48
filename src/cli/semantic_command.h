#pragma once
#include "cli/arguments.h"
#include "cli/statement_runner.h"
#include "semantic/infer.h"

namespace neurolake::cli {

/// `semantic infer`: a draft of a model, written to a file or to standard output, with its guesses as comments.
int RunSemanticInfer(const SemanticArguments& semantic, StatementRunner& runner);

/// Whether `command` is one of RunSemanticFile's.
bool IsSemanticFileAction(const std::string& command);

/// `semantic lint`, `semantic import`, `semantic export`: files alone, no lake. Gives the exit code; errors are printed.
int RunSemanticFile(const std::string& action, const SemanticArguments& semantic, OutputFormat format, Console& console);

/// The draft of `schema`, for who asks with it at once. Errors: those of SurveyTables and InferModel.
Result<semantic::Inference> InferSchema(const SemanticArguments& semantic, StatementRunner& runner);

/// A model from a file. Errors: those of ReadWholeFile and LoadModel, with the file's name.
Result<semantic::SemanticModel> ReadModelFile(const std::string& path);

}  // namespace neurolake::cli
