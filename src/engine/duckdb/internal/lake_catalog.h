#pragma once
#include "engine/duckdb/engine.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/statement_state.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

class LakeCatalog;
class LakeSchemaEntry;
using ChangeRows = std::map<uint32_t, tables::delta::DeletedRows>;

/// One version of one Delta table, as DuckDB's binder sees it. Lives as long as the statement's plan.
/// Row ids for DML are virtual columns, in this order: `file_index` (UBIGINT), the file's position in
/// `snapshot()->files()`, whatever was pruned; `file_row_number` (BIGINT), the row's position in that file with
/// deleted rows counted; and RowIdentity::kKeptId where rows keep ids.
class LakeTableEntry final : public native::TableCatalogEntry {
 public:
  /// What the entry has of the ids of a table's rows.
  enum class RowIds : uint8_t {
    kHidden,   ///< Nothing but what DML asks for.
    kGiven,    ///< Its virtual columns may be read (table_rows).
    kWritten,  ///< Two more columns at its end, to write ids and versions of rows that move to.
  };
  /// Without a snapshot it is a name only, without columns: for DROP. Encrypted columns have the type of their values,
  /// unless the statement sees cells (column_cells.h).
  static native::unique_ptr<LakeTableEntry> Make(StatementState& state, LakeCatalog& catalog,
                                                 LakeSchemaEntry& schema, TableEntry entry,
                                                 std::shared_ptr<const tables::delta::Snapshot> snapshot,
                                                 bool time_travel, RowIds row_ids = RowIds::kHidden);
  RowIds row_ids() const { return row_ids_; }

  const TableEntry& entry() const { return entry_; }
  const std::shared_ptr<const tables::delta::Snapshot>& snapshot() const { return snapshot_; }
  /// True for `AT (…)`: such an entry is never written to.
  bool time_travel() const { return time_travel_; }
  /// Of a change feed, which is an entry like any other: the rows that are meant of some files, by position in
  /// `snapshot()->files()`. Null for a table.
  const std::shared_ptr<const ChangeRows>& change_rows() const { return change_rows_; }
  void SetChangeRows(std::shared_ptr<const ChangeRows> rows) { change_rows_ = std::move(rows); }

  // Read side: lake_table_entry.cc, lake_scan.cc.
  native::unique_ptr<native::BaseStatistics> GetStatistics(native::ClientContext& context,
                                                           native::column_t column) override;
  native::TableFunction GetScanFunction(native::ClientContext& context,
                                        native::unique_ptr<native::FunctionData>& bind_data) override;
  native::TableStorageInfo GetStorageInfo(native::ClientContext& context) override;
  native::virtual_column_map_t GetVirtualColumns() const override;
  native::vector<native::column_t> GetRowIdColumns() const override;
  // Write side: lake_update.cc.
  void BindUpdateConstraints(native::Binder& binder, native::LogicalGet& get, native::LogicalProjection& projection,
                             native::LogicalUpdate& update, native::ClientContext& context) override;

 private:
  LakeTableEntry(native::Catalog& catalog, native::SchemaCatalogEntry& schema, native::CreateTableInfo& info,
                 TableEntry entry, std::shared_ptr<const tables::delta::Snapshot> snapshot, bool time_travel,
                 RowIds row_ids)
      : TableCatalogEntry(catalog, schema, info),
        entry_(std::move(entry)),
        snapshot_(std::move(snapshot)),
        time_travel_(time_travel),
        row_ids_(row_ids) {}

  TableEntry entry_;
  std::shared_ptr<const tables::delta::Snapshot> snapshot_;
  bool time_travel_;
  RowIds row_ids_;
  std::shared_ptr<const ChangeRows> change_rows_;
};

/// A schema of the lake. Names are asked of the provider at each look-up; what it answers is kept for the statement.
class LakeSchemaEntry final : public native::SchemaCatalogEntry {
 public:
  using SchemaCatalogEntry::SchemaCatalogEntry;
  LakeCatalog& lake();

  // Read side: lake_schema.cc.
  native::optional_ptr<native::CatalogEntry> LookupEntry(native::CatalogTransaction transaction,
                                                         const native::EntryLookupInfo& lookup) override;
  void Scan(native::ClientContext& context, native::CatalogType type,
            const std::function<void(native::CatalogEntry&)>& callback) override;
  void Scan(native::CatalogType type, const std::function<void(native::CatalogEntry&)>& callback) override;

  // Write side: lake_ddl.cc.
  native::optional_ptr<native::CatalogEntry> CreateTable(native::CatalogTransaction transaction,
                                                         native::BoundCreateTableInfo& info) override;
  native::optional_ptr<native::CatalogEntry> CreateView(native::CatalogTransaction transaction,
                                                        native::CreateViewInfo& info) override;
  void DropEntry(native::ClientContext& context, native::DropInfo& info) override;
  void Alter(native::CatalogTransaction transaction, native::AlterInfo& info) override;

  // Refused: lake_schema.cc.
  native::optional_ptr<native::CatalogEntry> CreateIndex(native::CatalogTransaction, native::CreateIndexInfo&,
                                                         native::TableCatalogEntry&) override;
  native::optional_ptr<native::CatalogEntry> CreateFunction(native::CatalogTransaction,
                                                            native::CreateFunctionInfo&) override;
  native::optional_ptr<native::CatalogEntry> CreateSequence(native::CatalogTransaction,
                                                            native::CreateSequenceInfo&) override;
  native::optional_ptr<native::CatalogEntry> CreateTableFunction(native::CatalogTransaction,
                                                                 native::CreateTableFunctionInfo&) override;
  native::optional_ptr<native::CatalogEntry> CreateCopyFunction(native::CatalogTransaction,
                                                                native::CreateCopyFunctionInfo&) override;
  native::optional_ptr<native::CatalogEntry> CreatePragmaFunction(native::CatalogTransaction,
                                                                  native::CreatePragmaFunctionInfo&) override;
  native::optional_ptr<native::CatalogEntry> CreateCollation(native::CatalogTransaction,
                                                             native::CreateCollationInfo&) override;
  native::optional_ptr<native::CatalogEntry> CreateType(native::CatalogTransaction, native::CreateTypeInfo&) override;
};

/// The lake, attached as catalogue `lake` with default schema `main`.
class LakeCatalog final : public native::Catalog {
 public:
  static constexpr const char* kName = "lake";
  static constexpr const char* kDefaultSchema = "main";
  static constexpr const char* kSystemSchema = "system";

  explicit LakeCatalog(native::AttachedDatabase& database) : Catalog(database) {}

  // Read side: lake_catalog.cc.
  void Initialize(bool load_builtin) override {}
  native::string GetCatalogType() override { return "lake"; }
  native::optional_ptr<native::SchemaCatalogEntry> LookupSchema(native::CatalogTransaction transaction,
                                                                const native::EntryLookupInfo& lookup,
                                                                native::OnEntryNotFound if_not_found) override;
  void ScanSchemas(native::ClientContext& context, std::function<void(native::SchemaCatalogEntry&)> callback) override;
  native::DatabaseSize GetDatabaseSize(native::ClientContext& context) override { return {}; }
  bool InMemory() override { return false; }
  native::string GetDBPath() override { return "lake"; }
  native::string GetDefaultSchema() const override { return kDefaultSchema; }
  bool SupportsTimeTravel() const override { return true; }
  /// The entry object for a schema that exists; objects live as long as the catalogue.
  LakeSchemaEntry& SchemaObject(const std::string& name);

  // Write side: lake_insert.cc, lake_delete.cc, lake_update.cc, lake_ddl.cc.
  native::optional_ptr<native::CatalogEntry> CreateSchema(native::CatalogTransaction transaction,
                                                          native::CreateSchemaInfo& info) override;
  void DropSchema(native::ClientContext& context, native::DropInfo& info) override;
  native::ErrorData SupportsCreateTable(native::BoundCreateTableInfo& info) override;
  native::PhysicalOperator& PlanInsert(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                       native::LogicalInsert& op,
                                       native::optional_ptr<native::PhysicalOperator> plan) override;
  native::PhysicalOperator& PlanCreateTableAs(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                              native::LogicalCreateTable& op, native::PhysicalOperator& plan) override;
  native::PhysicalOperator& PlanDelete(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                       native::LogicalDelete& op, native::PhysicalOperator& plan) override;
  native::PhysicalOperator& PlanUpdate(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                       native::LogicalUpdate& op, native::PhysicalOperator& plan) override;
  native::PhysicalOperator& PlanMergeInto(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                          native::LogicalMergeInto& op, native::PhysicalOperator& plan) override;

 private:
  std::mutex mutex_;
  std::map<std::string, native::unique_ptr<LakeSchemaEntry>> schemas_;  // Lower-case name; never shrinks.
};

}  // namespace neurolake::engine::duckdb
