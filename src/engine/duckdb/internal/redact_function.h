#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// redact(text) and redact(text, entities): `text` with the names of entities in the place of personal data and secrets,
/// as privacy::Detector::Redact has it. `entities` is a list as privacy::ParseEntities reads it, the same for all rows.
/// NULL of NULL. Errors: 22023 for a list that names something else.
native::ScalarFunctionSet RedactFunctions();

}  // namespace neurolake::engine::duckdb
