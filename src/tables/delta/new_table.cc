#include <set>

#include "common/ids.h"
#include "common/text.h"
#include "tables/delta/commit.h"
#include "tables/delta/internal/json_text.h"
#include "tables/delta/schema.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

enum class ValueKind : uint8_t { kBoolean, kNumber, kInterval, kText };

struct KnownProperty {
  std::string_view name;
  ValueKind kind;
};
constexpr KnownProperty kKnownProperties[] = {
    {"delta.appendOnly", ValueKind::kBoolean},
    {"delta.enableDeletionVectors", ValueKind::kBoolean},
    {"delta.enableInCommitTimestamps", ValueKind::kBoolean},
    {"delta.enableChangeDataFeed", ValueKind::kBoolean},
    {"delta.enableRowTracking", ValueKind::kBoolean},
    {"delta.enableTypeWidening", ValueKind::kBoolean},
    {"delta.columnMapping.mode", ValueKind::kText},
    {"delta.checkpointInterval", ValueKind::kNumber},
    {"delta.checkpointPolicy", ValueKind::kText},
    {"delta.checkpoint.writeStatsAsJson", ValueKind::kBoolean},
    {"delta.checkpoint.writeStatsAsStruct", ValueKind::kBoolean},
    {"delta.dataSkippingNumIndexedCols", ValueKind::kNumber},
    {"delta.dataSkippingStatsColumns", ValueKind::kText},
    {"delta.deletedFileRetentionDuration", ValueKind::kInterval},
    {"delta.logRetentionDuration", ValueKind::kInterval},
    {"delta.setTransactionRetentionDuration", ValueKind::kInterval},
    {"delta.enableExpiredLogCleanup", ValueKind::kBoolean},
    {"delta.targetFileSize", ValueKind::kText},
    {"delta.parquet.compression.codec", ValueKind::kText},
};

/// Those that ask for a feature we do not write.
constexpr std::string_view kRefusedWhenTrue[] = {"delta.enableChangeDataFeed", "delta.enableRowTracking",
                                                 "delta.enableTypeWidening"};

constexpr std::string_view kFeaturePrefix = "delta.feature.";
/// Parquet files, or other readers of them, do not take these in a column's name.
constexpr std::string_view kNameNeedsMapping = " ,;{}()\n\t=";

bool IsInterval(std::string_view text) {
  const std::vector<std::string> words = Split(LowerAscii(text), ' ');
  return words.size() >= 3 && words[0] == "interval";
}

Result<std::string> CheckValue(const KnownProperty& property, const std::string& value) {
  switch (property.kind) {
    case ValueKind::kBoolean: {
      std::string lower = LowerAscii(value);
      if (lower == "true" || lower == "false") return lower;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be true or false: {}", property.name);
    }
    case ValueKind::kNumber: {
      const bool digits = !value.empty() && value.size() <= 10 &&
                          value.find_first_not_of("0123456789", value.starts_with('-') ? 1 : 0) == std::string::npos;
      if (digits && value != "-") return value;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be a whole number: {}", property.name);
    }
    case ValueKind::kInterval:
      if (IsInterval(value)) return value;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be like 'interval 7 days': {}",
                       property.name);
    case ValueKind::kText:
      if (!value.empty()) return value;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must not be empty: {}", property.name);
  }
  NL_UNREACHABLE();
}

/// What the caller asked for, in canonical spelling.
struct Wishes {
  std::map<std::string, std::string> configuration;
  std::set<std::string> features;
  bool widest = false;

  std::string Get(const std::string& name) const {
    auto found = configuration.find(name);
    return found == configuration.end() ? "" : found->second;
  }
};

Result<void> TakeFeature(std::string_view feature, const std::string& value, Wishes& wishes) {
  static constexpr std::string_view kAddable[] = {"appendOnly",     "columnMapping", "deletionVectors",
                                                  "domainMetadata", "invariants",    "inCommitTimestamp",
                                                  "timestampNtz",   "v2Checkpoint",  "vacuumProtocolCheck"};
  if (!EqualsIgnoringCase(value, "supported") && !EqualsIgnoringCase(value, "enabled")) {
    return MakeError(ErrorCode::kInvalidArgument, "a table feature's property must be 'supported': {}{}",
                     kFeaturePrefix, feature);
  }
  for (std::string_view known : kAddable) {
    if (!EqualsIgnoringCase(known, feature)) continue;
    wishes.features.emplace(known);
    return {};
  }
  return MakeError(ErrorCode::kNotSupported, "the table feature is not supported: {}", feature);
}

Result<void> TakeDeltaProperty(const std::string& name, const std::string& value, Wishes& wishes) {
  if (EqualsIgnoringCase(name.substr(0, kFeaturePrefix.size()), kFeaturePrefix)) {
    return TakeFeature(std::string_view(name).substr(kFeaturePrefix.size()), value, wishes);
  }
  if (LowerAscii(name).starts_with("delta.constraints.")) {
    return MakeError(ErrorCode::kNotSupported, "CHECK constraints are not supported: {}", name);
  }
  for (const KnownProperty& property : kKnownProperties) {
    if (!EqualsIgnoringCase(property.name, name)) continue;
    NL_ASSIGN_OR_RETURN(auto checked, CheckValue(property, value));
    const bool refused = std::ranges::find(kRefusedWhenTrue, property.name) != std::end(kRefusedWhenTrue);
    if (refused && checked == "true") {
      return MakeError(ErrorCode::kNotSupported, "the table property is not supported: {}", property.name);
    }
    wishes.configuration.insert_or_assign(std::string(property.name), std::move(checked));
    return {};
  }
  return MakeError(ErrorCode::kInvalidArgument, "the table property is not known: {}", name);
}

Result<Wishes> ReadProperties(const std::map<std::string, std::string>& properties) {
  Wishes wishes;
  for (const auto& [name, value] : properties) {
    if (LowerAscii(name).starts_with("delta.")) {
      NL_RETURN_IF_ERROR(TakeDeltaProperty(name, value, wishes));
      continue;
    }
    if (EqualsIgnoringCase(name, "compatibility")) {
      if (!EqualsIgnoringCase(value, "widest")) {
        return MakeError(ErrorCode::kInvalidArgument, "the table property compatibility can only be 'widest'");
      }
      wishes.widest = true;
      wishes.configuration.insert_or_assign("compatibility", "widest");
      continue;
    }
    wishes.configuration.insert_or_assign(name, value);
  }
  if (!wishes.widest) {
    wishes.configuration.try_emplace("delta.enableDeletionVectors", "true");
    wishes.configuration.try_emplace("delta.enableInCommitTimestamps", "true");
  }
  return wishes;
}

bool Contains(const DataType& type, Kind kind) {
  if (type.kind == kind) return true;
  return std::ranges::any_of(type.fields, [&](const StructField& field) { return Contains(field.type, kind); }) ||
         std::ranges::any_of(type.children, [&](const DataType& child) { return Contains(child, kind); });
}

/// Errors: kInvalidArgument for names that clash, and digits out of range. Tells if any name needs a mapping.
Result<bool> CheckType(const DataType& type) {
  bool needs_mapping = false;
  if (type.kind == Kind::kDecimal &&
      (type.precision < 1 || type.precision > 38 || type.scale < 0 || type.scale > type.precision)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a decimal has 1 to 38 digits, of them at most all after the point: "
                     "{}",
                     TypeName(type));
  }
  if (type.kind == Kind::kStruct && type.fields.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "a table, or a struct in it, needs at least one column");
  }
  std::set<std::string> names;
  for (const StructField& field : type.fields) {
    if (field.name.empty()) return MakeError(ErrorCode::kInvalidArgument, "a column has no name");
    if (!names.insert(LowerAscii(field.name)).second) {
      return MakeError(ErrorCode::kInvalidArgument, "two columns have one name, case aside: {}", field.name);
    }
    if (field.name.find_first_of(kNameNeedsMapping) != std::string::npos) needs_mapping = true;
    NL_ASSIGN_OR_RETURN(const bool nested, CheckType(field.type));
    needs_mapping = needs_mapping || nested;
  }
  for (const DataType& child : type.children) {
    NL_ASSIGN_OR_RETURN(const bool nested, CheckType(child));
    needs_mapping = needs_mapping || nested;
  }
  return needs_mapping;
}

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

/// Gives every field, nested ones too, an id and a physical name.
void AssignMapping(DataType& type, int64_t& last_id) {
  for (StructField& field : type.fields) {
    field.metadata.insert_or_assign("delta.columnMapping.id", fmt::format("{}", ++last_id));
    field.metadata.insert_or_assign("delta.columnMapping.physicalName", internal::JsonString("col-" + NewUuid()));
    AssignMapping(field.type, last_id);
  }
  for (DataType& child : type.children) AssignMapping(child, last_id);
}

Result<bool> DecideMapping(Wishes& wishes, bool needs_mapping) {
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

Protocol DecideProtocol(const std::set<std::string>& features, bool mapped) {
  static constexpr std::string_view kReaderFeatures[] = {"columnMapping", "deletionVectors", "timestampNtz",
                                                         "v2Checkpoint", "vacuumProtocolCheck"};
  // The oldest protocol that says it: anything that reads Delta at all reads version 1, and 2 is column mapping.
  const bool legacy = std::ranges::all_of(features, [](const std::string& feature) {
    return feature == "columnMapping" || feature == "appendOnly" || feature == "invariants";
  });
  if (legacy && mapped) return {.min_reader_version = 2, .min_writer_version = 5};
  if (legacy) return {.min_reader_version = 1, .min_writer_version = 2};
  Protocol protocol{.min_reader_version = 1, .min_writer_version = 7};
  for (const std::string& feature : features) {
    protocol.writer_features.push_back(feature);
    if (std::ranges::find(kReaderFeatures, feature) != std::end(kReaderFeatures)) {
      protocol.reader_features.push_back(feature);
      protocol.min_reader_version = 3;
    }
  }
  return protocol;
}

}  // namespace

Result<NewTable> MakeNewTable(DataType schema, std::vector<std::string> partition_columns,
                              std::map<std::string, std::string> properties, std::string description,
                              int64_t created_time_ms) {
  if (schema.kind != Kind::kStruct) return MakeError(ErrorCode::kInvalidArgument, "a table's schema must be a struct");
  NL_ASSIGN_OR_RETURN(const bool needs_mapping, CheckType(schema));
  NL_ASSIGN_OR_RETURN(auto columns, CheckPartitionColumns(schema, partition_columns));
  NL_ASSIGN_OR_RETURN(auto wishes, ReadProperties(properties));
  NL_ASSIGN_OR_RETURN(const bool mapped, DecideMapping(wishes, needs_mapping));
  std::set<std::string> features = wishes.features;
  if (mapped) {
    int64_t last_id = 0;
    AssignMapping(schema, last_id);
    wishes.configuration.insert_or_assign("delta.columnMapping.maxColumnId", fmt::format("{}", last_id));
    features.insert("columnMapping");
  }
  if (wishes.Get("delta.appendOnly") == "true") features.insert("appendOnly");
  if (wishes.Get("delta.enableDeletionVectors") == "true") features.insert("deletionVectors");
  if (wishes.Get("delta.enableInCommitTimestamps") == "true") features.insert("inCommitTimestamp");
  if (Contains(schema, Kind::kTimestampNtz)) features.insert("timestampNtz");
  if (EqualsIgnoringCase(wishes.Get("delta.checkpointPolicy"), "v2")) features.insert("v2Checkpoint");
  NewTable table{.protocol = DecideProtocol(features, features.contains("columnMapping")),
                 .metadata = {.id = NewUuid(),
                              .description = std::move(description),
                              .schema_string = SerializeSchema(schema),
                              .partition_columns = std::move(columns),
                              .configuration = std::move(wishes.configuration),
                              .created_time_ms = created_time_ms}};
  NL_RETURN_IF_ERROR(CheckWritable(table.protocol, table.metadata));
  return table;
}

}  // namespace neurolake::tables::delta
