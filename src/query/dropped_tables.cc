#include "query/dropped_tables.h"

#include <filesystem>

#include "common/log.h"

namespace neurolake::query {

Result<int64_t> PurgeDroppedTables(catalog::Catalog& catalog, WallTime before) {
  NL_ASSIGN_OR_RETURN(const auto dropped, catalog.ListDroppedTables());
  int64_t purged = 0;
  for (const auto& [table, time] : dropped) {
    if (time >= before) continue;
    // It came back, and a crash kept the record: a table with a name is nobody's to delete.
    NL_ASSIGN_OR_RETURN(const auto living, catalog.FindTable(table.id));
    // A managed table's directory is named after its id; anything else is not what it seems.
    const bool own = table.managed && table.location.ends_with("/tables/" + table.id.value());
    if (!living && own) {
      std::error_code problem;
      std::filesystem::remove_all(table.location, problem);
      if (problem) {
        Log(LogLevel::kWarn, "the files of a dropped table cannot be deleted", {}, {{"table", table.id.value()}});
        continue;
      }
    }
    NL_RETURN_IF_ERROR(catalog.ForgetDroppedTable(table.id));
    if (!living) ++purged;
  }
  return purged;
}

}  // namespace neurolake::query
