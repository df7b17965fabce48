#include <set>

#include "common/text.h"
#include "tables/delta/schema.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {
namespace {

constexpr int kReaderVersionMax = 3;
constexpr int kWriterVersionMax = 7;

constexpr std::string_view kReadableFeatures[] = {"columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint",
                                                  "vacuumProtocolCheck"};

/// Features that need nothing of a writer beyond what Commit and the engine do anyway.
constexpr std::string_view kWritableFeatures[] = {"appendOnly",     "columnMapping",      "deletionVectors",
                                                  "timestampNtz",   "v2Checkpoint",       "inCommitTimestamp",
                                                  "domainMetadata", "vacuumProtocolCheck"};

/// Features that are harmless as long as the table does not make use of them.
struct DormantFeature {
  std::string_view name;
  std::string_view column_metadata;  ///< In use if any column carries a key that begins so.
  std::string_view property;         ///< In use if any property begins so …
  std::string_view property_value;   ///< … and, where given, has this value.
};
constexpr DormantFeature kDormantFeatures[] = {
    {.name = "invariants", .column_metadata = "delta.invariants"},
    {.name = "checkConstraints", .property = "delta.constraints."},
    {.name = "changeDataFeed", .property = "delta.enableChangeDataFeed", .property_value = "true"},
    {.name = "generatedColumns", .column_metadata = "delta.generationExpression"},
    {.name = "identityColumns", .column_metadata = "delta.identity."},
    {.name = "allowColumnDefaults", .column_metadata = "CURRENT_DEFAULT"},
};

/// What a legacy writer version stands for. Source: PROTOCOL.md, "Writer Version Requirements".
struct ImpliedFeature {
  int since_writer_version;
  std::string_view name;
};
constexpr ImpliedFeature kImpliedFeatures[] = {
    {2, "appendOnly"},       {2, "invariants"},    {3, "checkConstraints"}, {4, "changeDataFeed"},
    {4, "generatedColumns"}, {5, "columnMapping"}, {6, "identityColumns"},
};

bool AnyColumnCarries(const DataType& type, std::string_view key_prefix) {
  for (const StructField& field : type.fields) {
    for (const auto& [key, json] : field.metadata) {
      if (key.starts_with(key_prefix)) return true;
    }
    if (AnyColumnCarries(field.type, key_prefix)) return true;
  }
  return std::ranges::any_of(type.children, [&](const DataType& child) { return AnyColumnCarries(child, key_prefix); });
}

bool InUse(const DormantFeature& feature, const Metadata& metadata, const DataType& schema) {
  if (!feature.column_metadata.empty() && AnyColumnCarries(schema, feature.column_metadata)) return true;
  if (feature.property.empty()) return false;
  for (const auto& [name, value] : metadata.configuration) {
    if (name.starts_with(feature.property) &&
        (feature.property_value.empty() || EqualsIgnoringCase(value, feature.property_value))) {
      return true;
    }
  }
  return false;
}

std::set<std::string> WriterFeatures(const Protocol& protocol) {
  std::set<std::string> features;
  if (protocol.min_writer_version == kWriterVersionMax) {
    features.insert(protocol.writer_features.begin(), protocol.writer_features.end());
    return features;
  }
  for (const ImpliedFeature& implied : kImpliedFeatures) {
    if (protocol.min_writer_version >= implied.since_writer_version) features.emplace(implied.name);
  }
  return features;
}

}  // namespace

Result<void> CheckReadable(const Protocol& protocol) {
  if (protocol.min_reader_version > kReaderVersionMax) {
    return MakeError(ErrorCode::kNotSupported, "the table asks for a reader version that is not supported: {}",
                     protocol.min_reader_version);
  }
  std::string lacking;
  if (protocol.min_reader_version == kReaderVersionMax) {
    for (const std::string& feature : protocol.reader_features) {
      if (std::ranges::find(kReadableFeatures, feature) != std::end(kReadableFeatures)) continue;
      lacking += lacking.empty() ? feature : ", " + feature;
    }
  }
  if (lacking.empty()) return {};
  return MakeError(ErrorCode::kNotSupported, "the table cannot be read, it has features that are not supported: {}",
                   lacking);
}

Result<void> CheckWritable(const Protocol& protocol, const Metadata& metadata) {
  NL_RETURN_IF_ERROR(CheckReadable(protocol));
  if (protocol.min_writer_version > kWriterVersionMax) {
    return MakeError(ErrorCode::kNotSupported, "the table asks for a writer version that is not supported: {}",
                     protocol.min_writer_version);
  }
  NL_ASSIGN_OR_RETURN(auto schema, ParseSchema(metadata.schema_string));
  std::string lacking;
  for (const std::string& feature : WriterFeatures(protocol)) {
    if (std::ranges::find(kWritableFeatures, feature) != std::end(kWritableFeatures)) continue;
    const auto* dormant = std::ranges::find(kDormantFeatures, feature, &DormantFeature::name);
    if (dormant != std::end(kDormantFeatures) && !InUse(*dormant, metadata, schema)) continue;
    lacking += lacking.empty() ? feature : ", " + feature;
  }
  if (lacking.empty()) return {};
  return MakeError(ErrorCode::kNotSupported, "the table cannot be written, it has features that are not supported: {}",
                   lacking);
}

}  // namespace neurolake::tables::delta
