#pragma once
#include "engine/duckdb/internal/lake_scan.h"

namespace neurolake::engine::duckdb {

/// What to say of `error`, with which the statement over `scans` failed: kVersionNotFound where one of them read a
/// version that is no longer the newest, and of which VACUUM took files; else the error itself. Only a failed statement
/// pays for it: with a look at the log, and at files until one is missing. Never fails.
Error ExplainMissingFile(const StatementState& state, const std::vector<std::shared_ptr<LakeScan>>& scans, Error error);

}  // namespace neurolake::engine::duckdb
