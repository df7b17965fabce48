#pragma once
#include <string>
#include <vector>

#include "ask/compile/internal/relation.h"

namespace neurolake::ask::compile {

struct RowsSql {
  std::string sql;
  std::vector<OutputColumn> columns;
};

/// Rows of the intent's entity with columns of it and of what each row belongs to.
Result<RowsSql> ListRows(Scope& scope, const Intent& intent);

/// The different values of the intent's dimensions.
Result<RowsSql> DistinctValues(Scope& scope, const Intent& intent);

/// Whether there is any row.
Result<RowsSql> Exists(Scope& scope, const Intent& intent);

}  // namespace neurolake::ask::compile
