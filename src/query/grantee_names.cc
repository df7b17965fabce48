#include "query/grantee_names.h"

#include <algorithm>

namespace neurolake::query {

Result<GranteeNames> GranteeNames::Load(catalog::Catalog& catalog) {
  GranteeNames names;
  NL_ASSIGN_OR_RETURN(const auto groups, catalog.ListGroups());
  for (const auto& one : groups) names.by_id_[one.id] = one.name;
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  for (const auto& one : principals) names.by_id_[one.id.value()] = one.name;
  return names;
}

boost::json::value GranteeNames::Of(const std::string& kind, const std::string& id) const {
  if (kind == "public") return "public";
  if (kind == "role") return boost::json::value("role " + id);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? boost::json::value(nullptr) : boost::json::value(found->second);
}

Result<bool> GrantMatcher::Names(std::string_view kind, std::string_view id) {
  if (kind == "public") return true;
  if (kind == "role") return id == principal_.role;
  if (kind == "user") return id == principal_.id.value();
  if (!groups_) {
    NL_ASSIGN_OR_RETURN(groups_, catalog_.GroupsOf(principal_));
  }
  return std::ranges::any_of(*groups_, [&](const auto& group) { return group.first == id; });
}

}  // namespace neurolake::query
