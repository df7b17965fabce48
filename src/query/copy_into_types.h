#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "query/copy_into.h"

namespace neurolake::query {

/// Reads `id BIGINT NOT NULL, tags ARRAY<STRING>, …`: types in the engine's or in Spark's spelling, given back in the
/// engine's. Only types a Delta table can hold pass, so the result is safe to put into a statement.
/// Errors: kInvalidArgument naming the column and what was expected.
Result<std::vector<ColumnShape>> ParseSchemaText(std::string_view text);

bool IsIntegerType(std::string_view type);
bool IsTextType(std::string_view type);
/// "DATE", or a TIMESTAMP of any kind.
bool IsTemporalType(std::string_view type);
/// Types that read_csv itself converts the same way as a CAST does.
bool IsScalarType(std::string_view type);

}  // namespace neurolake::query
