#include <set>

#include "common/text.h"
#include "tables/delta/schema.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {
namespace {

constexpr int kReaderVersionMax = 3;
constexpr int kWriterVersionMax = 7;

constexpr std::string_view kReadableFeatures[] = {"columnMapping",       "deletionVectors",     "timestampNtz",
                                                  "v2Checkpoint",        "vacuumProtocolCheck", "typeWidening",
                                                  "typeWidening-preview"};

/// Features that need nothing of a writer beyond what Commit and the engine do anyway.
constexpr std::string_view kWritableFeatures[] = {
    "appendOnly", "columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint", "inCommitTimestamp",
    "domainMetadata", "vacuumProtocolCheck", "changeDataFeed", "typeWidening", "typeWidening-preview", "clustering",
    "rowTracking",
    // Enforced by the engine for every row it writes; see table_rules.h.
    "invariants", "checkConstraints", "generatedColumns", "identityColumns", "allowColumnDefaults"};

/// What a legacy writer version stands for. Source: PROTOCOL.md, "Writer Version Requirements".
struct ImpliedFeature {
  int since_writer_version;
  std::string_view name;
};
constexpr ImpliedFeature kImpliedFeatures[] = {
    {2, "appendOnly"},       {2, "invariants"},    {3, "checkConstraints"}, {4, "changeDataFeed"},
    {4, "generatedColumns"}, {5, "columnMapping"}, {6, "identityColumns"},
};

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
  NL_RETURN_IF_ERROR(ParseSchema(metadata.schema_string));
  std::string lacking;
  for (const std::string& feature : WriterFeatures(protocol)) {
    if (std::ranges::find(kWritableFeatures, feature) != std::end(kWritableFeatures)) continue;
    lacking += lacking.empty() ? feature : ", " + feature;
  }
  if (lacking.empty()) return {};
  return MakeError(ErrorCode::kNotSupported, "the table cannot be written, it has features that are not supported: {}",
                   lacking);
}

}  // namespace neurolake::tables::delta
