#pragma once
#include <boost/json/value.hpp>
#include <map>
#include <string>

#include "catalog/catalog.h"
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

}  // namespace neurolake::query
