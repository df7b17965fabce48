#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// What an administrator has settled about files that are not needed any more.
struct MaintenancePolicy {
  bool short_retention = false;                                        ///< VACUUM may keep less than the table says.
  bool scan_after_load = true;                                         ///< COPY INTO looks for personal data.
  std::string staging_directory = {};                                  ///< Where uploads lie.
  std::chrono::milliseconds undrop_keep = std::chrono::hours(24 * 7);  ///< How long DROP TABLE can be undone.
};

/// Answers LakeProvider::Maintain, on the server. The actions, with their arguments and answers:
///   vacuum_policy {}                             → {short_retention}
///   scan_policy {}                               → {after_load}
///   undrop        {schema, name, id}             → {schema, name, id}; `id` may be empty: the last one dropped
///   forget_dropped {id}                          → {}; of a table at a LOCATION
///   save_statistics {id, version, table, columns} → {}; texts as system.table_statistics and its kin give them
/// Rights are checked here: the worker ran somebody's SQL. Errors: kPermissionDenied; kNotFound; those of the
/// catalogue.
Result<boost::json::value> RunServerAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const MaintenancePolicy& policy, const std::string& action,
                                           const boost::json::object& arguments);

/// Whether a table may lie at `canonical`, an absolute path with links resolved: in an external location that an
/// administrator opened for tables.
Result<bool> IsOpenForTables(catalog::Catalog& catalog, const std::string& canonical);

}  // namespace neurolake::query
