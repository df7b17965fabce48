#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Scans for personal data on the server's side. The actions, with their arguments and answers:
///   may_scan_personal_data {table} → {sees_all, thresholds}; kPermissionDenied without SELECT on the table. Thresholds
///     are the lake's, as privacy::ParseThresholds reads them
///   set_pii_threshold {name, threshold: text} → {}; reset_pii_threshold {name} → {}; `name`: an entity, a group or a
///     country, empty for all. Only for who manages the lake
///   pii_thresholds {} → {rows: [[name, threshold, set_by, set_at], …]}
///   save_personal_data {table, version, rows, findings: [{column_id, column_name, entity, confidence, in_text, also,
///     evidence}, …]} → {saved, acceptable: as AcceptableByRule says}; nothing is saved for who sees a part of
///     the table only: what a mask shows is no finding. Only for the table's owner and who manages the lake does a scan
///     take earlier proposals away.
/// Rights are checked here. Errors: kPermissionDenied; kNotFound; those of the catalogue.
bool IsPersonalDataAction(std::string_view action);
Result<boost::json::value> RunPersonalDataAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                                 const std::string& action, const boost::json::object& arguments);

/// Rows of system.pii_findings: of the tables that the principal owns, or of all for who manages the lake. What a table
/// holds is itself worth hiding, so that reading it is not enough.
Result<std::vector<std::string>> ReadPersonalData(const RequestContext& ctx, catalog::Catalog& catalog);

}  // namespace neurolake::query
