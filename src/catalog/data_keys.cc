// Data keys, who may use them and what was asked of them, in the metadata store.
#include <algorithm>

#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

Result<void> InsertVersion(Session& session, const std::string& key_id, const DataKeyVersion& version) {
  NL_RETURN_IF_ERROR(
      session.Execute("INSERT INTO data_key_versions (key_id, version, service, wrapping_key, wrapped, created) VALUES "
                      "(?, ?, ?, ?, ?, ?)",
                      {key_id, version.version, version.service, metastore::MakeStorable(version.wrapping_key),
                       version.wrapped, ToValue(version.created)}));
  return {};
}

Result<void> Remove(Session& session, const DataKeyGrant& grant) {
  NL_RETURN_IF_ERROR(session.Execute(
      "DELETE FROM data_key_grants WHERE key_id = ? AND privilege = ? AND grantee_kind = ? AND grantee_id = ?",
      {grant.key_id, grant.privilege, grant.grantee_kind, grant.grantee_id}));
  return {};
}

std::unexpected<Error> NoSuchKey(const std::string& name) {
  return MakeError(ErrorCode::kNotFound, "there is no such key: {}", name);
}

}  // namespace

Result<std::vector<DataKeyRecord>> StoreCatalog::ReadDataKeys(const std::string& where, const std::string& value) {
  std::vector<Value> arguments;
  if (!where.empty()) arguments.emplace_back(value);
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT k.id, k.name, k.purpose, k.created_by, k.created, v.version, v.service, v.wrapping_key, "
                      "v.wrapped, v.created FROM data_keys k JOIN data_key_versions v ON v.key_id = k.id " +
                          where + " ORDER BY k.name, v.version",
                      arguments));
  std::vector<DataKeyRecord> keys;
  for (const Row& row : rows) {
    if (keys.empty() || keys.back().id != TextAt(row, 0)) {
      keys.push_back({.id = TextAt(row, 0),
                      .name = TextAt(row, 1),
                      .purpose = TextAt(row, 2),
                      .created_by = TextAt(row, 3),
                      .created = TimeAt(row, 4),
                      .versions = {}});
    }
    keys.back().versions.push_back({.version = NumberAt(row, 5),
                                    .service = TextAt(row, 6),
                                    .wrapping_key = TextAt(row, 7),
                                    .wrapped = TextAt(row, 8),
                                    .created = TimeAt(row, 9)});
  }
  return keys;
}

Result<void> StoreCatalog::AddDataKey(const DataKeyRecord& key) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("key", key.name));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT 1 FROM data_keys WHERE name = ?", {name}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "there is a key of this name already: {}", name);
    }
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO data_keys (id, name, purpose, created_by, created) VALUES (?, ?, ?, ?, ?)",
                        {key.id, name, key.purpose, metastore::MakeStorable(key.created_by), ToValue(key.created)}));
    for (const DataKeyVersion& version : key.versions) {
      NL_RETURN_IF_ERROR(InsertVersion(session, key.id, version));
    }
    return {};
  });
}

Result<void> StoreCatalog::DropDataKey(const std::string& name) {
  const std::string wanted = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id FROM data_keys WHERE name = ?", {wanted}));
    if (rows.empty()) return NoSuchKey(wanted);
    const std::string id = TextAt(rows[0], 0);
    NL_ASSIGN_OR_RETURN(const auto users,
                        session.Query("SELECT name FROM policies WHERE plan LIKE ? UNION ALL "
                                      "SELECT name FROM tag_policies WHERE plan LIKE ? ORDER BY name LIMIT 1",
                                      {"%" + id + "%", "%" + id + "%"}));
    if (!users.empty()) {
      return MakeError(ErrorCode::kDependentObjects, "a policy needs the key, drop that first: {}",
                       TextAt(users[0], 0));
    }
    NL_ASSIGN_OR_RETURN(const auto tables,
                        session.Query("SELECT t.name FROM data_key_tables k JOIN (SELECT id, name FROM relations UNION "
                                      "ALL SELECT id, name FROM dropped_tables) t ON t.id = k.table_id WHERE "
                                      "k.key_id = ? ORDER BY t.name LIMIT 1",
                                      {id}));
    if (!tables.empty()) {
      return MakeError(ErrorCode::kDependentObjects,
                       "a table has, or had in an older version, values encrypted with the key, which nobody could "
                       "read again; drop it for good first: {}",
                       TextAt(tables[0], 0));
    }
    for (const char* table : {"data_key_grants", "data_key_versions", "data_key_tables"}) {
      NL_RETURN_IF_ERROR(session.Execute(fmt::format("DELETE FROM {} WHERE key_id = ?", table), {id}));
    }
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM data_keys WHERE id = ?", {id}));
    return {};
  });
}

Result<std::optional<DataKeyRecord>> StoreCatalog::FindDataKey(const std::string& name) {
  NL_ASSIGN_OR_RETURN(auto keys, ReadDataKeys("WHERE k.name = ?", NameToFind(name)));
  if (keys.empty()) return std::optional<DataKeyRecord>();
  return std::optional(std::move(keys.front()));
}

Result<std::optional<DataKeyRecord>> StoreCatalog::FindDataKeyById(const std::string& id) {
  if (!metastore::IsStorableText(id)) return std::optional<DataKeyRecord>();
  NL_ASSIGN_OR_RETURN(auto keys, ReadDataKeys("WHERE k.id = ?", id));
  if (keys.empty()) return std::optional<DataKeyRecord>();
  return std::optional(std::move(keys.front()));
}

Result<std::vector<DataKeyRecord>> StoreCatalog::ListDataKeys() { return ReadDataKeys("", ""); }

Result<void> StoreCatalog::AddDataKeyVersion(const std::string& key_id, const DataKeyVersion& version) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("SELECT MAX(version) FROM data_key_versions WHERE key_id = ?", {key_id}));
    if (rows.empty() || std::holds_alternative<std::monostate>(rows[0][0])) return NoSuchKey(key_id);
    if (NumberAt(rows[0], 0) + 1 != version.version) {
      return MakeError(ErrorCode::kConflict, "the key was rotated by somebody else meanwhile");
    }
    return InsertVersion(session, key_id, version);
  });
}

Result<void> StoreCatalog::RewrapDataKey(const std::string& key_id, const std::string& before,
                                         const DataKeyVersion& after) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(
        const auto changed,
        session.Execute("UPDATE data_key_versions SET service = ?, wrapping_key = ?, wrapped = ? WHERE key_id = ? AND "
                        "version = ? AND wrapped = ?",
                        {after.service, metastore::MakeStorable(after.wrapping_key), after.wrapped, key_id,
                         after.version, before}));
    if (changed == 1) return {};
    return MakeError(ErrorCode::kConflict, "a key was wrapped anew by somebody else meanwhile");
  });
}

Result<void> StoreCatalog::AddDataKeyGrant(const DataKeyGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto key, session.Query("SELECT 1 FROM data_keys WHERE id = ?", {grant.key_id}));
    if (key.empty()) return NoSuchKey(grant.key_id);
    NL_RETURN_IF_ERROR(Remove(session, grant));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO data_key_grants (key_id, privilege, grantee_kind, grantee_id, denied, granted_by, created) VALUES "
        "(?, ?, ?, ?, ?, ?, ?)",
        {grant.key_id, grant.privilege, grant.grantee_kind, grant.grantee_id, int64_t{grant.denied ? 1 : 0},
         metastore::MakeStorable(grant.granted_by), ToValue(grant.created)}));
    return {};
  });
}

Result<void> StoreCatalog::RemoveDataKeyGrant(const DataKeyGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> { return Remove(session, grant); });
}

Result<std::vector<DataKeyGrant>> StoreCatalog::ListDataKeyGrants(const std::string& key_id) {
  if (!metastore::IsStorableText(key_id)) return std::vector<DataKeyGrant>();
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT key_id, privilege, grantee_kind, grantee_id, denied, granted_by, created "
                                      "FROM data_key_grants WHERE key_id = ? OR ? = '' ORDER BY key_id, privilege, "
                                      "grantee_kind, grantee_id",
                                      {key_id, key_id}));
  std::vector<DataKeyGrant> grants;
  for (const Row& row : rows) {
    grants.push_back({.key_id = TextAt(row, 0),
                      .privilege = TextAt(row, 1),
                      .grantee_kind = TextAt(row, 2),
                      .grantee_id = TextAt(row, 3),
                      .denied = NumberAt(row, 4) != 0,
                      .granted_by = TextAt(row, 5),
                      .created = TimeAt(row, 6)});
  }
  return grants;
}

Result<void> StoreCatalog::AddDataKeyTable(const std::string& key_id, const TableId& table) {
  if (!metastore::IsStorableText(key_id) || !metastore::IsStorableText(table.value())) return NoSuchKey("");
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto key, session.Query("SELECT 1 FROM data_keys WHERE id = ?", {key_id}));
    if (key.empty()) return NoSuchKey(key_id);
    NL_ASSIGN_OR_RETURN(
        const auto known,
        session.Query("SELECT 1 FROM data_key_tables WHERE key_id = ? AND table_id = ?", {key_id, table.value()}));
    if (!known.empty()) return {};
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO data_key_tables (key_id, table_id) VALUES (?, ?)", {key_id, table.value()}));
    return {};
  });
}

Result<std::vector<std::string>> StoreCatalog::NamesOfEncrypted() {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT DISTINCT name FROM relations WHERE id IN (SELECT table_id FROM "
                                      "data_key_tables) OR (kind = 'view' AND EXISTS (SELECT 1 FROM data_key_tables))",
                                      {}));
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(TextAt(row, 0));
  return names;
}

Result<void> StoreCatalog::RecordLookup(const DataKeyLookup& lookup, WallTime since, int64_t most) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("SELECT COUNT(*) FROM data_key_lookups WHERE principal_id = ? AND at >= ?",
                                      {lookup.principal_id, ToValue(since)}));
    if (NumberAt(rows[0], 0) >= most) {
      return MakeError(ErrorCode::kTooManyRequests, "so many tokens were asked for that it has to wait, at most: {}",
                       most);
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO data_key_lookups (id, at, principal_id, principal, key_id, token, statement_id) VALUES "
        "(?, ?, ?, ?, ?, ?, ?)",
        {NewUuid(), ToValue(lookup.at), lookup.principal_id, metastore::MakeStorable(lookup.principal), lookup.key_id,
         lookup.token, lookup.statement.value()}));
    return {};
  });
}

Result<std::vector<DataKeyLookup>> StoreCatalog::ListLookups(int64_t limit) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT at, principal_id, principal, key_id, token, statement_id FROM "
                                      "data_key_lookups ORDER BY at DESC, id DESC LIMIT ?",
                                      {limit}));
  std::vector<DataKeyLookup> lookups;
  for (const Row& row : rows) {
    lookups.push_back({.at = TimeAt(row, 0),
                       .principal_id = TextAt(row, 1),
                       .principal = TextAt(row, 2),
                       .key_id = TextAt(row, 3),
                       .token = TextAt(row, 4),
                       .statement = StatementId(TextAt(row, 5))});
  }
  return lookups;
}

}  // namespace neurolake::catalog
