// Purposes: what they are, who may use them, and what may be read for which, in the metadata store.
#include <map>

#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kSelectAllowed =
    "SELECT a.object, a.table_id, a.tag, a.folded, u.name FROM allowed_purposes a JOIN purposes u ON u.id = "
    "a.purpose_id ";

Result<std::string> PurposeId(Session& session, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id FROM purposes WHERE name = ?", {NameToFind(name)}));
  if (rows.empty()) return MakeError(ErrorCode::kNotFound, "there is no such purpose: {}", name);
  return TextAt(rows[0], 0);
}

/// Gathers the rows of each list.
std::vector<AllowedPurposes> ToLists(const std::vector<Row>& rows) {
  std::map<std::string, AllowedPurposes> lists;
  for (const Row& row : rows) {
    AllowedPurposes& list = lists[TextAt(row, 0)];
    list.table = TableId(TextAt(row, 1));
    list.tag = TextAt(row, 2);
    if (!std::holds_alternative<std::monostate>(row.at(3))) list.value = TextAt(row, 3);
    list.purposes.push_back(TextAt(row, 4));
  }
  std::vector<AllowedPurposes> all;
  for (auto& [object, list] : lists) all.push_back(std::move(list));
  return all;
}

/// One text for a tag, with one value or any. A tag has no control characters.
std::string TagObject(const std::string& tag, const std::optional<std::string>& folded) {
  return folded ? "tag " + tag + "\n" + *folded : "tag " + tag;
}

/// One text for what a list is of.
std::string ObjectOf(const AllowedPurposes& allowed, const std::string& tag, const std::optional<std::string>& folded) {
  return allowed.table.empty() ? TagObject(tag, folded) : "table " + allowed.table.value();
}

/// A tag's value as it is compared. Errors: kInvalidArgument.
Result<std::optional<std::string>> Folded(const std::string& tag, const std::optional<std::string>& value) {
  if (!value) return std::nullopt;
  std::string folded = LowerAscii(*value);
  if (metastore::IsStorableText(folded)) return folded;
  return MakeError(ErrorCode::kInvalidArgument, "the value of a tag is text: {}", tag);
}

Result<void> SetTagMinimum(Session& session, const MinimumGroup& group, const std::string& purpose_id) {
  NL_ASSIGN_OR_RETURN(const std::string tag, CheckedName("tag", group.tag));
  NL_ASSIGN_OR_RETURN(const auto folded, Folded(tag, group.value));
  const std::string object = TagObject(tag, folded);
  NL_RETURN_IF_ERROR(
      session.Execute("DELETE FROM tag_minimum_groups WHERE object = ? AND purpose_id = ?", {object, purpose_id}));
  if (group.size == 0) return {};
  std::string entity_tag;
  if (!group.entity_tag.empty()) {
    NL_ASSIGN_OR_RETURN(entity_tag, CheckedName("tag", group.entity_tag));
  }
  NL_RETURN_IF_ERROR(session.Execute(
      "INSERT INTO tag_minimum_groups (object, tag, folded, purpose_id, size, entity_tag) VALUES (?, ?, ?, ?, ?, ?)",
      {object, tag, folded ? Value(*folded) : Value(std::monostate{}), purpose_id, group.size, entity_tag}));
  return {};
}

}  // namespace

Result<void> StoreCatalog::CreatePurpose(const std::string& name, const std::string& comment) {
  NL_ASSIGN_OR_RETURN(const auto checked, CheckedName("purpose", name));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT 1 FROM purposes WHERE name = ?", {checked}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "there is a purpose of this name already: {}", checked);
    }
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO purposes (id, name, comment, created) VALUES (?, ?, ?, ?)",
                                       {NewUuid(), checked, metastore::MakeStorable(comment), ToValue(clock_.Now())}));
    return {};
  });
}

Result<void> StoreCatalog::DropPurpose(const std::string& name) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto id, PurposeId(session, name));
    // Without it the list would be another, or none.
    NL_ASSIGN_OR_RETURN(const auto used,
                        session.Query("SELECT 1 FROM allowed_purposes WHERE purpose_id = ? UNION ALL SELECT 1 FROM "
                                      "minimum_groups WHERE purpose_id = ? UNION ALL SELECT 1 FROM tag_minimum_groups "
                                      "WHERE purpose_id = ? LIMIT 1",
                                      {id, id, id}));
    if (!used.empty()) {
      return MakeError(ErrorCode::kDependentObjects,
                       "tables or tags allow the purpose, or have rules for it, change that first: {}", name);
    }
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM purpose_grants WHERE purpose_id = ?", {id}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM purposes WHERE id = ?", {id}));
    return {};
  });
}

Result<std::vector<PurposeRecord>> StoreCatalog::ListPurposes() {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT id, name, comment, created FROM purposes ORDER BY name"));
  std::vector<PurposeRecord> purposes;
  for (const Row& row : rows) purposes.push_back({TextAt(row, 0), TextAt(row, 1), TextAt(row, 2), TimeAt(row, 3)});
  return purposes;
}

Result<void> StoreCatalog::GrantPurpose(const PurposeGrantRecord& grant, bool granted) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto id, PurposeId(session, grant.purpose));
    NL_RETURN_IF_ERROR(
        session.Execute("DELETE FROM purpose_grants WHERE purpose_id = ? AND grantee_kind = ? AND grantee_id = ?",
                        {id, grant.grantee_kind, grant.grantee_id}));
    if (!granted) return {};
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO purpose_grants (purpose_id, grantee_kind, grantee_id, granted_by, created) VALUES (?, ?, ?, ?, ?)",
        {id, grant.grantee_kind, grant.grantee_id, metastore::MakeStorable(grant.granted_by), ToValue(grant.created)}));
    return {};
  });
}

Result<std::vector<PurposeGrantRecord>> StoreCatalog::ListPurposeGrants(const std::string& purpose) {
  std::vector<Value> values;
  if (!purpose.empty()) values.emplace_back(NameToFind(purpose));
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("SELECT u.name, g.grantee_kind, g.grantee_id, g.granted_by, g.created FROM "
                                  "purpose_grants g JOIN purposes u ON u.id = g.purpose_id {} ORDER BY u.name, "
                                  "g.grantee_kind, g.grantee_id",
                                  purpose.empty() ? "" : "WHERE u.name = ?"),
                      values));
  std::vector<PurposeGrantRecord> grants;
  for (const Row& row : rows) {
    grants.push_back({TextAt(row, 0), TextAt(row, 1), TextAt(row, 2), TextAt(row, 3), TimeAt(row, 4)});
  }
  return grants;
}

Result<void> StoreCatalog::SetAllowedPurposes(const AllowedPurposes& allowed) {
  std::string tag;
  if (allowed.table.empty()) {
    NL_ASSIGN_OR_RETURN(tag, CheckedName("tag", allowed.tag));
  }
  NL_ASSIGN_OR_RETURN(const auto folded, Folded(tag, allowed.value));
  const std::string object = ObjectOf(allowed, tag, folded);
  return store_.Write([&](Session& session) -> Result<void> {
    if (!allowed.table.empty()) {
      NL_ASSIGN_OR_RETURN(const auto there, session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'",
                                                          {allowed.table.value()}));
      if (there.empty()) return MakeError(ErrorCode::kNotFound, "the table is not there any more");
    }
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM allowed_purposes WHERE object = ?", {object}));
    for (const std::string& name : allowed.purposes) {
      NL_ASSIGN_OR_RETURN(const auto id, PurposeId(session, name));
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO allowed_purposes (object, table_id, tag, folded, purpose_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
          "DO NOTHING",
          {object, allowed.table.value(), tag, folded ? Value(*folded) : Value(std::monostate{}), id}));
    }
    return {};
  });
}

Result<std::vector<AllowedPurposes>> StoreCatalog::AllowedPurposesOf(const TableId& table) {
  if (!metastore::IsStorableText(table.value())) return std::vector<AllowedPurposes>();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}WHERE a.table_id = ? OR (a.table_id = '' AND EXISTS (SELECT 1 FROM tags g WHERE "
                                  "g.relation_id = ? AND g.tag = a.tag AND (a.folded IS NULL OR a.folded = g.folded))) "
                                  "ORDER BY a.object, u.name",
                                  kSelectAllowed),
                      {table.value(), table.value()}));
  return ToLists(rows);
}

Result<void> StoreCatalog::SetMinimumGroup(const MinimumGroup& group) {
  if (group.size != 0 && (group.size < 2 || group.size > kMinimumGroupMax)) {
    return MakeError(ErrorCode::kInvalidArgument, "a smallest group has from 2 to {} rows: {}", kMinimumGroupMax,
                     group.size);
  }
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto id, PurposeId(session, group.purpose));
    if (group.table.empty()) return SetTagMinimum(session, group, id);
    NL_ASSIGN_OR_RETURN(const auto there, session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'",
                                                        {group.table.value()}));
    if (there.empty()) return MakeError(ErrorCode::kNotFound, "the table is not there any more");
    NL_RETURN_IF_ERROR(
        session.Execute("DELETE FROM minimum_groups WHERE table_id = ? AND purpose_id = ?", {group.table.value(), id}));
    if (group.size == 0) return {};
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO minimum_groups (table_id, purpose_id, size, column_name, label) VALUES (?, ?, ?, ?, ?)",
        {group.table.value(), id, group.size, metastore::MakeStorable(group.column),
         metastore::MakeStorable(group.label)}));
    return {};
  });
}

Result<std::vector<MinimumGroup>> StoreCatalog::MinimumGroupsOf(const TableId& table) {
  if (!metastore::IsStorableText(table.value())) return std::vector<MinimumGroup>();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT m.table_id, u.name, m.size, m.column_name, m.label FROM minimum_groups m JOIN purposes u "
                      "ON u.id = m.purpose_id WHERE m.table_id = ? ORDER BY u.name",
                      {table.value()}));
  std::vector<MinimumGroup> groups;
  for (const Row& row : rows) {
    groups.push_back({TableId(TextAt(row, 0)), TextAt(row, 1), NumberAt(row, 2), TextAt(row, 3), TextAt(row, 4)});
  }
  NL_ASSIGN_OR_RETURN(
      const auto by_tag,
      store_.ReadOnce(
          "SELECT u.name, m.size, m.tag, m.folded, m.entity_tag FROM tag_minimum_groups m JOIN purposes u ON "
          "u.id = m.purpose_id WHERE EXISTS (SELECT 1 FROM tags g WHERE g.relation_id = ? AND g.tag = m.tag "
          "AND (m.folded IS NULL OR m.folded = g.folded)) ORDER BY u.name, m.object",
          {table.value()}));
  for (const Row& row : by_tag) {
    MinimumGroup& group = groups.emplace_back();
    group.purpose = TextAt(row, 0);
    group.size = NumberAt(row, 1);
    group.tag = TextAt(row, 2);
    if (!std::holds_alternative<std::monostate>(row.at(3))) group.value = TextAt(row, 3);
    group.entity_tag = TextAt(row, 4);
  }
  return groups;
}

Result<std::vector<AllowedPurposes>> StoreCatalog::ListAllowedPurposes() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(fmt::format("{}ORDER BY a.object, u.name", kSelectAllowed)));
  return ToLists(rows);
}

}  // namespace neurolake::catalog
