#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/native.h"
#include "tables/delta/encrypted_columns.h"

namespace neurolake::engine::duckdb {

/// Encrypted columns between files and statements. What a scan reads of such a column, and what is written to files,
/// are cells (BLOB); what statements see are values. A projection right above the scan opens cells (`OpenCells`),
/// another at the top of what a statement writes closes them (`CellWriter`); all between files and these two knows only
/// cells. Source: docs/adr/0026-encrypted-columns.md.

class CellOpener;

/// The type of a column as statements see it. Throws kCorruption.
native::LogicalType ReadableType(const tables::delta::StructField& field);
/// `schema` as policies and other expressions over what is read see it. Throws kCorruption.
tables::delta::DataType ReadableSchemaOf(const tables::delta::DataType& schema);

/// Whether tables of the statement are seen as their files are: rows only move, were closed where they were made, or
/// are looked at by checks of the product's own.
bool SeesCells(const StatementState& state);

/// A cell that an UPDATE passes on as it is: what is written of a column that it does not assign to.
struct KeptCell {
  /// Virtual columns, one for each column of the table from here on; not to be named by users.
  static constexpr native::column_t kFirst = UINT64_C(9223372036854788096);
  static constexpr native::column_t kColumnsMax = 1 << 20;
  static bool Has(native::column_t column) { return column >= kFirst && column - kFirst < kColumnsMax; }
  /// Told apart from any value of the type BLOB.
  static native::LogicalType Type();
  static bool Is(const native::LogicalType& type);
};
/// Adds them for the encrypted columns of `schema`.
void AddKeptCellColumns(const tables::delta::DataType& schema, native::virtual_column_map_t& columns);

/// Right above a scan: its columns, cells opened. Conditions of the query are kept above it while they are moved down.
class OpenedCells final : public native::LogicalProjection {
 public:
  /// What a column is opened, and compared, with.
  struct Column {
    size_t field = 0;
    tables::delta::ColumnEncryption encryption;
    native::LogicalType type;
    std::shared_ptr<const CellOpener> opener;
    native::optional_idx cells;  ///< Where the projection has the cells themselves, if it does.
  };
  using LogicalProjection::LogicalProjection;
  std::shared_ptr<LakeScan> scan;
  std::map<native::idx_t, Column> columns;  ///< By place in the projection.
};

/// Puts values in the place of the cells that a governed scan reads. `op` is the scan; what stands above goes on
/// meaning the same columns. Keys are asked of the server; where the principal may not decrypt, or a key cannot be
/// opened, the statement fails once it needs the column. `needed`: places in the scan that anything above refers to,
/// null for all; a column that a mask hides is not opened.
void OpenCells(native::ClientContext& context, native::Binder& binder, native::unique_ptr<native::LogicalOperator>& op,
               const std::shared_ptr<LakeScan>& scan, const std::set<native::idx_t>* needed);

/// Conditions `column = constant` and `column IN (constants)` that lie right above opened deterministic columns become
/// comparisons of cells: whoever may decrypt needs no key for rows that are not meant, and whoever may look up finds
/// those rows.
void CompareCells(native::ClientContext& context, native::LogicalOperator& root);

/// Whether there are such columns, so that conditions are worth to be moved down to them.
bool OpensDeterministicCells(const native::LogicalOperator& root);

/// Makes cells of values that a statement writes to one table.
class CellWriter {
 public:
  CellWriter(native::ClientContext& context, const tables::delta::DataType& schema)
      : context_(context), schema_(schema) {}
  /// `value` as the table's files hold it: cast to the column's type, and closed where the column is encrypted unless
  /// it is a kept cell. Throws kPermissionDenied where the principal may not encrypt; the server's errors.
  native::unique_ptr<native::Expression> Store(native::unique_ptr<native::Expression> value, size_t column);

 private:
  native::ClientContext& context_;
  const tables::delta::DataType& schema_;
};

/// `child` gives values of the table's columns, and perhaps columns of `more` types after them: a projection above it
/// that gives what files hold.
native::PhysicalOperator& PlanStored(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                     const tables::delta::DataType& schema,
                                     const native::vector<native::LogicalType>& more, native::PhysicalOperator& child);

/// Throws kNotSupported where a bound expression over files' columns, by position, reads an encrypted one.
void RefuseCells(const native::Expression& expression, const tables::delta::DataType& schema, std::string_view what);

}  // namespace neurolake::engine::duckdb
