#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// The files of `table` whose partition `predicate`, a user's text, is true for: positions in its snapshot. Evaluated
/// over the partitions' values, under the user's gates; no file is opened. An empty text means all files.
/// Errors: kInvalidArgument for a table without partitions and for other columns; those of the text.
Result<std::vector<uint32_t>> FilesOfPartitions(CommandContext& context, const OpenedTable& table,
                                                const std::string& predicate);

}  // namespace neurolake::query
