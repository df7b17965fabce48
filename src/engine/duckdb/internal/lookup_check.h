#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/statement_state.h"

namespace neurolake::engine::duckdb {

/// Makes every look-up of `binder` go through the statement's gate. The binder must not outlive the statement.
void SetLookupCheck(native::Binder& binder, StatementState& state);

}  // namespace neurolake::engine::duckdb
