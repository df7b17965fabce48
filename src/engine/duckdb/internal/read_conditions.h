#pragma once
#include "duckdb/planner/table_filter.hpp"
#include "engine/duckdb/internal/native.h"
#include "tables/delta/read_scope.h"

namespace neurolake::engine::duckdb {

/// What a scan's filters say of the rows it is interested in, as conditions on single columns that the commit
/// understands. Whatever cannot be said so is left out, which makes the conditions wider, never narrower.
/// Columns are those of `schema`, by position.
void AddConditions(const native::vector<native::unique_ptr<native::Expression>>& filters, native::idx_t table_index,
                   const native::vector<native::column_t>& column_ids, const tables::delta::DataType& schema,
                   tables::delta::ReadPredicate& predicate);
void AddConditions(uint64_t column, const native::TableFilter& filter, const tables::delta::DataType& schema,
                   tables::delta::ReadPredicate& predicate);

}  // namespace neurolake::engine::duckdb
