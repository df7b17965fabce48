#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "semantic/model.h"

namespace neurolake::semantic {

/// Reads a model (docs/formats/semantic-model.md) and validates it; adds the implicit metrics. At most 1 MiB, 32
/// levels, 100,000 nodes; no aliases, anchors, tags or second documents. Errors: kSyntaxError (not YAML) or
/// kInvalidArgument, with the line, what is wrong and what would be right; detail "line". Pure; safe on hostile text.
Result<SemanticModel> LoadModel(std::string_view yaml);

/// The model as YAML that loads to the same model; implicit metrics and defaults are left out.
std::string SaveModel(const SemanticModel& model);

/// Checks names, references, expressions (lexically), cycles of metrics. LoadModel and the importers have done so.
/// Errors: kInvalidArgument as LoadModel; lines as far as members carry them.
Result<void> ValidateModel(const SemanticModel& model);

/// Binds one expression over a table's columns and returns its SQL type, or the error to show. The caller runs it
/// through the pipeline as the principal who makes the model.
using SqlChecker =
    std::function<Result<std::string>(const std::vector<std::string>& table, const SqlExpression& expression)>;

/// Has every expression, key and join column of the model bound by `check`.
/// Errors: the first of `check`'s, with the member's name and line put in front.
Result<void> CheckExpressions(const SemanticModel& model, const SqlChecker& check);

}  // namespace neurolake::semantic
