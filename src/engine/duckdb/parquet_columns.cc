#include "engine/duckdb/internal/parquet_columns.h"

#include <bit>
#include <cmath>

#include "common/check.h"
#include "engine/duckdb/internal/value_dictionary.h"

namespace neurolake::engine::duckdb::parquet {
namespace {

constexpr size_t kPageBytes = size_t{1} << 20;
/// A dictionary is tried where so many values have no more different ones among them than this share.
constexpr size_t kSampleValues = 4096;
constexpr double kSampleShareMax = 0.7;
/// And kept where there are at least so many values to each in it.
constexpr size_t kValuesEach = 8;
/// Longer texts are no bounds in the footer, which every reader of the file reads.
constexpr size_t kTextBoundMax = 256;

int64_t CountNulls(std::span<const ValueRun> runs) {
  int64_t nulls = 0;
  for (const ValueRun& run : runs) {
    for (size_t row = 0; row < run.count; row += 64) {
      const size_t rows = std::min<size_t>(64, run.count - row);
      const uint64_t wanted = rows == 64 ? ~uint64_t{0} : (uint64_t{1} << rows) - 1;
      nulls += std::popcount(~run.validity[row / 64] & wanted);
    }
  }
  return nulls;
}

size_t CountRows(std::span<const ValueRun> runs) {
  size_t rows = 0;
  for (const ValueRun& run : runs) rows += run.count;
  return rows;
}

template <typename In, typename Visit>
void VisitValues(std::span<const ValueRun> runs, bool has_null, const Visit& visit) {
  for (const ValueRun& run : runs) {
    const auto* values = reinterpret_cast<const In*>(run.values);
    if (!has_null) {
      for (size_t i = 0; i < run.count; ++i) visit(values[i]);
      continue;
    }
    for (size_t i = 0; i < run.count; ++i) {
      if (run.IsValid(i)) visit(values[i]);
    }
  }
}

/// The same until `visit` says false.
template <typename In, typename Visit>
bool VisitValuesWhile(std::span<const ValueRun> runs, const Visit& visit) {
  for (const ValueRun& run : runs) {
    const auto* values = reinterpret_cast<const In*>(run.values);
    for (size_t i = 0; i < run.count; ++i) {
      if (run.IsValid(i) && !visit(values[i])) return false;
    }
  }
  return true;
}

/// Numbers the values of a chunk, where there are few different ones.
template <typename In>
class ChunkDictionary {
 public:
  bool Build(std::span<const ValueRun> runs, size_t value_count) {
    if (value_count == 0 || !Promises(runs, value_count)) return false;
    numbers_.clear();
    numbers_.reserve(value_count);
    dictionary_.Clear(std::max<size_t>(1, value_count / kValuesEach));
    return VisitValuesWhile<In>(runs, [&](const In& value) {
      numbers_.push_back(dictionary_.Number(value));
      return numbers_.back() != ValueDictionary<In>::kFull;
    });
  }
  const std::vector<In>& values() const { return dictionary_.values(); }
  const std::vector<uint32_t>& numbers() const { return numbers_; }

 private:
  bool Promises(std::span<const ValueRun> runs, size_t value_count) {
    const size_t sample = std::min(kSampleValues, value_count);
    const auto limit = static_cast<size_t>(kSampleShareMax * static_cast<double>(sample));
    dictionary_.Clear(std::max<size_t>(1, limit));
    size_t seen = 0;
    bool few = true;
    VisitValuesWhile<In>(runs, [&](const In& value) {
      few = dictionary_.Number(value) != ValueDictionary<In>::kFull;
      return few && ++seen < sample;
    });
    return few;
  }

  ValueDictionary<In> dictionary_;
  std::vector<uint32_t> numbers_;
};

void WriteNumbers(std::span<const ValueRun> runs, size_t rows, std::span<const uint32_t> numbers, size_t values,
                  PageWriter& pages) {
  const int width = std::max(1, static_cast<int>(std::bit_width(values - 1)));
  AppendLevels(runs, 0, rows, pages.page());
  pages.page().AppendByte(static_cast<uint8_t>(width));
  AppendHybrid(numbers, width, pages.page());
  pages.WritePage(rows, Encoding::kRleDictionary);
}

template <typename In, typename Out>
Out Converted(In value) {
  if constexpr (std::is_same_v<In, native::hugeint_t>) {
    // Two's complement, the highest byte first.
    std::array<uint64_t, 2> words = {__builtin_bswap64(static_cast<uint64_t>(value.upper)),
                                     __builtin_bswap64(value.lower)};
    return std::bit_cast<Out>(words);
  } else {
    return static_cast<Out>(value);
  }
}

template <typename In>
std::string TextOf(const native::LogicalType& type, const In& value) {
  native::Vector one(type, 1);
  native::FlatVector::GetData<In>(one)[0] = value;
  return one.GetValue(0).ToString();
}

template <typename In>
struct Bounds {
  In min{}, max{};
  bool any = false, has_nan = false;

  void Add(const In& value) {
    if constexpr (std::is_floating_point_v<In>) {
      has_nan |= value != value;
    }
    min = value < min ? value : min;
    max = max < value ? value : max;
  }
  void Begin(const In& value) {
    if (any) return;
    any = true;
    min = max = value;
  }
};

/// Numbers, dates and times. `Out` is what a page has for an `In`.
template <typename In, typename Out>
class NumberEncoder final : public ColumnEncoder {
 public:
  explicit NumberEncoder(native::LogicalType type) : type_(std::move(type)) {}

  Encoded Encode(std::span<const ValueRun> runs, PageWriter& pages) override {
    const size_t rows = CountRows(runs);
    const int64_t nulls = CountNulls(runs);
    const size_t values = rows - static_cast<size_t>(nulls);
    pages.BeginChunk();
    Encoded encoded;
    Bounds<In> bounds;
    if (BuildDictionary(runs, values)) {
      encoded.bloom = WriteDictionary(pages);
      WriteNumbers(runs, rows, dictionary_.numbers(), dictionary_.values().size(), pages);
      for (const In& value : dictionary_.values()) Collect(value, bounds);
    } else {
      WritePlain(runs, rows, nulls > 0, pages);
      VisitValues<In>(runs, nulls > 0, [&](const In& value) { Collect(value, bounds); });
    }
    encoded.chunk = pages.EndChunk();
    encoded.chunk.null_count = nulls;
    null_count_ += nulls;
    Close(bounds, encoded.chunk);
    return encoded;
  }

  std::optional<std::string> MinText() const override { return Text(bounds_.min); }
  std::optional<std::string> MaxText() const override { return Text(bounds_.max); }

 private:
  static void Collect(const In& value, Bounds<In>& bounds) {
    bounds.Begin(value);
    bounds.Add(value);
  }

  std::optional<std::string> Text(const In& value) const {
    if (!bounds_.any || bounds_.has_nan) return std::nullopt;
    return TextOf(type_, value);
  }

  bool BuildDictionary(std::span<const ValueRun> runs, size_t values) {
    if constexpr (sizeof(In) <= sizeof(uint64_t)) return dictionary_.Build(runs, values);
    return false;
  }

  std::unique_ptr<BloomFilter> WriteDictionary(PageWriter& pages) {
    const auto& values = dictionary_.values();
    auto bloom = std::make_unique<BloomFilter>(values.size());
    for (const In& value : values) {
      const Out out = Converted<In, Out>(value);
      pages.page().Append(&out, sizeof(out));
      bloom->Add(&out, sizeof(out));
    }
    pages.WriteDictionary(values.size());
    return bloom;
  }

  static void WritePlain(std::span<const ValueRun> runs, size_t rows, bool has_null, PageWriter& pages) {
    constexpr size_t kPageRows = kPageBytes / sizeof(Out);
    for (size_t first = 0; first < rows; first += kPageRows) {
      const size_t count = std::min(kPageRows, rows - first);
      AppendLevels(runs, first, count, pages.page());
      VisitRows(runs, first, count, [&](const ValueRun& run, size_t row, size_t some) {
        const auto* values = reinterpret_cast<const In*>(run.values);
        if (std::is_same_v<In, Out> && !has_null) {
          pages.page().Append(values + row, some * sizeof(Out));
          return;
        }
        char* out = pages.page().Room(some * sizeof(Out));
        size_t bytes = 0;
        for (size_t i = row; i < row + some; ++i) {
          if (has_null && !run.IsValid(i)) continue;
          const Out value = Converted<In, Out>(values[i]);
          std::memcpy(out + bytes, &value, sizeof(value));
          bytes += sizeof(value);
        }
        pages.page().Grow(bytes);
      });
      pages.WritePage(count, Encoding::kPlain);
    }
  }

  void Close(Bounds<In> bounds, ColumnChunk& chunk) {
    if (bounds.has_nan) bounds_.has_nan = true;
    if (!bounds.any || bounds.has_nan) return;
    bounds_.Begin(bounds.min);
    bounds_.Add(bounds.min);
    bounds_.Add(bounds.max);
    if constexpr (std::is_floating_point_v<In>) {
      // Readers may take either zero for the other.
      if (bounds.min == 0) bounds.min = In(-0.0);
      if (bounds.max == 0) bounds.max = In(0.0);
    }
    const Out min = Converted<In, Out>(bounds.min), max = Converted<In, Out>(bounds.max);
    chunk.min.emplace(reinterpret_cast<const char*>(&min), sizeof(min));
    chunk.max.emplace(reinterpret_cast<const char*>(&max), sizeof(max));
  }

  const native::LogicalType type_;
  ChunkDictionary<In> dictionary_;
  Bounds<In> bounds_;
};

class BooleanEncoder final : public ColumnEncoder {
 public:
  Encoded Encode(std::span<const ValueRun> runs, PageWriter& pages) override {
    const size_t rows = CountRows(runs);
    const int64_t nulls = CountNulls(runs);
    pages.BeginChunk();
    AppendLevels(runs, 0, rows, pages.page());
    std::array<bool, 2> seen{};
    uint32_t bits = 0;
    int filled = 0;
    VisitValues<bool>(runs, nulls > 0, [&](bool value) {
      seen[value ? 1 : 0] = true;
      bits |= uint32_t{value} << filled;
      if (++filled < 8) return;
      pages.page().AppendByte(static_cast<uint8_t>(bits));
      bits = 0;
      filled = 0;
    });
    if (filled > 0) pages.page().AppendByte(static_cast<uint8_t>(bits));
    pages.WritePage(rows, Encoding::kPlain);
    Encoded encoded{.chunk = pages.EndChunk()};
    encoded.chunk.null_count = nulls;
    null_count_ += nulls;
    if (seen[0] || seen[1]) {
      encoded.chunk.min = std::string(1, seen[0] ? '\0' : '\1');
      encoded.chunk.max = std::string(1, seen[1] ? '\1' : '\0');
    }
    for (size_t i = 0; i < 2; ++i) seen_[i] = seen_[i] || seen[i];
    return encoded;
  }

  std::optional<std::string> MinText() const override { return seen_[0] ? "false" : MaxText(); }
  std::optional<std::string> MaxText() const override {
    return seen_[1] ? std::optional("true") : seen_[0] ? std::optional("false") : std::nullopt;
  }

 private:
  std::array<bool, 2> seen_{};
};

class TextEncoder final : public ColumnEncoder {
 public:
  Encoded Encode(std::span<const ValueRun> runs, PageWriter& pages) override {
    const size_t rows = CountRows(runs);
    const int64_t nulls = CountNulls(runs);
    const size_t values = rows - static_cast<size_t>(nulls);
    pages.BeginChunk();
    Encoded encoded;
    min_ = max_ = native::string_t();
    any_ = false;
    if (dictionary_.Build(runs, values)) {
      encoded.bloom = WriteDictionary(pages);
      WriteNumbers(runs, rows, dictionary_.numbers(), dictionary_.values().size(), pages);
      for (const auto& value : dictionary_.values()) Collect(value);
    } else {
      WritePlain(runs, rows, nulls > 0, pages);
      VisitValues<native::string_t>(runs, nulls > 0, [&](const native::string_t& value) { Collect(value); });
    }
    encoded.chunk = pages.EndChunk();
    encoded.chunk.null_count = nulls;
    null_count_ += nulls;
    if (any_) Close(encoded.chunk);
    return encoded;
  }

  std::optional<std::string> MinText() const override { return file_min_; }
  std::optional<std::string> MaxText() const override { return file_max_; }

 private:
  void Collect(const native::string_t& value) {
    if (!any_) min_ = max_ = value;
    any_ = true;
    if (native::LessThan::Operation(value, min_)) min_ = value;
    if (native::GreaterThan::Operation(value, max_)) max_ = value;
  }

  static void AppendText(const native::string_t& text, ByteBuffer& page) {
    const uint32_t size = text.GetSize();
    char* out = page.Room(sizeof(size) + std::max<size_t>(size, native::string_t::INLINE_LENGTH));
    std::memcpy(out, &size, sizeof(size));
    if (text.IsInlined()) {
      std::memcpy(out + sizeof(size), text.GetPrefix(), native::string_t::INLINE_LENGTH);
    } else {
      std::memcpy(out + sizeof(size), text.GetData(), size);
    }
    page.Grow(sizeof(size) + size);
  }

  std::unique_ptr<BloomFilter> WriteDictionary(PageWriter& pages) {
    const auto& values = dictionary_.values();
    auto bloom = std::make_unique<BloomFilter>(values.size());
    for (const auto& value : values) {
      AppendText(value, pages.page());
      bloom->Add(value.GetData(), value.GetSize());
    }
    pages.WriteDictionary(values.size());
    return bloom;
  }

  static void WritePlain(std::span<const ValueRun> runs, size_t rows, bool has_null, PageWriter& pages) {
    size_t bytes = 0;
    VisitValues<native::string_t>(runs, has_null,
                                  [&](const auto& value) { bytes += sizeof(uint32_t) + value.GetSize(); });
    const size_t page_count = std::max<size_t>(1, (bytes + kPageBytes - 1) / kPageBytes);
    const size_t page_rows = std::max<size_t>(1, (rows + page_count - 1) / page_count);
    for (size_t first = 0; first < rows; first += page_rows) {
      const size_t count = std::min(page_rows, rows - first);
      AppendLevels(runs, first, count, pages.page());
      VisitRows(runs, first, count, [&](const ValueRun& run, size_t row, size_t some) {
        const auto* values = reinterpret_cast<const native::string_t*>(run.values);
        for (size_t i = row; i < row + some; ++i) {
          if (!has_null || run.IsValid(i)) AppendText(values[i], pages.page());
        }
      });
      pages.WritePage(count, Encoding::kPlain);
    }
  }

  void Close(ColumnChunk& chunk) {
    const std::string_view min(min_.GetData(), min_.GetSize()), max(max_.GetData(), max_.GetSize());
    if (min.size() <= kTextBoundMax && max.size() <= kTextBoundMax) {
      chunk.min = min;
      chunk.max = max;
    }
    if (!file_min_ || min < *file_min_) file_min_ = min;
    if (!file_max_ || max > *file_max_) file_max_ = max;
  }

  ChunkDictionary<native::string_t> dictionary_;
  native::string_t min_, max_;  ///< Of the chunk.
  bool any_ = false;
  std::optional<std::string> file_min_, file_max_;
};

}  // namespace

std::optional<SchemaColumn> DescribeColumn(const native::LogicalType& type, std::string name) {
  using Id = native::LogicalTypeId;
  SchemaColumn column{.name = std::move(name)};
  switch (type.id()) {
    case Id::BOOLEAN: column.type = Type::kBoolean; return column;
    case Id::FLOAT: column.type = Type::kFloat; return column;
    case Id::DOUBLE: column.type = Type::kDouble; return column;
    case Id::BLOB: column.type = Type::kBytes; return column;
    case Id::VARCHAR: column.type = Type::kBytes, column.converted = Converted::kText; return column;
    case Id::TINYINT: column.type = Type::kInt32, column.converted = Converted::kInt8; return column;
    case Id::SMALLINT: column.type = Type::kInt32, column.converted = Converted::kInt16; return column;
    case Id::INTEGER: column.type = Type::kInt32, column.converted = Converted::kInt32; return column;
    case Id::DATE: column.type = Type::kInt32, column.converted = Converted::kDate; return column;
    case Id::BIGINT: column.type = Type::kInt64, column.converted = Converted::kInt64; return column;
    case Id::TIMESTAMP:
    case Id::TIMESTAMP_TZ:
      column.converted = Converted::kTimestampMicros;
      column.utc = type.id() == Id::TIMESTAMP_TZ;
      return column;
    case Id::DECIMAL: break;
    default: return std::nullopt;
  }
  column.converted = Converted::kDecimal;
  column.precision = native::DecimalType::GetWidth(type);
  column.scale = native::DecimalType::GetScale(type);
  const auto physical = type.InternalType();
  column.type = physical == native::PhysicalType::INT128  ? Type::kFixedBytes
                : physical == native::PhysicalType::INT64 ? Type::kInt64
                                                          : Type::kInt32;
  return column;
}

std::unique_ptr<ColumnEncoder> NewColumnEncoder(const native::LogicalType& type) {
  using FixedBytes = std::array<uint64_t, 2>;
  switch (type.InternalType()) {
    case native::PhysicalType::BOOL: return std::make_unique<BooleanEncoder>();
    case native::PhysicalType::INT8: return std::make_unique<NumberEncoder<int8_t, int32_t>>(type);
    case native::PhysicalType::INT16: return std::make_unique<NumberEncoder<int16_t, int32_t>>(type);
    case native::PhysicalType::INT32: return std::make_unique<NumberEncoder<int32_t, int32_t>>(type);
    case native::PhysicalType::INT64: return std::make_unique<NumberEncoder<int64_t, int64_t>>(type);
    case native::PhysicalType::INT128: return std::make_unique<NumberEncoder<native::hugeint_t, FixedBytes>>(type);
    case native::PhysicalType::FLOAT: return std::make_unique<NumberEncoder<float, float>>(type);
    case native::PhysicalType::DOUBLE: return std::make_unique<NumberEncoder<double, double>>(type);
    case native::PhysicalType::VARCHAR: return std::make_unique<TextEncoder>();
    default: NL_UNREACHABLE();
  }
}

}  // namespace neurolake::engine::duckdb::parquet
