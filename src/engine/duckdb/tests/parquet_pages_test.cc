#include "engine/duckdb/internal/parquet_pages.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/duckdb/internal/value_dictionary.h"

namespace neurolake::engine::duckdb::parquet {
namespace {

uint64_t TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.at(0));
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

/// As the format describes runs and packed groups.
std::vector<uint32_t> ReadHybrid(std::string_view bytes, int width, size_t count) {
  std::vector<uint32_t> numbers;
  while (numbers.size() < count) {
    const uint64_t head = TakeVarint(bytes);
    if ((head & 1) == 0) {
      uint32_t value = 0;
      for (int i = 0; i < (width + 7) / 8; ++i)
        value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes.at(i))) << 8 * i;
      bytes.remove_prefix(static_cast<size_t>((width + 7) / 8));
      numbers.insert(numbers.end(), head >> 1, value);
      continue;
    }
    const size_t bits = (head >> 1) * 8 * static_cast<size_t>(width);
    for (size_t bit = 0; bit < bits; bit += static_cast<size_t>(width)) {
      uint64_t value = 0;
      for (size_t i = 0; i < static_cast<size_t>(width); ++i) {
        value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes.at((bit + i) / 8)) >> (bit + i) % 8 & 1) << i;
      }
      numbers.push_back(static_cast<uint32_t>(value));
    }
    bytes.remove_prefix(bits / 8);
  }
  EXPECT_TRUE(bytes.empty());
  numbers.resize(count);  // The last group is filled up.
  return numbers;
}

TEST(ParquetPagesTest, RunsAndGroupsOfEveryWidth) {
  for (int width = 1; width <= 32; ++width) {
    const uint32_t mask = width == 32 ? ~uint32_t{0} : (uint32_t{1} << width) - 1;
    std::vector<uint32_t> numbers;
    uint64_t state = 7;
    for (int i = 0; i < 1003; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      // Stretches of one value between others, of lengths around those that matter.
      numbers.insert(numbers.end(), i % 10 == 0 ? static_cast<size_t>(i % 23) : 1U,
                     static_cast<uint32_t>(state >> 32) & mask);
    }
    ByteBuffer bytes;
    AppendHybrid(numbers, width, bytes);
    EXPECT_EQ(ReadHybrid(bytes.view(), width, numbers.size()), numbers) << width;
  }
}

TEST(ParquetPagesTest, OneValueTakesAFewBytes) {
  ByteBuffer bytes;
  AppendHybrid(std::vector<uint32_t>(1'000'000, 3), 2, bytes);
  EXPECT_LE(bytes.size(), 5U);
}

TEST(ParquetPagesTest, LevelsSayWhichRowsAreNull) {
  std::vector<uint64_t> first(2, ~uint64_t{0}), second(3, ~uint64_t{0});
  first[1] &= ~uint64_t{4};    // Row 66.
  second[0] &= ~uint64_t{1};   // Row 100.
  second[2] &= ~uint64_t{16};  // Row 232.
  const std::vector<ValueRun> runs = {{.validity = first.data(), .count = 100},
                                      {.validity = second.data(), .count = 140}};
  for (const auto& [begin, count] : {std::pair<size_t, size_t>{0, 240}, {3, 230}, {60, 50}, {101, 130}, {233, 7}}) {
    ByteBuffer bytes;
    AppendLevels(runs, begin, count, bytes);
    uint32_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof(length));
    EXPECT_EQ(length, bytes.size() - sizeof(length));
    std::vector<uint32_t> expected;
    for (size_t row = begin; row < begin + count; ++row)
      expected.push_back(row == 66 || row == 100 || row == 232 ? 0 : 1);
    EXPECT_EQ(ReadHybrid(bytes.view().substr(sizeof(length)), 1, count), expected) << begin;
  }
}

TEST(ParquetPagesTest, ADictionaryTellsValuesApartByTheirBits) {
  ValueDictionary<double> numbers;
  numbers.Clear(4);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(numbers.Number(0.0), 0U);
  EXPECT_EQ(numbers.Number(-0.0), 1U);
  EXPECT_EQ(numbers.Number(nan), 2U);
  EXPECT_EQ(numbers.Number(nan), 2U);
  EXPECT_EQ(numbers.Number(1.0), 3U);
  EXPECT_EQ(numbers.Number(2.0), ValueDictionary<double>::kFull);
  EXPECT_EQ(numbers.Number(1.0), 3U);
  ValueDictionary<native::string_t> texts;
  texts.Clear(8);
  EXPECT_EQ(texts.Number("a"), 0U);
  EXPECT_EQ(texts.Number(""), 1U);
  EXPECT_EQ(texts.Number("longer than twelve bytes, one"), 2U);
  EXPECT_EQ(texts.Number("longer than twelve bytes, two"), 3U);
  EXPECT_EQ(texts.Number(native::string_t("a\0", 2)), 4U);
  EXPECT_EQ(texts.Number("longer than twelve bytes, one"), 2U);
}

/// Pages of one chunk of `rows` bytes each, and what became of them.
ColumnChunk WritePages(Codec codec, const std::vector<std::string>& pages, std::string& out) {
  PageWriter writer(codec, 0, [&](std::string_view bytes) { out += bytes; });
  writer.BeginChunk();
  for (const std::string& page : pages) {
    writer.page().Append(page.data(), page.size());
    writer.WritePage(page.size(), Encoding::kPlain);
  }
  EXPECT_EQ(writer.offset(), out.size());
  return writer.EndChunk();
}

TEST(ParquetPagesTest, WhatDoesNotCompressIsStoredAsItIs) {
  std::string noise;
  uint64_t state = 1;
  for (int i = 0; i < 100'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    noise += static_cast<char>(state >> 56);
  }
  for (const Codec codec : {Codec::kSnappy, Codec::kZstd}) {
    std::string out;
    const ColumnChunk as_is = WritePages(codec, {noise, noise}, out);
    EXPECT_EQ(as_is.codec, Codec::kUncompressed);
    EXPECT_EQ(as_is.compressed_bytes, as_is.uncompressed_bytes);
    EXPECT_NE(out.find(noise), std::string::npos);
    out.clear();
    const ColumnChunk compressed = WritePages(codec, {std::string(100'000, 'x'), noise}, out);
    EXPECT_EQ(compressed.codec, codec);
    EXPECT_LT(compressed.compressed_bytes, compressed.uncompressed_bytes * 6 / 10);
    EXPECT_EQ(compressed.compressed_bytes, static_cast<int64_t>(out.size()));
    EXPECT_EQ(compressed.value_count, 200'000);
  }
}

TEST(ParquetPagesTest, ABloomFilterForgetsNothing) {
  BloomFilter filter(1000);
  EXPECT_EQ(filter.words().size() * 32, size_t{16384});
  for (int64_t i = 0; i < 1000; ++i) filter.Add(&i, sizeof(i));
  const auto before = filter.words();
  for (int64_t i = 0; i < 1000; ++i) filter.Add(&i, sizeof(i));
  EXPECT_EQ(filter.words(), before);
  int fresh = 0;
  for (int64_t i = 1000; i < 2000; ++i) {
    BloomFilter more = filter;
    more.Add(&i, sizeof(i));
    fresh += more.words() == before ? 0 : 1;
  }
  EXPECT_GE(fresh, 970);
}

}  // namespace
}  // namespace neurolake::engine::duckdb::parquet
