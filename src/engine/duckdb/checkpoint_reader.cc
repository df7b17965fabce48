#include "engine/duckdb/internal/checkpoint_reader.h"

#include "common/text.h"
#include "engine/duckdb/internal/error_translation.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::AddFile;
using tables::delta::CommitActions;

/// A file's path, with its place in the table, at least.
constexpr int64_t kFileBytesMin = 100;
/// A typed bound as text, with what JSON puts around it, about.
constexpr int64_t kNumberBytes = 16;

// Columns of the query below, in order.
enum Column : native::idx_t {
  kPath,
  kSize,
  kModified,
  kDataChange,
  kStats,
  kPartitionKeys,
  kPartitionTexts,
  kTagKeys,
  kTagTexts,
  kBaseRowId,
  kRowCommitVersion,
  kClustering,
  kVectorStorage,
  kVectorPath,
  kVectorOffset,
  kVectorSize,
  kVectorCardinality,
};

const native::LogicalType* FieldType(const native::LogicalType& type, const std::string& name) {
  if (type.id() != native::LogicalTypeId::STRUCT) return nullptr;
  for (const auto& [field, child] : native::StructType::GetChildTypes(type)) {
    if (field == name) return &child;
  }
  return nullptr;
}

// `add.<name>` cast to `type`, or NULL where the checkpoint has no such field.
std::string Field(const native::LogicalType& add, const std::string& name, const std::string& type) {
  if (FieldType(add, name) == nullptr) return "NULL::" + type;
  return "\"add\"." + QuoteIdentifier(name) + "::" + type;
}

std::string MapPart(const native::LogicalType& add, const std::string& name, const char* function) {
  const auto* type = FieldType(add, name);
  if (type == nullptr || type->id() != native::LogicalTypeId::MAP) return "NULL::VARCHAR[]";
  return fmt::format("{}(\"add\".{})::VARCHAR[]", function, QuoteIdentifier(name));
}

std::string VectorField(const native::LogicalType& add, const std::string& name, const std::string& type) {
  const auto* vector = FieldType(add, "deletionVector");
  if (vector == nullptr || FieldType(*vector, name) == nullptr) return "NULL::" + type;
  return "\"add\".\"deletionVector\"." + QuoteIdentifier(name) + "::" + type;
}

// Statistics as JSON; a table may keep them in typed columns alone.
std::string StatisticsField(const native::LogicalType& add) {
  const bool text = FieldType(add, "stats") != nullptr;
  if (FieldType(add, "stats_parsed") == nullptr) return text ? "\"add\".\"stats\"::VARCHAR" : "NULL::VARCHAR";
  const std::string typed =
      "CASE WHEN \"add\".\"stats_parsed\" IS NOT NULL THEN to_json(\"add\".\"stats_parsed\")::VARCHAR END";
  return text ? "coalesce(\"add\".\"stats\"::VARCHAR, " + typed + ")" : typed;
}

// Reads one column of a chunk without making a Value of each cell.
class TextColumn {
 public:
  TextColumn(native::DataChunk& chunk, native::idx_t column) {
    chunk.data[column].ToUnifiedFormat(chunk.size(), format_);
  }
  std::optional<std::string_view> Get(native::idx_t row) const {
    const auto index = format_.sel->get_index(row);
    if (!format_.validity.RowIsValid(index)) return std::nullopt;
    const auto& text = native::UnifiedVectorFormat::GetData<native::string_t>(format_)[index];
    return std::string_view(text.GetData(), text.GetSize());
  }

 private:
  native::UnifiedVectorFormat format_;
};

class NumberColumn {
 public:
  NumberColumn(native::DataChunk& chunk, native::idx_t column) {
    chunk.data[column].ToUnifiedFormat(chunk.size(), format_);
  }
  std::optional<int64_t> Get(native::idx_t row) const {
    const auto index = format_.sel->get_index(row);
    if (!format_.validity.RowIsValid(index)) return std::nullopt;
    return native::UnifiedVectorFormat::GetData<int64_t>(format_)[index];
  }

 private:
  native::UnifiedVectorFormat format_;
};

// Calls `sink(key, text or NULL)` for each entry of the map whose keys and values stand in two list columns.
template <typename Sink>
void ReadMap(native::DataChunk& chunk, native::idx_t keys, native::idx_t values, native::idx_t row, Sink&& sink) {
  if (native::FlatVector::IsNull(chunk.data[keys], row)) return;
  const auto entry = native::FlatVector::GetData<native::list_entry_t>(chunk.data[keys])[row];
  const auto text_entry = native::FlatVector::GetData<native::list_entry_t>(chunk.data[values])[row];
  auto& key_vector = native::ListVector::GetEntry(chunk.data[keys]);
  auto& text_vector = native::ListVector::GetEntry(chunk.data[values]);
  for (native::idx_t i = 0; i < entry.length; ++i) {
    const native::Value text = text_vector.GetValue(text_entry.offset + i);
    sink(key_vector.GetValue(entry.offset + i).ToString(),
         text.IsNull() ? std::nullopt : std::optional<std::string>(native::StringValue::Get(text)));
  }
}

std::vector<AddFile> ReadChunk(native::DataChunk& chunk) {
  std::vector<AddFile> adds;
  adds.reserve(chunk.size());
  chunk.Flatten();
  const TextColumn path(chunk, kPath), stats(chunk, kStats), clustering(chunk, kClustering);
  const TextColumn vector_storage(chunk, kVectorStorage), vector_path(chunk, kVectorPath);
  const NumberColumn size(chunk, kSize), modified(chunk, kModified), data_change(chunk, kDataChange);
  const NumberColumn base_row_id(chunk, kBaseRowId), row_version(chunk, kRowCommitVersion);
  const NumberColumn offset(chunk, kVectorOffset), bytes(chunk, kVectorSize), deleted(chunk, kVectorCardinality);
  for (native::idx_t row = 0; row < chunk.size(); ++row) {
    AddFile add;
    add.path = path.Get(row).value_or("");
    add.size_bytes = size.Get(row).value_or(0);
    add.modification_time_ms = modified.Get(row).value_or(0);
    add.data_change = data_change.Get(row).value_or(1) != 0;
    add.stats = stats.Get(row).value_or("");
    add.clustering_provider = clustering.Get(row).value_or("");
    add.base_row_id = base_row_id.Get(row);
    add.default_row_commit_version = row_version.Get(row);
    ReadMap(chunk, kPartitionKeys, kPartitionTexts, row,
            [&](std::string key, std::optional<std::string> text) { add.partition_values[key] = std::move(text); });
    ReadMap(chunk, kTagKeys, kTagTexts, row,
            [&](std::string key, std::optional<std::string> text) { add.tags[key] = text.value_or(""); });
    if (auto storage = vector_storage.Get(row); storage.has_value()) {
      auto& vector = add.deletion_vector.emplace();
      vector.storage_type = *storage;
      vector.path_or_inline_dv = vector_path.Get(row).value_or("");
      if (auto at = offset.Get(row); at.has_value()) vector.offset = static_cast<int32_t>(*at);
      vector.size_bytes = static_cast<int32_t>(bytes.Get(row).value_or(0));
      vector.cardinality = deleted.Get(row).value_or(0);
    }
    adds.push_back(std::move(add));
  }
  return adds;
}

std::string FileList(const std::vector<std::string>& files) {
  std::string list = "[";
  for (const std::string& file : files) list += (list.size() == 1 ? "" : ", ") + QuoteLiteral(file);
  return list + "]";
}

/// What the store or the statement failed by says nothing about what is in the file.
bool SaysNothingOfTheFile(ErrorCode code) {
  constexpr ErrorCode kCodes[] = {ErrorCode::kIoError,     ErrorCode::kOutOfMemory,     ErrorCode::kPermissionDenied,
                                  ErrorCode::kUnavailable, ErrorCode::kTooManyRequests, ErrorCode::kUnauthenticated,
                                  ErrorCode::kCancelled,   ErrorCode::kDeadlineExceeded};
  return std::ranges::find(kCodes, code) != std::end(kCodes);
}

}  // namespace

template <typename Body>
auto CheckpointReader::Guarded(const std::vector<std::string>& files, Body&& body)
    -> Result<std::invoke_result_t<Body>> {
  bool broken = false;
  auto outcome = GuardDuckDb(ErrorStage::kRun, "", &broken, std::forward<Body>(body));
  if (outcome.has_value()) return outcome;
  if (SaysNothingOfTheFile(outcome.error().code())) return outcome;
  return MakeError(ErrorCode::kCorruption, "the checkpoint cannot be read: {}", files.front());
}

Result<CommitActions> CheckpointReader::Read(const std::vector<std::string>& files, const AddSink& sink) {
  return Guarded(files, [&] { return ReadOrThrow(files, sink); });
}

Result<int64_t> CheckpointReader::BytesOf(const std::vector<std::string>& files) {
  // Parquet's size is of encoded values: what repeats stands there once, and is kept once for each file. How long such
  // a text is, the column's bounds tell. Typed statistics become text, with names, where there is no text of them.
  const std::string query = fmt::format(
      "WITH chunk AS MATERIALIZED (SELECT path_in_schema AS path, total_uncompressed_size AS bytes, num_values - "
      "coalesce(stats_null_count, 0) AS present, greatest(length(coalesce(stats_min_value, '')), "
      "length(coalesce(stats_max_value, ''))) AS width FROM parquet_metadata({}) WHERE path_in_schema LIKE 'add, %') "
      "SELECT coalesce(sum(greatest(bytes, present * CASE WHEN path = 'add, path' THEN {} WHEN path LIKE "
      "'add, stats_parsed, %' THEN CASE WHEN (SELECT coalesce(sum(present), 0) FROM chunk WHERE path = 'add, stats') > "
      "0 THEN 0 ELSE length(split_part(path, ', ', -1)) + greatest(width, {}) END ELSE width END)), 0)::BIGINT FROM "
      "chunk",
      FileList(files), kFileBytesMin, kNumberBytes);
  return Guarded(files, [&]() -> int64_t {
    auto sum = connection_.Query(query);
    if (sum->HasError()) sum->ThrowError();
    return sum->GetValue(0, 0).GetValue<int64_t>();
  });
}

CommitActions CheckpointReader::ReadOrThrow(const std::vector<std::string>& files, const AddSink& sink) {
  const std::string source = "read_parquet(" + FileList(files) + ", hive_partitioning = false)";
  auto shape = connection_.Query("SELECT * FROM " + source + " LIMIT 0");
  if (shape->HasError()) shape->ThrowError();

  std::string other;
  for (size_t i = 0; i < shape->names.size(); ++i) {
    const std::string& name = shape->names[i];
    if (name == "add") ReadAdds(shape->types[i], source, sink);
    for (const char* wanted : {"protocol", "metaData", "txn", "domainMetadata", "sidecar", "checkpointMetadata"}) {
      if (name != wanted) continue;
      if (!other.empty()) other += " UNION ALL ";
      other +=
          fmt::format("SELECT json_object('{0}', \"{0}\")::VARCHAR FROM {1} WHERE \"{0}\" IS NOT NULL", name, source);
    }
  }
  if (other.empty()) return {};
  // These are few: as JSON they take the same way as a commit's.
  auto rows = connection_.Query(other);
  if (rows->HasError()) rows->ThrowError();
  std::string lines;
  for (const auto& row : rows->Collection().GetRows()) lines += row.GetValue(0).ToString() + "\n";
  return ValueOrThrow(tables::delta::ParseCommit(lines, "checkpoint"));
}

void CheckpointReader::ReadAdds(const native::LogicalType& add, const std::string& source, const AddSink& sink) {
  const std::vector<std::string> columns = {Field(add, "path", "VARCHAR"),
                                            Field(add, "size", "BIGINT"),
                                            Field(add, "modificationTime", "BIGINT"),
                                            Field(add, "dataChange", "BOOLEAN") + "::BIGINT",
                                            StatisticsField(add),
                                            MapPart(add, "partitionValues", "map_keys"),
                                            MapPart(add, "partitionValues", "map_values"),
                                            MapPart(add, "tags", "map_keys"),
                                            MapPart(add, "tags", "map_values"),
                                            Field(add, "baseRowId", "BIGINT"),
                                            Field(add, "defaultRowCommitVersion", "BIGINT"),
                                            Field(add, "clusteringProvider", "VARCHAR"),
                                            VectorField(add, "storageType", "VARCHAR"),
                                            VectorField(add, "pathOrInlineDv", "VARCHAR"),
                                            VectorField(add, "offset", "BIGINT"),
                                            VectorField(add, "sizeInBytes", "BIGINT"),
                                            VectorField(add, "cardinality", "BIGINT")};
  auto result =
      connection_.SendQuery(fmt::format("SELECT {} FROM {} WHERE \"add\" IS NOT NULL AND \"add\".\"path\" IS NOT NULL",
                                        fmt::join(columns, ", "), source));
  if (result->HasError()) result->ThrowError();
  while (auto chunk = result->Fetch()) {
    if (chunk->size() == 0) break;
    sink(ReadChunk(*chunk));
  }
  if (result->HasError()) result->ThrowError();
}

}  // namespace neurolake::engine::duckdb
