// Attributes of principals, which policies ask for, in the metadata store.
#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

}  // namespace

Result<void> StoreCatalog::ChangeAttributes(const std::string& principal_name,
                                            const std::vector<std::pair<std::string, std::string>>& set,
                                            const std::vector<std::string>& unset) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto principal,
                        session.Query("SELECT id FROM principals WHERE name = ?", {NameToFind(principal_name)}));
    if (principal.empty()) {
      return MakeError(ErrorCode::kNotFound, "there is no such principal: {}", principal_name);
    }
    const std::string& id = TextAt(principal[0], 0);
    for (const std::string& name : unset) {
      NL_ASSIGN_OR_RETURN(const auto gone,
                          session.Execute("DELETE FROM principal_attributes WHERE principal_id = ? AND name = ?",
                                          {id, NameToFind(name)}));
      if (gone == 0) return MakeError(ErrorCode::kNotFound, "the principal has no such attribute: {}", name);
    }
    for (const auto& [name, value] : set) {
      NL_ASSIGN_OR_RETURN(const auto checked, CheckedName("attribute", name));
      if (value.size() > kTagValueBytesMax || !metastore::IsStorableText(value)) {
        return MakeError(ErrorCode::kInvalidArgument, "the value of an attribute is text of at most {} bytes: {}",
                         kTagValueBytesMax, checked);
      }
      NL_RETURN_IF_ERROR(
          session.Execute("DELETE FROM principal_attributes WHERE principal_id = ? AND name = ?", {id, checked}));
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO principal_attributes (principal_id, name, value) VALUES (?, ?, ?)", {id, checked, value}));
    }
    return {};
  });
}

Result<std::vector<std::pair<std::string, std::string>>> StoreCatalog::AttributesOf(const PrincipalId& principal) {
  std::vector<std::pair<std::string, std::string>> attributes;
  if (!metastore::IsStorableText(principal.value())) return attributes;
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT name, value FROM principal_attributes WHERE principal_id = ? ORDER BY "
                                      "name",
                                      {principal.value()}));
  for (const Row& row : rows) attributes.emplace_back(TextAt(row, 0), TextAt(row, 1));
  return attributes;
}

}  // namespace neurolake::catalog
