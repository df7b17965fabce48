#pragma once
#include <functional>
#include <vector>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// How large a group of a scan's rows has to be, to leave it.
struct GroupFloor {
  int64_t size = 0;
  /// Whose different values are counted: a column, or a field of one, referring to columns by their place in the
  /// table; null: rows are.
  native::unique_ptr<native::Expression> entity;
};

/// Makes sure that rows of scans with floors leave as aggregates over large enough groups alone, and leaves small
/// groups out: right above the aggregate, below whatever the query makes of it. Everything but what is proven so is
/// refused: groups by columns, of count, sum, avg, stddev and variance of columns, straight over the scan and
/// leak-proof conditions. Wants an unoptimised plan, before policies are put in. Throws kPermissionDenied. Source:
/// docs/sql/tags.md, "Smallest groups".
void RequireGroups(native::ClientContext& context, native::unique_ptr<native::LogicalOperator>& root,
                   const std::function<std::vector<GroupFloor>(const native::LogicalGet&)>& floors_of);

}  // namespace neurolake::engine::duckdb
