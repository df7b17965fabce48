#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::engine::duckdb::parquet {

// The parts of the Parquet format that our own writer uses, and how they are spelled in a file.
// Source: apache/parquet-format, parquet.thrift; Thrift's compact protocol.

enum class Type : uint8_t {
  kBoolean = 0,
  kInt32 = 1,
  kInt64 = 2,
  kFloat = 4,
  kDouble = 5,
  kBytes = 6,
  kFixedBytes = 7
};
enum class Encoding : uint8_t { kPlain = 0, kRle = 3, kRleDictionary = 8 };
enum class Codec : uint8_t { kUncompressed = 0, kSnappy = 1, kZstd = 6 };
enum class Converted : uint8_t {
  kText = 0,
  kDecimal = 5,
  kDate = 6,
  kTimestampMicros = 10,
  kInt8 = 15,
  kInt16 = 16,
  kInt32 = 17,
  kInt64 = 18,
};

struct SchemaColumn {
  std::string name;
  Type type = Type::kInt64;
  std::optional<Converted> converted = {};
  std::optional<int32_t> field_id = {};
  int scale = 0, precision = 0;  ///< Of a decimal.
  bool utc = false;              ///< Of a timestamp.
};

/// Of one column in one row group. All columns may be NULL, none is repeated.
struct ColumnChunk {
  Codec codec = Codec::kUncompressed;
  bool has_dictionary = false;
  int64_t value_count = 0;         ///< With NULL.
  int64_t uncompressed_bytes = 0;  ///< Of pages and their headers, as all sizes.
  int64_t compressed_bytes = 0;
  int64_t data_offset = 0;  ///< In the file, as all offsets.
  int64_t dictionary_offset = 0;
  int64_t bloom_offset = 0, bloom_bytes = 0;
  int64_t null_count = 0;
  std::optional<std::string> min, max;  ///< As values are in a page, texts without their length.
};

struct RowGroup {
  std::vector<ColumnChunk> columns;
  int64_t row_count = 0;
};

struct PageHeader {
  bool dictionary = false;
  size_t uncompressed_bytes = 0, compressed_bytes = 0, value_count = 0;
  Encoding encoding = Encoding::kPlain;
};

void AppendPageHeader(const PageHeader& page, std::string& out);
void AppendBloomHeader(size_t bytes, std::string& out);
/// The footer, its length and the closing mark.
void AppendFooter(const std::vector<SchemaColumn>& schema, const std::vector<RowGroup>& groups, std::string& out);
inline constexpr std::string_view kMark = "PAR1";

}  // namespace neurolake::engine::duckdb::parquet
