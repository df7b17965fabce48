#pragma once
#include <string>
#include <vector>

#include "cli/statement_runner.h"
#include "common/result.h"
#include "semantic/infer.h"

namespace neurolake::cli {

struct SurveyOptions {
  std::string schema;               ///< Empty: the one that has tables.
  std::vector<std::string> tables;  ///< "orders", "shop.orders"; empty: all of the schema.
};

/// What the data of some tables says of them.
struct Survey {
  std::string schema;
  std::vector<semantic::KnownTable> tables;
  std::vector<semantic::KnownReference> references;
  std::vector<std::string> notes;  ///< What could not be read.
};

/// Reads schemas, comments and tags, counts values, and looks up which columns' values are another table's keys. All by
/// statements of the caller: policies and masks hold, and each is in the audit log. Scans a table about four times; of
/// columns with more than a million rows numbers of values are estimates, other than of what may be a key.
/// Errors: kInvalidArgument where the schema is not clear; kNotFound for what the caller does not see; those of the
/// client. A table that may not be counted is described by its names alone, with a note.
Result<Survey> SurveyTables(StatementRunner& runner, const SurveyOptions& options);

}  // namespace neurolake::cli
