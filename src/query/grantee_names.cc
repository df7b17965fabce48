#include "query/grantee_names.h"

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

}  // namespace neurolake::query
