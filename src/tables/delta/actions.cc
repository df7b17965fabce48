#include "tables/delta/actions.h"

#include "tables/delta/internal/json_text.h"

namespace neurolake::tables::delta {
namespace {

using internal::AppendJsonString;
using internal::JsonObjectWriter;

constexpr int kReaderVersionWithFeatures = 3;
constexpr int kWriterVersionWithFeatures = 7;

/// Runs `write` between `{"name":{` and `}}`.
template <typename Write>
std::string Line(std::string_view action, Write&& write) {
  std::string out;
  JsonObjectWriter outer(out);
  outer.Key(action);
  JsonObjectWriter inner(out);
  write(out, inner);
  inner.Close();
  outer.Close();
  return out;
}

void WriteTextArray(std::string& out, JsonObjectWriter& writer, std::string_view key,
                    const std::vector<std::string>& texts) {
  writer.Key(key);
  out += '[';
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(out, texts[i]);
  }
  out += ']';
}

void WriteTextMap(std::string& out, JsonObjectWriter& writer, std::string_view key,
                  const std::map<std::string, std::string>& map) {
  writer.Key(key);
  JsonObjectWriter inner(out);
  for (const auto& [name, value] : map) inner.Text(name, value);
  inner.Close();
}

void WritePartitionValues(std::string& out, JsonObjectWriter& writer, const PartitionValues& values) {
  writer.Key("partitionValues");
  JsonObjectWriter inner(out);
  for (const auto& [name, value] : values) {
    if (value.has_value()) {
      inner.Text(name, *value);
    } else {
      inner.Raw(name, "null");
    }
  }
  inner.Close();
}

void WriteDeletionVector(std::string& out, JsonObjectWriter& writer,
                         const std::optional<DeletionVectorDescriptor>& vector) {
  if (!vector.has_value()) return;
  writer.Key("deletionVector");
  JsonObjectWriter inner(out);
  inner.Text("storageType", vector->storage_type);
  inner.Text("pathOrInlineDv", vector->path_or_inline_dv);
  if (vector->offset.has_value()) inner.Number("offset", *vector->offset);
  inner.Number("sizeInBytes", vector->size_bytes);
  inner.Number("cardinality", vector->cardinality);
  inner.Close();
}

void WriteRowTracking(JsonObjectWriter& writer, std::optional<int64_t> base_row_id,
                      std::optional<int64_t> default_row_commit_version) {
  if (base_row_id.has_value()) writer.Number("baseRowId", *base_row_id);
  if (default_row_commit_version.has_value()) writer.Number("defaultRowCommitVersion", *default_row_commit_version);
}

}  // namespace

bool Protocol::HasReaderFeature(std::string_view name) const {
  return std::ranges::find(reader_features, name) != reader_features.end();
}

bool Protocol::HasWriterFeature(std::string_view name) const {
  return std::ranges::find(writer_features, name) != writer_features.end();
}

std::string DeletionVectorDescriptor::UniqueId() const {
  if (!offset.has_value()) return storage_type + path_or_inline_dv;
  return fmt::format("{}{}@{}", storage_type, path_or_inline_dv, *offset);
}

std::string ToJsonLine(const Protocol& protocol) {
  return Line("protocol", [&](std::string& out, JsonObjectWriter& writer) {
    writer.Number("minReaderVersion", protocol.min_reader_version);
    writer.Number("minWriterVersion", protocol.min_writer_version);
    if (protocol.min_reader_version == kReaderVersionWithFeatures) {
      WriteTextArray(out, writer, "readerFeatures", protocol.reader_features);
    }
    if (protocol.min_writer_version == kWriterVersionWithFeatures) {
      WriteTextArray(out, writer, "writerFeatures", protocol.writer_features);
    }
  });
}

std::string ToJsonLine(const Metadata& metadata) {
  return Line("metaData", [&](std::string& out, JsonObjectWriter& writer) {
    writer.Text("id", metadata.id);
    if (!metadata.name.empty()) writer.Text("name", metadata.name);
    if (!metadata.description.empty()) writer.Text("description", metadata.description);
    writer.Raw("format", R"({"provider":"parquet","options":{}})");
    writer.Text("schemaString", metadata.schema_string);
    WriteTextArray(out, writer, "partitionColumns", metadata.partition_columns);
    WriteTextMap(out, writer, "configuration", metadata.configuration);
    if (metadata.created_time_ms != 0) writer.Number("createdTime", metadata.created_time_ms);
  });
}

std::string ToJsonLine(const AddFile& add) {
  return Line("add", [&](std::string& out, JsonObjectWriter& writer) {
    writer.Text("path", add.path);
    WritePartitionValues(out, writer, add.partition_values);
    writer.Number("size", add.size_bytes);
    writer.Number("modificationTime", add.modification_time_ms);
    writer.Boolean("dataChange", add.data_change);
    if (!add.stats.empty()) writer.Text("stats", add.stats);
    if (!add.tags.empty()) WriteTextMap(out, writer, "tags", add.tags);
    WriteDeletionVector(out, writer, add.deletion_vector);
    WriteRowTracking(writer, add.base_row_id, add.default_row_commit_version);
    if (!add.clustering_provider.empty()) writer.Text("clusteringProvider", add.clustering_provider);
  });
}

std::string ToJsonLine(const RemoveFile& remove) {
  return Line("remove", [&](std::string& out, JsonObjectWriter& writer) {
    writer.Text("path", remove.path);
    if (remove.deletion_timestamp_ms.has_value()) writer.Number("deletionTimestamp", *remove.deletion_timestamp_ms);
    writer.Boolean("dataChange", remove.data_change);
    writer.Boolean("extendedFileMetadata", remove.extended_file_metadata);
    if (remove.extended_file_metadata) {
      WritePartitionValues(out, writer, remove.partition_values);
      writer.Number("size", remove.size_bytes);
      if (!remove.tags.empty()) WriteTextMap(out, writer, "tags", remove.tags);
    }
    if (!remove.stats.empty()) writer.Text("stats", remove.stats);
    WriteDeletionVector(out, writer, remove.deletion_vector);
    WriteRowTracking(writer, remove.base_row_id, remove.default_row_commit_version);
  });
}

std::string ToJsonLine(const AddCdcFile& change) {
  return Line("cdc", [&](std::string& out, JsonObjectWriter& writer) {
    writer.Text("path", change.path);
    WritePartitionValues(out, writer, change.partition_values);
    writer.Number("size", change.size_bytes);
    writer.Boolean("dataChange", false);
    if (!change.tags.empty()) WriteTextMap(out, writer, "tags", change.tags);
  });
}

std::string ToJsonLine(const SetTransaction& transaction) {
  return Line("txn", [&](std::string&, JsonObjectWriter& writer) {
    writer.Text("appId", transaction.app_id);
    writer.Number("version", transaction.version);
    if (transaction.last_updated_ms.has_value()) writer.Number("lastUpdated", *transaction.last_updated_ms);
  });
}

std::string ToJsonLine(const DomainMetadata& domain) {
  return Line("domainMetadata", [&](std::string&, JsonObjectWriter& writer) {
    writer.Text("domain", domain.domain);
    writer.Text("configuration", domain.configuration);
    writer.Boolean("removed", domain.removed);
  });
}

RemoveFile MakeRemove(const AddFile& add, int64_t deletion_timestamp_ms, bool data_change) {
  return RemoveFile{.path = add.path,
                    .deletion_timestamp_ms = deletion_timestamp_ms,
                    .data_change = data_change,
                    .extended_file_metadata = true,
                    .partition_values = add.partition_values,
                    .size_bytes = add.size_bytes,
                    .deletion_vector = add.deletion_vector,
                    .stats = add.stats,
                    .tags = add.tags,
                    .base_row_id = add.base_row_id,
                    .default_row_commit_version = add.default_row_commit_version};
}

}  // namespace neurolake::tables::delta
