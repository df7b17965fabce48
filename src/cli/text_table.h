#pragma once
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "cli/result_writer.h"
#include "cli/terminal.h"
#include "common/result.h"

namespace neurolake::cli {

/// A result that the command line makes itself, to be printed like any other.
struct OwnTable {
  arrow::Schema schema;
  arrow::Batch batch;
};

/// Text columns. Every row has one value per column. Errors: kOutOfMemory.
Result<OwnTable> MakeTextTable(const std::vector<std::string>& columns,
                               const std::vector<std::vector<std::string>>& rows);

/// Errors: kIoError where it cannot be written.
Result<void> PrintTable(const OwnTable& table, OutputFormat format, Console& console);

/// Prints a table of text columns as a result. Errors: kOutOfMemory; kIoError where it cannot be written.
Result<void> PrintTextTable(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows,
                            OutputFormat format, Console& console);

}  // namespace neurolake::cli
