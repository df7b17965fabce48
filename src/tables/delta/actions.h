#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// Source for all of this file: PROTOCOL.md of delta-io/delta, "Actions".
struct Protocol {
  int min_reader_version = 1;
  int min_writer_version = 2;
  std::vector<std::string> reader_features;  ///< Only with reader version 3.
  std::vector<std::string> writer_features;  ///< Only with writer version 7.
  bool HasReaderFeature(std::string_view name) const;
  bool HasWriterFeature(std::string_view name) const;
};

struct Metadata {
  std::string id;
  std::string name;
  std::string description;
  std::string schema_string;
  std::vector<std::string> partition_columns;  ///< Logical names.
  std::map<std::string, std::string> configuration;
  int64_t created_time_ms = 0;
};

struct DeletionVectorDescriptor {
  std::string storage_type;  ///< "u", "i" or "p".
  std::string path_or_inline_dv;
  std::optional<int32_t> offset;
  int32_t size_bytes = 0;
  int64_t cardinality = 0;
  /// Storage type, path and offset: with the file's path, the key of a logical file.
  std::string UniqueId() const;
};

/// Physical column name to value as text; nullopt is SQL NULL. Source: "Partition Value Serialization".
using PartitionValues = std::map<std::string, std::optional<std::string>>;

struct AddFile {
  std::string path;  ///< URL-encoded, relative to the table's root or absolute.
  PartitionValues partition_values;
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;
  bool data_change = true;
  std::string stats;  ///< JSON, "" for none.
  std::optional<DeletionVectorDescriptor> deletion_vector;
  std::map<std::string, std::string> tags;
  std::optional<int64_t> base_row_id;
  std::optional<int64_t> default_row_commit_version;
  std::string clustering_provider;
};

struct RemoveFile {
  std::string path;
  std::optional<int64_t> deletion_timestamp_ms;
  bool data_change = true;
  bool extended_file_metadata = true;
  PartitionValues partition_values;
  int64_t size_bytes = 0;
  std::optional<DeletionVectorDescriptor> deletion_vector;
  std::string stats;
  std::map<std::string, std::string> tags;
  std::optional<int64_t> base_row_id;
  std::optional<int64_t> default_row_commit_version;
};

/// A file of changed rows below "_change_data", with a column `_change_type`. Source: "Add CDC File".
struct AddCdcFile {
  std::string path;
  PartitionValues partition_values;
  int64_t size_bytes = 0;
  std::map<std::string, std::string> tags;
};

struct SetTransaction {
  std::string app_id;
  int64_t version = 0;
  std::optional<int64_t> last_updated_ms;
};

struct DomainMetadata {
  std::string domain;
  std::string configuration;
  bool removed = false;
};

/// One JSON line each, without the newline.
std::string ToJsonLine(const Protocol& protocol);
std::string ToJsonLine(const Metadata& metadata);
std::string ToJsonLine(const AddFile& add);
std::string ToJsonLine(const RemoveFile& remove);
std::string ToJsonLine(const AddCdcFile& change);
std::string ToJsonLine(const SetTransaction& transaction);
std::string ToJsonLine(const DomainMetadata& domain);

/// The remove action that retires `add`.
RemoveFile MakeRemove(const AddFile& add, int64_t deletion_timestamp_ms, bool data_change);

/// What one commit file holds. `commit_info` is the action's JSON object as text, "" if there is none.
struct CommitActions {
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::vector<AddCdcFile> changes;
  std::vector<SetTransaction> transactions;
  std::vector<DomainMetadata> domains;
  std::string commit_info;
  std::optional<int64_t> in_commit_timestamp_ms;
  std::vector<std::string> sidecars;  ///< Only in a v2 checkpoint: names below "_delta_log/_sidecars".
};
/// Unknown actions are ignored, as the protocol asks; a line that is not JSON is kCorruption with `name` and line, which
/// `lines_before` of the file came before.
Result<CommitActions> ParseCommit(std::string_view ndjson, const std::string& name, int64_t lines_before = 0);

}  // namespace neurolake::tables::delta
