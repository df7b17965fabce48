#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/data_subjects.h"
#include "common/request_context.h"
#include "query/audit_trail.h"

namespace neurolake::query {

/// Statements about data subjects, as server actions, with their arguments and answers:
///   create_data_subject {name, if_not_exists, add: [{table, column_id, column_name, identifier}]} → {}
///   alter_data_subject  {name, add, drop} → {};   drop_data_subject {name, if_exists} → {}
///   data_subjects {} → {rows};   describe_data_subject {name} → {rows};   data_subject_grants {} → {rows}
///   grant_forget {effect, name, grantees} → {}
///   begin_erasure  {subject, value, dry_run} → {erasure, values, texts, seen, copies: [[name]], tables: [{id, source,
///                  schema, name, kind, purging, columns: [{id, name, identifier}]}]}: from then on this statement
///                  sees the tables as a whole, and may change them
///   remember_erasure {values, texts, seen} → {}: what was learnt, before rows go that tell it
///   note_erased    {table, state: "purging"|"done", report} → {}
///   finish_erasure {} → {rows: [[what, count, note]]}; of a dry run, with {values, texts, seen}, what would be found
/// Rights are checked here: declaring needs the right to manage, FORGET what was granted, and nothing else gives it.
bool IsErasureAction(std::string_view action);

/// One FORGET SUBJECT under way, on the server's side; or none.
struct ErasureInProgress {
  catalog::ErasureRecord record;
  std::string key;  ///< As the statement says it; in memory alone.
  bool dry_run = false;
  std::set<TableId> tables;  ///< That the statement sees and changes as a whole.
  std::vector<std::string> table_names;
};

struct ErasureContext {
  const RequestContext& ctx;
  catalog::Catalog& catalog;
  AuditTrail& trail;
  StatementId statement;
  std::string staging_directory;
  ErasureInProgress& erasure;
};
/// Errors: kPermissionDenied; kNotFound, also for a subject that one may not know of; those of the catalogue, the log.
Result<boost::json::value> RunErasureAction(const ErasureContext& context, const std::string& action,
                                            const boost::json::object& arguments);

/// Whether the principal may have `subject_id` forgotten: it was granted, to it or a group or role of its, and not
/// denied. No role has it by itself. An agent's principal has to have it, too.
Result<bool> MayForget(catalog::Catalog& catalog, const Principal& principal, const std::string& subject_id);

/// Rows of system.data_subjects and system.erasures: for who audits or manages the lake all, else those of subjects
/// that one may have forgotten.
Result<std::vector<std::string>> ReadDataSubjects(const RequestContext& ctx, catalog::Catalog& catalog);
Result<std::vector<std::string>> ReadErasures(const RequestContext& ctx, catalog::Catalog& catalog);

}  // namespace neurolake::query
