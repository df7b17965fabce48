#include "retrieval/hnsw_index.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <thread>

#include "retrieval/tests/retrieval_fixture.h"

namespace neurolake::retrieval {
namespace {

constexpr size_t kDimension = 32;
const EmbeddingModel kModel = {"m", kDimension};
const std::vector<std::string> kOpen = {"open"};
const std::vector<std::string> kBoth = {"open", "secret"};

std::vector<VectorEntry> Entries(size_t count, uint32_t seed) {
  std::vector<VectorEntry> entries;
  for (auto& vector : ClusteredVectors(count, kDimension, seed)) {
    const uint64_t key = entries.size() + 1;
    entries.push_back({key, key % 10 == 0 ? "secret" : "open", std::move(vector)});
  }
  return entries;
}

/// 8,000 vectors, in graphs: far above what is searched one by one.
class HnswRecallTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    entries_ = new std::vector<VectorEntry>(Entries(8000, 1));
    index_ = HnswIndex::Open({.model = kModel, .exact_max = 100}).value().release();
    ASSERT_TRUE(index_->Add(TestContext(), *entries_).has_value());
  }
  static void TearDownTestSuite() {
    delete index_;
    delete entries_;
  }
  static std::vector<std::vector<float>> Questions() { return ClusteredVectors(100, kDimension, 2); }

  static HnswIndex* index_;
  static std::vector<VectorEntry>* entries_;
};
HnswIndex* HnswRecallTest::index_ = nullptr;
std::vector<VectorEntry>* HnswRecallTest::entries_ = nullptr;

TEST_F(HnswRecallTest, FindsTheNearest) { EXPECT_GE(Recall(*index_, *entries_, Questions(), kBoth), 0.95); }

TEST_F(HnswRecallTest, FindsTheNearestOfOnePartition) {
  EXPECT_GE(Recall(*index_, *entries_, Questions(), kOpen), 0.95);
  EXPECT_GE(Recall(*index_, *entries_, Questions(), {"secret"}), 0.95);
}

TEST_F(HnswRecallTest, FindsTheNearestOfATenthThatAFilterTakes) {
  const auto tenth = [](uint64_t key) { return key % 10 == 3; };
  EXPECT_GE(Recall(*index_, *entries_, Questions(), kBoth, tenth), 0.95);
}

TEST_F(HnswRecallTest, FindsAllOfAFewThatAFilterTakes) {
  const auto few = [](uint64_t key) { return key % 1000 == 7; };
  EXPECT_EQ(Recall(*index_, *entries_, Questions(), kBoth, few), 1);
}

TEST_F(HnswRecallTest, ThreadsSearchSideBySide) {
  const auto questions = Questions();
  const auto wanted = index_->Search(TestContext(), {.vector = questions[0], .partitions = kBoth}).value();
  std::atomic<int> same = 0;
  {
    std::vector<std::jthread> threads;
    for (int at = 0; at < 12; ++at) {
      threads.emplace_back([&] {
        const auto hits = index_->Search(TestContext(), {.vector = questions[0], .partitions = kBoth});
        same += hits.has_value() && *hits == wanted ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(same, 12);
}

TEST(HnswIndexTest, FindsTheNearestAfterDeletesAndReplacements) {
  auto entries = Entries(4000, 3);
  const auto index = HnswIndex::Open({.model = kModel, .exact_max = 100}).value();
  ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
  // Less than a quarter: the deleted ones stay as stepping stones.
  std::vector<uint64_t> gone;
  for (uint64_t key = 1; key <= 4000; key += 6) gone.push_back(key);
  ASSERT_TRUE(index->Remove(TestContext(), gone).has_value());
  std::erase_if(entries, [](const VectorEntry& entry) { return entry.key % 6 == 1; });
  const auto questions = ClusteredVectors(60, kDimension, 4);
  EXPECT_GE(Recall(*index, entries, questions, kBoth), 0.95);
  EXPECT_EQ(index->Size(TestContext()).value(), entries.size());
  // And more than a quarter: the graph is built again. Then new vectors for old keys.
  gone.clear();
  for (const VectorEntry& entry : entries) {
    if (entry.key % 2 == 0) gone.push_back(entry.key);
  }
  ASSERT_TRUE(index->Remove(TestContext(), gone).has_value());
  std::erase_if(entries, [](const VectorEntry& entry) { return entry.key % 2 == 0; });
  EXPECT_GE(Recall(*index, entries, questions, kBoth), 0.95);
  const auto moved = ClusteredVectors(100, kDimension, 5);
  for (size_t at = 0; at < moved.size(); ++at) entries[at].vector = moved[at];
  ASSERT_TRUE(index->Add(TestContext(), std::span(entries).first(moved.size())).has_value());
  EXPECT_GE(Recall(*index, entries, questions, kBoth), 0.95);
  EXPECT_EQ(index->Size(TestContext()).value(), entries.size());
}

TEST(HnswIndexTest, WhatOthersMayNotSeeChangesNoAnswer) {
  // The same visible vectors, with and without hidden ones: the answers are equal bit by bit.
  const auto entries = Entries(3000, 7);
  const auto with = HnswIndex::Open({.model = kModel, .exact_max = 100}).value();
  const auto without = HnswIndex::Open({.model = kModel, .exact_max = 100}).value();
  ASSERT_TRUE(with->Add(TestContext(), entries).has_value());
  std::vector<VectorEntry> visible;
  for (const VectorEntry& entry : entries) {
    if (entry.partition == "open") visible.push_back(entry);
  }
  ASSERT_TRUE(without->Add(TestContext(), visible).has_value());
  for (const auto& question : ClusteredVectors(30, kDimension, 8)) {
    const VectorQuery query{.vector = question, .limit = 20, .partitions = kOpen};
    EXPECT_EQ(with->Search(TestContext(), query).value(), without->Search(TestContext(), query).value());
  }
}

TEST(HnswIndexTest, KeepsItsStateInAFile) {
  const TemporaryDirectory directory;
  const auto entries = Entries(1500, 9);
  const HnswOptions options{.model = kModel, .path = directory.File("index"), .exact_max = 100};
  const auto questions = ClusteredVectors(20, kDimension, 10);
  std::vector<std::vector<VectorHit>> wanted;
  {
    const auto index = HnswIndex::Open(options).value();
    ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
    const std::vector<uint64_t> gone = {1, 2, 3};
    ASSERT_TRUE(index->Remove(TestContext(), gone).has_value());
    ASSERT_TRUE(index->Persist(TestContext(), "log:7").has_value());
    for (const auto& question : questions) {
      wanted.push_back(index->Search(TestContext(), {.vector = question, .partitions = kBoth}).value());
    }
  }
  const auto index = HnswIndex::Open(options).value();
  EXPECT_EQ(index->Mark(TestContext()).value(), "log:7");
  EXPECT_EQ(index->Size(TestContext()).value(), 1497U);
  for (size_t at = 0; at < questions.size(); ++at) {
    EXPECT_EQ(index->Search(TestContext(), {.vector = questions[at], .partitions = kBoth}).value(), wanted[at]);
  }
  // And goes on from there.
  ASSERT_TRUE(index->Add(TestContext(), Entries(1600, 9)).has_value());
  EXPECT_EQ(index->Size(TestContext()).value(), 1600U);
}

class HnswFileTest : public testing::Test {
 protected:
  HnswFileTest() {
    const auto index = HnswIndex::Open(Options()).value();
    EXPECT_TRUE(index->Add(TestContext(), Entries(300, 11)).has_value());
    EXPECT_TRUE(index->Persist(TestContext(), "log:1").has_value());
    std::ifstream file(directory_.File("index"), std::ios::binary);
    bytes_ = std::string(std::istreambuf_iterator<char>(file), {});
  }
  HnswOptions Options() const { return {.model = kModel, .path = directory_.File("index"), .exact_max = 100}; }
  void Write(const std::string& bytes) const { std::ofstream(directory_.File("index"), std::ios::binary) << bytes; }
  /// Counts as no index at all.
  void ExpectEmpty(HnswOptions options) const {
    const auto index = HnswIndex::Open(std::move(options));
    ASSERT_TRUE(index.has_value());
    EXPECT_EQ((*index)->Size(TestContext()).value(), 0U);
    EXPECT_EQ((*index)->Mark(TestContext()).value(), "");
  }

  TemporaryDirectory directory_;
  std::string bytes_;
};

TEST_F(HnswFileTest, ATornFileCountsAsNone) {
  for (const size_t kept : {size_t{0}, size_t{7}, size_t{40}, bytes_.size() / 2, bytes_.size() - 1}) {
    Write(bytes_.substr(0, kept));
    ExpectEmpty(Options());
  }
}

TEST_F(HnswFileTest, AFlippedBitAnywhereIsSeen) {
  for (size_t at = 3; at < bytes_.size(); at += bytes_.size() / 50) {
    std::string flipped = bytes_;
    flipped[at] ^= 4;
    Write(flipped);
    ExpectEmpty(Options());
  }
}

TEST_F(HnswFileTest, AFileOfAnotherModelOrDimensionCountsAsNone) {
  HnswOptions other = Options();
  other.model.id = "another";
  ExpectEmpty(other);
  other = Options();
  other.model.dimension = 16;
  ExpectEmpty(other);
  EXPECT_EQ(HnswIndex::Open(Options()).value()->Size(TestContext()).value(), 300U);
}

TEST_F(HnswFileTest, AnUnfinishedNewFileLeavesTheOldOne) {
  std::ofstream(directory_.File("index.new"), std::ios::binary) << bytes_.substr(0, 100);
  EXPECT_EQ(HnswIndex::Open(Options()).value()->Mark(TestContext()).value(), "log:1");
}

TEST(HnswIndexTest, WithoutAnAnswerWhereThereIsNone) {
  const auto index = HnswIndex::Open({.model = kModel}).value();
  const auto question = ClusteredVectors(1, kDimension, 1)[0];
  EXPECT_TRUE(index->Search(TestContext(), {.vector = question, .partitions = kOpen}).value().empty());
  ASSERT_TRUE(index->Add(TestContext(), Entries(5, 1)).has_value());
  EXPECT_EQ(index->Search(TestContext(), {.vector = question, .limit = 99, .partitions = kOpen}).value().size(), 5U);
  EXPECT_TRUE(index->Search(TestContext(), {.vector = question, .limit = 0, .partitions = kOpen}).value().empty());
  ASSERT_TRUE(index->Clear(TestContext()).has_value());
  EXPECT_EQ(index->Size(TestContext()).value(), 0U);
}

TEST(HnswIndexTest, RefusesAModelWithoutADimension) {
  EXPECT_EQ(HnswIndex::Open({.model = {"m", 0}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(HnswIndex::Open({.model = {"", 4}}).error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace neurolake::retrieval
