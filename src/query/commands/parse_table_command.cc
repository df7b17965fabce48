#include "query/commands/alter_table.h"
#include "query/commands/analyze.h"
#include "query/commands/clone.h"
#include "query/commands/convert.h"
#include "query/commands/credentials.h"
#include "query/commands/data_subject.h"
#include "query/commands/expectation.h"
#include "query/commands/fsck.h"
#include "query/commands/function_grant.h"
#include "query/commands/grant.h"
#include "query/commands/key.h"
#include "query/commands/object_grant.h"
#include "query/commands/optimize.h"
#include "query/commands/pii_rule.h"
#include "query/commands/policy.h"
#include "query/commands/reencrypt.h"
#include "query/commands/restore.h"
#include "query/commands/scan.h"
#include "query/commands/semantic_model.h"
#include "query/commands/table_command.h"
#include "query/commands/undrop.h"
#include "query/commands/vacuum.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

/// Each parser stands at the statement's first word and gives null when the statement is not its own.
using CommandParser = Result<std::shared_ptr<const TableCommand>> (*)(TokenCursor cursor);
constexpr CommandParser kParsers[] = {
    // RESTORE SEMANTIC MODEL, GRANT USAGE ON SEMANTIC MODEL: before what begins alike.
    ParseSemanticModelStatement,
    ParseRestore,
    ParseOptimize,
    ParseReencrypt,
    ParseVacuum,
    ParseAnalyze,
    ParseClone,
    ParseConvert,
    ParseFsck,
    ParseUndrop,
    // ALTER TABLE … SET TAGS, GRANT USE PURPOSE: before what begins alike.
    ParseTagStatement,
    ParsePurposeStatement,
    ParseBreakGlassStatement,
    ParsePiiThreshold,
    ParsePiiRule,
    ParsePiiDecision,
    ParseChangeOwner,
    ParseAlterTable,
    ParseCommentOn,
    ParseExpectationStatement,
    ParseCredential,
    ParsePolicyStatement,
    ParseKeyStatement,
    // GRANT FORGET: before what begins alike.
    ParseDataSubjectStatement,
    ParsePolicyBundleStatement,
    ParseGroupStatement,
    ParseUserStatement,
    // GRANT … ON MODEL, ON PIPELINE: before what begins alike.
    ParseObjectGrantStatement,
    ParseFunctionGrantStatement,
    ParseGrantStatement,
    ParseScan,
};

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseTableCommand(TokenCursor cursor) {
  for (const CommandParser parse : kParsers) {
    NL_ASSIGN_OR_RETURN(auto command, parse(cursor));
    if (command != nullptr) return command;
  }
  return nullptr;
}

}  // namespace neurolake::query
