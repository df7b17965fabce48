#include "catalog/internal/names.h"
#include "catalog/internal/relations.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kSelectTables =
    "SELECT r.id, s.name, r.name, r.location, r.managed, r.owner, r.comment, r.created, "
    "(SELECT count(*) FROM clone_sources c WHERE c.clone_id = r.id), "
    "(SELECT count(*) FROM policies p WHERE p.table_id = r.id) + (SELECT count(*) FROM tags g WHERE g.relation_id = "
    "r.id) + (SELECT count(*) FROM allowed_purposes a WHERE a.table_id = r.id) + (SELECT count(*) FROM minimum_groups "
    "m WHERE "
    "m.table_id = r.id), "
    "(SELECT count(*) FROM (SELECT 1 FROM grants LIMIT 1) g) FROM relations r "
    "JOIN schemas s ON s.id = r.schema_id WHERE r.kind = 'table' ";

// Two tables in one directory would take each other's files for their own. Above: one of the directories around it is
// taken; below: something sorts between "<stored>/" and "<stored>0", as '0' follows '/'. So "/data/ab" is not below
// "/data/a". Runs in the transaction that adds the table: serialisable, so two of these cannot pass each other.
Result<void> CheckNoOverlap(Session& session, const std::string& id, const std::string& stored,
                            const std::string& shown) {
  std::string condition = "location > ? AND location < ?";
  std::vector<Value> values = {stored + "/", stored + "0"};
  for (std::string& ancestor : WithAncestors(stored)) {
    condition += " OR location = ?";
    values.emplace_back(std::move(ancestor));
  }
  NL_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("SELECT 1 FROM relations WHERE " + condition + " LIMIT 1", values));
  if (!rows.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the location overlaps that of another table: {}", shown);
  }
  // The files of a dropped managed table are deleted some day, and what lies among them with them.
  values.emplace_back(id);
  NL_ASSIGN_OR_RETURN(const auto dropped, session.Query("SELECT 1 FROM dropped_tables WHERE (" + condition +
                                                            ") AND managed <> 0 AND id <> ? LIMIT 1",
                                                        values));
  if (!dropped.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the location overlaps that of a dropped table: {}", shown);
  }
  return {};
}

}  // namespace

Result<void> StoreCatalog::AddTable(const TableRecord& table) {
  return store_.Write([&](Session& session) { return InsertTable(session, table); });
}

Result<void> StoreCatalog::SetTableComment(const TableId& id, const std::string& comment) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("UPDATE relations SET comment = ? WHERE id = ? AND kind = 'table'",
                                       {metastore::MakeStorable(comment), id.value()}));
    return {};
  });
}

Result<void> StoreCatalog::SetOwner(const std::string& relation_id, const PrincipalId& owner) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const int64_t changed,
                        session.Execute("UPDATE relations SET owner = ? WHERE id = ?", {owner.value(), relation_id}));
    if (changed == 0) return MakeError(ErrorCode::kNotFound, "the table or view is not there any more");
    return {};
  });
}

Result<void> StoreCatalog::CheckTable(const TableRecord& table) {
  return store_.Read([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(FindFreePlace(session, table));
    return {};
  });
}

Result<StoreCatalog::FreePlace> StoreCatalog::FindFreePlace(Session& session, const TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const auto schema, CheckedSchemaName(table.schema_name));
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("table", table.name));
  if (table.id.empty()) return MakeError(ErrorCode::kInvalidArgument, "a table needs an id");
  std::string stored = "tables/" + table.id.value();
  if (!table.managed) {
    NL_ASSIGN_OR_RETURN(stored, locations_.ExternalToStored(table.location));
  } else if (!table.location.empty()) {
    NL_ASSIGN_OR_RETURN(stored, locations_.ManagedToStored(table.location));
  }
  NL_ASSIGN_OR_RETURN(const auto schema_id, SchemaIdOf(session, schema));
  NL_ASSIGN_OR_RETURN(const auto taken, FindRelation(session, schema_id, name));
  if (taken) return RelationExists(*taken, schema, name);
  NL_ASSIGN_OR_RETURN(const auto same_id, session.Query("SELECT 1 FROM relations WHERE id = ?", {table.id.value()}));
  if (!same_id.empty())
    return MakeError(ErrorCode::kAlreadyExists, "there is a table of this id already: {}", table.id.value());
  NL_RETURN_IF_ERROR(CheckNoOverlap(session, table.id.value(), stored, locations_.ToAbsolute(stored, table.managed)));
  return FreePlace{.schema_id = schema_id, .name = name, .stored = std::move(stored)};
}

Result<void> StoreCatalog::InsertTable(Session& session, const TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const FreePlace place, FindFreePlace(session, table));
  NL_RETURN_IF_ERROR(
      session.Execute("INSERT INTO relations (id, schema_id, name, kind, location, managed, owner, comment, created) "
                      "VALUES (?, ?, ?, 'table', ?, ?, ?, ?, ?)",
                      {table.id.value(), place.schema_id, place.name, place.stored, int64_t{table.managed},
                       table.owner.value(), metastore::MakeStorable(table.comment), ToValue(table.created)}));
  return {};
}

Result<void> StoreCatalog::RenameTable(const std::string& schema, const std::string& name,
                                       const std::string& new_schema, const std::string& new_name) {
  NL_ASSIGN_OR_RETURN(const auto to_schema, CheckedSchemaName(new_schema));
  NL_ASSIGN_OR_RETURN(const auto to_name, CheckedName("table", new_name));
  const std::string from_schema = NameToFind(schema);
  const std::string from_name = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto from_id, SchemaIdOf(session, from_schema));
    NL_ASSIGN_OR_RETURN(const auto table, FindRelation(session, from_id, from_name));
    if (!table) return MakeError(ErrorCode::kNotFound, "there is no such table: {}.{}", from_schema, from_name);
    if (table->kind != "table") {
      return MakeError(ErrorCode::kInvalidArgument, "it is a {}, not a table: {}.{}", table->kind, from_schema,
                       from_name);
    }
    NL_ASSIGN_OR_RETURN(const auto to_id, SchemaIdOf(session, to_schema));
    NL_ASSIGN_OR_RETURN(const auto taken, FindRelation(session, to_id, to_name));
    if (taken) return RelationExists(*taken, to_schema, to_name);
    NL_RETURN_IF_ERROR(
        session.Execute("UPDATE relations SET schema_id = ?, name = ? WHERE id = ?", {to_id, to_name, table->id}));
    return {};
  });
}

Result<void> StoreCatalog::DropRelation(std::string_view kind, const std::string& schema, const std::string& name,
                                        bool if_exists) {
  const std::string schema_name = NameToFind(schema);
  const std::string relation_name = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    const auto schema_id = SchemaIdOf(session, schema_name);
    if (!schema_id.has_value()) {
      if (if_exists && schema_id.error().code() == ErrorCode::kSchemaNotFound) return {};
      return std::unexpected(schema_id.error());
    }
    NL_ASSIGN_OR_RETURN(const auto relation, FindRelation(session, *schema_id, relation_name));
    if (!relation) {
      if (if_exists) return {};
      return MakeError(ErrorCode::kNotFound, "there is no such {}: {}.{}", kind, schema_name, relation_name);
    }
    if (relation->kind != kind) {
      return MakeError(ErrorCode::kInvalidArgument, "it is a {}, not a {}: {}.{}", relation->kind, kind, schema_name,
                       relation_name);
    }
    NL_RETURN_IF_ERROR(CheckNoExpectationNeeds(session, "id = ?", relation->id));
    NL_RETURN_IF_ERROR(RememberDropped(session, "r.id = ?", relation->id, clock_.Now()));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM relations WHERE id = ?", {relation->id}));
    // A table may come back, a view does not.
    if (kind == "view") {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM tags WHERE relation_id = ?", {relation->id}));
    }
    return {};
  });
}

Result<void> StoreCatalog::DropTable(const std::string& schema, const std::string& name, bool if_exists) {
  return DropRelation("table", schema, name, if_exists);
}

Result<std::vector<TableRecord>> StoreCatalog::ReadTables(std::string_view condition,
                                                          const std::vector<Value>& values) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(fmt::format("{}{} ORDER BY s.name, r.name", kSelectTables, condition), values));
  std::vector<TableRecord> tables;
  tables.reserve(rows.size());
  for (const Row& row : rows) {
    const bool managed = NumberAt(row, 4) != 0;
    tables.push_back({TableId(TextAt(row, 0)), TextAt(row, 1), TextAt(row, 2),
                      locations_.ToAbsolute(TextAt(row, 3), managed), managed, PrincipalId(TextAt(row, 5)),
                      TextAt(row, 6), TimeAt(row, 7), NumberAt(row, 8) > 0, NumberAt(row, 9) > 0,
                      NumberAt(row, 10) > 0});
  }
  return tables;
}

Result<std::optional<TableRecord>> StoreCatalog::FindTable(const std::string& schema, const std::string& name) {
  NL_ASSIGN_OR_RETURN(auto tables, ReadTables("AND s.name = ? AND r.name = ?", {NameToFind(schema), NameToFind(name)}));
  if (tables.empty()) return std::nullopt;
  return std::move(tables[0]);
}

Result<std::optional<TableRecord>> StoreCatalog::FindTable(const TableId& id) {
  if (!metastore::IsStorableText(id.value())) return std::nullopt;
  NL_ASSIGN_OR_RETURN(auto tables, ReadTables("AND r.id = ?", {id.value()}));
  if (tables.empty()) return std::nullopt;
  return std::move(tables[0]);
}

Result<std::vector<TableRecord>> StoreCatalog::ListTables(const std::optional<std::string>& schema) {
  if (!schema) return ReadTables("", {});
  return ReadTables("AND s.name = ?", {NameToFind(*schema)});
}

}  // namespace neurolake::catalog
