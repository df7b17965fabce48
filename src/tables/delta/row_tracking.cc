#include "tables/delta/row_tracking.h"

#include <simdjson.h>

#include <set>

#include "common/ids.h"
#include "common/text.h"
#include "tables/delta/internal/json_object.h"

namespace neurolake::tables::delta {
namespace {

constexpr const char* kRowIdColumnProperty = "delta.rowTracking.materializedRowIdColumnName";
constexpr const char* kRowVersionColumnProperty = "delta.rowTracking.materializedRowCommitVersionColumnName";

bool IsTrue(const Metadata& metadata, const char* property) {
  const auto found = metadata.configuration.find(property);
  return found != metadata.configuration.end() && EqualsIgnoringCase(found->second, "true");
}

}  // namespace

bool TracksRows(const Protocol& protocol, const Metadata& metadata) {
  return protocol.HasWriterFeature("rowTracking") && !IsTrue(metadata, "delta.rowTrackingSuspended");
}

bool KeepsRowIds(const Protocol& protocol, const Metadata& metadata) {
  return TracksRows(protocol, metadata) && IsTrue(metadata, "delta.enableRowTracking");
}

std::optional<int64_t> ParseRowIdMark(const DomainMetadata& domain) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (domain.domain != kRowTrackingDomain || domain.removed ||
      parser.parse(simdjson::padded_string(domain.configuration)).get_object().get(object) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return internal::JsonObject(object).OptionalNumber("rowIdHighWaterMark");
}

int64_t RowIdMark(const Snapshot& snapshot) {
  const auto found = snapshot.log().domains.find(std::string(kRowTrackingDomain));
  return found == snapshot.log().domains.end() ? -1 : ParseRowIdMark(found->second).value_or(-1);
}

DomainMetadata RowIdMarkDomain(int64_t mark) {
  return {.domain = std::string(kRowTrackingDomain),
          .configuration = fmt::format("{{\"rowIdHighWaterMark\":{}}}", mark),
          .removed = false};
}

void NameRowTrackingColumns(Metadata& metadata) {
  auto& configuration = metadata.configuration;
  configuration.try_emplace(kRowIdColumnProperty, "_row-id-col-" + NewUuid());
  configuration.try_emplace(kRowVersionColumnProperty, "_row-commit-version-col-" + NewUuid());
}

bool ForgetRowTrackingColumns(Metadata& metadata) {
  const size_t ids = metadata.configuration.erase(kRowIdColumnProperty);
  return ids + metadata.configuration.erase(kRowVersionColumnProperty) > 0;
}

std::optional<RowTrackingColumns> RowTrackingColumnsOf(const Metadata& metadata) {
  const auto ids = metadata.configuration.find(kRowIdColumnProperty);
  const auto versions = metadata.configuration.find(kRowVersionColumnProperty);
  const auto& configuration = metadata.configuration;
  if (ids == configuration.end() || versions == configuration.end()) return std::nullopt;
  if (ids->second.empty() || versions->second.empty()) return std::nullopt;
  return RowTrackingColumns{.row_id = ids->second, .row_commit_version = versions->second};
}

void CompleteRowTracking(const Snapshot& snapshot, CommitRequest& request) {
  request.snapshot_row_id_mark = RowIdMark(snapshot);
  if (!request.metadata.has_value()) return;
  const Protocol& protocol = request.protocol.has_value() ? *request.protocol : snapshot.protocol();
  if (!KeepsRowIds(protocol, *request.metadata) || KeepsRowIds(snapshot.protocol(), snapshot.metadata())) return;
  NameRowTrackingColumns(*request.metadata);
  std::set<std::string> named;
  for (const RemoveFile& remove : request.removes) named.insert(remove.path);
  for (const AddFile& add : request.adds) named.insert(add.path);
  for (const AddFile& file : snapshot.files()) {
    const bool has_ids = file.base_row_id.has_value() && file.default_row_commit_version.has_value();
    if (has_ids || named.contains(file.path)) continue;
    request.adds.push_back(file);
    request.adds.back().data_change = false;
  }
  // A file that comes meanwhile would be left without.
  request.read_scope.whole_table = true;
}

}  // namespace neurolake::tables::delta
