#include "query/dropped_tables.h"

#include <filesystem>

#include "common/log.h"

namespace neurolake::query {

Result<int64_t> PurgeDroppedTables(catalog::Catalog& catalog, WallTime before) {
  // Claimed first: none of them can come back while its files go.
  NL_ASSIGN_OR_RETURN(const auto claimed, catalog.ClaimDroppedTables(before));
  int64_t purged = 0;
  for (const auto& table : claimed) {
    // A managed table's directory is named after its id; anything else is not what it seems.
    if (table.managed && table.location.ends_with("/tables/" + table.id.value())) {
      std::error_code problem;
      std::filesystem::remove_all(table.location, problem);
      if (problem) {
        Log(LogLevel::kWarn, "the files of a dropped table cannot be deleted", {}, {{"table", table.id.value()}});
        continue;
      }
    }
    NL_RETURN_IF_ERROR(catalog.ForgetDroppedTable(table.id));
    ++purged;
  }
  return purged;
}

}  // namespace neurolake::query
