#pragma once
#include <boost/json/value.hpp>
#include <memory>

#include "query/commands/scan.h"
#include "query/commands/table_command.h"

namespace neurolake::query {

/// ACCEPT | REJECT PII FINDINGS ON name [(column, …)] [OF entity, …]: decides on what scans proposed, for who looks
/// after the table. Null for other statements.
Result<std::shared_ptr<const TableCommand>> ParsePiiDecision(TokenCursor cursor);

/// CREATE, DROP and SHOW of PII RULES. Null for other statements.
Result<std::shared_ptr<const TableCommand>> ParsePiiRule(TokenCursor cursor);

/// Has the tags set that rules accept, as the server answered after a scan (personal_data_rules.h), where what policies
/// say of them fits the column, and notes in `scan` what became of each. Errors: the server's, but for a tag that
/// cannot be set.
Result<void> AcceptByRules(CommandContext& context, const OpenedTable& table, const boost::json::value& acceptable,
                           PersonalDataScan& scan);

}  // namespace neurolake::query
