#pragma once
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// What the grantees of privileges are called now, as SHOW GRANTS has them.
class GranteeNames {
 public:
  static Result<GranteeNames> Load(catalog::Catalog& catalog);
  /// Null for who is gone.
  boost::json::value Of(const std::string& kind, const std::string& id) const;

 private:
  std::map<std::string, std::string> by_id_;
};

/// Whether grants name one principal, not whom it acts for. Reads its groups when the first grant names one, and keeps
/// them. Borrows both.
class GrantMatcher {
 public:
  GrantMatcher(catalog::Catalog& catalog, const Principal& principal) : catalog_(catalog), principal_(principal) {}
  /// `kind` is "public", "user", "group" or "role"; `id` that of a user or group, or a role's name.
  Result<bool> Names(std::string_view kind, std::string_view id);

 private:
  catalog::Catalog& catalog_;
  const Principal& principal_;
  std::optional<std::vector<std::pair<std::string, std::string>>> groups_;
};

}  // namespace neurolake::query
