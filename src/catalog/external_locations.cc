#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "storage/path.h"

namespace neurolake::catalog {

using metastore::Row;
using metastore::Session;

namespace {

/// One spelling of what an older version may have stored in another: "abfs://box/a/" is "az://box/a/". Everybody judges
/// places by these texts.
std::string PathOf(std::string stored) {
  if (!storage::IsUrl(stored)) return stored;
  std::string path = storage::NormalPath(stored);
  if (!path.ends_with('/')) path += '/';
  return path;
}

}  // namespace

Result<void> StoreCatalog::ReservePlace(const std::string& place) {
  NL_ASSIGN_OR_RETURN(std::string stored, locations_.ExternalToStored(place));
  while (stored.size() > 1 && stored.ends_with('/')) stored.pop_back();
  NL_ASSIGN_OR_RETURN(const auto locations, ListExternalLocations());
  for (const ExternalLocation& one : locations) {
    if (!Overlap(std::string_view(one.path).substr(0, one.path.size() - 1), stored)) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "statements read what is in an external location, which this is inside or around, {}: {}",
                     one.name, stored);
  }
  reserved_ = std::move(stored);
  return {};
}

Result<void> StoreCatalog::AddExternalLocation(const ExternalLocation& location) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("location", location.name));
  NL_ASSIGN_OR_RETURN(auto path, locations_.ExternalToStored(location.path));
  if (!path.ends_with('/')) path += '/';
  if (!reserved_.empty() && Overlap(std::string_view(path).substr(0, path.size() - 1), reserved_)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a location must be neither inside nor around the archive of the audit log (audit.archive)");
  }
  if (storage::IsUrl(path) == location.credential.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "an external location has a credential if, and only if, it is the URL of an object store");
  }
  const std::string credential = NameToFind(location.credential);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT name, path FROM external_locations", {}));
    for (const Row& row : taken) {
      if (TextAt(row, 0) != name && PathOf(TextAt(row, 1)) != path) continue;
      return MakeError(ErrorCode::kAlreadyExists, "there is an external location of this name or path already: {}",
                       TextAt(row, 0));
    }
    if (!credential.empty()) {
      NL_ASSIGN_OR_RETURN(const auto known, session.Query("SELECT name FROM credentials WHERE name = ?", {credential}));
      if (known.empty()) return MakeError(ErrorCode::kNotFound, "there is no such credential: {}", credential);
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO external_locations (name, path, may_register, created, credential) VALUES (?, ?, ?, ?, ?)",
        {name, path, int64_t{location.may_register}, ToValue(location.created), credential}));
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
      store_.ReadOnce("SELECT name, path, may_register, created, credential FROM external_locations ORDER BY name"));
  std::vector<ExternalLocation> locations;
  for (const Row& row : rows) {
    locations.push_back(
        {TextAt(row, 0), PathOf(TextAt(row, 1)), NumberAt(row, 2) != 0, TimeAt(row, 3), TextAt(row, 4)});
  }
  return locations;
}

}  // namespace neurolake::catalog
