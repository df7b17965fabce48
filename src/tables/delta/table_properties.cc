#include "tables/delta/table_properties.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "common/text.h"
#include "tables/delta/layout.h"
#include "tables/delta/statistics.h"
#include "tables/delta/table_features.h"
#include "tables/delta/vacuum.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

enum class ValueKind : uint8_t { kBoolean, kNumber, kInterval, kSize, kWord, kColumns };

struct KnownProperty {
  std::string_view name;
  ValueKind kind;
  int64_t least = 0;                             ///< kNumber.
  std::span<const std::string_view> words = {};  ///< kWord: what it can be, as it is written to the log.
};

constexpr std::string_view kMappingModes[] = {"none", "name", "id"};
constexpr std::string_view kCheckpointPolicies[] = {"classic", "v2"};
constexpr std::string_view kAutoCompactModes[] = {"true", "false", "auto"};
// Delta has SnapshotIsolation too, which is not for tables to have.
constexpr std::string_view kIsolationLevels[] = {"Serializable", "WriteSerializable"};
constexpr std::string_view kDefaultCodec = "snappy";
constexpr std::string_view kCodecs[] = {kDefaultCodec, "zstd", "gzip", "lz4_raw", "uncompressed"};

constexpr std::string_view kStatisticsColumns = "delta.dataSkippingStatsColumns";
constexpr std::string_view kCodec = "delta.parquet.compression.codec";

constexpr KnownProperty kKnownProperties[] = {
    {"delta.appendOnly", ValueKind::kBoolean},
    {"delta.enableDeletionVectors", ValueKind::kBoolean},
    {"delta.enableInCommitTimestamps", ValueKind::kBoolean},
    {"delta.enableChangeDataFeed", ValueKind::kBoolean},
    {"delta.enableRowTracking", ValueKind::kBoolean},
    {"delta.enableTypeWidening", ValueKind::kBoolean},
    {.name = "delta.columnMapping.mode", .kind = ValueKind::kWord, .words = kMappingModes},
    {.name = "delta.checkpointInterval", .kind = ValueKind::kNumber, .least = 1},
    {.name = "delta.checkpointPolicy", .kind = ValueKind::kWord, .words = kCheckpointPolicies},
    {"delta.checkpoint.writeStatsAsJson", ValueKind::kBoolean},
    {"delta.checkpoint.writeStatsAsStruct", ValueKind::kBoolean},
    {.name = "delta.dataSkippingNumIndexedCols", .kind = ValueKind::kNumber, .least = -1},
    {kStatisticsColumns, ValueKind::kColumns},
    {"delta.deletedFileRetentionDuration", ValueKind::kInterval},
    {"delta.logRetentionDuration", ValueKind::kInterval},
    {"delta.setTransactionRetentionDuration", ValueKind::kInterval},
    {"delta.enableExpiredLogCleanup", ValueKind::kBoolean},
    {"delta.targetFileSize", ValueKind::kSize},
    {.name = "delta.autoOptimize.autoCompact", .kind = ValueKind::kWord, .words = kAutoCompactModes},
    {"delta.autoOptimize.optimizeWrite", ValueKind::kBoolean},
    {.name = "delta.isolationLevel", .kind = ValueKind::kWord, .words = kIsolationLevels},
    {"delta.randomizeFilePrefixes", ValueKind::kBoolean},
    {"delta.tuneFileSizesForRewrites", ValueKind::kBoolean},
    {.name = kCodec, .kind = ValueKind::kWord, .words = kCodecs},
    {"neurolake.group_commit", ValueKind::kBoolean},
    // Of fewer versions nothing is gained; without the property there are no compacted files.
    {.name = "neurolake.log_compaction_interval", .kind = ValueKind::kNumber, .least = 2},
};

constexpr std::string_view kFeaturePrefix = "delta.feature.";

const KnownProperty* FindProperty(std::string_view name) {
  const auto* const found = std::ranges::find_if(
      kKnownProperties, [&](const KnownProperty& property) { return EqualsIgnoringCase(property.name, name); });
  return found == std::end(kKnownProperties) ? nullptr : found;
}

/// The namespaces in which a name that nobody knows is a mistake.
bool IsReserved(std::string_view lower_name) {
  return lower_name.starts_with("delta.") || lower_name.starts_with("neurolake.");
}

/// As whoever uses the property will read it. Without the word in front other engines do not take it.
bool IsInterval(const KnownProperty& property, const std::string& text) {
  if (!LowerAscii(text).starts_with("interval ")) return false;
  for (const std::string& word : Split(text, ' ')) {
    const std::string_view number = std::string_view(word).substr(word.starts_with('\'') ? 1 : 0);
    const auto end = number.find_first_not_of("0123456789");
    if (end != 0 && end != std::string_view::npos && number[end] != '\'') return false;
  }
  Metadata holder;
  const std::string name(property.name);
  holder.configuration.emplace(name, text);
  return IntervalProperty(holder, name, std::chrono::milliseconds(0)).has_value();
}

std::optional<int64_t> WholeNumber(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::string> FindWord(const KnownProperty& property, std::string_view text) {
  const auto found =
      std::ranges::find_if(property.words, [&](std::string_view word) { return EqualsIgnoringCase(word, text); });
  return found == property.words.end() ? std::nullopt : std::optional<std::string>(*found);
}

/// The value as it is written to the log.
Result<std::string> CheckValue(const KnownProperty& property, const std::string& value) {
  switch (property.kind) {
    case ValueKind::kBoolean: {
      std::string lower = LowerAscii(value);
      if (lower == "true" || lower == "false") return lower;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be true or false: {}", property.name);
    }
    case ValueKind::kNumber: {
      // Other engines keep it in 32 bits.
      const auto number = WholeNumber(value);
      if (number && *number >= property.least && *number <= INT32_MAX) return fmt::format("{}", *number);
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be a whole number from {} to {}: {}",
                       property.least, INT32_MAX, property.name);
    }
    case ValueKind::kInterval:
      if (IsInterval(property, value)) return value;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be like 'interval 7 days': {}",
                       property.name);
    case ValueKind::kSize: {
      const auto bytes = ParseByteSize(value);
      if (bytes.has_value() && *bytes >= kSmallestTargetBytes) return value;
      return MakeError(ErrorCode::kInvalidArgument,
                       "a table property must be a number of bytes or be like '128mb', at least 1kb: {}",
                       property.name);
    }
    case ValueKind::kWord:
      if (auto word = FindWord(property, value)) return std::move(*word);
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be one of {}: {}",
                       fmt::join(property.words, ", "), property.name);
    case ValueKind::kColumns:
      if (!value.empty()) return value;
      return MakeError(ErrorCode::kInvalidArgument, "a table property must name columns: {}", property.name);
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

Result<void> TakeKnownProperty(const std::string& name, const std::string& value, TableProperties& wishes) {
  if (EqualsIgnoringCase(name.substr(0, kFeaturePrefix.size()), kFeaturePrefix)) {
    return TakeFeature(std::string_view(name).substr(kFeaturePrefix.size()), value, wishes);
  }
  if (LowerAscii(name).starts_with("delta.constraints.")) {
    return MakeError(ErrorCode::kInvalidArgument, "a constraint is set by ALTER TABLE … ADD CONSTRAINT: {}", name);
  }
  const KnownProperty* const property = FindProperty(name);
  if (property == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument, "the table property is not known: {}", name);
  }
  NL_ASSIGN_OR_RETURN(auto checked, CheckValue(*property, value));
  wishes.configuration.insert_or_assign(std::string(property->name), std::move(checked));
  return {};
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

/// "a.b, `c.d`" taken apart: for each column the names of its path. nullopt if a name is empty or a quote is left open.
std::optional<std::vector<std::vector<std::string>>> ParseColumnList(std::string_view text) {
  std::vector<std::vector<std::string>> columns(1);
  std::string name;
  bool quoted = false, was_quoted = false;
  const auto end_name = [&] {
    columns.back().emplace_back(was_quoted ? name : Trim(name));
    name.clear();
    was_quoted = false;
    return !columns.back().back().empty();
  };
  for (const char c : text) {
    if (c == '`') {
      if (!quoted) name.clear();  // Blanks before it.
      quoted = !quoted;
      was_quoted = true;
    } else if (quoted || (c != ',' && c != '.')) {
      if (!was_quoted || quoted) name += c;
    } else {
      if (!end_name()) return std::nullopt;
      if (c == ',') columns.emplace_back();
    }
  }
  if (quoted || !end_name()) return std::nullopt;
  return columns;
}

/// Statistics are kept of columns and of fields of structs, not of what is inside of an array or a map.
bool HasField(const DataType& schema, const std::vector<std::string>& path) {
  const DataType* type = &schema;
  for (const std::string& name : path) {
    const auto found = std::ranges::find_if(
        type->fields, [&](const StructField& field) { return EqualsIgnoringCase(field.name, name); });
    if (found == type->fields.end()) return false;
    type = &found->type;
  }
  return true;
}

/// The leaves of `field` that are in `path`, which names it from `depth` on, or that it stands for.
void AddLeaves(const StructField& field, const std::string& prefix, const std::vector<std::string>& path, size_t depth,
               std::set<std::string>& leaves) {
  if (depth < path.size() && !EqualsIgnoringCase(field.name, path[depth])) return;
  std::string place = StatisticsPath(prefix, field.physical_name());
  if (field.type.kind == Kind::kStruct) {
    for (const StructField& inner : field.type.fields) AddLeaves(inner, place, path, depth + 1, leaves);
  } else if (depth + 1 >= path.size()) {
    leaves.insert(std::move(place));
  }
}

bool AnyFieldRequired(const DataType& type) {
  const auto within = [](const StructField& field) { return !field.nullable || AnyFieldRequired(field.type); };
  return std::ranges::any_of(type.fields, within) || std::ranges::any_of(type.children, AnyFieldRequired);
}

}  // namespace

Result<TableProperties> ReadTableProperties(const std::map<std::string, std::string>& properties) {
  TableProperties wishes;
  for (const auto& [name, value] : properties) {
    if (IsReserved(LowerAscii(name))) {
      NL_RETURN_IF_ERROR(TakeKnownProperty(name, value, wishes));
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
  const KnownProperty* const property = FindProperty(name);
  if (property != nullptr) return std::string(property->name);
  if (!lower.starts_with("delta.")) return lower == "compatibility" ? lower : name;
  if (lower.starts_with(kFeaturePrefix) || lower.starts_with("delta.constraints.")) {
    return MakeError(ErrorCode::kNotSupported, "this is not a property that can be taken away: {}", name);
  }
  return MakeError(ErrorCode::kInvalidArgument, "the table property is not known: {}", name);
}

Result<void> CheckStatisticsColumns(const std::map<std::string, std::string>& configuration, const DataType& schema) {
  const auto found = configuration.find(std::string(kStatisticsColumns));
  if (found == configuration.end()) return {};
  const auto columns = ParseColumnList(found->second);
  if (!columns) {
    return MakeError(ErrorCode::kInvalidArgument, "a table property must be names of columns with commas between: {}",
                     kStatisticsColumns);
  }
  for (const auto& path : *columns) {
    if (HasField(schema, path)) continue;
    return MakeError(ErrorCode::kInvalidArgument, "a table property must name columns that the table has, {}: {}",
                     kStatisticsColumns, fmt::join(path, "."));
  }
  return {};
}

std::optional<std::set<std::string>> StatisticsColumns(const std::map<std::string, std::string>& configuration,
                                                       const DataType& schema) {
  const auto found = configuration.find(std::string(kStatisticsColumns));
  if (found == configuration.end()) return std::nullopt;
  const auto columns = ParseColumnList(found->second);
  if (!columns) return std::nullopt;
  std::set<std::string> leaves;
  for (const auto& path : *columns) {
    for (const StructField& field : schema.fields) AddLeaves(field, "", path, 0, leaves);
  }
  return leaves;
}

std::string ParquetCodec(const std::map<std::string, std::string>& configuration) {
  const auto found = configuration.find(std::string(kCodec));
  if (found == configuration.end()) return std::string(kDefaultCodec);
  return FindWord(*FindProperty(kCodec), found->second).value_or(std::string(kDefaultCodec));
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
