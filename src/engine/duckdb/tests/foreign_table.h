#pragma once
#include <string>
#include <vector>

namespace neurolake::engine::duckdb {

/// Writes the rows of `select` to a Parquet file, by plain DuckDB and with no engine of ours about. `options` go behind
/// FORMAT parquet: ", FIELD_IDS {…}". Makes the directory.
void WriteParquetFile(const std::string& path, const std::string& select, const std::string& options = "");

/// How the columns of a Parquet file are compressed, "ZSTD"; by plain DuckDB as well.
std::string ParquetFileCodec(const std::string& path);

/// Writes `lines` as "<table>/_delta_log/<version>.json".
void WriteLogFile(const std::string& table, int64_t version, const std::vector<std::string>& lines);

/// {"protocol":…} with reader version 3 and writer version 7 when there are features, else 1 and 2.
std::string ProtocolLine(const std::vector<std::string>& features = {});
/// `fields` are the JSON objects of the schema's fields; `configuration` is a JSON object.
std::string MetadataLine(const std::string& fields, const std::string& partitions = "[]",
                         const std::string& configuration = "{}");
/// {"name":…,"type":…,"nullable":true,"metadata":{…}}
std::string FieldJson(const std::string& name, const std::string& type, const std::string& metadata = "{}");
std::string AddLine(const std::string& path, const std::string& partition_values = "{}", const std::string& stats = "");

}  // namespace neurolake::engine::duckdb
