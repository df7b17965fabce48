#pragma once
#include <memory>

#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Makes the rows that `child` gives obey the table's rules: '' in a partition column is NULL, identity columns get
/// values where they are NULL, generated columns are computed where they are NULL and checked where they are not, then
/// invariants and CHECK constraints must be true. Who gives no value for such a column (or DEFAULT) gives NULL. `child`
/// gives the table's columns in order, and row ids behind them for rows that exist; new rows may not bring values of a
/// GENERATED ALWAYS identity column. Expressions are bound under the statement's gate. A table without rules and without
/// partitions by texts costs nothing, and neither do rows that only move to other files (WriteIntent::data_change).
/// Throws kNotSupported naming what is not understood; when run kCheckViolation, naming table and constraint only.
native::PhysicalOperator& PlanTableRules(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                         const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& child);

/// Binds every expression of a table about to be made, so that none is found wrong at the first row. Throws as
/// PlanTableRules does.
void CheckRules(native::ClientContext& context, const std::string& table, const tables::delta::Metadata& metadata,
                const tables::delta::DataType& schema);

/// Puts the identity values given out into the metadata of the version being made.
void NoteIdentityMarks(WriteJob& job, LakeWrite& write);

/// Refuses an UPDATE that assigns to an identity column, and says whether a column that it does not assign to must be
/// computed anew (so that it is NULL on its way to PlanTableRules).
void CheckMayAssign(const tables::delta::StructField& field);
bool IsComputed(const tables::delta::StructField& field);

}  // namespace neurolake::engine::duckdb
