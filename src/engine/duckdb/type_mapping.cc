#include "engine/duckdb/internal/type_mapping.h"

#include "duckdb/common/extra_type_info.hpp"
#include "duckdb/common/types/decimal.hpp"

namespace neurolake::engine::duckdb {

using native::LogicalType;
using native::LogicalTypeId;
using tables::delta::DataType;
using tables::delta::StructField;

namespace {

DataType Simple(DataType::Kind kind) {
  DataType type;
  type.kind = kind;
  return type;
}

DataType Decimal(int precision, int scale) {
  DataType type;
  type.kind = DataType::Kind::kDecimal;
  type.precision = precision;
  type.scale = scale;
  return type;
}

std::unexpected<Error> Refuse(const std::string& column, const LogicalType& type, std::string_view instead) {
  return MakeError(ErrorCode::kNotSupported, "a Delta table has no such type; use {} instead: column {}, type {}",
                   instead, column, native::LogicalTypeIdToString(type.id()));
}

Result<DataType> ToDeltaStruct(const LogicalType& type, const std::string& column) {
  DataType result = Simple(DataType::Kind::kStruct);
  for (const auto& [name, child] : native::StructType::GetChildTypes(type)) {
    if (name.empty()) return Refuse(column, type, "a STRUCT whose fields have names");
    NL_ASSIGN_OR_RETURN(DataType field_type, ToDeltaType(child, column + "." + name));
    StructField field;
    field.name = name;
    field.type = std::move(field_type);
    result.fields.push_back(std::move(field));
  }
  return result;
}

Result<DataType> ToDeltaNested(const LogicalType& type, const std::string& column) {
  if (type.id() == LogicalTypeId::STRUCT) return ToDeltaStruct(type, column);
  if (type.id() == LogicalTypeId::MAP) {
    DataType result = Simple(DataType::Kind::kMap);
    NL_ASSIGN_OR_RETURN(DataType key, ToDeltaType(native::MapType::KeyType(type), column + ".key"));
    NL_ASSIGN_OR_RETURN(DataType value, ToDeltaType(native::MapType::ValueType(type), column + ".value"));
    result.children.push_back(std::move(key));
    result.children.push_back(std::move(value));
    return result;
  }
  const LogicalType& element =
      type.id() == LogicalTypeId::ARRAY ? native::ArrayType::GetChildType(type) : native::ListType::GetChildType(type);
  DataType result = Simple(DataType::Kind::kArray);
  NL_ASSIGN_OR_RETURN(DataType child, ToDeltaType(element, column + ".element"));
  result.children.push_back(std::move(child));
  return result;
}

}  // namespace

Result<DataType> ToDeltaType(const LogicalType& type, const std::string& column) {
  using Kind = DataType::Kind;
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return Simple(Kind::kBoolean);
    case LogicalTypeId::TINYINT: return Simple(Kind::kByte);
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::UTINYINT: return Simple(Kind::kShort);
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::SQLNULL: return Simple(Kind::kInteger);
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UINTEGER: return Simple(Kind::kLong);
    case LogicalTypeId::UBIGINT: return Decimal(20, 0);
    case LogicalTypeId::HUGEINT: return Decimal(38, 0);
    case LogicalTypeId::FLOAT: return Simple(Kind::kFloat);
    case LogicalTypeId::DOUBLE: return Simple(Kind::kDouble);
    case LogicalTypeId::DECIMAL:
      return Decimal(native::DecimalType::GetWidth(type), native::DecimalType::GetScale(type));
    case LogicalTypeId::DATE: return Simple(Kind::kDate);
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS: return Simple(Kind::kTimestampNtz);
    // Delta has microseconds: the digits behind them would go without a word.
    case LogicalTypeId::TIMESTAMP_NS: return Refuse(column, type, "TIMESTAMP, which keeps microseconds, or BIGINT");
    case LogicalTypeId::TIMESTAMP_TZ: return Simple(Kind::kTimestamp);
    case LogicalTypeId::VARCHAR:
      if (!native::StringType::GetCollation(type).empty()) return Refuse(column, type, "VARCHAR without COLLATE");
      return Simple(Kind::kString);
    case LogicalTypeId::UUID:
    case LogicalTypeId::ENUM: return Simple(Kind::kString);
    case LogicalTypeId::BLOB: return Simple(Kind::kBinary);
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY:
    case LogicalTypeId::MAP: return ToDeltaNested(type, column);
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIME_NS:
    case LogicalTypeId::TIME_TZ: return Refuse(column, type, "VARCHAR, or INTEGER seconds");
    case LogicalTypeId::INTERVAL: return Refuse(column, type, "BIGINT with a unit, or VARCHAR");
    case LogicalTypeId::BIT: return Refuse(column, type, "BLOB or VARCHAR");
    case LogicalTypeId::UNION: return Refuse(column, type, "a STRUCT with one field for each member");
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::BIGNUM: return Refuse(column, type, "DECIMAL(38,0) or VARCHAR");
    default: return Refuse(column, type, "VARCHAR or another type that docs/sql lists");
  }
}

LogicalType ToDuckDbType(const DataType& type) {
  using Kind = DataType::Kind;
  switch (type.kind) {
    case Kind::kString: return LogicalType::VARCHAR;
    case Kind::kLong: return LogicalType::BIGINT;
    case Kind::kInteger: return LogicalType::INTEGER;
    case Kind::kShort: return LogicalType::SMALLINT;
    case Kind::kByte: return LogicalType::TINYINT;
    case Kind::kFloat: return LogicalType::FLOAT;
    case Kind::kDouble: return LogicalType::DOUBLE;
    case Kind::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision), static_cast<uint8_t>(type.scale));
    case Kind::kBoolean: return LogicalType::BOOLEAN;
    case Kind::kBinary: return LogicalType::BLOB;
    case Kind::kDate: return LogicalType::DATE;
    case Kind::kTimestamp: return LogicalType::TIMESTAMP_TZ;
    case Kind::kTimestampNtz: return LogicalType::TIMESTAMP;
    case Kind::kStruct: {
      native::child_list_t<LogicalType> children;
      for (const StructField& field : type.fields) children.emplace_back(field.name, ToDuckDbType(field.type));
      return LogicalType::STRUCT(std::move(children));
    }
    case Kind::kArray: return LogicalType::LIST(ToDuckDbType(type.children[0]));
    case Kind::kMap: return LogicalType::MAP(ToDuckDbType(type.children[0]), ToDuckDbType(type.children[1]));
  }
  NL_UNREACHABLE();
}

}  // namespace neurolake::engine::duckdb
