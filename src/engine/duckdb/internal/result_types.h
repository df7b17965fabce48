#pragma once
#include "engine/duckdb/internal/bound_plan.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// The type a result column of `type` leaves the engine with: only what the Arrow columnar format and our doors know.
native::LogicalType ExportedType(const native::LogicalType& type);

/// Puts a projection with casts on top of `plan` where its types are not exported as they are.
void CastToExportedTypes(native::ClientContext& context, BoundPlan& plan);

}  // namespace neurolake::engine::duckdb
