#include "engine/duckdb/internal/vector_bytes.h"

namespace neurolake::engine::duckdb {

int64_t BytesOf(native::Vector& vector, native::idx_t rows) {
  const auto& type = vector.GetType();
  auto bytes = static_cast<int64_t>(rows * native::GetTypeIdSize(type.InternalType()));
  switch (type.InternalType()) {
    case native::PhysicalType::VARCHAR: {
      native::UnifiedVectorFormat format;
      vector.ToUnifiedFormat(rows, format);
      const auto* texts = native::UnifiedVectorFormat::GetData<native::string_t>(format);
      for (native::idx_t i = 0; i < rows; ++i) {
        const auto row = format.sel->get_index(i);
        if (format.validity.RowIsValid(row)) bytes += texts[row].GetSize();
      }
      return bytes;
    }
    case native::PhysicalType::STRUCT: {
      vector.Flatten(rows);
      for (auto& child : native::StructVector::GetEntries(vector)) bytes += BytesOf(*child, rows);
      return bytes;
    }
    case native::PhysicalType::LIST: {
      vector.Flatten(rows);
      return bytes + BytesOf(native::ListVector::GetEntry(vector), native::ListVector::GetListSize(vector));
    }
    default: return bytes;
  }
}

int64_t BytesOf(native::DataChunk& chunk) {
  int64_t bytes = 0;
  for (auto& column : chunk.data) bytes += BytesOf(column, chunk.size());
  return bytes;
}

}  // namespace neurolake::engine::duckdb
