#include "catalog/internal/locations.h"

#include <filesystem>

#include "metastore/stored_text.h"
#include "storage/path.h"

namespace neurolake::catalog {
namespace {

// PostgreSQL's largest index entry is 2,704 bytes.
constexpr size_t kLocationBytesMax = 2048;

std::string WithoutSlashAtEnd(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string Normal(std::string_view path) {
  return WithoutSlashAtEnd(std::filesystem::path(path).lexically_normal().string());
}

std::string Canonical(const std::string& path) {
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path : WithoutSlashAtEnd(canonical.string());
}

Result<void> CheckPath(std::string_view location) {
  if (!location.starts_with('/') && !storage::IsUrl(location)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a location must be an absolute path of the server's file system, or the URL of an object store");
  }
  if (location.size() > kLocationBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a location must not be longer than {} bytes, it has {}",
                     kLocationBytesMax, location.size());
  }
  if (!metastore::IsStorableText(location)) return MakeError(ErrorCode::kInvalidArgument, "a location must be UTF-8");
  return {};
}

}  // namespace

Locations::Locations(std::string lake_directory) : lake_(Normal(lake_directory)), canonical_lake_(Canonical(lake_)) {}

Result<std::string> Locations::ManagedToStored(std::string_view location) const {
  NL_RETURN_IF_ERROR(CheckPath(location));
  // Elsewhere than the lake, by the setting tables.url: it stays where it is when the lake moves.
  if (storage::IsUrl(location)) return storage::NormalUrl(location);
  const std::string normal = Normal(location);
  const std::string canonical = Canonical(normal);
  for (const auto& [lake, path] : {std::pair(lake_, normal), std::pair(canonical_lake_, canonical)}) {
    if (path.starts_with(lake + "/tables/")) return path.substr(lake.size() + 1);
  }
  return MakeError(ErrorCode::kInvalidArgument, "a managed table must be below the lake's tables directory: {}",
                   normal);
}

Result<std::string> Locations::ExternalToStored(std::string_view location) const {
  NL_RETURN_IF_ERROR(CheckPath(location));
  if (storage::IsUrl(location)) {
    if (location.find_first_of("?#") != std::string_view::npos) {
      return MakeError(ErrorCode::kInvalidArgument, "a location has neither a query nor a fragment");
    }
    return storage::NormalUrl(location);
  }
  const std::string path = Canonical(Normal(location));
  if (Overlap(path, canonical_lake_) || Overlap(Normal(location), lake_)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a location must be neither inside nor around the lake's directory: {}", Normal(location));
  }
  NL_RETURN_IF_ERROR(CheckPath(path));  // A resolved link may be longer.
  return path;
}

std::string Locations::ToAbsolute(const std::string& stored, bool managed) const {
  // What was kept before a URL had today's one spelling is told in today's.
  if (storage::IsUrl(stored)) return storage::NormalPath(stored);
  return managed ? lake_ + "/" + stored : stored;
}

bool Overlap(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (!b.starts_with(a)) return false;
  return a.size() == b.size() || a == "/" || b[a.size()] == '/';
}

std::vector<std::string> WithAncestors(const std::string& stored) {
  std::vector<std::string> all = {stored};
  for (size_t slash = stored.rfind('/'); slash != std::string::npos && slash > 0;
       slash = stored.rfind('/', slash - 1)) {
    all.push_back(stored.substr(0, slash));
  }
  return all;
}

}  // namespace neurolake::catalog
