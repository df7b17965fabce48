#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// lake_files('schema', 'table', version, ['path', …]): the live rows of chosen data files of one version (-1: the one
/// that the transaction reads), by the paths that its `add` actions have. `sample => true`: some two million of them,
/// from all over the files (SampleWindows), or all where that would not be much less to read. For the product's own
/// statements, such as OPTIMIZE; governed as any scan of the table.
native::TableFunction LakeFilesFunction();

}  // namespace neurolake::engine::duckdb
