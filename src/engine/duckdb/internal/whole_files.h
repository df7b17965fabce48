#pragma once
#include "engine/duckdb/internal/bound_plan.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Of a DELETE that only has a predicate over its table: takes files all of whose rows it deletes, by partition values
/// and statistics, out of the scan and leaves them in StatementState::whole_files for the write. A DELETE without WHERE
/// then reads no file at all. Called for a governed plan that is not optimised yet.
void SplitWholeFiles(native::ClientContext& context, BoundPlan& plan);

}  // namespace neurolake::engine::duckdb
