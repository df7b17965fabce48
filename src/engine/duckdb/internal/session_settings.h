#pragma once
#include <string>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Makes the connection resolve unqualified names in `schema` of the lake (empty: "main"), whether it exists or not,
/// and work in `time_zone` (IANA name; empty: UTC). Throws what DuckDB throws for an unknown zone.
void ApplySessionSettings(native::ClientContext& context, const std::string& schema, const std::string& time_zone);

/// The part of it that is about the zone (IANA name; empty: UTC). What is bound from now on works in it; what was bound
/// before keeps its own.
void SetTimeZone(native::ClientContext& context, const std::string& time_zone);

/// Whether what this statement reads of Parquet footers is kept for later ones. Until the next ApplySessionSettings.
/// The engine keeps them by path, size and time, counts them towards its memory limit and gives them up for anything
/// else; whoever finds one has opened the file, which his statement's grants have to allow.
void KeepFooters(native::ClientContext& context, bool keep);

}  // namespace neurolake::engine::duckdb
