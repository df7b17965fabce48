#pragma once
#include <string>

#include "ask/intent/intent.h"
#include "common/result.h"

namespace neurolake::ask {

/// JSON Schema of what a model may answer: `{"answerable": …, "intent": …}`, the intent's names being those of `model`
/// and of nothing else. Every member is required and may be null, as strict modes of providers want it.
std::string IntentSchema(const semantic::SemanticModel& model);

/// The intent of an answer; nullopt where the model says that there is none. Strict: what is not in the schema is
/// refused, and so are members that an intent may have and a model may not set (labels, limits, zones).
/// Errors: kInvalidArgument, never with what the answer says. Safe on hostile text.
Result<std::optional<Intent>> IntentOfAnswer(std::string_view answer);

}  // namespace neurolake::ask
