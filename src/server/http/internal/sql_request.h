#pragma once
#include <chrono>
#include <optional>
#include <string_view>

#include "common/settings.h"
#include "query/service.h"

namespace neurolake::server {

/// A statement as a body of POST /v1/sql or /v1/statements describes it.
struct SqlRequest {
  query::StatementRequest statement;
  std::chrono::milliseconds timeout{};
  /// How long the caller waits before it gets an id instead of rows; nullopt: until the end.
  std::optional<std::chrono::milliseconds> wait;
};

/// Errors: kInvalidArgument naming the member and what would be right.
Result<SqlRequest> ParseSqlRequest(std::string_view body, bool body_is_text, const Settings& settings);

}  // namespace neurolake::server
