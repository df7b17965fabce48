#include "engine/duckdb/internal/row_identity.h"

#include "engine/duckdb/internal/error_translation.h"

namespace neurolake::engine::duckdb {

std::optional<tables::delta::RowTrackingColumns> KeptRowIds(const tables::delta::Snapshot& snapshot) {
  if (!tables::delta::KeepsRowIds(snapshot.protocol(), snapshot.metadata())) return std::nullopt;
  auto columns = tables::delta::RowTrackingColumnsOf(snapshot.metadata());
  if (columns) return columns;
  ThrowLakeError(
      Error(ErrorCode::kNotSupported,
            "the table has delta.enableRowTracking = true and does not name the columns that rows keep their "
            "ids in when they move (delta.rowTracking.materializedRowIdColumnName)"));
}

void AddRowIdentityColumns(native::virtual_column_map_t& columns) {
  for (native::column_t i = 0; i < 4; ++i) {
    columns.insert(
        {RowIdentity::kKeptId + i, native::TableColumn(RowIdentity::kNames[i], native::LogicalType::BIGINT)});
  }
}

void FillRowIds(const tables::delta::Snapshot& base, native::Vector& file_index, native::Vector& row_number,
                native::Vector& kept, native::idx_t count, native::Vector& ids) {
  native::UnifiedVectorFormat files, numbers, known;
  file_index.ToUnifiedFormat(count, files);
  row_number.ToUnifiedFormat(count, numbers);
  kept.ToUnifiedFormat(count, known);
  const auto* file_values = native::UnifiedVectorFormat::GetData<uint64_t>(files);
  const auto* number_values = native::UnifiedVectorFormat::GetData<int64_t>(numbers);
  const auto* known_values = native::UnifiedVectorFormat::GetData<int64_t>(known);
  ids.SetVectorType(native::VectorType::FLAT_VECTOR);
  auto* result = native::FlatVector::GetData<int64_t>(ids);
  auto& validity = native::FlatVector::Validity(ids);
  std::optional<uint64_t> last_file;  // Rows of a file come together, and unpacking its entry for each would be dear.
  std::optional<int64_t> first;
  for (native::idx_t i = 0; i < count; ++i) {
    const auto file = files.sel->get_index(i), number = numbers.sel->get_index(i), id = known.sel->get_index(i);
    const bool is_old = files.validity.RowIsValid(file) && numbers.validity.RowIsValid(number);
    if (is_old && known.validity.RowIsValid(id)) {
      result[i] = known_values[id];
      continue;
    }
    if (is_old && last_file != file_values[file]) {
      last_file = file_values[file];
      NL_CHECK(*last_file < base.files().size());
      first = base.files()[*last_file].base_row_id;
    }
    if (is_old && first.has_value()) {
      result[i] = *first + number_values[number];
    } else {
      validity.SetInvalid(i);  // Gets one with its file.
    }
  }
}

void CompleteMovedRows(const tables::delta::AddFile& file, const int64_t* row_numbers, native::DataChunk& rows,
                       native::idx_t ids, native::idx_t versions) {
  rows.data[ids].Flatten(rows.size());
  rows.data[versions].Flatten(rows.size());
  auto* id_values = native::FlatVector::GetData<int64_t>(rows.data[ids]);
  auto* version_values = native::FlatVector::GetData<int64_t>(rows.data[versions]);
  auto& id_validity = native::FlatVector::Validity(rows.data[ids]);
  auto& version_validity = native::FlatVector::Validity(rows.data[versions]);
  for (native::idx_t i = 0; i < rows.size(); ++i) {
    if (!id_validity.RowIsValid(i) && file.base_row_id) {
      id_values[i] = *file.base_row_id + row_numbers[i];
      id_validity.SetValid(i);
    }
    if (!version_validity.RowIsValid(i) && file.default_row_commit_version) {
      version_values[i] = *file.default_row_commit_version;
      version_validity.SetValid(i);
    }
  }
}

}  // namespace neurolake::engine::duckdb
