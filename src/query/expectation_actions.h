#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"
#include "engine/duckdb/lake_provider.h"
#include "tables/delta/commit.h"

// The server's part of expectations. The worker ran somebody's SQL, so rights are checked here, and a commit does not
// pass without the outcome of every expectation that its table has.

namespace neurolake::query {

/// Whether LakeProvider::Maintain's `action` is one of these:
///   expectations {table}
///     → {expectations: [{id, name, kind, action, plan, foreign, history: [{metric, profile}]}], quarantine,
///        statement_id}; tables as EncodeTable has them, or null
///   create_expectation {table, name, kind, definition, plan, action, foreign, quarantine, replace, if_not_exists}
///     → {created}; ids, empty for none
///   drop_expectation {table, name, if_exists} → {}
///   expectation_results {table, results} → {}; of a statement that made no version; `results` as EncodeEvidence has it
bool IsExpectationAction(std::string_view action);

/// Errors: kPermissionDenied; kNotFound; kAlreadyExists; kInvalidArgument; those of the catalogue.
Result<boost::json::value> RunExpectationAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                                const StatementId& statement, const std::string& action,
                                                const boost::json::object& arguments);

/// The inverse of engine::duckdb::EncodeEvidence. Errors: kCorruption.
Result<std::vector<engine::duckdb::ExpectationEvidence>> DecodeEvidence(std::string_view json);

/// Looks at a commit before it is published; gives what is to be recorded once it is, without the version. Makes it one
/// that follows no other rows where what was found hangs on all of them.
/// Errors: kConflict if the table's expectations are not those that were checked; kCheckViolation for one that failed;
/// kDependentObjects for a column that an expectation needs and the new schema has not, or of another type.
Result<std::vector<catalog::ExpectationResult>> JudgeExpectations(const RequestContext& ctx, catalog::Catalog& catalog,
                                                                  const StatementId& statement,
                                                                  engine::duckdb::LakeCommit& commit);

/// The same of a group of INSERTs, each of which found for itself what `evidence` says (EncodeEvidence) of the
/// statement at the same place of `statements`.
Result<std::vector<catalog::ExpectationResult>> JudgeGroup(const RequestContext& ctx, catalog::Catalog& catalog,
                                                           const std::vector<std::string>& statements,
                                                           const std::vector<std::string>& evidence,
                                                           engine::duckdb::LakeCommit& commit);

/// Which expectations `evidence` is of: one text for the same ones. They have to be those of the table, each once: else
/// one statement's rows would be sealed with those of others, and stop them.
/// Errors: kCorruption; kConflict for others than the table's.
Result<std::string> JudgesOf(catalog::Catalog& catalog, const TableId& table, std::string_view evidence);

/// Never fails, since the version is there already: what goes wrong is logged.
void RecordExpectations(const RequestContext& ctx, catalog::Catalog& catalog,
                        std::vector<catalog::ExpectationResult> results, int64_t version);

}  // namespace neurolake::query
