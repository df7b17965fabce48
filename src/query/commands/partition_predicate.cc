#include "query/commands/partition_predicate.h"

#include <charconv>
#include <numeric>

#include "common/text.h"
#include "tables/delta/layout.h"

namespace neurolake::query {
namespace {

using tables::delta::DataType;
using tables::delta::PartitionValues;
using tables::delta::StructField;

Result<std::string> SqlType(const StructField& field) {
  using Kind = DataType::Kind;
  switch (field.type.kind) {
    case Kind::kString: return "VARCHAR";
    case Kind::kLong: return "BIGINT";
    case Kind::kInteger: return "INTEGER";
    case Kind::kShort: return "SMALLINT";
    case Kind::kByte: return "TINYINT";
    case Kind::kFloat: return "FLOAT";
    case Kind::kDouble: return "DOUBLE";
    case Kind::kDecimal: return fmt::format("DECIMAL({},{})", field.type.precision, field.type.scale);
    case Kind::kBoolean: return "BOOLEAN";
    case Kind::kDate: return "DATE";
    case Kind::kTimestamp: return "TIMESTAMPTZ";
    case Kind::kTimestampNtz: return "TIMESTAMP";
    default: break;
  }
  return MakeError(ErrorCode::kNotSupported, "a WHERE over partitions of this type is not supported: {}", field.name);
}

std::string SqlValue(const StructField& field, const std::string& type, const PartitionValues& values) {
  const auto found = values.find(field.physical_name());
  if (found == values.end() || !found->second || found->second->empty()) return fmt::format("CAST(NULL AS {})", type);
  std::string text = *found->second;
  // An instant without a zone is one of UTC, whatever the session's zone is.
  if (field.type.kind == DataType::Kind::kTimestamp && !text.ends_with('Z') && !text.contains('+')) text += "+00";
  return fmt::format("CAST({} AS {})", QuoteLiteral(text), type);
}

}  // namespace

Result<std::vector<uint32_t>> FilesOfPartitions(CommandContext& context, const OpenedTable& table,
                                                const std::string& predicate) {
  const auto& snapshot = *table.snapshot;
  std::vector<uint32_t> all(snapshot.files().size());
  std::iota(all.begin(), all.end(), 0U);
  if (predicate.empty()) return all;
  std::vector<const StructField*> columns;
  for (const std::string& name : snapshot.metadata().partition_columns) {
    const auto field = std::ranges::find(snapshot.schema().fields, name, &StructField::name);
    if (field != snapshot.schema().fields.end()) columns.push_back(&*field);
  }
  if (columns.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "WHERE chooses partitions, and the table has none: {}",
                     table.full_name());
  }
  const auto groups = tables::delta::GroupByPartition(snapshot, all);
  if (groups.empty()) return all;
  std::string names = "nl_partition";
  std::vector<std::string> types;
  for (const StructField* column : columns) {
    NL_ASSIGN_OR_RETURN(types.emplace_back(), SqlType(*column));
    names += ", " + QuoteIdentifier(column->name);
  }
  std::string values;
  for (size_t i = 0; i < groups.size(); ++i) {
    values += fmt::format("{}({}", i == 0 ? "" : ", ", i);
    for (size_t c = 0; c < columns.size(); ++c) {
      values += ", " + SqlValue(*columns[c], types[c], snapshot.files()[groups[i][0]].partition_values);
    }
    values += ")";
  }
  auto rows = context.QueryAsUser(fmt::format("SELECT nl_partition FROM (VALUES {}) AS {}({}) WHERE ({}\n)", values,
                                              QuoteIdentifier(table.entry.table_name), names, predicate));
  if (!rows.has_value()) {
    if (rows.error().code() == ErrorCode::kPermissionDenied) return std::unexpected(rows.error());
    return MakeError(rows.error().code(), "in WHERE, which may use partition columns only: {}", rows.error().message());
  }
  std::vector<uint32_t> chosen;
  for (const auto& row : rows->rows) {
    size_t group = groups.size();
    if (row.size() == 1 && row[0]) std::from_chars(row[0]->data(), row[0]->data() + row[0]->size(), group);
    if (group >= groups.size()) return MakeError(ErrorCode::kSyntaxError, "WHERE takes one condition");
    chosen.insert(chosen.end(), groups[group].begin(), groups[group].end());
  }
  std::ranges::sort(chosen);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

}  // namespace neurolake::query
