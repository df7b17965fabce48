#pragma once
#include <string>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::models {

/// Who may cause a call of which model. Thread-safe.
class ModelRights {
 public:
  virtual ~ModelRights() = default;
  /// `model` as the setting models.routes has it: "openai:NAME". An error is no permission. Errors: of the store.
  virtual Result<bool> MayExecute(const RequestContext& ctx, const std::string& model) const = 0;
};

}  // namespace neurolake::models
