#include "common/text.h"
#include "duckdb/planner/tableref/bound_at_clause.hpp"
#include "engine/duckdb/information_relations.h"
#include "engine/duckdb/internal/change_feed_table.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/path_grants.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/snapshot_cache.h"
#include "engine/duckdb/internal/system_table.h"

namespace neurolake::engine::duckdb {
namespace {

[[noreturn]] void Refuse(std::string_view what) {
  ThrowLakeError(Error(ErrorCode::kNotSupported, fmt::format("the lake does not hold {}", what)));
}

// Only what is a whole number as it stands: a cast would round 1.5 and take true for 1.
int64_t WholeNumber(const native::Value& given) {
  native::Value number;
  native::string problem;
  const bool is_text = given.type().id() == native::LogicalTypeId::VARCHAR && !given.IsNull();
  const bool whole = given.type().IsIntegral() ||
                     (is_text && native::StringValue::Get(given).find_first_not_of("0123456789") == std::string::npos);
  if (!whole || !given.DefaultTryCastAs(native::LogicalType::BIGINT, number, &problem) || number.IsNull()) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, "AT (VERSION => …) takes a whole number"));
  }
  return number.GetValue<int64_t>();
}

// The version an AT clause asks for.
int64_t RequestedVersion(native::ClientContext& context, const TableEntry& table, native::BoundAtClause& at) {
  StatementState& state = StatementState::Get(context);
  const std::string unit = LowerAscii(at.Unit());
  native::Value value;
  native::string problem;
  if (unit == "version") return WholeNumber(at.GetValue());
  if (unit == "timestamp") {
    // In the session's context: what says no offset is in its time zone.
    if (!at.GetValue().TryCastAs(context, native::LogicalType::TIMESTAMP_TZ, value, &problem) || value.IsNull()) {
      ThrowLakeError(Error(ErrorCode::kInvalidArgument, "AT (TIMESTAMP => …) takes a timestamp"));
    }
    const WallTime time{std::chrono::microseconds(value.GetValue<native::timestamp_tz_t>().value)};
    return ValueOrThrow(tables::delta::VersionAtTimestamp(*state.store, table.location, time));
  }
  ThrowLakeError(Error(ErrorCode::kInvalidArgument, "AT takes VERSION or TIMESTAMP"));
}

// What table_rows reads: a version (-1: the one that the transaction reads), whose rows tell their ids.
native::unique_ptr<native::CatalogEntry> MakeRowsTable(StatementState& state, LakeTransaction& open,
                                                       LakeCatalog& catalog, LakeSchemaEntry& schema, TableEntry table,
                                                       const native::Value& version) {
  native::Value number;
  native::string problem;
  if (!version.DefaultTryCastAs(native::LogicalType::BIGINT, number, &problem) || number.IsNull()) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, "table_rows takes a table's name and a version"));
  }
  const auto wanted = number.GetValue<int64_t>();
  std::shared_ptr<const tables::delta::Snapshot> snapshot = wanted < 0 ? open.Pinned(table.id) : nullptr;
  if (snapshot == nullptr) {
    snapshot =
        ValueOrThrow(state.snapshots->Load(*state.context, table, wanted < 0 ? std::nullopt : std::optional(wanted)));
  }
  if (!KeptRowIds(*snapshot)) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                         fmt::format("the rows of the table have no ids, it has not delta.enableRowTracking = true: "
                                     "{}.{}",
                                     table.schema_name, table.table_name)));
  }
  return LakeTableEntry::Make(state, catalog, schema, std::move(table), std::move(snapshot), /*time_travel=*/true,
                              LakeTableEntry::RowIds::kGiven);
}

bool Names(const std::optional<RelationName>& target, const RelationName& relation) {
  return target && target->schema_name == relation.schema_name && target->name == relation.name;
}

// The newest version. CREATE OR REPLACE goes on with the table's history, so it cannot do without it.
Result<std::shared_ptr<const tables::delta::Snapshot>> LoadNewest(StatementState& state, const TableEntry& table) {
  auto loaded = state.snapshots->Load(*state.context, table, std::nullopt);
  if (loaded.has_value() || !Names(state.replaced, {table.schema_name, table.table_name})) return loaded;
  const Error& error = loaded.error();
  if (error.code() != ErrorCode::kNotFound && error.code() != ErrorCode::kCorruption) return loaded;
  return MakeError(error.code(), "{}; it cannot be replaced, DROP TABLE makes room for a new one", error.message());
}

// A view that says when its text is bound, so that scans know the views they stand in. The binder asks for the text
// first and tells the columns it found last.
class LakeViewEntry final : public native::ViewCatalogEntry {
 public:
  LakeViewEntry(LakeCatalog& catalog, LakeSchemaEntry& schema, native::CreateViewInfo& info, StatementState& state)
      : ViewCatalogEntry(catalog, schema, info), state_(state) {}

  const native::SelectStatement& GetQuery() override {
    depth_ = state_.open_views.size();
    state_.open_views.push_back(ParentSchema().name + "." + name);
    return ViewCatalogEntry::GetQuery();
  }
  void UpdateBinding(const native::vector<native::LogicalType>& types,
                     const native::vector<native::string>& names) override {
    state_.open_views.resize(std::min(depth_, state_.open_views.size()));
    ViewCatalogEntry::UpdateBinding(types, names);
  }

 private:
  StatementState& state_;
  size_t depth_ = 0;
};

native::unique_ptr<native::CatalogEntry> MakeView(StatementState& state, LakeCatalog& catalog, LakeSchemaEntry& schema,
                                                  const ViewEntry& view) {
  native::CreateViewInfo info;
  info.schema = schema.name;
  info.view_name = view.view_name;
  info.sql = view.sql;
  for (const std::string& column : view.column_names) info.aliases.emplace_back(column);
  info.query = native::CreateViewInfo::ParseSelect(view.sql);
  return native::make_uniq<LakeViewEntry>(catalog, schema, info, state);
}

}  // namespace

LakeCatalog& LakeSchemaEntry::lake() { return static_cast<LakeCatalog&>(catalog); }

native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::LookupEntry(native::CatalogTransaction transaction,
                                                                        const native::EntryLookupInfo& lookup) {
  const auto kind = lookup.GetCatalogType();
  if (kind != native::CatalogType::TABLE_ENTRY && kind != native::CatalogType::VIEW_ENTRY) return nullptr;
  if (!transaction.HasContext()) return nullptr;
  native::ClientContext& context = transaction.GetContext();
  StatementState& state = StatementState::Get(context);
  LakeTransaction& open = LakeTransaction::Get(context, catalog);
  const RelationName relation{LowerAscii(name), LowerAscii(lookup.GetEntryName())};
  if (IsOwnSchema(relation.schema_name)) {
    if (lookup.GetAtClause()) {
      ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                           fmt::format("system relations have no versions and no change feed: {}", relation.name)));
    }
    auto system = MakeSystemTable(context, lake(), *this, relation.name);
    return system == nullptr ? nullptr : &open.Keep(std::move(system));
  }
  std::optional<TableEntry> table = open.FindCreated(relation);
  if (!table.has_value()) table = ValueOrThrow(state.provider->FindTable(relation));
  if (table.has_value()) {
    // So that a table whose log is damaged or gone can be dropped, too.
    if (state.drops) {
      return &open.Keep(LakeTableEntry::Make(state, lake(), *this, *std::move(table), nullptr, /*time_travel=*/false));
    }
    state.paths->Allow(table->location, PathGrants::Access::kReadWrite);
    for (const auto& root : table->foreign_roots) state.paths->Allow(root.location, PathGrants::Access::kRead);
    auto at = lookup.GetAtClause();
    if (at && LowerAscii(at->Unit()) == kChangesUnit) {
      return &open.Keep(MakeChangeFeed(context, lake(), *this, *std::move(table), at->GetValue()));
    }
    std::shared_ptr<const tables::delta::Snapshot> snapshot;
    if (at) {
      if (LowerAscii(at->Unit()) == kRowsUnit) {
        return &open.Keep(MakeRowsTable(state, open, lake(), *this, *std::move(table), at->GetValue()));
      }
      snapshot = ValueOrThrow(state.snapshots->Load(*state.context, *table, RequestedVersion(context, *table, *at)));
    } else if (snapshot = open.Pinned(table->id); snapshot == nullptr) {
      snapshot = ValueOrThrow(LoadNewest(state, *table));
      open.Pin(table->id, snapshot);
    }
    // Where rows move to other files they take their ids along.
    const auto& intent = state.grants.write;
    const bool moves = !at && intent && !intent->data_change && KeptRowIds(*snapshot);
    const auto row_ids = moves ? LakeTableEntry::RowIds::kWritten : LakeTableEntry::RowIds::kHidden;
    return &open.Keep(
        LakeTableEntry::Make(state, lake(), *this, *std::move(table), std::move(snapshot), at != nullptr, row_ids));
  }
  if (auto view = ValueOrThrow(state.provider->FindView(relation))) {
    if (Names(state.replaced_view, relation)) {
      ThrowLakeError(
          Error(ErrorCode::kBindError, fmt::format("a view cannot read itself, nor views that read it: {}.{}",
                                                   relation.schema_name, relation.name)));
    }
    // DuckDB would hand the clause on to every table inside, whose versions have nothing to do with each other.
    if (lookup.GetAtClause()) {
      ThrowLakeError(Error(ErrorCode::kNotSupported,
                           fmt::format("a view has no versions and no change feed; ask for those of the tables inside "
                                       "of it: {}.{}",
                                       relation.schema_name, relation.name)));
    }
    return &open.Keep(MakeView(state, lake(), *this, *view));
  }
  return nullptr;
}

// Only DuckDB's own listings (duckdb_tables() and its kin) scan a schema, and those are not for users: `system` is.
void LakeSchemaEntry::Scan(native::ClientContext&, native::CatalogType,
                           const std::function<void(native::CatalogEntry&)>&) {}
void LakeSchemaEntry::Scan(native::CatalogType, const std::function<void(native::CatalogEntry&)>&) {}

native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateIndex(native::CatalogTransaction,
                                                                        native::CreateIndexInfo&,
                                                                        native::TableCatalogEntry&) {
  Refuse("indexes");
}
native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateFunction(native::CatalogTransaction,
                                                                           native::CreateFunctionInfo&) {
  Refuse("functions or macros");
}
native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateSequence(native::CatalogTransaction,
                                                                           native::CreateSequenceInfo&) {
  Refuse("sequences");
}
native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateTableFunction(native::CatalogTransaction,
                                                                                native::CreateTableFunctionInfo&) {
  Refuse("table functions");
}
native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateCopyFunction(native::CatalogTransaction,
                                                                               native::CreateCopyFunctionInfo&) {
  Refuse("copy functions");
}
native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreatePragmaFunction(native::CatalogTransaction,
                                                                                 native::CreatePragmaFunctionInfo&) {
  Refuse("pragma functions");
}
native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateCollation(native::CatalogTransaction,
                                                                            native::CreateCollationInfo&) {
  Refuse("collations");
}
native::optional_ptr<native::CatalogEntry> LakeSchemaEntry::CreateType(native::CatalogTransaction,
                                                                       native::CreateTypeInfo&) {
  Refuse("types");
}

}  // namespace neurolake::engine::duckdb
