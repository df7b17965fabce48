#pragma once
#include <boost/json.hpp>

#include "cli/result_writer.h"
#include "cli/terminal.h"
#include "common/result.h"

namespace neurolake::cli {

/// Prints the table of an answer (docs/ask.md: `columns`, `rows`) as a result whose columns have the types of their
/// values: truth, whole numbers, numbers; decimals, which are text in JSON, where the column holds a number by its
/// `role`; text otherwise. Errors: kIoError for rows that do not fit the columns; kOutOfMemory;
/// kIoError where it cannot be written, too.
Result<void> PrintAnswerTable(const boost::json::array& columns, const boost::json::array& rows, OutputFormat format,
                              Console& console);

}  // namespace neurolake::cli
