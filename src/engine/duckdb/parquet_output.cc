#include "engine/duckdb/internal/parquet_output.h"

#include <charconv>

#include "common/text.h"
#include "duckdb/catalog/catalog_entry/copy_function_catalog_entry.hpp"
#include "duckdb/common/filename_pattern.hpp"
#include "duckdb/execution/operator/order/physical_order.hpp"
#include "duckdb/execution/operator/persistent/physical_copy_to_file.hpp"
#include "duckdb/execution/operator/projection/physical_projection.hpp"
#include "duckdb/main/client_config.hpp"
#include "duckdb/main/settings.hpp"
#include "duckdb/parallel/thread_context.hpp"
#include "duckdb/parser/parsed_data/copy_info.hpp"
#include "duckdb/storage/buffer_manager.hpp"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/object_file_system.h"
#include "engine/duckdb/internal/statement_state.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "storage/path.h"
#include "tables/delta/file_path.h"
#include "tables/delta/layout.h"
#include "tables/delta/table_properties.h"

namespace neurolake::engine::duckdb {

using tables::delta::DataType;
using tables::delta::StructField;
using Kind = tables::delta::DataType::Kind;

namespace {

/// The engine's own.
constexpr int64_t kRowGroupRows = 122'880;

/// The engine type with the names that stand in the file.
native::LogicalType PhysicalType(const DataType& type) {
  switch (type.kind) {
    case Kind::kStruct: {
      native::child_list_t<native::LogicalType> children;
      for (const StructField& field : type.fields) {
        children.emplace_back(field.physical_name(), PhysicalType(field.type));
      }
      return native::LogicalType::STRUCT(std::move(children));
    }
    case Kind::kArray: return native::LogicalType::LIST(PhysicalType(type.children[0]));
    case Kind::kMap: return native::LogicalType::MAP(PhysicalType(type.children[0]), PhysicalType(type.children[1]));
    default: return ToDuckDbType(type);
  }
}

std::optional<native::Value> NestedFieldIds(const DataType& type);

std::optional<native::Value> FieldIdOf(const StructField& field) {
  const int64_t id = field.column_mapping_id();
  auto nested = NestedFieldIds(field.type);
  if (!nested) return id < 0 ? std::nullopt : std::optional(native::Value::INTEGER(static_cast<int32_t>(id)));
  native::child_list_t<native::Value> children;
  if (id >= 0) children.emplace_back("__duckdb_field_id", native::Value::INTEGER(static_cast<int32_t>(id)));
  const auto& types = native::StructType::GetChildTypes(nested->type());
  for (size_t i = 0; i < types.size(); ++i) {
    children.emplace_back(types[i].first, native::StructValue::GetChildren(*nested)[i]);
  }
  return native::Value::STRUCT(std::move(children));
}

/// Ids below a nested type, as the Parquet writer's option FIELD_IDS takes them; nullopt if there are none.
std::optional<native::Value> NestedFieldIds(const DataType& type) {
  native::child_list_t<native::Value> children;
  if (type.kind == Kind::kStruct) {
    for (const StructField& field : type.fields) {
      if (auto id = FieldIdOf(field)) children.emplace_back(field.physical_name(), std::move(*id));
    }
  } else if (type.kind == Kind::kArray) {
    if (auto ids = NestedFieldIds(type.children[0])) children.emplace_back("element", std::move(*ids));
  } else if (type.kind == Kind::kMap) {
    if (auto ids = NestedFieldIds(type.children[0])) children.emplace_back("key", std::move(*ids));
    if (auto ids = NestedFieldIds(type.children[1])) children.emplace_back("value", std::move(*ids));
  }
  if (children.empty()) return std::nullopt;
  return native::Value::STRUCT(std::move(children));
}

native::CopyFunction& ParquetFunction(native::ClientContext& context) {
  auto& system = native::Catalog::GetSystemCatalog(context);
  return system.GetEntry<native::CopyFunctionCatalogEntry>(context, DEFAULT_SCHEMA, "parquet").function;
}

/// Remembers each file before it is opened, so that none is left behind by a statement that fails.
native::unique_ptr<native::GlobalFunctionData> OpenRememberedFile(native::ClientContext& context,
                                                                  native::FunctionData& bind_data,
                                                                  const native::string& asked) {
  const std::string path = tables::delta::WithShortNames(asked);
  auto& lake = native::Catalog::GetCatalog(context, LakeCatalog::kName);
  LakeTransaction::Get(context, lake).RememberFile(path);
  return ParquetFunction(context).copy_to_initialize_global(context, bind_data, path);
}

native::unique_ptr<native::FunctionData> BindParquet(native::ClientContext& context, const WriteTarget& target) {
  native::CopyInfo info;
  info.format = "parquet";
  info.is_from = false;
  info.file_path = target.table.location;
  DataType file_schema = target.layout.schema;
  std::erase_if(file_schema.fields, [&](const StructField& field) { return target.layout.IsPartition(field.name); });
  if (auto ids = NestedFieldIds(file_schema)) info.options["field_ids"] = {std::move(*ids)};
  const int64_t group_rows = RowGroupRows(target);
  if (group_rows < kRowGroupRows) info.options["row_group_size"] = {native::Value::BIGINT(group_rows)};
  info.options["compression"] = {native::Value(target.codec)};
  native::CopyFunctionBindInput input(info);
  return ParquetFunction(context).copy_to_bind(context, input, DataFileWriter::Names(target),
                                               DataFileWriter::Types(target));
}

std::string TextOf(const native::Value& value) { return value.IsNull() ? "" : value.ToString(); }

}  // namespace

WriteTarget MakeWriteTarget(const TableEntry& table, SnapshotPointer base, const DataType& schema,
                            const tables::delta::Metadata& metadata) {
  WriteTarget target{.table = table, .base = std::move(base), .layout = {}, .row_ids = {}};
  target.layout.location = table.location;
  while (target.layout.location.ends_with('/')) target.layout.location.pop_back();
  target.layout.schema = schema;
  target.layout.partition_columns = metadata.partition_columns;
  target.file_bytes = tables::delta::TargetFileBytes(metadata);
  target.codec = tables::delta::ParquetCodec(metadata.configuration);
  target.layout.statistics_leaves = tables::delta::StatisticsColumns(metadata.configuration, schema);
  const auto optimized = metadata.configuration.find("delta.autoOptimize.optimizeWrite");
  target.by_partition = optimized != metadata.configuration.end() && EqualsIgnoringCase(optimized->second, "true");
  if (auto found = metadata.configuration.find("delta.dataSkippingNumIndexedCols");
      found != metadata.configuration.end()) {
    int columns = 0;
    const auto& text = found->second;
    if (std::from_chars(text.data(), text.data() + text.size(), columns).ec == std::errc()) {
      target.layout.statistics_columns = columns;
    }
  }
  return target;
}

namespace {

/// Takes the partition columns off rows that are all of one partition.
native::PhysicalOperator& PlanFileColumns(native::PhysicalPlanGenerator& planner, const WriteTarget& target,
                                          native::PhysicalOperator& child) {
  native::vector<native::LogicalType> types;
  native::vector<native::unique_ptr<native::Expression>> columns;
  for (native::idx_t i = 0; i < target.layout.schema.fields.size(); ++i) {
    if (target.layout.IsPartition(target.layout.schema.fields[i].name)) continue;
    types.push_back(child.types[i]);
    columns.push_back(native::make_uniq<native::BoundReferenceExpression>(child.types[i], i));
  }
  for (native::idx_t i = target.layout.schema.fields.size(); i < child.types.size(); ++i) {
    types.push_back(child.types[i]);
    columns.push_back(native::make_uniq<native::BoundReferenceExpression>(child.types[i], i));
  }
  auto& projection =
      planner.Make<native::PhysicalProjection>(std::move(types), std::move(columns), child.estimated_cardinality);
  projection.children.push_back(child);
  return projection;
}

/// DuckDB takes a partition's bytes for text and refuses those that are no UTF-8: they are partitioned by their text,
/// in which every byte is told (`\xFF`).
native::PhysicalOperator& PlanBinaryAsText(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const WriteTarget& target, native::PhysicalOperator& child) {
  bool changed = false;
  native::vector<native::LogicalType> types;
  native::vector<native::unique_ptr<native::Expression>> columns;
  for (native::idx_t i = 0; i < child.types.size(); ++i) {
    native::unique_ptr<native::Expression> column =
        native::make_uniq<native::BoundReferenceExpression>(child.types[i], i);
    const auto& fields = target.layout.schema.fields;
    if (i < fields.size() && target.layout.IsPartition(fields[i].name) &&
        child.types[i].id() == native::LogicalTypeId::BLOB) {
      column = native::BoundCastExpression::AddCastToType(context, std::move(column), native::LogicalType::VARCHAR);
      changed = true;
    }
    types.push_back(column->return_type);
    columns.push_back(std::move(column));
  }
  if (!changed) return child;
  auto& projection =
      planner.Make<native::PhysicalProjection>(std::move(types), std::move(columns), child.estimated_cardinality);
  projection.children.push_back(child);
  return projection;
}

/// Brings the rows of each partition together. The writer keeps so many files open and no more, so rows of more
/// partitions than that, as they come, would begin a file again and again.
native::PhysicalOperator& PlanByPartition(native::PhysicalPlanGenerator& planner, const WriteTarget& target,
                                          native::PhysicalOperator& child) {
  native::vector<native::BoundOrderByNode> orders;
  for (native::idx_t i = 0; i < target.layout.schema.fields.size(); ++i) {
    if (!target.layout.IsPartition(target.layout.schema.fields[i].name)) continue;
    orders.emplace_back(native::OrderType::ASCENDING, native::OrderByNullType::NULLS_LAST,
                        native::make_uniq<native::BoundReferenceExpression>(child.types[i], i));
  }
  if (orders.empty()) return child;
  native::vector<native::idx_t> all;
  for (native::idx_t i = 0; i < child.types.size(); ++i) all.push_back(i);
  auto& sorted =
      planner.Make<native::PhysicalOrder>(child.types, std::move(orders), std::move(all), child.estimated_cardinality);
  sorted.children.push_back(child);
  return sorted;
}

/// The directory of a partition, named as others name it, for people to find their way.
std::string PartitionDirectory(const FileLayout& layout, const tables::delta::PartitionValues& partition) {
  std::string directory = layout.location;
  for (const StructField& field : layout.schema.fields) {
    const auto value = partition.find(field.physical_name());
    if (!layout.IsPartition(field.name) || value == partition.end()) continue;
    std::string text = value->second.value_or("");
    if (text.empty()) text = "__HIVE_DEFAULT_PARTITION__";
    // Encoded once in the name itself, as Hive does; a value must not make directories of its own.
    std::string name = tables::delta::EncodePath(text);
    for (size_t at = 0; (at = name.find('/', at)) != std::string::npos;) name.replace(at, 1, "%2F");
    directory += fmt::format("/{}={}", tables::delta::EncodePath(field.physical_name()), name);
  }
  return tables::delta::WithShortNames(directory);
}

// DuckDB keeps a file open for each partition that it has seen, up to a hundred. An upload holds memory for as long: of
// files in object stores only as many are open as a quarter of the limit has room for. Others are begun anew.
void BoundOpenFiles(native::ClientContext& context, const std::string& location) {
  constexpr native::idx_t kOpenFilesMax = 100, kOpenFilesMin = 4;
  native::idx_t open_files = kOpenFilesMax;
  if (storage::IsUrl(location)) {
    const native::idx_t room = native::BufferManager::GetBufferManager(context).GetMaxMemory() / 4;
    open_files = std::clamp(room / static_cast<native::idx_t>(kUploadBufferBytes), kOpenFilesMin, kOpenFilesMax);
  }
  // The configuration is locked against SET; this is what SET does, for the session.
  native::ClientConfig::GetConfig(context).user_settings.SetUserSetting(
      native::PartitionedWriteMaxOpenFilesSetting::SettingIndex, native::Value::UBIGINT(open_files));
}

}  // namespace

int64_t RowGroupRows(const WriteTarget& target) {
  return std::clamp<int64_t>(target.file_bytes / 16, STANDARD_VECTOR_SIZE, kRowGroupRows);
}

std::string DataDirectory(native::ClientContext& context, const WriteTarget& target) {
  const auto& intent = StatementState::Get(context).grants.write;
  if (!intent || !intent->partition || target.layout.partition_columns.empty()) return target.layout.location;
  std::string directory = PartitionDirectory(target.layout, *intent->partition);
  // The engine makes one level only. What is wrong with it shows when the first file is opened.
  std::ignore = StatementState::Get(context).store->MakeDirectory(directory);
  return directory;
}

native::PhysicalOperator& PlanParquetFiles(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const WriteTarget& target, native::PhysicalOperator& rows) {
  const auto& intent = StatementState::Get(context).grants.write;
  const bool one_partition = intent && intent->partition && !target.layout.partition_columns.empty();
  native::PhysicalOperator& taken =
      one_partition ? PlanFileColumns(planner, target, rows) : PlanBinaryAsText(context, planner, target, rows);
  native::CopyFunction function = ParquetFunction(context);
  function.copy_to_initialize_global = OpenRememberedFile;
  // An explicit order is a clustering that the writer asked for: it survives one thread only.
  const bool ordered =
      native::PhysicalPlanGenerator::OrderPreservationRecursive(taken) == native::OrderPreservationType::FIXED_ORDER;
  // So is that order an order within each partition's file; it is not to be lost by sorting.
  const bool sorts = target.by_partition && !one_partition && !ordered;
  native::PhysicalOperator& child = sorts ? PlanByPartition(planner, target, taken) : taken;
  auto& planned = planner.Make<native::PhysicalCopyToFile>(
      native::GetCopyFunctionReturnLogicalTypes(native::CopyFunctionReturnType::WRITTEN_FILE_STATISTICS),
      std::move(function), BindParquet(context, target), 1U);
  auto& copy = planned.Cast<native::PhysicalCopyToFile>();
  copy.file_path = DataDirectory(context, target);
  copy.use_tmp_file = false;
  copy.filename_pattern.SetFilenamePattern("part-{uuidv7}");
  copy.file_extension = "parquet";
  copy.overwrite_mode = native::CopyOverwriteMode::COPY_APPEND;
  copy.parallel = !ordered;
  copy.per_thread_output = false;
  copy.return_type = native::CopyFunctionReturnType::WRITTEN_FILE_STATISTICS;
  copy.write_partition_columns = false;
  copy.hive_file_pattern = true;
  for (const StructField& field : target.layout.schema.fields) {
    if (one_partition && target.layout.IsPartition(field.name)) continue;
    if (target.layout.IsPartition(field.name)) copy.partition_columns.push_back(copy.names.size());
    copy.names.push_back(field.physical_name());
  }
  if (target.row_ids) {
    copy.names.push_back(target.row_ids->row_id);
    copy.names.push_back(target.row_ids->row_commit_version);
  }
  copy.expected_types = child.types;
  copy.partition_output = !copy.partition_columns.empty();
  if (copy.partition_output) BoundOpenFiles(context, target.layout.location);
  // Files are made when rows come; a partitioned copy takes the other setting as "one file at the directory's path".
  copy.rotate = !copy.partition_output;
  copy.write_empty_file = copy.partition_output;
  if (copy.rotate) {
    copy.file_size_bytes =
        static_cast<native::idx_t>(intent && intent->file_bytes > 0 ? intent->file_bytes : target.file_bytes);
  }
  copy.children.push_back(child);
  return copy;
}

WrittenFile ReadWrittenFile(native::DataChunk& chunk, native::idx_t row) {
  WrittenFile file;
  // The engine knows it by the name that it asked for.
  file.path = tables::delta::WithShortNames(chunk.GetValue(0, row).ToString());
  file.row_count = static_cast<int64_t>(chunk.GetValue(1, row).GetValue<uint64_t>());
  file.size_bytes = static_cast<int64_t>(chunk.GetValue(2, row).GetValue<uint64_t>());
  const native::Value columns = chunk.GetValue(4, row);
  for (const native::Value& column : native::MapValue::GetChildren(columns)) {
    const auto& name_and_statistics = native::StructValue::GetChildren(column);
    auto& statistics = file.columns[name_and_statistics[0].ToString()];
    for (const native::Value& entry : native::MapValue::GetChildren(name_and_statistics[1])) {
      const auto& key_and_value = native::StructValue::GetChildren(entry);
      if (!key_and_value[1].IsNull()) statistics[key_and_value[0].ToString()] = key_and_value[1].ToString();
    }
  }
  const native::Value partition = chunk.GetValue(5, row);
  if (partition.IsNull()) return file;
  for (const native::Value& entry : native::MapValue::GetChildren(partition)) {
    const auto& key_and_value = native::StructValue::GetChildren(entry);
    std::optional<std::string> text;
    if (!key_and_value[1].IsNull()) text = key_and_value[1].ToString();
    file.partition.emplace_back(key_and_value[0].ToString(), std::move(text));
  }
  return file;
}

struct DataFileWriter::State {
  State(native::ClientContext& client, std::string file_path)
      : context(client),
        function(ParquetFunction(client)),
        thread(client),
        execution(client, thread, nullptr),
        path(std::move(file_path)) {}
  native::ClientContext& context;
  /// Looked up once: the catalogue is the statement's, and several threads may write files of it.
  const native::CopyFunction& function;
  native::ThreadContext thread;
  native::ExecutionContext execution;
  std::string path;
  native::unique_ptr<native::FunctionData> bind_data;
  native::unique_ptr<native::GlobalFunctionData> file;
  native::unique_ptr<native::LocalFunctionData> local;
  native::CopyFunctionFileStatistics statistics;
};

DataFileWriter::DataFileWriter(native::ClientContext& context, const WriteTarget& target, const std::string& path)
    : state_(std::make_unique<State>(context, tables::delta::WithShortNames(path))) {
  const native::CopyFunction& function = state_->function;
  state_->bind_data = BindParquet(context, target);
  state_->file = OpenRememberedFile(context, *state_->bind_data, state_->path);
  function.copy_to_get_written_statistics(context, *state_->bind_data, *state_->file, state_->statistics);
  state_->local = function.copy_to_initialize_local(state_->execution, *state_->bind_data);
}

DataFileWriter::~DataFileWriter() = default;

native::vector<native::LogicalType> DataFileWriter::Types(const WriteTarget& target) {
  native::vector<native::LogicalType> types;
  for (const StructField& field : target.layout.schema.fields) {
    if (!target.layout.IsPartition(field.name)) types.push_back(PhysicalType(field.type));
  }
  if (target.row_ids) types.insert(types.end(), 2, native::LogicalType::BIGINT);
  return types;
}

native::vector<native::string> DataFileWriter::Names(const WriteTarget& target) {
  native::vector<native::string> names;
  for (const StructField& field : target.layout.schema.fields) {
    if (!target.layout.IsPartition(field.name)) names.push_back(field.physical_name());
  }
  if (target.row_ids) names.insert(names.end(), {target.row_ids->row_id, target.row_ids->row_commit_version});
  return names;
}

void DataFileWriter::Append(native::DataChunk& chunk) {
  state_->function.copy_to_sink(state_->execution, *state_->bind_data, *state_->file, *state_->local, chunk);
}

void DataFileWriter::AppendRowGroup(native::unique_ptr<native::ColumnDataCollection> rows) {
  const native::CopyFunction& function = state_->function;
  const auto prepared = function.prepare_batch(state_->context, *state_->bind_data, *state_->file, std::move(rows));
  function.flush_batch(state_->context, *state_->bind_data, *state_->file, *prepared);
}

WrittenFile DataFileWriter::Finish() {
  const native::CopyFunction& function = state_->function;
  function.copy_to_combine(state_->execution, *state_->bind_data, *state_->file, *state_->local);
  function.copy_to_finalize(state_->context, *state_->bind_data, *state_->file);
  WrittenFile file;
  file.path = state_->path;
  file.row_count = static_cast<int64_t>(state_->statistics.row_count);
  file.size_bytes = static_cast<int64_t>(state_->statistics.file_size_bytes);
  for (const auto& [column, statistics] : state_->statistics.column_statistics) {
    for (const auto& [name, value] : statistics) {
      if (!value.IsNull()) file.columns[column][name] = TextOf(value);
    }
  }
  return file;
}

}  // namespace neurolake::engine::duckdb
