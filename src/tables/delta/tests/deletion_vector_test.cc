#include "tables/delta/deletion_vector.h"

#include "tables/delta/internal/base85.h"
#include "tables/delta/internal/roaring.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

class DeletionVectorTest : public ::testing::Test {
 protected:
  void ExpectRoundTrip(const std::vector<DeletedRows>& vectors) {
    auto descriptors = WriteDeletionVectors(store_, "/t", vectors);
    ASSERT_TRUE(descriptors.has_value()) << descriptors.error().message();
    ASSERT_EQ(descriptors->size(), vectors.size());
    for (size_t i = 0; i < vectors.size(); ++i) {
      auto rows = ReadDeletionVector(store_, "/t", (*descriptors)[i]);
      ASSERT_TRUE(rows.has_value()) << rows.error().message();
      EXPECT_TRUE(*rows == vectors[i]) << i;
    }
  }
  static DeletedRows Range(uint64_t begin, uint64_t end, uint64_t step = 1) {
    DeletedRows rows;
    for (uint64_t row = begin; row < end; row += step) rows.push_back(row);
    return rows;
  }
  std::string FileOf(const DeletionVectorDescriptor&) {
    auto listed = store_.List("/t", "deletion_vector_");
    return listed->at(0).path;
  }

  MemoryStore store_;
};

/// The rows of the protocol's third example; its own text there lacks the magic number, so other readers test this one.
TEST_F(DeletionVectorTest, InlineExampleOfOtherReaders) {
  DeletionVectorDescriptor descriptor{.storage_type = "i",
                                      .path_or_inline_dv = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
                                      .size_bytes = 44,
                                      .cardinality = 6};
  auto rows = ReadDeletionVector(store_, "/t", descriptor);
  ASSERT_TRUE(rows.has_value()) << rows.error().message();
  EXPECT_EQ(*rows, (DeletedRows{3, 4, 7, 11, 18, 29}));
}

TEST_F(DeletionVectorTest, FileNameExampleOfTheProtocol) {
  auto bytes = internal::DecodeBase85("^-aqEH.-t@S}K{vb[*k^").value();
  EXPECT_EQ(bytes.size(), 16u);
  EXPECT_EQ(internal::EncodeBase85(bytes), "^-aqEH.-t@S}K{vb[*k^");
  DeletionVectorDescriptor descriptor{.storage_type = "u",
                                      .path_or_inline_dv = "ab^-aqEH.-t@S}K{vb[*k^",
                                      .offset = 1,
                                      .size_bytes = 1,
                                      .cardinality = 1};
  auto error = ReadDeletionVector(store_, "/t", descriptor).error();
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(error.message().contains("/t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"));
}

TEST_F(DeletionVectorTest, EveryContainerComesBack) {
  DeletedRows mixed = Range(0, 70000);                                          // Runs.
  for (uint64_t row : Range(200000, 260000, 3)) mixed.push_back(row);           // Bitmaps.
  for (uint64_t row : {300000ull, 300002ull, 400000ull}) mixed.push_back(row);  // Arrays.
  for (uint64_t row : Range(6ull << 32, (6ull << 32) + 10)) mixed.push_back(row);
  mixed.push_back((0x7fffffffull << 32) + 0xffffffff);
  ExpectRoundTrip({{},
                   {0},
                   {65535, 65536},
                   Range(0, 65536),
                   Range(0, 65536, 2),
                   Range(0, 8192, 2),
                   Range(1, 8195, 2),
                   Range(0, 4 * 65536 + 1),
                   {0xffffffff, 0x100000000},
                   mixed});
}

TEST_F(DeletionVectorTest, RandomSetsComeBack) {
  uint64_t seed = 42;
  auto next = [&] { return seed = seed * 6364136223846793005ull + 1442695040888963407ull, seed >> 33; };
  for (int round = 0; round < 30; ++round) {
    DeletedRows rows;
    const uint64_t range = uint64_t{1} << (4 + next() % 20);
    for (uint64_t i = 0; i < 3000; ++i) rows.push_back(next() % range);
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    ExpectRoundTrip({rows, rows});
  }
}

TEST_F(DeletionVectorTest, NothingToWriteWritesNothing) {
  EXPECT_TRUE(WriteDeletionVectors(store_, "/t", {})->empty());
  EXPECT_TRUE(store_.List("/t", "")->empty());
}

TEST_F(DeletionVectorTest, RowsMustBeAscending) {
  for (const DeletedRows& rows : {DeletedRows{2, 1}, DeletedRows{1, 1}, DeletedRows{uint64_t{1} << 63}}) {
    EXPECT_EQ(WriteDeletionVectors(store_, "/t", {rows}).error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST_F(DeletionVectorTest, DescriptorsThatDoNotFitAreCorruption) {
  auto good = WriteDeletionVectors(store_, "/t", {{1, 2, 3}, {7}}).value()[1];
  auto expect_corrupt = [&](auto change) {
    DeletionVectorDescriptor bad = good;
    change(bad);
    auto rows = ReadDeletionVector(store_, "/t", bad);
    ASSERT_FALSE(rows.has_value());
    EXPECT_EQ(rows.error().code(), ErrorCode::kCorruption) << rows.error().message();
  };
  EXPECT_TRUE(ReadDeletionVector(store_, "/t", good).has_value());
  expect_corrupt([](auto& d) { d.cardinality = 2; });
  expect_corrupt([](auto& d) { d.cardinality = -1; });
  expect_corrupt([](auto& d) { d.size_bytes -= 1; });
  expect_corrupt([](auto& d) { d.size_bytes = 1 << 30; });
  expect_corrupt([](auto& d) { d.offset = 1; });
  expect_corrupt([](auto& d) { d.offset = 1 << 30; });
  expect_corrupt([](auto& d) { d.storage_type = "x"; });
  expect_corrupt([](auto& d) { d.path_or_inline_dv = "short"; });
  expect_corrupt([](auto& d) { d.path_or_inline_dv = std::string(20, '~'); });
  expect_corrupt([](auto& d) { d.storage_type = "i"; });
  DeletionVectorDescriptor huge = good;
  huge.cardinality = int64_t{1} << 40;
  EXPECT_EQ(ReadDeletionVector(store_, "/t", huge).error().code(), ErrorCode::kNotSupported);
}

TEST_F(DeletionVectorTest, AbsolutePathsStayInsideTheTable) {
  auto written = WriteDeletionVectors(store_, "/t", {{1, 5}}).value()[0];
  DeletionVectorDescriptor absolute = written;
  absolute.storage_type = "p";
  absolute.path_or_inline_dv = FileOf(written);
  EXPECT_EQ(ReadDeletionVector(store_, "/t", absolute).value(), (DeletedRows{1, 5}));
  absolute.path_or_inline_dv = "/etc/passwd";
  EXPECT_EQ(ReadDeletionVector(store_, "/t", absolute).error().code(), ErrorCode::kPermissionDenied);
}

/// Every cut and every flipped bit of the file is noticed: the checksum, the sizes and the version byte see to it.
TEST_F(DeletionVectorTest, DamagedFilesAreAlwaysNoticed) {
  auto written = WriteDeletionVectors(store_, "/t", {Range(0, 9000, 2)}).value()[0];
  const std::string path = FileOf(written);
  const std::string good = store_.Read(path).value();
  for (size_t length = 0; length < good.size(); length += 7) {
    ASSERT_TRUE(store_.Put(path, good.substr(0, length)).has_value());
    EXPECT_EQ(ReadDeletionVector(store_, "/t", written).error().code(), ErrorCode::kCorruption);
  }
  for (size_t bit = 0; bit < good.size() * 8; bit += 11) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << (bit % 8));
    ASSERT_TRUE(store_.Put(path, bad).has_value());
    EXPECT_EQ(ReadDeletionVector(store_, "/t", written).error().code(), ErrorCode::kCorruption);
  }
}

/// Behind the checksum: the bitmap itself, damaged in every way, gives rows or an error and never anything else.
TEST_F(DeletionVectorTest, DamagedBitmapsNeverDoWorse) {
  DeletedRows rows = Range(0, 300);
  for (uint64_t row : Range(70000, 80000, 2)) rows.push_back(row);
  for (uint64_t row : Range(140000, 140100, 3)) rows.push_back(row);
  for (uint64_t row : Range(1ull << 32, (1ull << 32) + 5)) rows.push_back(row);
  const std::string good = internal::SerializeRoaring(rows);
  const auto cardinality = static_cast<int64_t>(rows.size());
  ASSERT_TRUE(internal::ParseRoaring(good, cardinality).value() == rows);
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(internal::ParseRoaring(std::string_view(good).substr(0, length), cardinality).has_value());
  }
  EXPECT_FALSE(internal::ParseRoaring(good + "x", cardinality).has_value());
  int survivors = 0;
  for (size_t bit = 0; bit < good.size() * 8; bit += 7) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << (bit % 8));
    auto parsed = internal::ParseRoaring(bad, cardinality);
    if (!parsed.has_value()) continue;
    ++survivors;
    EXPECT_EQ(parsed->size(), rows.size());
    EXPECT_TRUE(std::ranges::adjacent_find(*parsed, std::ranges::greater_equal()) == parsed->end());
  }
  EXPECT_GT(survivors, 0);
}

TEST_F(DeletionVectorTest, AFewBytesOfRunsDoNotUnpackToGigabytes) {
  std::string bytes = internal::SerializeRoaring(Range(0, 65536));
  EXPECT_LT(bytes.size(), 64u);
  EXPECT_EQ(internal::ParseRoaring(bytes, 5).error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace neurolake::tables::delta
