#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/row_identity.h"

namespace neurolake::engine::duckdb {

using tables::delta::DataType;
using tables::delta::StructField;
using Kind = tables::delta::DataType::Kind;

namespace {

struct RowCheckState final : native::OperatorState {
  RowDeletions::Local deletions;
  std::set<std::string> nan_columns;
};

[[noreturn]] void ThrowNull(const std::string& column) {
  ThrowLakeError(Error(ErrorCode::kNotNullViolation, fmt::format("NULL in a column that is NOT NULL: {}", column))
                     .With("column", column));
}

bool HasInnerNotNull(const DataType& type) {
  if (type.kind == Kind::kStruct) {
    return std::ranges::any_of(type.fields,
                               [](const StructField& field) { return !field.nullable || HasInnerNotNull(field.type); });
  }
  if (type.kind == Kind::kArray) return !type.contains_null || HasInnerNotNull(type.children[0]);
  if (type.kind == Kind::kMap) {
    return !type.contains_null || HasInnerNotNull(type.children[0]) || HasInnerNotNull(type.children[1]);
  }
  return false;
}

/// Whether any of `rows` of a flat vector is NULL.
bool AnyNull(native::Vector& vector, const std::vector<native::idx_t>& rows) {
  const auto& validity = native::FlatVector::Validity(vector);
  return std::ranges::any_of(rows, [&](native::idx_t row) { return !validity.RowIsValid(row); });
}

void CheckInside(native::Vector& vector, const DataType& type, const std::vector<native::idx_t>& rows,
                 const std::string& path);

/// The elements that `rows` of a flat list hold.
std::vector<native::idx_t> ElementsOf(native::Vector& list, const std::vector<native::idx_t>& rows) {
  std::vector<native::idx_t> elements;
  const auto* entries = native::FlatVector::GetData<native::list_entry_t>(list);
  for (const native::idx_t row : rows) {
    for (native::idx_t i = 0; i < entries[row].length; ++i) elements.push_back(entries[row].offset + i);
  }
  return elements;
}

void CheckElements(native::Vector& child, const DataType& type, bool may_be_null,
                   const std::vector<native::idx_t>& rows, const std::string& path) {
  if (rows.empty() || (may_be_null && !HasInnerNotNull(type))) return;
  if (!may_be_null && AnyNull(child, rows)) ThrowNull(path);
  CheckInside(child, type, rows, path);
}

/// Checks what lies inside the non-NULL values at `rows`. `vector` is flat with everything below it.
void CheckInside(native::Vector& vector, const DataType& type, const std::vector<native::idx_t>& rows,
                 const std::string& path) {
  if (!HasInnerNotNull(type)) return;
  std::vector<native::idx_t> valid;
  for (const native::idx_t row : rows) {
    if (native::FlatVector::Validity(vector).RowIsValid(row)) valid.push_back(row);
  }
  if (type.kind == Kind::kStruct) {
    auto& children = native::StructVector::GetEntries(vector);
    for (size_t i = 0; i < type.fields.size(); ++i) {
      CheckElements(*children[i], type.fields[i].type, type.fields[i].nullable, valid,
                    path + "." + type.fields[i].name);
    }
    return;
  }
  const auto elements = ElementsOf(vector, valid);
  if (type.kind == Kind::kArray) {
    CheckElements(native::ListVector::GetEntry(vector), type.children[0], type.contains_null, elements,
                  path + ".element");
    return;
  }
  CheckElements(native::MapVector::GetKeys(vector), type.children[0], /*may_be_null=*/false, elements, path + ".key");
  CheckElements(native::MapVector::GetValues(vector), type.children[1], type.contains_null, elements, path + ".value");
}

template <typename T>
bool AllFinite(native::Vector& vector, native::idx_t count) {
  native::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(count, format);
  const auto* values = native::UnifiedVectorFormat::GetData<T>(format);
  for (native::idx_t i = 0; i < count; ++i) {
    const auto position = format.sel->get_index(i);
    if (format.validity.RowIsValid(position) && !native::Value::IsFinite(values[position])) return false;
  }
  return true;
}

void CheckColumn(native::Vector& vector, native::idx_t count, const StructField& field) {
  if (!field.nullable && native::VectorOperations::HasNull(vector, count)) ThrowNull(field.name);
  bool finite = true;
  if (field.type.kind == Kind::kDate) finite = AllFinite<native::date_t>(vector, count);
  if (field.type.kind == Kind::kTimestamp || field.type.kind == Kind::kTimestampNtz) {
    finite = AllFinite<native::timestamp_t>(vector, count);
  }
  if (!finite) {
    ThrowLakeError(Error(ErrorCode::kNumericOutOfRange,
                         fmt::format("infinite dates and times cannot be stored: column {}", field.name)));
  }
  if (!HasInnerNotNull(field.type)) return;
  native::Vector flat(vector);
  native::Vector copy(vector.GetType(), count);
  native::VectorOperations::Copy(flat, copy, count, 0, 0);  // A copy is flat all the way down.
  std::vector<native::idx_t> rows(count);
  for (native::idx_t i = 0; i < count; ++i) rows[i] = i;
  CheckInside(copy, field.type, rows, field.name);
}

}  // namespace

LakeRowCheck::LakeRowCheck(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job,
                           native::vector<native::LogicalType> types, native::PhysicalOperator& child)
    : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, std::move(types), child.estimated_cardinality),
      job_(std::move(job)) {
  children.push_back(child);
}

native::unique_ptr<native::OperatorState> LakeRowCheck::GetOperatorState(native::ExecutionContext&) const {
  return native::make_uniq<RowCheckState>();
}

native::OperatorResultType LakeRowCheck::Execute(native::ExecutionContext&, native::DataChunk& input,
                                                 native::DataChunk& chunk, native::GlobalOperatorState&,
                                                 native::OperatorState& state) const {
  auto& local = state.Cast<RowCheckState>();
  const auto& fields = job_->target.layout.schema.fields;
  const native::idx_t width = fields.size();
  NL_CHECK(chunk.ColumnCount() == width + (job_->target.row_ids ? 2 : 0));
  if (job_->rows_move) {
    for (native::idx_t i = width; i < width + 2; ++i) chunk.data[i].Reference(input.data[i]);
  } else if (input.ColumnCount() > width) {
    RowDeletions::Add(local.deletions, input.data[width], input.data[width + 1], input.size());
    if (job_->target.row_ids) {
      FillRowIds(*job_->target.base, input.data[width], input.data[width + 1], input.data[width + 2], input.size(),
                 chunk.data[width]);
      // All of them are of the version that is being made.
      chunk.data[width + 1].Reference(native::Value(native::LogicalType::BIGINT));
    }
  }
  for (native::idx_t i = 0; i < width; ++i) {
    CheckColumn(input.data[i], input.size(), fields[i]);
    if (HasNan(input.data[i], input.size())) local.nan_columns.insert(fields[i].physical_name());
    chunk.data[i].Reference(input.data[i]);
  }
  chunk.SetCardinality(input.size());
  return native::OperatorResultType::NEED_MORE_INPUT;
}

native::OperatorFinalizeResultType LakeRowCheck::FinalExecute(native::ExecutionContext&, native::DataChunk&,
                                                              native::GlobalOperatorState&,
                                                              native::OperatorState& state) const {
  auto& local = state.Cast<RowCheckState>();
  job_->deletions.Merge(std::move(local.deletions));
  std::lock_guard lock(job_->mutex);
  job_->nan_columns.merge(local.nan_columns);
  return native::OperatorFinalizeResultType::FINISHED;
}

}  // namespace neurolake::engine::duckdb
