#include <cstring>

#include "arrow/text_format.h"
#include "common/text.h"

namespace neurolake::arrow {
namespace {

std::string_view NameOf(const ArrowSchema* schema) { return schema->name == nullptr ? "" : schema->name; }

// Field names inside STRUCT(...) are quoted only where SQL needs it, so that the usual case stays readable.
std::string FieldName(std::string_view name) {
  const bool simple = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                      std::all_of(name.begin(), name.end(),
                                  [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  return simple ? std::string(name) : QuoteIdentifier(name);
}

std::string TimestampName(const ArrowSchemaView& view) {
  if (view.timezone != nullptr && view.timezone[0] != '\0') return "TIMESTAMP WITH TIME ZONE";
  switch (view.time_unit) {
    case NANOARROW_TIME_UNIT_SECOND: return "TIMESTAMP_S";
    case NANOARROW_TIME_UNIT_MILLI: return "TIMESTAMP_MS";
    case NANOARROW_TIME_UNIT_MICRO: return "TIMESTAMP";
    case NANOARROW_TIME_UNIT_NANO: return "TIMESTAMP_NS";
  }
  NL_UNREACHABLE();
}

std::string StructName(const ArrowSchema* column) {
  std::string name = "STRUCT(";
  for (int64_t i = 0; i < column->n_children; ++i) {
    if (i > 0) name += ", ";
    name += FieldName(NameOf(column->children[i])) + " " + SqlTypeName(column->children[i]);
  }
  return name + ")";
}

std::string MapName(const ArrowSchema* column) {
  const ArrowSchema* entries = column->children[0];
  return fmt::format("MAP({}, {})", SqlTypeName(entries->children[0]), SqlTypeName(entries->children[1]));
}

bool IsExtension(const ArrowSchemaView& view, std::string_view name) {
  return view.extension_name.data != nullptr &&
         std::string_view(view.extension_name.data, static_cast<size_t>(view.extension_name.size_bytes)) == name;
}

}  // namespace

std::string SqlTypeName(const ArrowSchema* column) {
  ArrowSchemaView view;
  if (ArrowSchemaViewInit(&view, column, nullptr) != NANOARROW_OK) return "UNKNOWN";
  if (IsExtension(view, "arrow.json")) return "JSON";
  if (IsExtension(view, "arrow.uuid")) return "UUID";
  switch (view.type) {
    case NANOARROW_TYPE_NA: return "\"NULL\"";
    case NANOARROW_TYPE_BOOL: return "BOOLEAN";
    case NANOARROW_TYPE_INT8: return "TINYINT";
    case NANOARROW_TYPE_INT16: return "SMALLINT";
    case NANOARROW_TYPE_INT32: return "INTEGER";
    case NANOARROW_TYPE_INT64: return "BIGINT";
    case NANOARROW_TYPE_UINT8: return "UTINYINT";
    case NANOARROW_TYPE_UINT16: return "USMALLINT";
    case NANOARROW_TYPE_UINT32: return "UINTEGER";
    case NANOARROW_TYPE_UINT64: return "UBIGINT";
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT: return "FLOAT";
    case NANOARROW_TYPE_DOUBLE: return "DOUBLE";
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW: return "VARCHAR";
    case NANOARROW_TYPE_DICTIONARY: return SqlTypeName(column->dictionary);
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY: return "BLOB";
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256: return fmt::format("DECIMAL({},{})", view.decimal_precision, view.decimal_scale);
    case NANOARROW_TYPE_DATE32:
    case NANOARROW_TYPE_DATE64: return "DATE";
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64: return "TIME";
    case NANOARROW_TYPE_TIMESTAMP: return TimestampName(view);
    case NANOARROW_TYPE_DURATION:
    case NANOARROW_TYPE_INTERVAL_MONTHS:
    case NANOARROW_TYPE_INTERVAL_DAY_TIME:
    case NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO: return "INTERVAL";
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW: return SqlTypeName(column->children[0]) + "[]";
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
      return fmt::format("{}[{}]", SqlTypeName(column->children[0]), view.fixed_size);
    case NANOARROW_TYPE_STRUCT: return StructName(column);
    case NANOARROW_TYPE_MAP: return MapName(column);
    default: return "UNKNOWN";
  }
}

}  // namespace neurolake::arrow
