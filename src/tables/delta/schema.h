#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::tables::delta {

struct StructField;

/// A Delta data type. Source: PROTOCOL.md, "Schema Serialization Format".
struct DataType {
  enum class Kind : uint8_t {
    kString,
    kLong,
    kInteger,
    kShort,
    kByte,
    kFloat,
    kDouble,
    kDecimal,
    kBoolean,
    kBinary,
    kDate,
    kTimestamp,     ///< An instant; UTC adjusted.
    kTimestampNtz,  ///< A local date and time; table feature timestampNtz.
    kStruct,
    kArray,
    kMap,
  };
  Kind kind = Kind::kString;
  int precision = 0;  ///< kDecimal: 1…38.
  int scale = 0;
  std::vector<StructField> fields;  ///< kStruct.
  std::vector<DataType> children;   ///< kArray: element; kMap: key, value.
  bool contains_null = true;        ///< kArray: elements, kMap: values.
};

struct StructField {
  std::string name;
  DataType type;
  bool nullable = true;
  /// Field metadata as JSON texts: "delta.columnMapping.id" → `3`, "comment" → `"text"`.
  std::map<std::string, std::string> metadata;

  /// A text among the metadata ("comment", "CURRENT_DEFAULT"); nullopt where it is missing or no text.
  std::optional<std::string> TextMetadata(const std::string& key) const;
  /// Name in the Parquet file and in statistics: the mapped one, or `name`.
  std::string physical_name() const;
  /// "delta.columnMapping.id", or -1.
  int64_t column_mapping_id() const;
};

/// Parses `metaData.schemaString`. Errors: kCorruption; kNotSupported names the type (variant, interval …).
Result<DataType> ParseSchema(std::string_view schema_string);
std::string SerializeSchema(const DataType& struct_type);
/// "decimal(10,2)", "struct<a: int, b: array<string>>": for messages and DESCRIBE.
std::string TypeName(const DataType& type);

}  // namespace neurolake::tables::delta
