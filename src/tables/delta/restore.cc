#include "tables/delta/restore.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "tables/delta/reconciler.h"
#include "tables/delta/row_tracking.h"
#include "tables/delta/table_features.h"
#include "tables/delta/table_rules.h"

namespace neurolake::tables::delta {
namespace {

constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";

int64_t NumberOf(const Metadata& metadata, const std::string& property) {
  const auto found = metadata.configuration.find(property);
  int64_t number = -1;
  if (found == metadata.configuration.end()) return number;
  const std::string& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<int64_t> IntegerOf(const StructField& field, const char* key) {
  const auto found = field.metadata.find(key);
  int64_t number = 0;
  if (found == field.metadata.end()) return std::nullopt;
  const std::string& text = found->second;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

void AddMissing(std::vector<std::string>& features, const std::vector<std::string>& wanted) {
  for (const std::string& feature : wanted) {
    if (std::ranges::find(features, feature) == features.end()) features.push_back(feature);
  }
}

bool Same(const Protocol& a, const Protocol& b) {
  return a.min_reader_version == b.min_reader_version && a.min_writer_version == b.min_writer_version &&
         a.reader_features == b.reader_features && a.writer_features == b.writer_features;
}

bool Same(const Metadata& a, const Metadata& b) {
  return a.id == b.id && a.name == b.name && a.description == b.description && a.schema_string == b.schema_string &&
         a.partition_columns == b.partition_columns && a.configuration == b.configuration;
}

/// Numbers that an identity column has given out are not given out again: another row had them, and whoever follows
/// the table knows it by them.
std::string WithIdentityMarks(const Snapshot& current, const Snapshot& target) {
  DataType schema = target.schema();
  bool moved = false;
  for (StructField& field : schema.fields) {
    const auto step = IntegerOf(field, kIdentityStep);
    const auto now = std::ranges::find_if(current.schema().fields, [&](const StructField& candidate) {
      return candidate.physical_name() == field.physical_name();
    });
    if (!step || now == current.schema().fields.end()) continue;
    const auto mark = IntegerOf(*now, kIdentityHighWaterMark);
    const auto old = IntegerOf(field, kIdentityHighWaterMark);
    if (!mark || (old && (*step > 0 ? *mark <= *old : *mark >= *old))) continue;
    field.metadata[kIdentityHighWaterMark] = std::to_string(*mark);
    moved = true;
  }
  return moved ? SerializeSchema(schema) : target.metadata().schema_string;
}

Metadata RestoredMetadata(const Snapshot& current_snapshot, const Snapshot& target_snapshot) {
  const Metadata& current = current_snapshot.metadata();
  const Metadata& target = target_snapshot.metadata();
  Metadata restored = target;
  restored.schema_string = WithIdentityMarks(current_snapshot, target_snapshot);
  restored.id = current.id;
  restored.created_time_ms = current.created_time_ms;
  const int64_t now = NumberOf(current, kMaxColumnId);
  // An id that a column had between the two versions may stand in files; it must not be given out again.
  if (now > NumberOf(target, kMaxColumnId)) restored.configuration[kMaxColumnId] = std::to_string(now);
  // The enablement of in-commit timestamps is a fact about versions, not a state to go back to.
  for (const char* name : {"delta.inCommitTimestampEnablementVersion", "delta.inCommitTimestampEnablementTimestamp"}) {
    restored.configuration.erase(name);
    const auto kept = current.configuration.find(name);
    if (kept != current.configuration.end()) restored.configuration[name] = kept->second;
  }
  const auto timestamps = current.configuration.find("delta.enableInCommitTimestamps");
  if (timestamps != current.configuration.end()) restored.configuration[timestamps->first] = timestamps->second;
  return restored;
}

std::vector<DomainMetadata> RestoredDomains(const Snapshot& current, const Snapshot& target) {
  std::vector<DomainMetadata> domains;
  const auto& now = current.log().domains;
  const auto& then = target.log().domains;
  for (const auto& [name, domain] : then) {
    const auto found = now.find(name);
    const bool same = found != now.end() && found->second.configuration == domain.configuration;
    if (name != kRowTrackingDomain && !same) domains.push_back(domain);
  }
  for (const auto& [name, domain] : now) {
    if (name == kRowTrackingDomain || then.contains(name)) continue;
    domains.push_back({.domain = name, .configuration = domain.configuration, .removed = true});
  }
  return domains;
}

std::unordered_set<std::string> Keys(const Snapshot& snapshot) {
  std::unordered_set<std::string> keys;
  keys.reserve(snapshot.files().size());
  for (const AddFile& file : snapshot.files()) keys.insert(FileKey(file.path, file.deletion_vector));
  return keys;
}

}  // namespace

Protocol MergeProtocols(const Protocol& current, const Protocol& target) {
  constexpr int kReaderFeatures = 3, kWriterFeatures = 7;
  Protocol merged = WithFeatures(current, SupportedFeatures(target));
  merged.min_reader_version = std::max(merged.min_reader_version, target.min_reader_version);
  merged.min_writer_version = std::max(merged.min_writer_version, target.min_writer_version);
  if (merged.min_writer_version >= kWriterFeatures) AddMissing(merged.writer_features, target.writer_features);
  if (merged.min_reader_version < kReaderFeatures) return merged;
  AddMissing(merged.reader_features, target.reader_features);
  std::vector<std::string> readers = merged.writer_features;
  std::erase_if(readers, [](const std::string& feature) { return !IsReaderFeature(feature); });
  AddMissing(merged.reader_features, readers);
  return merged;
}

RestorePlan PlanRestore(const Snapshot& current, const Snapshot& target, int64_t deletion_timestamp_ms) {
  RestorePlan plan;
  const auto now = Keys(current);
  const auto then = Keys(target);
  for (const AddFile& file : target.files()) {
    if (now.contains(FileKey(file.path, file.deletion_vector))) continue;
    plan.added_bytes += file.size_bytes;
    AddFile add = file;
    add.data_change = true;
    plan.adds.push_back(std::move(add));
  }
  for (const AddFile& file : current.files()) {
    if (then.contains(FileKey(file.path, file.deletion_vector))) continue;
    plan.removed_bytes += file.size_bytes;
    plan.removes.push_back(MakeRemove(file, deletion_timestamp_ms, /*data_change=*/true));
  }
  const Protocol protocol = MergeProtocols(current.protocol(), target.protocol());
  if (!Same(protocol, current.protocol())) plan.protocol = protocol;
  const Metadata metadata = RestoredMetadata(current, target);
  if (!Same(metadata, current.metadata())) plan.metadata = metadata;
  plan.domains = RestoredDomains(current, target);
  return plan;
}

}  // namespace neurolake::tables::delta
