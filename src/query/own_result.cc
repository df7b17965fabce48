#include "query/own_result.h"

#include <charconv>

namespace neurolake::query {
namespace {

ArrowType TypeOf(const std::string& type) {
  if (type == "BIGINT") return NANOARROW_TYPE_INT64;
  if (type == "DOUBLE") return NANOARROW_TYPE_DOUBLE;
  if (type == "BOOLEAN") return NANOARROW_TYPE_BOOL;
  NL_CHECK(type == "VARCHAR");
  return NANOARROW_TYPE_STRING;
}

template <typename Number>
Number Parse(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  NL_CHECK(error == std::errc() && end == text.data() + text.size());
  return number;
}

bool Append(ArrowArray* array, const std::string& type, const std::optional<std::string>& value) {
  if (!value) return ArrowArrayAppendNull(array, 1) == NANOARROW_OK;
  if (type == "BIGINT") return ArrowArrayAppendInt(array, Parse<int64_t>(*value)) == NANOARROW_OK;
  if (type == "DOUBLE") return ArrowArrayAppendDouble(array, Parse<double>(*value)) == NANOARROW_OK;
  if (type == "BOOLEAN") return ArrowArrayAppendInt(array, *value == "true") == NANOARROW_OK;
  const ArrowStringView text{value->data(), static_cast<int64_t>(value->size())};
  return ArrowArrayAppendString(array, text) == NANOARROW_OK;
}

}  // namespace

Result<OwnResult> MakeOwnResult(const std::vector<OwnColumn>& columns,
                                const std::vector<std::vector<std::optional<std::string>>>& rows) {
  const auto count = static_cast<int64_t>(columns.size());
  OwnResult result;
  ArrowSchema* schema = result.schema.get();
  ArrowSchemaInit(schema);
  bool good = ArrowSchemaSetTypeStruct(schema, count) == NANOARROW_OK;
  for (int64_t i = 0; good && i < count; ++i) {
    good = ArrowSchemaSetType(schema->children[i], TypeOf(columns[i].type)) == NANOARROW_OK &&
           ArrowSchemaSetName(schema->children[i], columns[i].name.c_str()) == NANOARROW_OK;
  }
  ArrowArray* array = result.batch.get();
  good = good && ArrowArrayInitFromSchema(array, schema, nullptr) == NANOARROW_OK &&
         ArrowArrayStartAppending(array) == NANOARROW_OK;
  for (const auto& row : rows) {
    NL_CHECK(row.size() == columns.size());
    for (int64_t i = 0; good && i < count; ++i) good = Append(array->children[i], columns[i].type, row[i]);
    good = good && ArrowArrayFinishElement(array) == NANOARROW_OK;
  }
  if (!good || ArrowArrayFinishBuildingDefault(array, nullptr) != NANOARROW_OK) {
    return MakeError(ErrorCode::kOutOfMemory, "no memory for the result");
  }
  return result;
}

Result<OwnResult> MakeRowsChangedResult(int64_t rows_changed) {
  std::vector<std::vector<std::optional<std::string>>> rows;
  if (rows_changed >= 0) rows.push_back({std::to_string(rows_changed)});
  return MakeOwnResult({{"rows_changed", "BIGINT"}}, rows);
}

}  // namespace neurolake::query
