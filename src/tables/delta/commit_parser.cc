#include <simdjson.h>

#include <cstring>
#include <limits>

#include "tables/delta/actions.h"
#include "tables/delta/internal/json_object.h"

namespace neurolake::tables::delta {
namespace {

using internal::JsonObject;
using simdjson::dom::element;
using simdjson::dom::object;

int SmallNumber(JsonObject& json, std::string_view key) {
  const int64_t number = json.Number(key);
  if (number < 0 || number > std::numeric_limits<int>::max()) {
    json.Fail(key);
    return 0;
  }
  return static_cast<int>(number);
}

Protocol ReadProtocol(JsonObject& json) {
  return {.min_reader_version = SmallNumber(json, "minReaderVersion"),
          .min_writer_version = SmallNumber(json, "minWriterVersion"),
          .reader_features = json.TextArray("readerFeatures"),
          .writer_features = json.TextArray("writerFeatures")};
}

Metadata ReadMetadata(JsonObject& json) {
  Metadata metadata{.id = json.Text("id"),
                    .name = json.OptionalText("name").value_or(""),
                    .description = json.OptionalText("description").value_or(""),
                    .schema_string = json.Text("schemaString"),
                    .partition_columns = json.TextArray("partitionColumns"),
                    .configuration = json.TextMap("configuration"),
                    .created_time_ms = json.OptionalNumber("createdTime").value_or(0)};
  if (auto format = json.OptionalObject("format"); format.has_value()) {
    JsonObject format_json(*format);
    if (format_json.OptionalText("provider").value_or("parquet") != "parquet") json.Fail("format.provider");
  }
  return metadata;
}

std::optional<DeletionVectorDescriptor> ReadDeletionVectorDescriptor(JsonObject& json) {
  auto nested = json.OptionalObject("deletionVector");
  if (!nested.has_value()) return std::nullopt;
  JsonObject vector_json(*nested);
  DeletionVectorDescriptor vector{.storage_type = vector_json.Text("storageType"),
                                  .path_or_inline_dv = vector_json.Text("pathOrInlineDv"),
                                  .size_bytes = SmallNumber(vector_json, "sizeInBytes"),
                                  .cardinality = vector_json.Number("cardinality")};
  if (auto offset = vector_json.OptionalNumber("offset"); offset.has_value()) {
    if (*offset < 0 || *offset > std::numeric_limits<int32_t>::max()) {
      vector_json.Fail("offset");
    } else {
      vector.offset = static_cast<int32_t>(*offset);
    }
  }
  if (vector.cardinality < 0) vector_json.Fail("cardinality");
  if (!vector_json.wrong_member().empty()) json.Fail("deletionVector." + vector_json.wrong_member());
  return vector;
}

/// "An empty string for any type translates to a null partition value."
PartitionValues ReadPartitionValues(JsonObject& json) {
  PartitionValues values = json.NullableTextMap("partitionValues");
  for (auto& [name, value] : values) {
    if (value.has_value() && value->empty()) value.reset();
  }
  return values;
}

AddFile ReadAdd(JsonObject& json) {
  AddFile add{.path = json.Text("path"),
              .partition_values = ReadPartitionValues(json),
              .size_bytes = json.Number("size"),
              .modification_time_ms = json.OptionalNumber("modificationTime").value_or(0),
              .data_change = json.OptionalBoolean("dataChange").value_or(true),
              .stats = json.OptionalText("stats").value_or(""),
              .deletion_vector = ReadDeletionVectorDescriptor(json),
              .tags = json.TextMap("tags"),
              .base_row_id = json.OptionalNumber("baseRowId"),
              .default_row_commit_version = json.OptionalNumber("defaultRowCommitVersion"),
              .clustering_provider = json.OptionalText("clusteringProvider").value_or("")};
  if (add.path.empty()) json.Fail("path");
  if (add.size_bytes < 0) json.Fail("size");
  return add;
}

RemoveFile ReadRemove(JsonObject& json) {
  RemoveFile remove{.path = json.Text("path"),
                    .deletion_timestamp_ms = json.OptionalNumber("deletionTimestamp"),
                    .data_change = json.OptionalBoolean("dataChange").value_or(true),
                    .extended_file_metadata = json.OptionalBoolean("extendedFileMetadata").value_or(false),
                    .partition_values = ReadPartitionValues(json),
                    .size_bytes = json.OptionalNumber("size").value_or(0),
                    .deletion_vector = ReadDeletionVectorDescriptor(json),
                    .stats = json.OptionalText("stats").value_or(""),
                    .tags = json.TextMap("tags"),
                    .base_row_id = json.OptionalNumber("baseRowId"),
                    .default_row_commit_version = json.OptionalNumber("defaultRowCommitVersion")};
  if (remove.path.empty()) json.Fail("path");
  return remove;
}

AddCdcFile ReadChange(JsonObject& json) {
  AddCdcFile change{.path = json.Text("path"),
                    .partition_values = ReadPartitionValues(json),
                    .size_bytes = json.OptionalNumber("size").value_or(0),
                    .tags = json.TextMap("tags")};
  if (change.path.empty()) json.Fail("path");
  return change;
}

/// Adds one action to `actions`; returns the member that is wrong, "" if none. An unknown action is ignored.
std::string ReadAction(std::string_view name, object body, CommitActions& actions) {
  JsonObject json(body);
  if (name == "add") {
    actions.adds.push_back(ReadAdd(json));
  } else if (name == "remove") {
    actions.removes.push_back(ReadRemove(json));
  } else if (name == "cdc") {
    actions.changes.push_back(ReadChange(json));
  } else if (name == "commitInfo") {
    actions.commit_info = simdjson::minify(body);
    actions.in_commit_timestamp_ms = json.OptionalNumber("inCommitTimestamp");
  } else if (name == "protocol") {
    actions.protocol = ReadProtocol(json);
  } else if (name == "metaData") {
    actions.metadata = ReadMetadata(json);
  } else if (name == "txn") {
    actions.transactions.push_back({.app_id = json.Text("appId"),
                                    .version = json.Number("version"),
                                    .last_updated_ms = json.OptionalNumber("lastUpdated")});
  } else if (name == "domainMetadata") {
    actions.domains.push_back({.domain = json.Text("domain"),
                               .configuration = json.OptionalText("configuration").value_or(""),
                               .removed = json.OptionalBoolean("removed").value_or(false)});
  } else if (name == "sidecar") {
    actions.sidecars.push_back(json.Text("path"));
  }
  return json.wrong_member();
}

Result<void> ReadLine(simdjson::dom::parser& parser, const char* begin, size_t length, CommitActions& actions,
                      const std::string& name, int64_t line) {
  object members;
  if (parser.parse(begin, length, /*realloc_if_needed=*/false).get_object().get(members) != simdjson::SUCCESS) {
    return MakeError(ErrorCode::kCorruption, "the log file is damaged, line {} is not a JSON object: {}", line, name);
  }
  for (auto [action, value] : members) {
    object body;
    if (value.is_null() || value.get_object().get(body) != simdjson::SUCCESS) continue;
    const std::string wrong = ReadAction(action, body, actions);
    if (!wrong.empty()) {
      return MakeError(ErrorCode::kCorruption, "the log file is damaged, line {} has a bad {}.{}: {}", line, action,
                       wrong, name);
    }
  }
  return {};
}

}  // namespace

Result<CommitActions> ParseCommit(std::string_view ndjson, const std::string& name, int64_t lines_before) {
  // The parser may look a little past a line's end, so the bytes get one padded copy.
  std::string buffer;
  buffer.reserve(ndjson.size() + simdjson::SIMDJSON_PADDING);
  buffer.append(ndjson);
  buffer.append(simdjson::SIMDJSON_PADDING, ' ');

  CommitActions actions;
  simdjson::dom::parser parser;
  int64_t line = lines_before;
  size_t begin = 0;
  while (begin < ndjson.size()) {
    ++line;
    const void* newline = std::memchr(buffer.data() + begin, '\n', ndjson.size() - begin);
    const size_t end = newline == nullptr ? ndjson.size() : static_cast<const char*>(newline) - buffer.data();
    const std::string_view text(buffer.data() + begin, end - begin);
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
      NL_RETURN_IF_ERROR(ReadLine(parser, text.data(), text.size(), actions, name, line));
    }
    begin = end + 1;
  }
  return actions;
}

}  // namespace neurolake::tables::delta
