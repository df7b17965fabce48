#include "engine/duckdb/internal/flat_file_writer.h"

#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {
namespace {

std::optional<parquet::Codec> CodecOf(const WriteTarget& target) {
  if (target.codec == "snappy") return parquet::Codec::kSnappy;
  if (target.codec == "zstd") return parquet::Codec::kZstd;
  if (target.codec == "uncompressed") return parquet::Codec::kUncompressed;
  return std::nullopt;
}

std::vector<parquet::SchemaColumn> DescribeColumns(const WriteTarget& target,
                                                   const native::vector<native::LogicalType>& types) {
  std::vector<parquet::SchemaColumn> columns;
  const auto names = DataFileWriter::Names(target);
  for (size_t i = 0; i < types.size(); ++i) columns.push_back(*parquet::DescribeColumn(types[i], names[i]));
  size_t column = 0;
  for (const auto& field : target.layout.schema.fields) {
    if (target.layout.IsPartition(field.name)) continue;
    const int64_t id = field.column_mapping_id();
    if (id >= 0) columns[column].field_id = static_cast<int32_t>(id);
    ++column;
  }
  return columns;
}

std::string Quoted(const std::string& name) { return native::KeywordHelper::WriteQuoted(name, '"'); }

}  // namespace

bool FlatFileWriter::Takes(const WriteTarget& target, const native::vector<native::LogicalType>& types) {
  if (!CodecOf(target) || types.empty()) return false;
  return std::ranges::all_of(
      types, [](const auto& type) { return FlatLayout::Takes(type) && parquet::DescribeColumn(type, "").has_value(); });
}

FlatFileWriter::FlatFileWriter(native::ClientContext& context, const WriteTarget& target,
                               const native::vector<native::LogicalType>& types, const std::string& path)
    : schema_(DescribeColumns(target, types)),
      file_(context, tables::delta::WithShortNames(path)),
      pages_(*CodecOf(target), parquet::kMark.size(), [this](std::string_view bytes) { file_.Append(bytes); }) {
  for (const auto& type : types) encoders_.push_back(parquet::NewColumnEncoder(type));
  file_.Append(parquet::kMark);
}

void FlatFileWriter::AppendRowGroup(std::unique_ptr<FlatRows> rows) {
  std::vector<FlatRows::Block> blocks;
  for (size_t i = 0; i < rows->block_count(); ++i) blocks.push_back(rows->Take(i));
  parquet::RowGroup group;
  std::vector<std::unique_ptr<parquet::BloomFilter>> blooms;
  std::vector<parquet::ValueRun> runs(blocks.size());
  for (size_t column = 0; column < encoders_.size(); ++column) {
    for (size_t i = 0; i < blocks.size(); ++i) {
      runs[i] = {
          .values = blocks[i].Values(column), .validity = blocks[i].Validity(column), .count = blocks[i].row_count()};
    }
    auto encoded = encoders_[column]->Encode(runs, pages_);
    group.columns.push_back(std::move(encoded.chunk));
    blooms.push_back(std::move(encoded.bloom));
  }
  group.row_count = static_cast<int64_t>(rows->row_count());
  row_count_ += group.row_count;
  pages_.WriteBloomFilters(group, blooms);
  groups_.push_back(std::move(group));
}

WrittenFile FlatFileWriter::Finish() {
  std::string footer;
  parquet::AppendFooter(schema_, groups_, footer);
  file_.Append(footer);
  WrittenFile file;
  file.path = file_.path();
  file.row_count = row_count_;
  file.size_bytes = file_.bytes();
  file_.Finish();
  for (size_t i = 0; i < encoders_.size(); ++i) {
    auto& statistics = file.columns[Quoted(schema_[i].name)];
    statistics["null_count"] = std::to_string(encoders_[i]->null_count());
    if (auto min = encoders_[i]->MinText()) statistics["min"] = std::move(*min);
    if (auto max = encoders_[i]->MaxText()) statistics["max"] = std::move(*max);
  }
  return file;
}

}  // namespace neurolake::engine::duckdb
