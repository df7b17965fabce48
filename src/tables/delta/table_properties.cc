#include "tables/delta/table_properties.h"

#include <algorithm>

#include "common/text.h"
#include "tables/delta/table_features.h"
#include "tables/delta/vacuum.h"

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
    {"delta.autoOptimize.autoCompact", ValueKind::kText},
    {"delta.autoOptimize.optimizeWrite", ValueKind::kBoolean},
    {"delta.isolationLevel", ValueKind::kText},
    {"delta.randomizeFilePrefixes", ValueKind::kBoolean},
    {"delta.tuneFileSizesForRewrites", ValueKind::kBoolean},
    {"delta.parquet.compression.codec", ValueKind::kText},
};

constexpr std::string_view kFeaturePrefix = "delta.feature.";

/// As whoever uses the property will read it. Without the word in front other engines do not take it.
bool IsInterval(const KnownProperty& property, const std::string& text) {
  if (!LowerAscii(text).starts_with("interval ")) return false;
  Metadata holder;
  const std::string name(property.name);
  holder.configuration.emplace(name, text);
  return IntervalProperty(holder, name, std::chrono::milliseconds(0)).has_value();
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
      if (IsInterval(property, value)) return value;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be like 'interval 7 days': {}",
                       property.name);
    case ValueKind::kText:
      if (!value.empty()) return value;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must not be empty: {}", property.name);
  }
  NL_UNREACHABLE();
}

Result<void> TakeFeature(std::string_view feature, const std::string& value, TableProperties& wishes) {
  if (!EqualsIgnoringCase(value, "supported") && !EqualsIgnoringCase(value, "enabled")) {
    return MakeError(ErrorCode::kInvalidArgument, "a table feature's property must be 'supported': {}{}",
                     kFeaturePrefix, feature);
  }
  NL_ASSIGN_OR_RETURN(auto name, AddableFeature(feature));
  wishes.features.insert(std::move(name));
  return {};
}

Result<void> TakeDeltaProperty(const std::string& name, const std::string& value, TableProperties& wishes) {
  if (EqualsIgnoringCase(name.substr(0, kFeaturePrefix.size()), kFeaturePrefix)) {
    return TakeFeature(std::string_view(name).substr(kFeaturePrefix.size()), value, wishes);
  }
  if (LowerAscii(name).starts_with("delta.constraints.")) {
    return MakeError(ErrorCode::kInvalidArgument, "a constraint is set by ALTER TABLE … ADD CONSTRAINT: {}", name);
  }
  for (const KnownProperty& property : kKnownProperties) {
    if (!EqualsIgnoringCase(property.name, name)) continue;
    NL_ASSIGN_OR_RETURN(auto checked, CheckValue(property, value));
    wishes.configuration.insert_or_assign(std::string(property.name), std::move(checked));
    return {};
  }
  return MakeError(ErrorCode::kInvalidArgument, "the table property is not known: {}", name);
}

bool Contains(const DataType& type, Kind kind) {
  if (type.kind == kind) return true;
  return std::ranges::any_of(type.fields, [&](const StructField& field) { return Contains(field.type, kind); }) ||
         std::ranges::any_of(type.children, [&](const DataType& child) { return Contains(child, kind); });
}

bool AnyFieldHas(const DataType& type, std::string_view key) {
  const auto inside = [&](const DataType& child) { return AnyFieldHas(child, key); };
  return std::ranges::any_of(
             type.fields,
             [&](const StructField& f) { return f.metadata.contains(std::string(key)) || inside(f.type); }) ||
         std::ranges::any_of(type.children, inside);
}

bool AnyFieldRequired(const DataType& type) {
  const auto within = [](const StructField& field) { return !field.nullable || AnyFieldRequired(field.type); };
  return std::ranges::any_of(type.fields, within) || std::ranges::any_of(type.children, AnyFieldRequired);
}

}  // namespace

Result<TableProperties> ReadTableProperties(const std::map<std::string, std::string>& properties) {
  TableProperties wishes;
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
  return wishes;
}

Result<std::string> PropertyName(const std::string& name) {
  const std::string lower = LowerAscii(name);
  if (!lower.starts_with("delta.")) return lower == "compatibility" ? lower : name;
  if (lower.starts_with(kFeaturePrefix) || lower.starts_with("delta.constraints.")) {
    return MakeError(ErrorCode::kNotSupported, "this is not a property that can be taken away: {}", name);
  }
  for (const KnownProperty& property : kKnownProperties) {
    if (EqualsIgnoringCase(property.name, name)) return std::string(property.name);
  }
  return MakeError(ErrorCode::kInvalidArgument, "the table property is not known: {}", name);
}

std::set<std::string> FeaturesInUse(const DataType& schema, const std::map<std::string, std::string>& configuration) {
  std::set<std::string> features;
  const auto is = [&](const char* name, std::string_view value) {
    const auto found = configuration.find(name);
    return found != configuration.end() && EqualsIgnoringCase(found->second, value);
  };
  if (is("delta.appendOnly", "true")) features.insert("appendOnly");
  if (is("delta.enableDeletionVectors", "true")) features.insert("deletionVectors");
  if (is("delta.enableInCommitTimestamps", "true")) features.insert("inCommitTimestamp");
  if (is("delta.enableChangeDataFeed", "true")) features.insert("changeDataFeed");
  if (is("delta.enableRowTracking", "true")) features.insert({"rowTracking", "domainMetadata"});
  if (is("delta.enableTypeWidening", "true")) features.insert("typeWidening");
  if (is("delta.checkpointPolicy", "v2")) features.insert("v2Checkpoint");
  if (is("delta.columnMapping.mode", "name") || is("delta.columnMapping.mode", "id")) features.insert("columnMapping");
  const auto constraint = configuration.lower_bound("delta.constraints.");
  if (constraint != configuration.end() && constraint->first.starts_with("delta.constraints.")) {
    features.insert("checkConstraints");
  }
  if (Contains(schema, Kind::kTimestampNtz)) features.insert("timestampNtz");
  if (AnyFieldHas(schema, "delta.typeChanges")) features.insert("typeWidening");
  // Spark refuses to open a table that has a NOT NULL column and does not list the feature.
  if (AnyFieldHas(schema, "delta.invariants") || AnyFieldRequired(schema)) features.insert("invariants");
  if (AnyFieldHas(schema, "delta.generationExpression")) features.insert("generatedColumns");
  if (AnyFieldHas(schema, "delta.identity.start")) features.insert("identityColumns");
  if (AnyFieldHas(schema, "CURRENT_DEFAULT")) features.insert("allowColumnDefaults");
  return features;
}

}  // namespace neurolake::tables::delta
