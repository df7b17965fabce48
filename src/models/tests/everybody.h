#pragma once
#include "models/model_rights.h"

namespace neurolake::models {

/// For tests that are about something else.
class EverybodyMay final : public ModelRights {
 public:
  Result<bool> MayExecute(const RequestContext&, const std::string&) const override { return true; }
};

}  // namespace neurolake::models
