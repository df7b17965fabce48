#include "cli/answer_table.h"

#include <algorithm>
#include <optional>

#include "cli/text_table.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

constexpr int32_t kDigitsMax = 38;

/// A decimal as SQL writes it: its digits behind the point; nullopt for what is none.
std::optional<int32_t> ScaleOf(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const auto is_digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!is_digits(text.substr(0, point)) || text.size() > kDigitsMax) return std::nullopt;
  if (point == text.size()) return 0;
  if (!is_digits(text.substr(point + 1))) return std::nullopt;
  return static_cast<int32_t>(text.size() - point - 1);
}

struct ColumnType {
  ArrowType type = NANOARROW_TYPE_STRING;
  int32_t scale = 0;  ///< Of a decimal.
};

ColumnType TypeOf(const json::object& column, const json::array& rows, size_t at) {
  const auto* role = column.if_contains("role");
  const bool is_number = role != nullptr && *role != "dimension" && *role != "time" && *role != "exists";
  bool any = false, truths = true, whole = true, numbers = true, decimals = is_number;
  int32_t scale = 0;
  for (const auto& row : rows) {
    const json::value& cell = row.get_array()[at];
    if (cell.is_null()) continue;
    any = true;
    truths = truths && cell.is_bool();
    whole = whole && cell.is_int64();
    numbers = numbers && (cell.is_int64() || cell.is_double());
    const auto own = decimals && cell.is_string() ? ScaleOf(cell.get_string()) : std::nullopt;
    decimals = own.has_value();
    scale = std::max(scale, own.value_or(0));
  }
  if (!any) return {};
  if (truths) return {.type = NANOARROW_TYPE_BOOL};
  if (whole) return {.type = NANOARROW_TYPE_INT64};
  if (numbers) return {.type = NANOARROW_TYPE_DOUBLE};
  if (decimals) return {.type = NANOARROW_TYPE_DECIMAL128, .scale = scale};
  return {};
}

bool SetType(ArrowSchema& column, const ColumnType& type) {
  if (type.type == NANOARROW_TYPE_DECIMAL128) {
    return ArrowSchemaSetTypeDecimal(&column, type.type, kDigitsMax, type.scale) == NANOARROW_OK;
  }
  return ArrowSchemaSetType(&column, type.type) == NANOARROW_OK;
}

bool AppendText(ArrowArray& column, std::string_view text) {
  return ArrowArrayAppendString(&column, {text.data(), static_cast<int64_t>(text.size())}) == NANOARROW_OK;
}

bool AppendDecimal(ArrowArray& column, std::string digits, int32_t scale) {
  const int32_t own = *ScaleOf(digits);
  std::erase(digits, '.');
  digits.append(static_cast<size_t>(scale - own), '0');
  ArrowDecimal value;
  ArrowDecimalInit(&value, 128, kDigitsMax, scale);
  return ArrowDecimalSetDigits(&value, {digits.data(), static_cast<int64_t>(digits.size())}) == NANOARROW_OK &&
         ArrowArrayAppendDecimal(&column, &value) == NANOARROW_OK;
}

bool Append(ArrowArray& column, const ColumnType& type, const json::value& cell) {
  if (cell.is_null()) return ArrowArrayAppendNull(&column, 1) == NANOARROW_OK;
  switch (type.type) {
    case NANOARROW_TYPE_BOOL: return ArrowArrayAppendInt(&column, cell.get_bool() ? 1 : 0) == NANOARROW_OK;
    case NANOARROW_TYPE_INT64: return ArrowArrayAppendInt(&column, cell.get_int64()) == NANOARROW_OK;
    case NANOARROW_TYPE_DOUBLE: return ArrowArrayAppendDouble(&column, cell.to_number<double>()) == NANOARROW_OK;
    case NANOARROW_TYPE_DECIMAL128: return AppendDecimal(column, std::string(cell.get_string()), type.scale);
    default: return AppendText(column, cell.is_string() ? std::string(cell.get_string()) : json::serialize(cell));
  }
}

Result<void> CheckShape(const json::array& columns, const json::array& rows) {
  for (const auto& row : rows) {
    if (!row.is_array() || row.get_array().size() != columns.size()) {
      return MakeError(ErrorCode::kIoError, "the answer's rows do not fit its columns");
    }
  }
  return {};
}

std::string LabelOf(const json::object& column) {
  const auto* label = column.if_contains("label");
  return label != nullptr && label->is_string() ? std::string(label->get_string()) : std::string();
}

}  // namespace

Result<void> PrintAnswerTable(const json::array& columns, const json::array& rows, OutputFormat format,
                              Console& console) {
  NL_RETURN_IF_ERROR(CheckShape(columns, rows));
  OwnTable table;
  ArrowSchema* const schema = table.schema.get();
  ArrowArray* const batch = table.batch.get();
  std::vector<ColumnType> types;
  ArrowSchemaInit(schema);
  bool made = ArrowSchemaSetTypeStruct(schema, static_cast<int64_t>(columns.size())) == NANOARROW_OK;
  for (size_t i = 0; made && i < columns.size(); ++i) {
    types.push_back(TypeOf(columns[i].as_object(), rows, i));
    ArrowSchema& column = *schema->children[i];
    made = SetType(column, types[i]) &&
           ArrowSchemaSetName(&column, LabelOf(columns[i].as_object()).c_str()) == NANOARROW_OK;
  }
  made = made && ArrowArrayInitFromSchema(batch, schema, nullptr) == NANOARROW_OK &&
         ArrowArrayStartAppending(batch) == NANOARROW_OK;
  for (size_t row = 0; made && row < rows.size(); ++row) {
    for (size_t i = 0; made && i < columns.size(); ++i) {
      made = Append(*batch->children[i], types[i], rows[row].get_array()[i]);
    }
    made = made && ArrowArrayFinishElement(batch) == NANOARROW_OK;
  }
  if (!made || ArrowArrayFinishBuildingDefault(batch, nullptr) != NANOARROW_OK) {
    return MakeError(ErrorCode::kOutOfMemory, "out of memory for the table of an answer");
  }
  return PrintTable(table, format, console);
}

}  // namespace neurolake::cli
