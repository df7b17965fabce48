#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"

namespace neurolake::query {

class AuditTrail;

/// What decisions on proposals of personal data need of the server. Borrows all of it; `trail` may be null.
struct PersonalDataDecisions {
  const RequestContext& ctx;
  catalog::Catalog& catalog;
  storage::ObjectStore& store;  ///< Has the tables' logs.
  AuditTrail* trail = nullptr;
  std::string statement = {};
};

/// Decisions on what scans for personal data proposed, on the server's side. The actions, with their arguments and
/// answers; a column is what the table's files call it, and what it is called now is read from the table's log:
///   pii_proposals      {table} → {proposals: [{column_id, column_name, entity, tag}, …]}: those that are open
///   accept_pii         {table, findings: [[column_id, entity], …]} → {}: their tags are set
///   reject_pii         {table, findings: [[column_id, entity], …]} → {}: they are not proposed again
/// for who looks after the table;
///   create_pii_rule    {name, entities, schema, threshold, replace, if_not_exists} → {created}
///   drop_pii_rule      {name, if_exists} → {}
///   pii_rules          {} → {rows: [[name, entities, schema, threshold, owner, created], …]}, without those of others
///                      for a schema that one may not know of
/// for who may own tables; of others' rules only who manages the lake replaces and drops one;
///   accept_pii_by_rule {table, column_id, entity} → {accepted}: if a rule accepts the open proposal
/// for who may change the table. Errors: kPermissionDenied; kNotFound; kConflict for what somebody else decided
/// on meanwhile; kColumnNotFound for a proposal whose column is gone; kNotSupported where only a Parquet checkpoint has
/// the table's schema; those of the catalogue.
bool IsPersonalDataRuleAction(std::string_view action);
Result<boost::json::value> RunPersonalDataRuleAction(const PersonalDataDecisions& decisions, const std::string& action,
                                                     const boost::json::object& arguments);

/// What of `findings`, which a scan of the principal's has just found in the table, a rule would accept, and the
/// policies that its tag would bring: [{column_id, column_name, entity, rule, policies: as of action tag_policies}, …].
/// Empty for who may not change the table, whose scans only propose.
Result<boost::json::array> AcceptableByRule(const RequestContext& ctx, catalog::Catalog& catalog,
                                            const catalog::TableRecord& table,
                                            const std::vector<catalog::PersonalDataFinding>& findings);

}  // namespace neurolake::query
