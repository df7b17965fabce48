#pragma once
#include "engine/duckdb/internal/bound_plan.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "plan/table_policy.h"
#include "tables/delta/schema.h"

namespace neurolake::engine::duckdb {

/// As plan::MayKnowColumn.
bool MayKnowColumn(const plan::TablePolicy* policy, const tables::delta::StructField& column);

/// Whether a query reads a column of which its principal is not told, so that gate 3 would refuse it.
bool ReadsHiddenColumns(const plan::PlanDigest& digest);

/// Binds a query beside the statement's own, as its principal, without running it. `plan` takes what was bound. Throws
/// what binding throws.
plan::PlanDigest DigestOf(native::ClientContext& context, StatementState& state,
                          native::unique_ptr<native::SelectStatement> query,
                          const native::case_insensitive_map_t<native::BoundParameterData>& parameters,
                          BoundPlan& plan);

/// Leaves hidden columns out of DESCRIBE of a table, and refuses (kPermissionDenied) DESCRIBE of a view or a query that
/// reads one. The statement is not bound yet.
void HideColumnsInDescription(native::ClientContext& context, StatementState& state, native::SQLStatement& statement,
                              const native::case_insensitive_map_t<native::BoundParameterData>& parameters);

}  // namespace neurolake::engine::duckdb
