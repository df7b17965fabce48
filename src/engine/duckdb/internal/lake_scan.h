#pragma once
#include <unordered_map>

#include "duckdb/common/multi_file/multi_file_list.hpp"
#include "duckdb/common/multi_file/multi_file_reader.hpp"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/sample_windows.h"
#include "engine/duckdb/internal/statement_state.h"
#include "tables/delta/read_scope.h"

namespace neurolake::engine::duckdb {

class FilePruner;
class LakeFileList;

/// What scans of lake tables are called in plans; no SQL can call it.
inline constexpr const char* kLakeScan = "lake_scan";

/// One scan of a lake table in one bound plan; shared by all copies that the optimiser makes of it.
struct LakeScan {
  uint64_t scan_id = 0;
  LakeTableEntry* table = nullptr;  ///< Kept by the transaction, which outlives the plan's run.
  std::shared_ptr<const tables::delta::Snapshot> snapshot;
  StatementState* state = nullptr;
  std::vector<std::string> via;        ///< Views it was reached through, outermost first: "schema.name".
  native::TableFunction parquet_scan;  ///< DuckDB's own, which ours stands on.
  std::shared_ptr<FilePruner> pruner;
  /// The governor's mark, set by Execute and Explain alone. Without it the scan refuses to start.
  std::atomic<bool> governed{false};
  std::atomic<bool> started{false};
  /// The plan may have it more than once, so what one of them read says nothing of what the others would have.
  std::atomic<bool> copied{false};
  std::atomic<int64_t> row_groups_total{0};
  /// After pruning with the optimised plan's filters; -1 until then.
  std::atomic<int64_t> files_kept{-1};

  /// Of files, by positions in the snapshot, the rows that a sample is made of. Set where the scan is bound.
  using Sample = std::unordered_map<uint32_t, std::vector<RowWindow>>;
  std::shared_ptr<const Sample> sample;  ///< Null: all rows.

  /// What was read where the scan, or a copy of it, started or was answered from the log: for the commit.
  struct Reading {
    std::shared_ptr<const std::vector<uint32_t>> files;  ///< Positions in the snapshot.
    /// Of the rows that were looked for. Null: these files were named, and none beside them is of interest.
    std::shared_ptr<const tables::delta::ReadPredicate> predicate;
  };
  void AddReading(Reading reading);
  std::vector<Reading> readings() const;

 private:
  mutable std::mutex readings_mutex_;
  std::vector<Reading> readings_;
};

/// The scan in `get`, or null when it is not one of a lake table.
std::shared_ptr<LakeScan> FindLakeScan(const native::LogicalGet& get);

/// The files of a snapshot that a scan still has to read, as positions in `snapshot->files()`.
class LakeFileList final : public native::MultiFileList {
 public:
  LakeFileList(std::shared_ptr<LakeScan> scan, std::shared_ptr<const std::vector<uint32_t>> files,
               std::shared_ptr<const tables::delta::ReadPredicate> predicate = nullptr)
      : scan_(std::move(scan)), files_(std::move(files)), predicate_(std::move(predicate)) {}
  static native::shared_ptr<LakeFileList> All(std::shared_ptr<LakeScan> scan);
  const std::vector<uint32_t>& files() const { return *files_; }
  LakeScan::Reading reading() const { return {.files = files_, .predicate = predicate_}; }

  native::unique_ptr<native::MultiFileList> ComplexFilterPushdown(
      native::ClientContext& context, const native::MultiFileOptions& options, native::MultiFilePushdownInfo& info,
      native::vector<native::unique_ptr<native::Expression>>& filters) const override;
  native::unique_ptr<native::MultiFileList> DynamicFilterPushdown(native::ClientContext& context,
                                                                  const native::MultiFileOptions& options,
                                                                  const native::vector<native::string>& names,
                                                                  const native::vector<native::LogicalType>& types,
                                                                  const native::vector<native::column_t>& column_ids,
                                                                  native::TableFilterSet& filters) const override;

  native::vector<native::OpenFileInfo> GetAllFiles() const override;
  native::FileExpandResult GetExpandResult() const override;
  native::idx_t GetTotalFileCount() const override { return files_->size(); }
  /// Paths are nobody's business.
  native::vector<native::OpenFileInfo> GetDisplayFileList(native::optional_idx max_files) const override { return {}; }
  native::unique_ptr<native::NodeStatistics> GetCardinality(native::ClientContext& context) const override;
  native::unique_ptr<native::MultiFileList> Copy() const override;
  /// Rows after deletion vectors, by the log's statistics; nullopt if a file has none.
  std::optional<int64_t> ExactRowCount() const;

 protected:
  native::OpenFileInfo GetFile(native::idx_t index) const override;

 private:
  /// The predicate with what `narrow` adds; the same object if that is nothing.
  std::shared_ptr<const tables::delta::ReadPredicate> Narrowed(
      const std::function<void(tables::delta::ReadPredicate&)>& narrow) const;

  std::shared_ptr<LakeScan> scan_;
  std::shared_ptr<const std::vector<uint32_t>> files_;
  std::shared_ptr<const tables::delta::ReadPredicate> predicate_;  // As LakeScan::Reading.
};

/// Reads a data file as the table's schema wants it: partition values as constants, columns by physical name or field
/// id, NULL for those a file lacks, deleted rows left out.
class LakeFileReader final : public native::MultiFileReader {
 public:
  explicit LakeFileReader(std::shared_ptr<LakeScan> scan);
  const std::shared_ptr<LakeScan>& scan() const { return scan_; }

  native::shared_ptr<native::MultiFileList> CreateFileList(native::ClientContext& context,
                                                           const native::vector<native::string>& paths,
                                                           const native::FileGlobInput& glob_input) override;
  bool Bind(native::MultiFileOptions& options, native::MultiFileList& files,
            native::vector<native::LogicalType>& return_types, native::vector<native::string>& names,
            native::MultiFileReaderBindData& bind_data) override;
  void BindOptions(native::MultiFileOptions& options, native::MultiFileList& files,
                   native::vector<native::LogicalType>& return_types, native::vector<native::string>& names,
                   native::MultiFileReaderBindData& bind_data) override {}
  void FinalizeBind(native::MultiFileReaderData& reader_data, const native::MultiFileOptions& file_options,
                    const native::MultiFileReaderBindData& options,
                    const native::vector<native::MultiFileColumnDefinition>& global_columns,
                    const native::vector<native::ColumnIndex>& global_column_ids, native::ClientContext& context,
                    native::optional_ptr<native::MultiFileReaderGlobalState> global_state) override;
  native::ReaderInitializeType InitializeReader(native::MultiFileReaderData& reader_data,
                                                const native::MultiFileBindData& bind_data,
                                                const native::vector<native::MultiFileColumnDefinition>& global_columns,
                                                const native::vector<native::ColumnIndex>& global_column_ids,
                                                native::optional_ptr<native::TableFilterSet> table_filters,
                                                native::ClientContext& context,
                                                native::MultiFileGlobalState& gstate) override;
  native::shared_ptr<native::BaseFileReader> CreateReader(native::ClientContext& context,
                                                          native::GlobalTableFunctionState& gstate,
                                                          const native::OpenFileInfo& file, native::idx_t file_index,
                                                          const native::MultiFileBindData& bind_data) override;
  native::unique_ptr<native::Expression> GetVirtualColumnExpression(
      native::ClientContext& context, native::MultiFileReaderData& reader_data,
      const native::vector<native::MultiFileColumnDefinition>& local_columns, native::idx_t& column_id,
      const native::LogicalType& type, native::MultiFileLocalIndex local_index,
      native::optional_ptr<native::MultiFileColumnDefinition>& global_column_reference) override;
  native::unique_ptr<native::MultiFileReader> Copy() const override;

 private:
  bool IsGivenChangeType(const tables::delta::AddFile& file, const tables::delta::StructField& field) const;

  std::shared_ptr<LakeScan> scan_;
  native::vector<native::MultiFileColumnDefinition> by_name_;
  native::vector<native::MultiFileColumnDefinition> by_field_id_;  // Empty unless the table maps by id.
  native::vector<native::MultiFileColumnDefinition> kept_;  // Row id and version, by name; empty unless rows keep ids.
};

/// Position in the snapshot of the file that `info`, made by LakeFileList, stands for.
uint32_t SnapshotIndex(const native::OpenFileInfo& info);

}  // namespace neurolake::engine::duckdb
