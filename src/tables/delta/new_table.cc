#include <set>

#include "common/ids.h"
#include "common/text.h"
#include "tables/delta/change_feed.h"
#include "tables/delta/column_mapping.h"
#include "tables/delta/commit.h"
#include "tables/delta/row_tracking.h"
#include "tables/delta/schema.h"
#include "tables/delta/snapshot.h"
#include "tables/delta/table_features.h"
#include "tables/delta/table_properties.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

Result<std::vector<std::string>> CheckPartitionColumns(const DataType& schema, const std::vector<std::string>& asked) {
  std::vector<std::string> columns;
  for (const std::string& name : asked) {
    auto field =
        std::ranges::find_if(schema.fields, [&](const StructField& f) { return EqualsIgnoringCase(f.name, name); });
    if (field == schema.fields.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "a partition column is not in the schema: {}", name);
    }
    if (!field->type.fields.empty() || !field->type.children.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "a partition column cannot be of the type {}: {}",
                       TypeName(field->type), field->name);
    }
    if (std::ranges::find(columns, field->name) != columns.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "a partition column is named twice: {}", field->name);
    }
    columns.push_back(field->name);
  }
  if (!columns.empty() && columns.size() == schema.fields.size()) {
    return MakeError(ErrorCode::kInvalidArgument, "a table needs a column that it is not partitioned by");
  }
  return columns;
}

Result<bool> DecideMapping(TableProperties& wishes, bool needs_mapping) {
  const std::string mode = LowerAscii(wishes.Get("delta.columnMapping.mode"));
  if (mode == "id") {
    return MakeError(ErrorCode::kNotSupported,
                     "new tables can have column mapping by name, not by id: "
                     "delta.columnMapping.mode");
  }
  if (!mode.empty() && mode != "name" && mode != "none") {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the table property must be 'name' or 'none': "
                     "delta.columnMapping.mode");
  }
  if (mode == "none" && needs_mapping) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a column's name has one of \" ,;{{}}()=\", a tab or a line break, which needs "
                     "delta.columnMapping.mode = 'name'");
  }
  if (mode != "name" && !needs_mapping) return false;
  wishes.configuration.insert_or_assign("delta.columnMapping.mode", "name");
  return true;
}

}  // namespace

Result<NewTable> MakeNewTable(DataType schema, std::vector<std::string> partition_columns,
                              std::map<std::string, std::string> properties, std::string description,
                              int64_t created_time_ms) {
  if (schema.kind != Kind::kStruct) return MakeError(ErrorCode::kInvalidArgument, "a table's schema must be a struct");
  NL_ASSIGN_OR_RETURN(const bool needs_mapping, CheckColumns(schema));
  NL_ASSIGN_OR_RETURN(auto columns, CheckPartitionColumns(schema, partition_columns));
  NL_ASSIGN_OR_RETURN(auto wishes, ReadTableProperties(properties));
  NL_RETURN_IF_ERROR(CheckFeedColumns(wishes.configuration, schema));
  NL_RETURN_IF_ERROR(CheckStatisticsColumns(wishes.configuration, schema));
  if (!wishes.widest) {
    wishes.configuration.try_emplace("delta.enableDeletionVectors", "true");
    wishes.configuration.try_emplace("delta.enableInCommitTimestamps", "true");
  }
  NL_ASSIGN_OR_RETURN(const bool mapped, DecideMapping(wishes, needs_mapping));
  if (mapped) {
    int64_t last_id = 0;
    MapNewColumns(schema, last_id);
    wishes.configuration.insert_or_assign("delta.columnMapping.maxColumnId", fmt::format("{}", last_id));
  }
  std::set<std::string> features = FeaturesInUse(schema, wishes.configuration);
  features.merge(wishes.features);
  NewTable table{.protocol = MakeProtocol(features),
                 .metadata = {.id = NewUuid(),
                              .description = std::move(description),
                              .schema_string = SerializeSchema(schema),
                              .partition_columns = std::move(columns),
                              .configuration = std::move(wishes.configuration),
                              .created_time_ms = created_time_ms}};
  if (KeepsRowIds(table.protocol, table.metadata)) NameRowTrackingColumns(table.metadata);
  NL_RETURN_IF_ERROR(CheckWritable(table.protocol, table.metadata));
  return table;
}

}  // namespace neurolake::tables::delta
