#pragma once
#include <memory>
#include <string>

#include "cli/client.h"
#include "cli/statement_runner.h"
#include "common/clock.h"
#include "semantic/model.h"

namespace neurolake::cli {

/// Asks with a model that no lake has: one from a file, or a draft. Questions are read and compiled in this process;
/// what they come to runs as statements of `client`, like any other of its caller's, so that a model gives no right
/// and a server reads none that its administrator did not put there. Thread-safe as far as the client is.
class LocalAsk {
 public:
  virtual ~LocalAsk() = default;
  virtual const std::string& model_name() const = 0;
  /// As Client::Ask: a question as JSON, and its answer.
  virtual Result<std::string> Ask(std::stop_token stop, const std::string& question_json) = 0;
};

/// Questions that its author verified have their answer, as on a server. Borrows `client` and `clock`.
std::unique_ptr<LocalAsk> MakeLocalAsk(Client& client, semantic::SemanticModel model, const Clock& clock);

/// Whether what stands for a model on the command line is a YAML file, and no name of one of the lake's.
bool IsModelFile(const std::string& model);
/// With the model of a file. Errors: those of ReadModelFile.
Result<std::unique_ptr<LocalAsk>> AskWithFile(const std::string& path, StatementRunner& runner, const Clock& clock);
/// With a draft of `schema`'s tables. Errors: those of InferSchema.
Result<std::unique_ptr<LocalAsk>> AskWithDraft(const std::string& schema, StatementRunner& runner, const Clock& clock);

}  // namespace neurolake::cli
