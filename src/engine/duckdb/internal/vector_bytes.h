#pragma once

#include <cstdint>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// About what `rows` of a vector weigh in bytes, nested values and texts included. Flattens nested vectors.
int64_t BytesOf(native::Vector& vector, native::idx_t rows);

/// About what the rows of a chunk weigh in bytes.
int64_t BytesOf(native::DataChunk& chunk);

}  // namespace neurolake::engine::duckdb
