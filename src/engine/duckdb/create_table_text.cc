#include "engine/duckdb/internal/create_table_text.h"

#include "common/text.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::DataType;
using tables::delta::StructField;

// DuckDB's spelling, as CREATE TABLE takes it. What a column may not hold inside (NOT NULL of a field or an element)
// has no spelling and is left out.
std::string TypeText(const DataType& type) {
  using enum DataType::Kind;
  switch (type.kind) {
    case kString: return "VARCHAR";
    case kLong: return "BIGINT";
    case kInteger: return "INTEGER";
    case kShort: return "SMALLINT";
    case kByte: return "TINYINT";
    case kFloat: return "FLOAT";
    case kDouble: return "DOUBLE";
    case kDecimal: return fmt::format("DECIMAL({}, {})", type.precision, type.scale);
    case kBoolean: return "BOOLEAN";
    case kBinary: return "BLOB";
    case kDate: return "DATE";
    case kTimestamp: return "TIMESTAMP WITH TIME ZONE";
    case kTimestampNtz: return "TIMESTAMP";
    case kStruct: {
      std::string fields;
      for (const StructField& field : type.fields) {
        fields += fmt::format("{}{} {}", fields.empty() ? "" : ", ", QuoteIdentifier(field.name), TypeText(field.type));
      }
      return fmt::format("STRUCT({})", fields);
    }
    case kArray: return TypeText(type.children[0]) + "[]";
    case kMap: return fmt::format("MAP({}, {})", TypeText(type.children[0]), TypeText(type.children[1]));
  }
  NL_UNREACHABLE();
}

// What the table layer keeps among the properties for itself and sets anew for a new table.
bool IsOwnRecord(std::string_view property) {
  for (const std::string_view prefix : {"delta.inCommitTimestampEnablement", "delta.columnMapping.maxColumnId",
                                        "delta.rowTracking.materialized", "delta.feature."}) {
    if (property.starts_with(prefix)) return true;
  }
  return false;
}

std::string PropertiesText(const std::map<std::string, std::string>& configuration) {
  std::string text;
  for (const auto& [name, value] : configuration) {
    if (IsOwnRecord(name)) continue;
    text += fmt::format("{}  {} = {}", text.empty() ? "" : ",\n", QuoteLiteral(name), QuoteLiteral(value));
  }
  return text.empty() ? text : fmt::format("\nTBLPROPERTIES (\n{}\n)", text);
}

}  // namespace

std::string CreateTableText(const TableEntry& table, const tables::delta::Snapshot& snapshot) {
  std::string text =
      fmt::format("CREATE TABLE {}.{}", QuoteIdentifier(table.schema_name), QuoteIdentifier(table.table_name));
  if (!table.managed) return text + fmt::format("\nLOCATION {}", QuoteLiteral(table.location));
  std::string columns;
  for (const StructField& field : snapshot.schema().fields) {
    columns += fmt::format("{}  {} {}{}", columns.empty() ? "" : ",\n", QuoteIdentifier(field.name),
                           TypeText(field.type), field.nullable ? "" : " NOT NULL");
  }
  text += fmt::format(" (\n{}\n)", columns);
  const auto& metadata = snapshot.metadata();
  std::string partitions;
  for (const std::string& column : metadata.partition_columns) {
    partitions += (partitions.empty() ? "" : ", ") + QuoteIdentifier(column);
  }
  if (!partitions.empty()) text += fmt::format("\nPARTITIONED BY ({})", partitions);
  const std::string& comment = table.comment.empty() ? metadata.description : table.comment;
  if (!comment.empty()) text += fmt::format("\nCOMMENT {}", QuoteLiteral(comment));
  return text + PropertiesText(metadata.configuration);
}

}  // namespace neurolake::engine::duckdb
