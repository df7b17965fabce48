#pragma once
#include <memory>
#include <string>
#include <vector>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// SCAN TABLE name FOR PII [SAMPLE n ROWS] [WITH (THRESHOLD [OF entity] = number, …)]. Needs SELECT on the table; reads
/// it as the principal's own SELECT would, with the policies that apply. Null for other statements.
Result<std::shared_ptr<const TableCommand>> ParseScan(TokenCursor cursor);

/// ALTER PII THRESHOLD [OF entity] SET number | RESET, and SHOW PII THRESHOLDS: what scans of the lake go by.
Result<std::shared_ptr<const TableCommand>> ParsePiiThreshold(TokenCursor cursor);

/// A number as it was written, whatever it is: privacy::ParseThresholds judges it. Errors: kSyntaxError.
Result<std::string> ExpectThreshold(TokenCursor& cursor);

struct PersonalDataScan {
  int64_t rows = 0;    ///< That were read.
  bool saved = false;  ///< Whether the findings are proposals now (server: personal_data_actions.h).
  struct Finding {
    std::string column, entity, tag, also, why;
    double confidence = 0;
    bool in_text = false;
    std::string accepted_by = {};  ///< The rule that set the tag; empty: none did.
    std::string note = {};         ///< Why a rule did not.
  };
  std::vector<Finding> findings;  ///< By column, then confidence.
};

struct ScanOptions {
  int64_t rows_max = 10'000;
  /// The rows that come first, which costs no pass over the table, instead of a sample of all.
  bool first_rows = false;
  std::string thresholds = {};  ///< As privacy::ParseThresholds reads them; empty: the lake's.
};

/// Looks for personal data and secrets in some rows and tells the server what it found. Used by the statement and after
/// loads. Errors: those of the query; kPermissionDenied without SELECT.
Result<PersonalDataScan> ScanForPersonalData(CommandContext& context, const OpenedTable& table,
                                             const ScanOptions& options);

}  // namespace neurolake::query
