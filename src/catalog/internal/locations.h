#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::catalog {

/// Directories as the metastore keeps them: normal, without a slash at the end, links resolved as far as they exist;
/// those of managed tables relative to the lake ("tables/<id>"), so that a lake can be moved. Thread-safe.
class Locations {
 public:
  explicit Locations(std::string lake_directory);

  /// Errors: kInvalidArgument unless `location` is below "<lake>/tables".
  Result<std::string> ManagedToStored(std::string_view location) const;
  /// Errors: kInvalidArgument unless it is an absolute path, and for one that overlaps the lake.
  Result<std::string> ExternalToStored(std::string_view location) const;
  std::string ToAbsolute(const std::string& stored, bool managed) const;

 private:
  std::string lake_;            // As given.
  std::string canonical_lake_;  // Links resolved.
};

/// Whether one is the other or a directory inside it; both normal, without a slash at the end. "/data/a" and "/data/ab"
/// do not overlap.
bool Overlap(std::string_view a, std::string_view b);

/// `stored` and every directory above it: "/a/b" gives "/a/b", "/a".
std::vector<std::string> WithAncestors(const std::string& stored);

}  // namespace neurolake::catalog
