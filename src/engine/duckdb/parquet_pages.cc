#include "engine/duckdb/internal/parquet_pages.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "common/check.h"

// The engine's own compressor and hash, which its library gives away without headers.
namespace duckdb_snappy {
size_t MaxCompressedLength(size_t source_bytes);
void RawCompress(const char* input, size_t input_length, char* compressed, size_t* compressed_length);
}  // namespace duckdb_snappy
namespace duckdb_zstd {
unsigned long long XXH64(const void* input, size_t length, unsigned long long seed);
}

namespace neurolake::engine::duckdb::parquet {
namespace {

/// What compresses to more than this share of itself is stored as it is: readers are spared more than it is worth.
constexpr double kPaysBelow = 0.875;
/// Looked at to find out.
constexpr size_t kTrialBytes = size_t{64} << 10;
constexpr int kZstdLevel = ZSTD_CLEVEL_DEFAULT;
constexpr size_t kRunMin = 8;
constexpr size_t kBloomBlockWords = 8;

size_t CompressedMax(Codec codec, size_t bytes) {
  return codec == Codec::kSnappy ? duckdb_snappy::MaxCompressedLength(bytes) : ZSTD_compressBound(bytes);
}

size_t Compress(Codec codec, std::string_view bytes, char* out, size_t room) {
  if (codec == Codec::kSnappy) {
    size_t size = 0;
    duckdb_snappy::RawCompress(bytes.data(), bytes.size(), out, &size);
    return size;
  }
  const size_t size = ZSTD_compress(out, room, bytes.data(), bytes.size(), kZstdLevel);
  NL_CHECK(ZSTD_isError(size) == 0U);
  return size;
}

/// Eight numbers, `width` bytes.
void AppendGroup(const uint32_t* numbers, size_t count, int width, ByteBuffer& out) {
  char* room = out.Room(static_cast<size_t>(width) + sizeof(uint64_t));
  uint64_t bits = 0;
  int filled = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < 8; ++i) {
    bits |= static_cast<uint64_t>(i < count ? numbers[i] : 0) << filled;
    filled += width;
    for (; filled >= 8; filled -= 8, bits >>= 8) room[bytes++] = static_cast<char>(bits);
  }
  out.Grow(static_cast<size_t>(width));
}

void AppendGroups(std::span<const uint32_t> numbers, int width, ByteBuffer& out) {
  if (numbers.empty()) return;
  const size_t groups = (numbers.size() + 7) / 8;
  out.AppendVarint(groups << 1 | 1);
  for (size_t i = 0; i < numbers.size(); i += 8) {
    AppendGroup(numbers.data() + i, std::min<size_t>(8, numbers.size() - i), width, out);
  }
}

/// The bits from `first`, of which `count` (at most 32) are wanted.
uint64_t Bits(const uint64_t* words, size_t first, size_t count) {
  const size_t shift = first % 64;
  uint64_t bits = words[first / 64] >> shift;
  if (shift + count > 64) bits |= words[first / 64 + 1] << (64 - shift);
  return bits & ((uint64_t{1} << count) - 1);
}

}  // namespace

bool ValueRun::AllValid(size_t first, size_t rows) const {
  for (size_t row = first; row < first + rows; row += 32) {
    const size_t count = std::min<size_t>(32, first + rows - row);
    if (Bits(validity, row, count) != (uint64_t{1} << count) - 1) return false;
  }
  return true;
}

void ByteBuffer::Reserve(size_t capacity) {
  capacity = std::max(capacity, 2 * capacity_);
  decltype(bytes_) bytes(static_cast<char*>(::operator new[](capacity, std::align_val_t(kAlignment))));
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

void ByteBuffer::AppendVarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) AppendByte(static_cast<uint8_t>(value | 0x80));
  AppendByte(static_cast<uint8_t>(value));
}

void AppendHybrid(std::span<const uint32_t> numbers, int width, ByteBuffer& out) {
  size_t packed = 0;  // Where numbers begin that are not written yet: a multiple of eight before `i`.
  for (size_t i = 0; i < numbers.size();) {
    size_t run = 1;
    while (i + run < numbers.size() && numbers[i + run] == numbers[i]) ++run;
    if (run < kRunMin) {
      i += std::min<size_t>(8, numbers.size() - i);
      continue;
    }
    AppendGroups(numbers.subspan(packed, i - packed), width, out);
    out.AppendVarint(run << 1);
    for (int bit = 0; bit < width; bit += 8) out.AppendByte(static_cast<uint8_t>(numbers[i] >> bit));
    i += run;
    packed = i;
  }
  AppendGroups(numbers.subspan(packed), width, out);
}

void AppendLevels(std::span<const ValueRun> runs, size_t first, size_t count, ByteBuffer& out) {
  const size_t begin = out.size();
  out.Append("\0\0\0\0", 4);
  bool all_valid = true;
  VisitRows(runs, first, count,
            [&](const ValueRun& run, size_t row, size_t rows) { all_valid = all_valid && run.AllValid(row, rows); });
  if (all_valid) {
    out.AppendVarint(count << 1);
    out.AppendByte(1);
  } else {
    out.AppendVarint((count + 7) / 8 << 1 | 1);
    uint64_t bits = 0;
    size_t filled = 0;
    VisitRows(runs, first, count, [&](const ValueRun& run, size_t row, size_t rows) {
      for (size_t done = 0; done < rows; done += 32) {
        const size_t next = std::min<size_t>(32, rows - done);
        bits |= Bits(run.validity, row + done, next) << filled;
        for (filled += next; filled >= 8; filled -= 8, bits >>= 8) out.AppendByte(static_cast<uint8_t>(bits));
      }
    });
    if (filled > 0) out.AppendByte(static_cast<uint8_t>(bits));
  }
  const auto length = static_cast<uint32_t>(out.size() - begin - 4);
  std::memcpy(out.data() + begin, &length, sizeof(length));
}

BloomFilter::BloomFilter(size_t values) {
  const double bits = -8.0 * static_cast<double>(std::max<size_t>(1, values)) / std::log(1 - std::pow(0.01, 1.0 / 8));
  words_.resize(std::bit_ceil(std::max(kBloomBlockWords, static_cast<size_t>(bits / 32))));
}

void BloomFilter::Add(const void* bytes, size_t size) {
  constexpr uint32_t kSalts[] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                 0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
  const uint64_t hash = duckdb_zstd::XXH64(bytes, size, 0);
  const uint64_t block = (hash >> 32) * (words_.size() / kBloomBlockWords) >> 32;
  for (size_t i = 0; i < kBloomBlockWords; ++i) {
    words_[block * kBloomBlockWords + i] |= uint32_t{1} << (static_cast<uint32_t>(hash) * kSalts[i] >> 27);
  }
}

void PageWriter::BeginChunk() {
  chunk_ = {.codec = codec_, .data_offset = -1};
  decided_ = codec_ == Codec::kUncompressed;
  page_.Clear();
}

bool PageWriter::Pays() {
  const std::string_view trial = page_.view().substr(0, kTrialBytes);
  const size_t room = CompressedMax(codec_, trial.size());
  compressed_.Clear();
  const size_t size = Compress(codec_, trial, compressed_.Room(room), room);
  return static_cast<double>(size) < kPaysBelow * static_cast<double>(trial.size());
}

void PageWriter::Write(PageHeader header) {
  if (!decided_ && !header.dictionary && !chunk_.has_dictionary && !Pays()) chunk_.codec = Codec::kUncompressed;
  decided_ = true;
  std::string_view body = page_.view();
  header.uncompressed_bytes = body.size();
  if (chunk_.codec != Codec::kUncompressed) {
    const size_t room = CompressedMax(codec_, body.size());
    compressed_.Clear();
    body = {compressed_.Room(room), Compress(codec_, body, compressed_.Room(room), room)};
  }
  header.compressed_bytes = body.size();
  NL_CHECK(header.uncompressed_bytes <= static_cast<size_t>(std::numeric_limits<int32_t>::max()));
  header_.clear();
  AppendPageHeader(header, header_);
  Put(header_);
  Put(body);
  chunk_.uncompressed_bytes += static_cast<int64_t>(header_.size() + header.uncompressed_bytes);
  chunk_.compressed_bytes += static_cast<int64_t>(header_.size() + header.compressed_bytes);
  page_.Clear();
}

void PageWriter::WriteDictionary(size_t values) {
  chunk_.has_dictionary = true;
  chunk_.dictionary_offset = static_cast<int64_t>(offset_);
  Write({.dictionary = true, .value_count = values});
}

void PageWriter::WritePage(size_t rows, Encoding encoding) {
  if (chunk_.data_offset < 0) chunk_.data_offset = static_cast<int64_t>(offset_);
  chunk_.value_count += static_cast<int64_t>(rows);
  Write({.value_count = rows, .encoding = encoding});
}

ColumnChunk PageWriter::EndChunk() { return std::move(chunk_); }

void PageWriter::WriteBloomFilters(RowGroup& group, const std::vector<std::unique_ptr<BloomFilter>>& filters) {
  for (size_t i = 0; i < filters.size(); ++i) {
    if (filters[i] == nullptr) continue;
    const auto words = std::as_bytes(std::span(filters[i]->words()));
    header_.clear();
    AppendBloomHeader(words.size(), header_);
    group.columns[i].bloom_offset = static_cast<int64_t>(offset_);
    group.columns[i].bloom_bytes = static_cast<int64_t>(header_.size() + words.size());
    Put(header_);
    Put({reinterpret_cast<const char*>(words.data()), words.size()});
  }
}

void PageWriter::Put(std::string_view bytes) {
  output_(bytes);
  offset_ += bytes.size();
}

}  // namespace neurolake::engine::duckdb::parquet
