#include "tables/delta/table_features.h"

#include <algorithm>

#include "common/text.h"

namespace neurolake::tables::delta {
namespace {

struct Feature {
  std::string_view name;
  bool readers = false;
  int legacy_writer_version = 0;  ///< 0: only by name.
};
constexpr Feature kFeatures[] = {
    {.name = "appendOnly", .legacy_writer_version = 2},
    {.name = "invariants", .legacy_writer_version = 2},
    {.name = "checkConstraints", .legacy_writer_version = 3},
    {.name = "changeDataFeed", .legacy_writer_version = 4},
    {.name = "generatedColumns", .legacy_writer_version = 4},
    {.name = "columnMapping", .readers = true, .legacy_writer_version = 5},
    {.name = "identityColumns", .legacy_writer_version = 6},
    {.name = "allowColumnDefaults"},
    {.name = "clustering"},
    {.name = "deletionVectors", .readers = true},
    {.name = "domainMetadata"},
    {.name = "inCommitTimestamp"},
    {.name = "rowTracking"},
    {.name = "timestampNtz", .readers = true},
    {.name = "typeWidening", .readers = true},
    {.name = "v2Checkpoint", .readers = true},
    {.name = "vacuumProtocolCheck", .readers = true},
};

constexpr int kFeatureReaderVersion = 3;
constexpr int kFeatureWriterVersion = 7;
constexpr int kMappingReaderVersion = 2;
constexpr int kOldestWriterVersion = 2;

const Feature* Find(std::string_view name) {
  const auto* found =
      std::ranges::find_if(kFeatures, [&](const Feature& f) { return EqualsIgnoringCase(f.name, name); });
  return found == std::end(kFeatures) ? nullptr : found;
}

/// The writer version that all of `features` are part of, or 0.
int LegacyWriterVersion(const std::set<std::string>& features) {
  int version = kOldestWriterVersion;
  for (const std::string& name : features) {
    const Feature* feature = Find(name);
    if (feature == nullptr || feature->legacy_writer_version == 0) return 0;
    version = std::max(version, feature->legacy_writer_version);
  }
  return version;
}

Protocol ByName(const Protocol& protocol, const std::set<std::string>& features) {
  Protocol result = protocol;
  result.min_writer_version = kFeatureWriterVersion;
  // Lists keep their order: a change then shows what was added.
  auto add = [](std::vector<std::string>& list, const std::string& name) {
    if (std::ranges::find(list, name) == list.end()) list.push_back(name);
  };
  for (const std::string& name : features) add(result.writer_features, name);
  const bool any_for_readers = std::ranges::any_of(features, IsReaderFeature);
  if (!any_for_readers && protocol.min_reader_version < kFeatureReaderVersion) return result;
  result.min_reader_version = kFeatureReaderVersion;
  for (const std::string& name : features) {
    if (IsReaderFeature(name)) add(result.reader_features, name);
  }
  return result;
}

/// `features` and those that they stand on.
std::set<std::string> Completed(std::set<std::string> features) {
  if (features.contains("rowTracking") || features.contains("clustering")) features.insert("domainMetadata");
  return features;
}

}  // namespace

bool IsReaderFeature(std::string_view feature) {
  const Feature* found = Find(feature);
  return found != nullptr && found->readers;
}

Result<std::string> AddableFeature(std::string_view feature) {
  const Feature* found = Find(feature);
  if (found != nullptr) return std::string(found->name);
  return MakeError(ErrorCode::kNotSupported, "the table feature is not supported: {}", feature);
}

std::set<std::string> SupportedFeatures(const Protocol& protocol) {
  std::set<std::string> features;
  if (protocol.min_writer_version >= kFeatureWriterVersion) {
    features.insert(protocol.writer_features.begin(), protocol.writer_features.end());
    features.insert(protocol.reader_features.begin(), protocol.reader_features.end());
    return features;
  }
  for (const Feature& feature : kFeatures) {
    const int since = feature.legacy_writer_version;
    if (since == 0 || since > protocol.min_writer_version) continue;
    if (feature.readers && protocol.min_reader_version < kMappingReaderVersion) continue;
    features.emplace(feature.name);
  }
  return features;
}

Protocol MakeProtocol(const std::set<std::string>& asked) {
  const std::set<std::string> features = Completed(asked);
  const Protocol oldest{.min_reader_version = 1, .min_writer_version = kOldestWriterVersion};
  // A new table has just what it asks for, not all that a version stands for.
  return LegacyWriterVersion(features) != 0 ? WithFeatures(oldest, features) : ByName(oldest, features);
}

Protocol WithFeatures(const Protocol& protocol, const std::set<std::string>& asked) {
  const std::set<std::string> features = Completed(asked);
  const std::set<std::string> before = SupportedFeatures(protocol);
  if (std::ranges::includes(before, features)) return protocol;
  std::set<std::string> after = features;
  after.insert(before.begin(), before.end());
  const int legacy = protocol.min_writer_version < kFeatureWriterVersion ? LegacyWriterVersion(after) : 0;
  if (legacy == 0) return ByName(protocol, after);
  Protocol result = protocol;
  result.min_writer_version = std::max(protocol.min_writer_version, legacy);
  if (after.contains("columnMapping")) {
    result.min_reader_version = std::max(protocol.min_reader_version, kMappingReaderVersion);
  }
  return result;
}

}  // namespace neurolake::tables::delta
