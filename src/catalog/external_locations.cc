#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"

namespace neurolake::catalog {

using metastore::Row;
using metastore::Session;

Result<void> StoreCatalog::AddExternalLocation(const ExternalLocation& location) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("location", location.name));
  NL_ASSIGN_OR_RETURN(auto path, locations_.ExternalToStored(location.path));
  if (!path.ends_with('/')) path += '/';
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto taken,
                        session.Query("SELECT name FROM external_locations WHERE name = ? OR path = ?", {name, path}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "there is an external location of this name or path already: {}",
                       TextAt(taken[0], 0));
    }
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO external_locations (name, path, may_register, created) VALUES (?, ?, ?, ?)",
                        {name, path, int64_t{location.may_register}, ToValue(location.created)}));
    return {};
  });
}

Result<void> StoreCatalog::DropExternalLocation(const std::string& name) {
  const std::string found_name = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto changed,
                        session.Execute("DELETE FROM external_locations WHERE name = ?", {found_name}));
    if (changed == 0) return MakeError(ErrorCode::kNotFound, "there is no such external location: {}", found_name);
    return {};
  });
}

Result<std::vector<ExternalLocation>> StoreCatalog::ListExternalLocations() {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT name, path, may_register, created FROM external_locations ORDER BY name"));
  std::vector<ExternalLocation> locations;
  for (const Row& row : rows) {
    locations.push_back({TextAt(row, 0), TextAt(row, 1), NumberAt(row, 2) != 0, TimeAt(row, 3)});
  }
  return locations;
}

}  // namespace neurolake::catalog
