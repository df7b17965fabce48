#pragma once
#include <memory>
#include <string>

#include "cli/client.h"
#include "common/clock.h"
#include "semantic/model.h"

namespace neurolake::cli {

/// Asks with a model that no lake has: one from a file, or a draft. Questions are read and compiled in this process;
/// what they come to runs as statements of `client`, like any other of its caller's, so that a model gives no right
/// and a server reads none that its administrator did not put there. Thread-safe as far as the client is.
class LocalAsk {
 public:
  virtual ~LocalAsk() = default;
  /// As Client::Ask: a question as JSON, and its answer.
  virtual Result<std::string> Ask(std::stop_token stop, const std::string& question_json) = 0;
};

/// Borrows `client` and `clock`.
std::unique_ptr<LocalAsk> MakeLocalAsk(Client& client, semantic::SemanticModel model, const Clock& clock);

}  // namespace neurolake::cli
