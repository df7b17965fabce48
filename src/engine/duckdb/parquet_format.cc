#include "engine/duckdb/internal/parquet_format.h"

#include <bit>
#include <cstring>
#include <functional>

namespace neurolake::engine::duckdb::parquet {
namespace {

/// Writes structs in Thrift's compact protocol. Fields in the order of their ids.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void Bool(int field, bool value) { Head(field, value ? kTrue : kFalse); }
  void Int32(int field, int64_t value) { Number(field, kInt32, value); }
  void Int64(int field, int64_t value) { Number(field, kInt64, value); }
  void Byte(int field, int value) {
    Head(field, kByte);
    out_ += static_cast<char>(value);
  }
  void Bytes(int field, std::string_view bytes) {
    Head(field, kBytes);
    Text(bytes);
  }
  template <typename Body>
  void Struct(int field, const Body& body) {
    Head(field, kStruct);
    Nested(body);
  }
  void Empty(int field) {
    Struct(field, [] {});
  }
  template <typename Items, typename Body>
  void Structs(int field, const Items& items, const Body& body) {
    List(field, kStruct, items.size());
    for (const auto& item : items) Nested([&] { body(item); });
  }
  void Int32s(int field, std::initializer_list<int64_t> values) {
    List(field, kInt32, values.size());
    for (const int64_t value : values) Varint(ZigZag(value));
  }
  void Texts(int field, std::initializer_list<std::string_view> texts) {
    List(field, kBytes, texts.size());
    for (const auto text : texts) Text(text);
  }
  void End() { out_ += '\0'; }

 private:
  enum Kind : uint8_t { kTrue = 1, kFalse = 2, kByte = 3, kInt32 = 5, kInt64 = 6, kBytes = 8, kList = 9, kStruct = 12 };

  static uint64_t ZigZag(int64_t value) {
    return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void Text(std::string_view text) {
    Varint(text.size());
    out_ += text;
  }
  void Head(int field, Kind kind) {
    // No struct here leaves out so many fields in a row that the short form would not do.
    out_ += static_cast<char>((field - last_) << 4 | kind);
    last_ = field;
  }
  void Number(int field, Kind kind, int64_t value) {
    Head(field, kind);
    Varint(ZigZag(value));
  }
  void List(int field, Kind kind, size_t size) {
    Head(field, kList);
    if (size < 15) {
      out_ += static_cast<char>(size << 4 | kind);
      return;
    }
    out_ += static_cast<char>(0xF0 | kind);
    Varint(size);
  }
  template <typename Body>
  void Nested(const Body& body) {
    const int outer = std::exchange(last_, 0);
    body();
    End();
    last_ = outer;
  }

  std::string& out_;
  int last_ = 0;
};

void WriteLogicalType(Writer& out, const SchemaColumn& column) {
  if (column.converted == Converted::kTimestampMicros) {
    out.Struct(10, [&] {
      out.Struct(8, [&] {
        out.Bool(1, column.utc);
        out.Struct(2, [&] { out.Empty(2); });  // Microseconds.
      });
    });
  } else if (column.converted == Converted::kDecimal) {
    out.Struct(10, [&] {
      out.Struct(5, [&] {
        out.Int32(1, column.scale);
        out.Int32(2, column.precision);
      });
    });
  }
}

void WriteSchema(Writer& out, const std::vector<SchemaColumn>& schema) {
  std::vector<const SchemaColumn*> elements = {nullptr};  // The root comes first.
  for (const SchemaColumn& column : schema) elements.push_back(&column);
  out.Structs(2, elements, [&](const SchemaColumn* column) {
    if (column == nullptr) {
      out.Bytes(4, "schema");
      out.Int32(5, static_cast<int64_t>(schema.size()));
      return;
    }
    constexpr int kOptional = 1;
    out.Int32(1, static_cast<int64_t>(column->type));
    if (column->type == Type::kFixedBytes) out.Int32(2, 16);
    out.Int32(3, kOptional);
    out.Bytes(4, column->name);
    if (column->converted) out.Int32(6, static_cast<int64_t>(*column->converted));
    if (column->converted == Converted::kDecimal) {
      out.Int32(7, column->scale);
      out.Int32(8, column->precision);
    }
    if (column->field_id) out.Int32(9, *column->field_id);
    WriteLogicalType(out, *column);
  });
}

void WriteStatistics(Writer& out, const ColumnChunk& chunk) {
  out.Struct(12, [&] {
    out.Int64(3, chunk.null_count);
    if (chunk.max) out.Bytes(5, *chunk.max);
    if (chunk.min) out.Bytes(6, *chunk.min);
    if (chunk.max) out.Bool(7, true);
    if (chunk.min) out.Bool(8, true);
  });
}

void WriteColumn(Writer& out, const SchemaColumn& column, const ColumnChunk& chunk) {
  out.Int64(2, 0);  // As the format asks of those who write no copy of the metadata next to the pages.
  out.Struct(3, [&] {
    out.Int32(1, static_cast<int64_t>(column.type));
    if (chunk.has_dictionary) {
      out.Int32s(2, {static_cast<int64_t>(Encoding::kPlain), static_cast<int64_t>(Encoding::kRle),
                     static_cast<int64_t>(Encoding::kRleDictionary)});
    } else {
      out.Int32s(2, {static_cast<int64_t>(Encoding::kPlain), static_cast<int64_t>(Encoding::kRle)});
    }
    out.Texts(3, {column.name});
    out.Int32(4, static_cast<int64_t>(chunk.codec));
    out.Int64(5, chunk.value_count);
    out.Int64(6, chunk.uncompressed_bytes);
    out.Int64(7, chunk.compressed_bytes);
    out.Int64(9, chunk.data_offset);
    if (chunk.has_dictionary) out.Int64(11, chunk.dictionary_offset);
    WriteStatistics(out, chunk);
    if (chunk.bloom_bytes > 0) {
      out.Int64(14, chunk.bloom_offset);
      out.Int32(15, chunk.bloom_bytes);
    }
  });
}

void WriteRowGroup(Writer& out, const std::vector<SchemaColumn>& schema, const RowGroup& group) {
  size_t column = 0;
  int64_t bytes = 0, compressed = 0;
  out.Structs(1, group.columns, [&](const ColumnChunk& chunk) {
    WriteColumn(out, schema[column++], chunk);
    bytes += chunk.uncompressed_bytes;
    compressed += chunk.compressed_bytes;
  });
  const ColumnChunk& first = group.columns.front();
  out.Int64(2, bytes);
  out.Int64(3, group.row_count);
  out.Int64(5, first.has_dictionary ? first.dictionary_offset : first.data_offset);
  out.Int64(6, compressed);
}

}  // namespace

void AppendPageHeader(const PageHeader& page, std::string& out) {
  Writer writer(out);
  constexpr int kDataPage = 0, kDictionaryPage = 2;
  writer.Int32(1, page.dictionary ? kDictionaryPage : kDataPage);
  writer.Int32(2, static_cast<int64_t>(page.uncompressed_bytes));
  writer.Int32(3, static_cast<int64_t>(page.compressed_bytes));
  writer.Struct(page.dictionary ? 7 : 5, [&] {
    writer.Int32(1, static_cast<int64_t>(page.value_count));
    writer.Int32(2, static_cast<int64_t>(page.encoding));
    if (page.dictionary) return;
    writer.Int32(3, static_cast<int64_t>(Encoding::kRle));
    writer.Int32(4, static_cast<int64_t>(Encoding::kRle));
  });
  writer.End();
}

void AppendBloomHeader(size_t bytes, std::string& out) {
  Writer writer(out);
  writer.Int32(1, static_cast<int64_t>(bytes));
  for (const int field : {2, 3, 4}) writer.Struct(field, [&] { writer.Empty(1); });  // Split blocks, xxHash, as it is.
  writer.End();
}

void AppendFooter(const std::vector<SchemaColumn>& schema, const std::vector<RowGroup>& groups, std::string& out) {
  const size_t begin = out.size();
  Writer writer(out);
  int64_t rows = 0;
  for (const RowGroup& group : groups) rows += group.row_count;
  writer.Int32(1, 1);
  WriteSchema(writer, schema);
  writer.Int64(3, rows);
  writer.Structs(4, groups, [&](const RowGroup& group) { WriteRowGroup(writer, schema, group); });
  writer.Bytes(6, "neurolake");
  // Each column's bounds are in the order of its type.
  writer.Structs(7, schema, [&](const SchemaColumn&) { writer.Empty(1); });
  writer.End();
  const auto length = static_cast<uint32_t>(out.size() - begin);
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&length), sizeof(length));
  out += kMark;
}

}  // namespace neurolake::engine::duckdb::parquet
