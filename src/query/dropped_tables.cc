#include "query/dropped_tables.h"

#include <filesystem>

#include "common/log.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

Result<void> DeleteFiles(storage::ObjectStore& store, const std::string& location) {
  if (storage::IsUrl(location)) {
    std::vector<std::string> paths;
    NL_RETURN_IF_ERROR(store.Walk(
        location, [](const std::string&) { return true; },
        [&](const storage::ObjectInfo& file) -> Result<void> {
          paths.push_back(file.path);
          return {};
        }));
    return store.DeleteMany(paths);
  }
  std::error_code problem;
  std::filesystem::remove_all(location, problem);
  if (problem) return MakeError(ErrorCode::kIoError, "the files of a dropped table cannot be deleted");
  return {};
}

}  // namespace

Result<int64_t> PurgeDroppedTables(catalog::Catalog& catalog, storage::ObjectStore& store, WallTime before) {
  // Claimed first: none of them can come back while its files go.
  NL_ASSIGN_OR_RETURN(const auto claimed, catalog.ClaimDroppedTables(before));
  int64_t purged = 0;
  for (const auto& table : claimed) {
    // A managed table's directory is named after its id; anything else is not what it seems.
    const bool own = table.location.ends_with((storage::IsUrl(table.location) ? "/" : "/tables/") + table.id.value());
    if (table.managed && own && !DeleteFiles(store, table.location).has_value()) {
      Log(LogLevel::kWarn, "the files of a dropped table cannot be deleted", {}, {{"table", table.id.value()}});
      continue;
    }
    NL_RETURN_IF_ERROR(catalog.ForgetDroppedTable(table.id));
    ++purged;
  }
  return purged;
}

}  // namespace neurolake::query
