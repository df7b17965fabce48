#pragma once
#include <boost/json/array.hpp>
#include <string>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Writes `values` as row `row` of `output`, each cast to its column's type: scalars, arrays to lists, objects to maps
/// of text; any of them goes into a text column as JSON. Missing values are NULL. Throws kInternal for what does not
/// fit.
void AppendRow(const boost::json::array& values, native::idx_t row, native::DataChunk& output);
/// The same for the text of a JSON array.
void AppendJsonRow(const std::string& json, native::idx_t row, native::DataChunk& output);

}  // namespace neurolake::engine::duckdb
