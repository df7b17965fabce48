#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "query/service.h"

namespace neurolake::server::mcp {

struct RowLimits {
  int64_t rows_max = 0;
  int64_t bytes_max = 0;  ///< Of the rows' JSON.
};

/// Rows as JSON, up to a limit, and whether that is all of them.
struct CollectedRows {
  query::StatementStatus status;
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::string> rows;  ///< `[1,"a",null]` each.
  bool truncated = false;
  std::optional<int64_t> total;  ///< Rows of the whole result, where that is known.
};

/// Runs `request`, which is made read-only, as its caller. Of a result that is larger than the limits, some more rows
/// are read to count them; then it is cancelled. Errors: the statement's.
Result<CollectedRows> CollectRows(query::StatementService& service, const RequestContext& ctx,
                                  query::StatementRequest request, const RowLimits& limits,
                                  const std::function<void(int64_t rows)>& report = nullptr);

}  // namespace neurolake::server::mcp
