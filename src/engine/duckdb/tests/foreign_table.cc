#include "engine/duckdb/tests/foreign_table.h"

#include <fmt/ranges.h>

#include <boost/json.hpp>
#include <duckdb.hpp>
#include <filesystem>
#include <fstream>

#include "common/text.h"

namespace neurolake::engine::duckdb {

void WriteParquetFile(const std::string& path, const std::string& select, const std::string& options) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  ::duckdb::DuckDB database(nullptr);
  ::duckdb::Connection connection(database);
  auto result =
      connection.Query(fmt::format("COPY ({}) TO {} (FORMAT parquet{})", select, QuoteLiteral(path), options));
  if (result->HasError()) result->ThrowError();
}

std::string ParquetFileCodec(const std::string& path) {
  ::duckdb::DuckDB database(nullptr);
  ::duckdb::Connection connection(database);
  auto result = connection.Query(
      fmt::format("SELECT string_agg(DISTINCT compression, ',') FROM parquet_metadata({})", QuoteLiteral(path)));
  if (result->HasError()) result->ThrowError();
  return result->GetValue(0, 0).ToString();
}

void WriteLogFile(const std::string& table, int64_t version, const std::vector<std::string>& lines) {
  std::filesystem::create_directories(table + "/_delta_log");
  std::ofstream out(fmt::format("{}/_delta_log/{:020}.json", table, version));
  for (const std::string& line : lines) out << line << "\n";
}

std::string ProtocolLine(const std::vector<std::string>& features) {
  if (features.empty()) return R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})";
  const std::string list = fmt::format("[\"{}\"]", fmt::join(features, "\",\""));
  return fmt::format(
      R"({{"protocol":{{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":{0},"writerFeatures":{0}}}}})",
      list);
}

std::string MetadataLine(const std::string& fields, const std::string& partitions, const std::string& configuration) {
  const std::string schema = R"({"type":"struct","fields":[)" + fields + "]}";
  return fmt::format(R"({{"metaData":{{"id":"00000000-0000-0000-0000-000000000001","format":{{"provider":"parquet",)"
                     R"("options":{{}}}},"schemaString":{},"partitionColumns":{},"configuration":{},)"
                     R"("createdTime":1700000000000}}}})",
                     boost::json::serialize(boost::json::string(schema)), partitions, configuration);
}

std::string FieldJson(const std::string& name, const std::string& type, const std::string& metadata) {
  return fmt::format(R"({{"name":"{}","type":{},"nullable":true,"metadata":{}}})", name,
                     type.starts_with('{') ? type : "\"" + type + "\"", metadata);
}

std::string AddLine(const std::string& path, const std::string& partition_values, const std::string& stats) {
  std::string line =
      fmt::format(R"({{"add":{{"path":"{}","partitionValues":{},"size":1000,"modificationTime":1700000000000,)"
                  R"("dataChange":true)",
                  path, partition_values);
  if (!stats.empty()) line += ",\"stats\":" + boost::json::serialize(boost::json::string(stats));
  return line + "}}";
}

}  // namespace neurolake::engine::duckdb
