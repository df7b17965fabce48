#include "common/text.h"
#include "duckdb/common/multi_file/multi_file_data.hpp"
#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/function/function_binder.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/expression_filter.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/change_feed.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::engine::duckdb {
namespace {

using native::MultiFileColumnDefinition;
using tables::delta::DataType;
using tables::delta::StructField;
using Kind = tables::delta::DataType::Kind;

// Leaves out the rows of a deletion vector. One per open file; row groups may be scanned by several threads at a time.
class DeletedRowsFilter final : public native::DeleteFilter {
 public:
  explicit DeletedRowsFilter(tables::delta::DeletedRows rows) : rows_(std::move(rows)) {}

  native::idx_t Filter(native::row_t start_row_index, native::idx_t count, native::SelectionVector& result) override {
    const auto first = static_cast<uint64_t>(start_row_index);
    auto next = std::lower_bound(rows_.begin(), rows_.end(), first);
    result.Initialize(STANDARD_VECTOR_SIZE);
    native::idx_t kept = 0;
    for (native::idx_t i = 0; i < count; ++i) {
      if (next != rows_.end() && *next == first + i) {
        ++next;
      } else {
        result.set_index(kept++, i);
      }
    }
    return kept;
  }

 private:
  const tables::delta::DeletedRows rows_;
};

// Leaves just the rows that a change feed means.
class ChangedRowsFilter final : public native::DeleteFilter {
 public:
  explicit ChangedRowsFilter(const tables::delta::DeletedRows& rows) : rows_(rows) {}

  native::idx_t Filter(native::row_t start_row_index, native::idx_t count, native::SelectionVector& result) override {
    const auto first = static_cast<uint64_t>(start_row_index);
    result.Initialize(STANDARD_VECTOR_SIZE);
    native::idx_t kept = 0;
    for (auto next = std::lower_bound(rows_.begin(), rows_.end(), first); next != rows_.end() && *next < first + count;
         ++next) {
      result.set_index(kept++, *next - first);
    }
    return kept;
  }

 private:
  const tables::delta::DeletedRows& rows_;  // The table's entry has them.
};

bool HoldsStruct(const DataType& type) {
  if (type.kind == Kind::kStruct) return true;
  return std::ranges::any_of(type.children, HoldsStruct);
}

MultiFileColumnDefinition Define(const StructField& field, bool by_id);

// Columns inside of `type`: DuckDB maps them one by one where there are any, else casts the whole value.
void DefineChildren(const DataType& type, bool by_id, MultiFileColumnDefinition& definition) {
  if (!HoldsStruct(type)) return;
  auto element = [&](const char* name, const DataType& child) {
    StructField field;
    field.name = name;
    field.type = child;
    return Define(field, by_id);
  };
  if (type.kind == Kind::kStruct) {
    for (const StructField& field : type.fields) definition.children.push_back(Define(field, by_id));
  } else if (type.kind == Kind::kArray) {
    definition.children.push_back(element("list", type.children[0]));
  } else if (type.kind == Kind::kMap) {
    definition.children.push_back(element("key", type.children[0]));
    definition.children.push_back(element("value", type.children[1]));
  }
}

MultiFileColumnDefinition Define(const StructField& field, bool by_id) {
  auto type = ToDuckDbType(field.type);
  MultiFileColumnDefinition definition(field.name, type);
  // Older files may lack the column.
  definition.default_expression = native::make_uniq<native::ConstantExpression>(native::Value(type));
  definition.identifier = by_id ? native::Value::INTEGER(static_cast<int32_t>(field.column_mapping_id()))
                                : native::Value(field.physical_name());
  DefineChildren(field.type, by_id, definition);
  return definition;
}

// INT96 timestamps carry no zone in the file, and are instants where Delta says so. (A cast would take them for local
// times of the session's zone.)
void ReadInstantsAsInstants(const std::vector<StructField>& fields,
                            native::vector<MultiFileColumnDefinition>& columns) {
  for (auto& column : columns) {
    if (column.type.id() != native::LogicalTypeId::TIMESTAMP) continue;
    for (const StructField& field : fields) {
      if (field.type.kind == Kind::kTimestamp && EqualsIgnoringCase(field.physical_name(), column.name)) {
        column.type = native::LogicalType::TIMESTAMP_TZ;
      }
    }
  }
}

// Writers name the element of a list "element", "item" or "array"; DuckDB's mapping of nested columns wants "list".
void NormalizeElementNames(native::vector<MultiFileColumnDefinition>& columns) {
  for (auto& column : columns) {
    if (column.type.id() == native::LogicalTypeId::LIST && column.children.size() == 1) {
      column.children[0].name = "list";
    }
    NormalizeElementNames(column.children);
  }
}

// What a filter on a column says where the file's type is an older, narrower one. Left to DuckDB, the filter's constant
// is cast to the file's type and rounded: `i = 1.5` would find the 2 of a file of integers. As an expression it is
// evaluated over the widened values. Null for what is only a hint; whoever made it looks at the rows himself.
native::unique_ptr<native::TableFilter> FilterOverWidened(const native::TableFilter& filter,
                                                          const native::LogicalType& type) {
  const auto kind = filter.filter_type;
  if (kind == native::TableFilterType::OPTIONAL_FILTER || kind == native::TableFilterType::DYNAMIC_FILTER)
    return nullptr;
  const native::BoundReferenceExpression column(type, 0ULL);
  return native::make_uniq<native::ExpressionFilter>(filter.ToExpression(column));
}

/// The column of a file that `global` is read from, or null.
const MultiFileColumnDefinition* FindInFile(const native::vector<MultiFileColumnDefinition>& columns,
                                            const MultiFileColumnDefinition& global, bool by_id) {
  for (const auto& column : columns) {
    if (by_id ? column.identifier == global.identifier
              : EqualsIgnoringCase(column.name, native::StringValue::Get(global.identifier))) {
      return &column;
    }
  }
  return nullptr;
}

/// `filters` with those on widened columns made expressions; null if none is on such a column.
native::unique_ptr<native::TableFilterSet> FiltersOverWidened(
    const native::TableFilterSet& filters, const native::vector<native::ColumnIndex>& global_column_ids,
    const native::vector<MultiFileColumnDefinition>& globals, const native::vector<MultiFileColumnDefinition>& columns,
    bool by_id) {
  auto result = native::make_uniq<native::TableFilterSet>();
  bool any = false;
  for (const auto& [index, filter] : filters.filters) {
    const auto& column = global_column_ids.at(index);
    const auto* global = column.IsVirtualColumn() ? nullptr : &globals.at(column.GetPrimaryIndex());
    const auto* local = global == nullptr ? nullptr : FindInFile(columns, *global, by_id);
    if (local == nullptr || local->type == global->type) {
      result->filters.emplace(index, filter->Copy());
      continue;
    }
    any = true;
    if (auto over_widened = FilterOverWidened(*filter, global->type)) {
      result->filters.emplace(index, std::move(over_widened));
    }
  }
  return any ? std::move(result) : nullptr;
}

/// `filters` with that on the row's number saying which of a file's rows are in the sample: row groups without any are
/// not read.
native::unique_ptr<native::TableFilterSet> FiltersOfSample(const native::TableFilterSet& filters,
                                                           const native::vector<native::ColumnIndex>& global_column_ids,
                                                           const std::vector<RowWindow>& windows) {
  using native::ConstantFilter;
  auto result = native::make_uniq<native::TableFilterSet>();
  for (const auto& [index, filter] : filters.filters) {
    if (global_column_ids.at(index).GetPrimaryIndex() != native::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER) {
      result->filters.emplace(index, filter->Copy());
      continue;
    }
    auto either = native::make_uniq<native::ConjunctionOrFilter>();
    for (const RowWindow& rows : windows) {
      auto window = native::make_uniq<native::ConjunctionAndFilter>();
      window->child_filters.push_back(native::make_uniq<ConstantFilter>(
          native::ExpressionType::COMPARE_GREATERTHANOREQUALTO, native::Value::BIGINT(rows.begin)));
      window->child_filters.push_back(
          native::make_uniq<ConstantFilter>(native::ExpressionType::COMPARE_LESSTHAN, native::Value::BIGINT(rows.end)));
      either->child_filters.push_back(std::move(window));
    }
    if (either->child_filters.size() == 1) {
      result->filters.emplace(index, std::move(either->child_filters[0]));
    } else {
      result->filters.emplace(index, std::move(either));
    }
  }
  return result;
}

// Nothing of the user's runs while a file is opened, so a complaint about input is one about the file: damaged metadata
// says so in words that name neither Parquet nor the file.
template <typename Open>
auto OpenFile(const native::OpenFileInfo& file, Open&& open) {
  try {
    return open();
  } catch (const std::exception& exception) {
    const native::ErrorData error(exception);
    switch (error.Type()) {
      case native::ExceptionType::IO:
      case native::ExceptionType::INVALID_INPUT:
      case native::ExceptionType::INVALID:
      case native::ExceptionType::SERIALIZATION: ThrowLakeError(UnreadableFile(error, file.path));
      default: throw;
    }
  }
}

}  // namespace

LakeFileReader::LakeFileReader(std::shared_ptr<LakeScan> scan) : scan_(std::move(scan)) {
  function_name = "lake_scan";
  const bool by_id = scan_->snapshot->Property("delta.columnMapping.mode") == "id";
  for (const StructField& field : scan_->snapshot->schema().fields) {
    by_name_.push_back(Define(field, false));
    if (by_id) by_field_id_.push_back(Define(field, true));
  }
  if (const auto& metadata = scan_->snapshot->metadata(); KeepsRowIds(scan_->snapshot->protocol(), metadata)) {
    if (const auto columns = tables::delta::RowTrackingColumnsOf(metadata)) {
      for (const std::string& name : {columns->row_id, columns->row_commit_version}) {
        StructField field;
        field.name = name;
        field.type.kind = Kind::kLong;
        kept_.push_back(Define(field, false));
      }
    }
  }
}

native::unique_ptr<native::MultiFileReader> LakeFileReader::Copy() const {
  return native::make_uniq<LakeFileReader>(scan_);
}

native::shared_ptr<native::MultiFileList> LakeFileReader::CreateFileList(native::ClientContext&,
                                                                         const native::vector<native::string>&,
                                                                         const native::FileGlobInput&) {
  return LakeFileList::All(scan_);
}

bool LakeFileReader::Bind(native::MultiFileOptions&, native::MultiFileList&,
                          native::vector<native::LogicalType>& return_types, native::vector<native::string>& names,
                          native::MultiFileReaderBindData& bind_data) {
  for (const auto& column : by_name_) {
    return_types.push_back(column.type);
    names.push_back(column.name);
  }
  bind_data.schema = by_name_;
  bind_data.mapping = native::MultiFileColumnMappingMode::BY_NAME;
  return true;
}

// Of a change feed, files that are not files of changes say it in the log.
bool LakeFileReader::IsGivenChangeType(const tables::delta::AddFile& file, const StructField& field) const {
  return scan_->table->change_rows() != nullptr && field.name == tables::delta::kChangeType &&
         file.partition_values.contains(field.name);
}

void LakeFileReader::FinalizeBind(native::MultiFileReaderData& reader_data, const native::MultiFileOptions&,
                                  const native::MultiFileReaderBindData&,
                                  const native::vector<MultiFileColumnDefinition>&,
                                  const native::vector<native::ColumnIndex>& global_column_ids, native::ClientContext&,
                                  native::optional_ptr<native::MultiFileReaderGlobalState>) {
  const uint32_t index = SnapshotIndex(reader_data.reader->file);
  const auto& file = scan_->snapshot->files()[index];
  const auto& fields = scan_->snapshot->schema().fields;
  const auto& partitions = scan_->snapshot->metadata().partition_columns;
  for (size_t i = 0; i < global_column_ids.size(); ++i) {
    const auto column = global_column_ids[i].GetPrimaryIndex();
    if (column == COLUMN_IDENTIFIER_FILE_INDEX) {
      reader_data.constant_map.Add(native::MultiFileGlobalIndex(i), native::Value::UBIGINT(index));
    } else if (!native::IsVirtualColumn(column) &&
               (std::ranges::find(partitions, fields.at(column).name) != partitions.end() ||
                IsGivenChangeType(file, fields[column]))) {
      reader_data.constant_map.Add(native::MultiFileGlobalIndex(i), PartitionValue(file, fields[column]));
    }
  }
}

native::unique_ptr<native::Expression> LakeFileReader::GetVirtualColumnExpression(
    native::ClientContext& context, native::MultiFileReaderData& reader_data,
    const native::vector<MultiFileColumnDefinition>& local_columns, native::idx_t& column_id,
    const native::LogicalType& type, native::MultiFileLocalIndex local_index,
    native::optional_ptr<MultiFileColumnDefinition>& global_column_reference) {
  const auto constant = [&](std::optional<int64_t> value) {
    return native::make_uniq<native::BoundConstantExpression>(value ? native::Value::BIGINT(*value)
                                                                    : native::Value(native::LogicalType::BIGINT));
  };
  const auto& file = scan_->snapshot->files()[SnapshotIndex(reader_data.reader->file)];
  switch (column_id) {
    case RowIdentity::kKeptId:
    case RowIdentity::kKeptVersion: {
      if (kept_.empty()) return constant(std::nullopt);
      auto& column = kept_[column_id == RowIdentity::kKeptId ? 0 : 1];
      // Asked for by name, which does not do where a file's columns are told by ids.
      if (FindInFile(local_columns, column, /*by_id=*/false) == nullptr) return constant(std::nullopt);
      global_column_reference = &column;
      return nullptr;
    }
    case RowIdentity::kFileVersion: return constant(file.default_row_commit_version);
    case RowIdentity::kPlaceId: {
      if (!file.base_row_id) return constant(std::nullopt);
      column_id = COLUMN_IDENTIFIER_FILE_ROW_NUMBER;
      native::vector<native::unique_ptr<native::Expression>> sum;
      sum.push_back(constant(file.base_row_id));
      sum.push_back(native::make_uniq<native::BoundReferenceExpression>(type, local_index.GetIndex()));
      native::ErrorData error;
      native::FunctionBinder binder(context);
      auto expression = binder.BindScalarFunction(DEFAULT_SCHEMA, "+", std::move(sum), error, /*is_operator=*/true);
      if (expression == nullptr) error.Throw();
      return expression;
    }
    default:
      return MultiFileReader::GetVirtualColumnExpression(context, reader_data, local_columns, column_id, type,
                                                         local_index, global_column_reference);
  }
}

native::ReaderInitializeType LakeFileReader::InitializeReader(
    native::MultiFileReaderData& reader_data, const native::MultiFileBindData& bind_data,
    const native::vector<MultiFileColumnDefinition>& global_columns,
    const native::vector<native::ColumnIndex>& global_column_ids,
    native::optional_ptr<native::TableFilterSet> table_filters, native::ClientContext& context,
    native::MultiFileGlobalState& gstate) {
  auto& columns = reader_data.reader->columns;
  NormalizeElementNames(columns);
  ReadInstantsAsInstants(scan_->snapshot->schema().fields, columns);
  // Files of a table that maps by id may still lack ids (converted ones): then names are all there is.
  const bool by_id = !by_field_id_.empty() &&
                     std::ranges::all_of(columns, [](const auto& column) { return !column.identifier.IsNull(); });
  const auto mode =
      by_id ? native::MultiFileColumnMappingMode::BY_FIELD_ID : native::MultiFileColumnMappingMode::BY_NAME;
  FinalizeBind(reader_data, bind_data.file_options, bind_data.reader_bind, global_columns, global_column_ids, context,
               gstate.multi_file_reader_state.get());
  const auto& globals = by_id ? by_field_id_ : by_name_;
  native::unique_ptr<native::TableFilterSet> over_widened, of_sample;
  if (table_filters && scan_->sample) {
    const auto windows = scan_->sample->find(SnapshotIndex(reader_data.reader->file));
    NL_CHECK(windows != scan_->sample->end());
    of_sample = FiltersOfSample(*table_filters, global_column_ids, windows->second);
    table_filters = of_sample.get();
  }
  if (table_filters) {
    over_widened = FiltersOverWidened(*table_filters, global_column_ids, globals, columns, by_id);
    if (over_widened) table_filters = over_widened.get();
  }
  return CreateMapping(context, reader_data, globals, global_column_ids, table_filters, gstate.file_list,
                       bind_data.reader_bind, bind_data.virtual_columns, mode);
}

native::shared_ptr<native::BaseFileReader> LakeFileReader::CreateReader(native::ClientContext& context,
                                                                        native::GlobalTableFunctionState& gstate,
                                                                        const native::OpenFileInfo& file,
                                                                        native::idx_t file_index,
                                                                        const native::MultiFileBindData& bind_data) {
  auto reader =
      OpenFile(file, [&] { return MultiFileReader::CreateReader(context, gstate, file, file_index, bind_data); });
  const auto& add = scan_->snapshot->files()[SnapshotIndex(file)];
  scan_->state->counters.bytes_read += add.size_bytes;
  if (const auto& changes = scan_->table->change_rows(); changes != nullptr) {
    if (const auto rows = changes->find(SnapshotIndex(file)); rows != changes->end()) {
      reader->deletion_filter = native::make_uniq<ChangedRowsFilter>(rows->second);
    }
  }
  if (add.deletion_vector.has_value()) {
    auto deleted = ValueOrThrow(tables::delta::ReadDeletionVector(
        *scan_->state->store, scan_->snapshot->table_path(), *add.deletion_vector, scan_->snapshot->foreign_roots()));
    reader->deletion_filter = native::make_uniq<DeletedRowsFilter>(std::move(deleted));
  }
  return reader;
}

}  // namespace neurolake::engine::duckdb
