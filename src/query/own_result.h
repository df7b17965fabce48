#pragma once
#include <optional>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "common/result.h"

namespace neurolake::query {

/// A result that the pipeline itself makes: EXPLAIN, reports, counts.
struct OwnResult {
  arrow::Schema schema;
  arrow::Batch batch;
};

/// A column of such a result. `type` is "BIGINT", "DOUBLE", "BOOLEAN" or "VARCHAR".
struct OwnColumn {
  std::string name;
  std::string type;
};

/// Values are texts of their column's type ("42", "0.5", "true"); nullopt is NULL. Every row has one value per column.
/// Errors: kOutOfMemory; a value that is not of its type is a bug.
Result<OwnResult> MakeOwnResult(const std::vector<OwnColumn>& columns,
                                const std::vector<std::vector<std::optional<std::string>>>& rows);

/// One BIGINT column `rows_changed`; no row when `rows_changed` is negative (the statement changes no rows).
Result<OwnResult> MakeRowsChangedResult(int64_t rows_changed);

}  // namespace neurolake::query
