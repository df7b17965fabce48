#include "arrow/internal/column.h"

#include <array>
#include <cstring>

#include "arrow/internal/plain.h"
#include "arrow/internal/text_values.h"
#include "arrow/text_format.h"

namespace neurolake::arrow {
namespace {

constexpr int64_t kSafeInteger = (int64_t{1} << 53) - 1;  // What a double, so JavaScript, holds exactly.

template <typename T>
T Load(const Column& column, int64_t row) {
  T value;
  std::memcpy(&value, column.data + (column.offset + row) * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename Offset>
std::string_view Slice(const Column& column, int64_t row) {
  const auto* offsets = reinterpret_cast<const Offset*>(column.data) + column.offset + row;
  return {reinterpret_cast<const char*>(column.bytes) + offsets[0], static_cast<size_t>(offsets[1] - offsets[0])};
}

std::string_view ViewValue(const Column& column, int64_t row) {
  const auto& view = reinterpret_cast<const ArrowBinaryView*>(column.data)[column.offset + row];
  const auto size = static_cast<size_t>(view.inlined.size);
  if (size <= 12) return {reinterpret_cast<const char*>(view.inlined.data), size};
  return {static_cast<const char*>(column.buffers[2 + view.ref.buffer_index]) + view.ref.offset, size};
}

struct Range {
  int64_t begin;
  int64_t end;
};

Range ListRange(const Column& column, int64_t row) {
  const int64_t index = column.offset + row;
  switch (column.type) {
    case NANOARROW_TYPE_LARGE_LIST: {
      const auto* offsets = reinterpret_cast<const int64_t*>(column.data) + index;
      return {offsets[0], offsets[1]};
    }
    case NANOARROW_TYPE_FIXED_SIZE_LIST: return {index * column.fixed_size, (index + 1) * column.fixed_size};
    default: {
      const auto* offsets = reinterpret_cast<const int32_t*>(column.data) + index;
      return {offsets[0], offsets[1]};
    }
  }
}

void AppendJsonList(const Column& column, int64_t row, std::string& out) {
  const auto [begin, end] = ListRange(column, row);
  out.push_back('[');
  for (int64_t i = begin; i < end; ++i) {
    if (i > begin) out.push_back(',');
    AppendJsonValue(column.children[0], i, out);
  }
  out.push_back(']');
}

void AppendJsonStruct(const Column& column, int64_t row, std::string& out) {
  if (column.children.empty()) out.push_back('{');
  for (size_t i = 0; i < column.children.size(); ++i) {
    out += column.keys[i];
    AppendJsonValue(column.children[i], column.offset + row, out);
  }
  out.push_back('}');
}

void AppendJsonMap(const Column& column, int64_t row, std::string& out) {
  const auto [begin, end] = ListRange(column, row);
  const Column& entries = column.children[0];
  out.push_back(column.string_keys ? '{' : '[');
  for (int64_t i = begin; i < end; ++i) {
    if (i > begin) out.push_back(',');
    if (!column.string_keys) {
      AppendJsonStruct(entries, i, out);
      continue;
    }
    const int64_t entry = entries.offset + i;
    AppendJsonString(entries.children[0].IsNull(entry) ? "" : StringValue(entries.children[0], entry), out);
    out.push_back(':');
    AppendJsonValue(entries.children[1], entry, out);
  }
  out.push_back(column.string_keys ? '}' : ']');
}

void AppendJsonSigned(int64_t value, std::string& out) {
  const bool safe = value >= -kSafeInteger && value <= kSafeInteger;
  if (!safe) out.push_back('"');
  AppendInteger(value, out);
  if (!safe) out.push_back('"');
}

template <typename Float>
void AppendJsonFloat(Float value, std::string& out) {
  const bool finite = value - value == 0;
  if (!finite) out.push_back('"');
  AppendFloat(value, out);
  if (!finite) out.push_back('"');
}

Result<void> CompileChildren(const ArrowSchema* schema, Column& column) {
  for (int64_t i = 0; i < schema->n_children; ++i) {
    NL_ASSIGN_OR_RETURN(Column child, CompileColumn(schema->children[i]));
    column.children.push_back(std::move(child));
  }
  if (column.type == NANOARROW_TYPE_MAP) {
    Column& entries = column.children[0];
    column.string_keys = IsString(entries.children[0].type);
    entries.keys = {"{\"key\":", ",\"value\":"};
  } else if (column.type == NANOARROW_TYPE_STRUCT) {
    for (size_t i = 0; i < column.children.size(); ++i) {
      std::string key(1, i == 0 ? '{' : ',');
      AppendJsonString(column.children[i].name, key);
      key.push_back(':');
      column.keys.push_back(std::move(key));
    }
  }
  return {};
}

}  // namespace

bool IsString(ArrowType type) {
  return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING || type == NANOARROW_TYPE_STRING_VIEW;
}

Result<Column> CompileColumn(const ArrowSchema* schema) {
  NL_RETURN_IF_ERROR(CheckTypes(schema));
  ArrowSchemaView view;
  NL_CHECK(ArrowSchemaViewInit(&view, schema, nullptr) == NANOARROW_OK);
  Column column;
  column.name = schema->name == nullptr ? "" : schema->name;
  column.type = view.type;
  const bool timed = view.type == NANOARROW_TYPE_TIMESTAMP || view.type == NANOARROW_TYPE_TIME32 ||
                     view.type == NANOARROW_TYPE_TIME64 || view.type == NANOARROW_TYPE_DURATION;
  if (timed) column.unit = view.time_unit;
  if (view.type == NANOARROW_TYPE_DICTIONARY) {
    return MakeError(ErrorCode::kNotSupported, "a dictionary has no text form of its own, column \"{}\"", column.name);
  }
  if (view.type == NANOARROW_TYPE_TIMESTAMP) column.zoned = view.timezone != nullptr && view.timezone[0] != '\0';
  if (view.type == NANOARROW_TYPE_FIXED_SIZE_LIST || view.type == NANOARROW_TYPE_FIXED_SIZE_BINARY) {
    column.fixed_size = view.fixed_size;
  }
  if (view.type == NANOARROW_TYPE_DECIMAL128 || view.type == NANOARROW_TYPE_DECIMAL64 ||
      view.type == NANOARROW_TYPE_DECIMAL32) {
    column.scale = view.decimal_scale;
    if (column.scale < 0 || column.scale > 38) {
      return MakeError(ErrorCode::kNotSupported, "the decimal scale of column \"{}\" is outside 0 to 38", column.name);
    }
  }
  if (view.type == NANOARROW_TYPE_MAP && (schema->n_children != 1 || schema->children[0]->n_children != 2)) {
    return MakeError(ErrorCode::kNotSupported, "the map column \"{}\" has no key and value", column.name);
  }
  NL_RETURN_IF_ERROR(CompileChildren(schema, column));
  return column;
}

Result<void> BindColumn(Column& column, const ArrowArray* array) {
  if (array->n_children != static_cast<int64_t>(column.children.size())) {
    return MakeError(ErrorCode::kInternal, "an Arrow array does not have the children of column \"{}\"", column.name);
  }
  const auto buffer = [&](int64_t i) {
    return i < array->n_buffers ? static_cast<const uint8_t*>(array->buffers[i]) : nullptr;
  };
  column.validity = column.type == NANOARROW_TYPE_NA ? nullptr : buffer(0);
  column.data = buffer(1);
  column.bytes = buffer(2);
  column.buffers = array->buffers;
  column.offset = array->offset;
  for (size_t i = 0; i < column.children.size(); ++i) {
    NL_RETURN_IF_ERROR(BindColumn(column.children[i], array->children[i]));
  }
  return {};
}

std::string_view StringValue(const Column& column, int64_t row) {
  switch (column.type) {
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_BINARY: return Slice<int32_t>(column, row);
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_LARGE_BINARY: return Slice<int64_t>(column, row);
    case NANOARROW_TYPE_STRING_VIEW:
    case NANOARROW_TYPE_BINARY_VIEW: return ViewValue(column, row);
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
      return {reinterpret_cast<const char*>(column.data) + (column.offset + row) * column.fixed_size,
              static_cast<size_t>(column.fixed_size)};
    default: NL_UNREACHABLE();
  }
}

void AppendTextValue(const Column& column, int64_t row, std::string& out) {
  switch (column.type) {
    case NANOARROW_TYPE_BOOL: {
      const int64_t index = column.offset + row;
      out += (column.data[index / 8] >> (index % 8) & 1) != 0 ? "true" : "false";
      return;
    }
    case NANOARROW_TYPE_INT8: return AppendInteger(Load<int8_t>(column, row), out);
    case NANOARROW_TYPE_INT16: return AppendInteger(Load<int16_t>(column, row), out);
    case NANOARROW_TYPE_INT32: return AppendInteger(Load<int32_t>(column, row), out);
    case NANOARROW_TYPE_INT64: return AppendInteger(Load<int64_t>(column, row), out);
    case NANOARROW_TYPE_UINT8: return AppendUnsigned(Load<uint8_t>(column, row), out);
    case NANOARROW_TYPE_UINT16: return AppendUnsigned(Load<uint16_t>(column, row), out);
    case NANOARROW_TYPE_UINT32: return AppendUnsigned(Load<uint32_t>(column, row), out);
    case NANOARROW_TYPE_UINT64: return AppendUnsigned(Load<uint64_t>(column, row), out);
    case NANOARROW_TYPE_HALF_FLOAT: return AppendFloat(HalfToFloat(Load<uint16_t>(column, row)), out);
    case NANOARROW_TYPE_FLOAT: return AppendFloat(Load<float>(column, row), out);
    case NANOARROW_TYPE_DOUBLE: return AppendFloat(Load<double>(column, row), out);
    case NANOARROW_TYPE_DECIMAL32: return AppendDecimal(Load<int32_t>(column, row), column.scale, out);
    case NANOARROW_TYPE_DECIMAL64: return AppendDecimal(Load<int64_t>(column, row), column.scale, out);
    case NANOARROW_TYPE_DECIMAL128:
      return AppendDecimal(LoadInt128(column.data + (column.offset + row) * 16), column.scale, out);
    case NANOARROW_TYPE_DATE32: {
      const auto days = Load<int32_t>(column, row);
      // DuckDB's infinite dates.
      if (days == INT32_MAX || days == -INT32_MAX) return void(out += days > 0 ? "infinity" : "-infinity");
      return AppendDate(days, out);
    }
    case NANOARROW_TYPE_DATE64: {
      const auto milliseconds = Load<int64_t>(column, row);
      constexpr int64_t kDay = 86'400'000;
      return AppendDate(milliseconds / kDay - (milliseconds % kDay < 0 ? 1 : 0), out);
    }
    case NANOARROW_TYPE_TIME32: return AppendTimeOfDay(Load<int32_t>(column, row), column.unit, out);
    case NANOARROW_TYPE_TIME64: return AppendTimeOfDay(Load<int64_t>(column, row), column.unit, out);
    case NANOARROW_TYPE_TIMESTAMP: return AppendTimestamp(Load<int64_t>(column, row), column.unit, column.zoned, out);
    case NANOARROW_TYPE_DURATION: {
      constexpr int64_t kTickNanoseconds[] = {1'000'000'000, 1'000'000, 1'000, 1};
      const __int128 nanoseconds =
          static_cast<__int128>(Load<int64_t>(column, row)) * kTickNanoseconds[static_cast<size_t>(column.unit)];
      const __int128 day = static_cast<__int128>(86'400) * 1'000'000'000;
      return AppendInterval(0, static_cast<int64_t>(nanoseconds / day), static_cast<int64_t>(nanoseconds % day), out);
    }
    case NANOARROW_TYPE_INTERVAL_MONTHS: return AppendInterval(Load<int32_t>(column, row), 0, 0, out);
    case NANOARROW_TYPE_INTERVAL_DAY_TIME: {
      const auto value = Load<std::array<int32_t, 2>>(column, row);
      return AppendInterval(0, value[0], int64_t{value[1]} * 1'000'000, out);
    }
    case NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO: {
      struct MonthDayNano {
        int32_t months;
        int32_t days;
        int64_t nanoseconds;
      };
      const auto value = Load<MonthDayNano>(column, row);
      return AppendInterval(value.months, value.days, value.nanoseconds, out);
    }
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW: return void(out += StringValue(column, row));
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY: return AppendHex(StringValue(column, row), out);
    default: return AppendJsonValue(column, row, out);
  }
}

void AppendJsonValue(const Column& column, int64_t row, std::string& out) {
  if (column.IsNull(row)) return void(out += "null");
  switch (column.type) {
    case NANOARROW_TYPE_BOOL:
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32: return AppendTextValue(column, row, out);
    case NANOARROW_TYPE_INT64: return AppendJsonSigned(Load<int64_t>(column, row), out);
    case NANOARROW_TYPE_UINT64: {
      const auto value = Load<uint64_t>(column, row);
      if (value <= kSafeInteger) return AppendUnsigned(value, out);
      break;
    }
    case NANOARROW_TYPE_HALF_FLOAT: return AppendJsonFloat(HalfToFloat(Load<uint16_t>(column, row)), out);
    case NANOARROW_TYPE_FLOAT: return AppendJsonFloat(Load<float>(column, row), out);
    case NANOARROW_TYPE_DOUBLE: return AppendJsonFloat(Load<double>(column, row), out);
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW: return AppendJsonString(StringValue(column, row), out);
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
      out.push_back('"');
      AppendBase64(StringValue(column, row), out);
      out.push_back('"');
      return;
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_FIXED_SIZE_LIST: return AppendJsonList(column, row, out);
    case NANOARROW_TYPE_STRUCT: return AppendJsonStruct(column, row, out);
    case NANOARROW_TYPE_MAP: return AppendJsonMap(column, row, out);
    default: break;
  }
  // Everything else is text of digits and punctuation that needs no escape.
  out.push_back('"');
  AppendTextValue(column, row, out);
  out.push_back('"');
}

}  // namespace neurolake::arrow
