#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// redact(text), redact(text, entities) and redact(text, entities, thresholds): `text` with the names of entities in
/// the place of personal data and secrets, as privacy::Detector::Redact has it. `entities` is a list as
/// privacy::ParseEntities reads it, `thresholds` a number or a list as privacy::ParseThresholds does, both the same for
/// all rows. NULL of NULL. Errors: 22023 for lists that name something else.
native::ScalarFunctionSet RedactFunctions();

}  // namespace neurolake::engine::duckdb
