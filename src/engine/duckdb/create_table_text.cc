#include "engine/duckdb/internal/create_table_text.h"

#include "common/text.h"
#include "tables/delta/alter.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/table_rules.h"

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
                                        "delta.rowTracking.materialized", "delta.feature.", "delta.constraints."}) {
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

// An expression of the log as our statements spell it. One that is not understood stays as it is: whoever runs the text
// is told of it.
std::string OurText(const std::string& spark) {
  using tables::delta::Expression;
  const auto expression = Expression::Parse(spark, Expression::Dialect::kSpark);
  return expression.has_value() ? expression->ToText(Expression::Dialect::kOurs) : spark;
}

std::string ColumnOptionsText(const StructField& field) {
  namespace delta = tables::delta;
  const auto number = [&](const char* key) {
    const auto found = field.metadata.find(key);
    return found == field.metadata.end() ? std::string("1") : found->second;
  };
  std::string text = field.nullable ? "" : " NOT NULL";
  if (const auto value = field.TextMetadata(delta::kCurrentDefault)) text += " DEFAULT " + OurText(*value);
  if (const auto value = field.TextMetadata(delta::kGenerationExpression)) {
    text += fmt::format(" GENERATED ALWAYS AS ({})", OurText(*value));
  }
  if (field.metadata.contains(delta::kIdentityStart)) {
    text += fmt::format(" GENERATED {} AS IDENTITY (START WITH {} INCREMENT BY {})",
                        number(delta::kIdentityAllowExplicit) == "true" ? "BY DEFAULT" : "ALWAYS",
                        number(delta::kIdentityStart), number(delta::kIdentityStep));
  }
  if (const auto comment = field.TextMetadata("comment")) text += " COMMENT " + QuoteLiteral(*comment);
  return text;
}

std::string ConstraintsText(const std::map<std::string, std::string>& configuration) {
  std::string text;
  for (const auto& [name, condition] : configuration) {
    if (!name.starts_with(tables::delta::kConstraintPrefix)) continue;
    text += fmt::format(",\n  CONSTRAINT {} CHECK ({})",
                        QuoteIdentifier(name.substr(tables::delta::kConstraintPrefix.size())), OurText(condition));
  }
  return text;
}

// The log has the physical names.
std::string ClusteringText(const tables::delta::Snapshot& snapshot) {
  const auto columns = tables::delta::ReadClusteringColumns(snapshot.log().domains);
  std::string text;
  if (!columns.has_value()) return text;
  for (const auto& path : *columns) {
    const DataType* type = &snapshot.schema();
    std::string names;
    for (const std::string& physical : path) {
      const auto field = std::ranges::find_if(
          type->fields, [&](const StructField& candidate) { return candidate.physical_name() == physical; });
      if (field == type->fields.end()) return "";
      names += (names.empty() ? "" : ".") + QuoteIdentifier(field->name);
      type = &field->type;
    }
    text += (text.empty() ? "" : ", ") + names;
  }
  return text.empty() ? text : fmt::format("\nCLUSTER BY ({})", text);
}

}  // namespace

std::string CreateTableText(const TableEntry& table, const tables::delta::Snapshot& snapshot) {
  std::string text =
      fmt::format("CREATE TABLE {}.{}", QuoteIdentifier(table.schema_name), QuoteIdentifier(table.table_name));
  if (!table.managed) return text + fmt::format("\nLOCATION {}", QuoteLiteral(table.location));
  std::string columns;
  for (const StructField& field : snapshot.schema().fields) {
    const auto encryption = tables::delta::EncryptionOf(field);
    const bool encrypted = encryption.has_value() && encryption->has_value();
    columns += fmt::format("{}  {} {}{}", columns.empty() ? "" : ",\n", QuoteIdentifier(field.name),
                           TypeText(encrypted ? (*encryption)->type : field.type), ColumnOptionsText(field));
    if (!encrypted) continue;
    columns += " ENCRYPTED WITH KEY " + QuoteIdentifier((*encryption)->key_name);
    if ((*encryption)->deterministic) columns += " DETERMINISTIC";
  }
  const auto& metadata = snapshot.metadata();
  text += fmt::format(" (\n{}{}\n)", columns, ConstraintsText(metadata.configuration));
  std::string partitions;
  for (const std::string& column : metadata.partition_columns) {
    partitions += (partitions.empty() ? "" : ", ") + QuoteIdentifier(column);
  }
  if (!partitions.empty()) text += fmt::format("\nPARTITIONED BY ({})", partitions);
  text += ClusteringText(snapshot);
  // The catalogue's may be one that another writer has replaced.
  const std::string& comment = metadata.description;
  if (!comment.empty()) text += fmt::format("\nCOMMENT {}", QuoteLiteral(comment));
  return text + PropertiesText(metadata.configuration);
}

}  // namespace neurolake::engine::duckdb
