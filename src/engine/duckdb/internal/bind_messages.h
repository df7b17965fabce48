#pragma once
#include <optional>
#include <string_view>

#include "common/result.h"

namespace neurolake::engine::duckdb {

/// Our error for the first line of a message that DuckDB's binder gives; nothing for a message that is not on the list.
/// An allow-list: others quote constants and parameters. Names of columns, tables and types that the user wrote are
/// kept.
std::optional<Error> KnownBindMessage(std::string_view line);

/// The same for its parser, whose token is kept where it is a word or an operator: a string may be somebody's data.
std::optional<Error> KnownParserMessage(std::string_view line);

}  // namespace neurolake::engine::duckdb
