// Row and mask policies, in the metadata store.
#include "catalog/internal/masks.h"
#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "catalog/internal/store_identities.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kSelectPolicies =
    "SELECT id, table_id, name, kind, COALESCE(column_name, ''), definition, plan, created_by, created FROM policies ";

PolicyRecord ToPolicy(const Row& row) {
  return {.id = TextAt(row, 0),
          .table = TableId(TextAt(row, 1)),
          .name = TextAt(row, 2),
          .kind = TextAt(row, 3),
          .column = TextAt(row, 4),
          .definition = TextAt(row, 5),
          .plan = TextAt(row, 6),
          .created_by = TextAt(row, 7),
          .created = TimeAt(row, 8)};
}

/// What else the table has must leave room for `policy`.
Result<void> CheckRoom(Session& session, const PolicyRecord& policy, const std::string& name) {
  NL_ASSIGN_OR_RETURN(
      const auto known,
      session.Query("SELECT name, COALESCE(column_name, '') FROM policies WHERE table_id = ?", {policy.table.value()}));
  for (const Row& row : known) {
    if (TextAt(row, 0) == name) {
      return MakeError(ErrorCode::kAlreadyExists, "the table has a policy of this name already: {}", name);
    }
    if (!policy.column.empty() && !TextAt(row, 1).empty() &&
        Overlap(MaskedPath(TextAt(row, 1)), MaskedPath(policy.column))) {
      return MakeError(ErrorCode::kAlreadyExists,
                       "the column, or a field that is around or inside of it, has a mask already, use CASE in one: {}",
                       TextAt(row, 0));
    }
  }
  if (static_cast<int64_t>(known.size()) < Catalog::kPoliciesMax) return {};
  return MakeError(ErrorCode::kInvalidArgument, "a table has at most {} policies", Catalog::kPoliciesMax);
}

}  // namespace

Result<void> StoreCatalog::AddPolicy(const PolicyRecord& policy, bool or_replace) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("policy", policy.name));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto table, session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'",
                                                        {policy.table.value()}));
    if (table.empty()) return MakeError(ErrorCode::kNotFound, "the table of the policy is not there any more");
    if (or_replace) {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM policies WHERE table_id = ? AND name = ? AND kind = ?",
                                         {policy.table.value(), name, policy.kind}));
    }
    NL_RETURN_IF_ERROR(CheckRoom(session, policy, name));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO policies (id, table_id, name, kind, column_name, definition, plan, created_by, created) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {policy.id, policy.table.value(), name, policy.kind,
         policy.column.empty() ? Value(std::monostate{}) : Value(metastore::MakeStorable(policy.column)),
         metastore::MakeStorable(policy.definition), metastore::MakeStorable(policy.plan),
         metastore::MakeStorable(policy.created_by), ToValue(policy.created)}));
    if (policy.column.empty()) return {};
    return CheckOneMaskPerColumn(session, {.relation = policy.table.value(), .columns = {policy.column}});
  });
}

Result<void> StoreCatalog::DropPolicy(const TableId& table, const std::string& kind, const std::string& name) {
  const std::string wanted = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto dropped,
                        session.Execute("DELETE FROM policies WHERE table_id = ? AND kind = ? AND name = ?",
                                        {table.value(), kind, wanted}));
    if (dropped > 0) return {};
    return MakeError(ErrorCode::kNotFound, "the table has no such {} policy: {}", kind, wanted);
  });
}

Result<void> StoreCatalog::CopyPolicies(const TableId& source, const TableId& clone) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM policies WHERE table_id = ?", {clone.value()}));
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("SELECT id FROM policies WHERE table_id = ? ORDER BY name", {source.value()}));
    for (const Row& row : rows) {
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO policies (id, table_id, name, kind, column_name, definition, plan, created_by, created) SELECT "
          "CAST(? AS TEXT), CAST(? AS TEXT), name, kind, column_name, definition, plan, created_by, created FROM "
          "policies WHERE id = ?",
          {NewUuid(), clone.value(), TextAt(row, 0)}));
    }
    // Its files may have values encrypted with the source's keys.
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM data_key_tables WHERE table_id = ?", {clone.value()}));
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO data_key_tables (key_id, table_id) SELECT key_id, CAST(? AS TEXT) FROM "
                        "data_key_tables WHERE table_id = ?",
                        {clone.value(), source.value()}));
    return {};
  });
}

Result<std::vector<PolicyRecord>> StoreCatalog::ListPolicies(const TableId& table) {
  if (!metastore::IsStorableText(table.value())) return std::vector<PolicyRecord>();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}WHERE table_id = ? ORDER BY name", kSelectPolicies), {table.value()}));
  std::vector<PolicyRecord> policies;
  for (const Row& row : rows) policies.push_back(ToPolicy(row));
  return policies;
}

Result<std::vector<std::pair<TableRecord, PolicyRecord>>> StoreCatalog::ListPolicies() {
  NL_ASSIGN_OR_RETURN(const auto tables, ReadTables("", {}));
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(fmt::format("{}ORDER BY name", kSelectPolicies)));
  std::vector<std::pair<TableRecord, PolicyRecord>> found;
  for (const TableRecord& table : tables) {
    for (const Row& row : rows) {
      if (TextAt(row, 1) == table.id.value()) found.emplace_back(table, ToPolicy(row));
    }
  }
  return found;
}

}  // namespace neurolake::catalog
