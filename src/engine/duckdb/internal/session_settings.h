#pragma once
#include <string>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Makes the connection resolve unqualified names in `schema` of the lake (empty: "main"), whether it exists or not,
/// and work in `time_zone` (IANA name; empty: UTC). Throws what DuckDB throws for an unknown zone.
void ApplySessionSettings(native::ClientContext& context, const std::string& schema, const std::string& time_zone);

}  // namespace neurolake::engine::duckdb
