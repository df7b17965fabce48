#pragma once
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "cli/result_writer.h"
#include "cli/terminal.h"
#include "common/result.h"

namespace neurolake::cli {

/// A result of text columns that the command line makes itself, to be printed like any other.
struct TextTable {
  arrow::Schema schema;
  arrow::Batch batch;
};

/// Every row has one value per column. Errors: kOutOfMemory.
Result<TextTable> MakeTextTable(const std::vector<std::string>& columns,
                                const std::vector<std::vector<std::string>>& rows);

/// Prints such a table as a result. Errors: kOutOfMemory; kIoError where it cannot be written.
Result<void> PrintTextTable(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows,
                            OutputFormat format, Console& console);

}  // namespace neurolake::cli
