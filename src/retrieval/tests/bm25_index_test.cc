#include "retrieval/bm25_index.h"

#include <gmock/gmock.h>

#include <cmath>

#include "retrieval/terms.h"

namespace neurolake::retrieval {
namespace {

const PartitionMask kAll = {true, true, true};

std::vector<uint64_t> KeysOf(const std::vector<Bm25Hit>& hits) {
  std::vector<uint64_t> keys;
  for (const Bm25Hit& hit : hits) keys.push_back(hit.key);
  return keys;
}

TEST(Bm25IndexTest, ScoresAsTheFormulaSays) {
  Bm25Index index;
  index.Add(1, 0, {"a", "b"});
  index.Add(2, 0, {"a", "a", "c", "d"});
  const auto hits = index.Search({"a"}, kAll, 10, nullptr);
  ASSERT_EQ(hits.size(), 2U);
  const double rarity = std::log(1 + (2 - 2 + 0.5) / (2 + 0.5));
  const auto score = [&](double count, double length) {
    return rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / 3));
  };
  EXPECT_EQ(hits[0].key, 2U);
  EXPECT_NEAR(hits[0].score, score(2, 4), 1e-12);
  EXPECT_NEAR(hits[1].score, score(1, 2), 1e-12);
}

TEST(Bm25IndexTest, RareTermsWeighMore) {
  Bm25Index index;
  index.Add(1, 0, {"common", "rare"});
  index.Add(2, 0, {"common", "common"});
  index.Add(3, 0, {"common", "other"});
  EXPECT_EQ(KeysOf(index.Search({"common", "rare"}, kAll, 10, nullptr))[0], 1U);
}

TEST(Bm25IndexTest, EqualScoresComeByKey) {
  Bm25Index index;
  for (const uint64_t key : {9, 3, 7, 1}) index.Add(key, 0, {"same"});
  EXPECT_THAT(KeysOf(index.Search({"same"}, kAll, 3, nullptr)), testing::ElementsAre(1, 3, 7));
}

TEST(Bm25IndexTest, HiddenTextsMoveNoScore) {
  Bm25Index without;
  without.Add(1, 0, {"salary", "bands"});
  without.Add(2, 0, {"holiday", "calendar", "salary"});
  Bm25Index with;
  with.Add(1, 0, {"salary", "bands"});
  with.Add(2, 0, {"holiday", "calendar", "salary"});
  for (uint64_t key = 100; key < 200; ++key) with.Add(key, 1, {"salary", "secret", "salary", "ceo", "long", "text"});
  const PartitionMask first = {true, false};
  const auto wanted = without.Search({"salary", "secret", "calendar"}, first, 10, nullptr);
  const auto seen = with.Search({"salary", "secret", "calendar"}, first, 10, nullptr);
  ASSERT_EQ(seen.size(), wanted.size());
  for (size_t at = 0; at < seen.size(); ++at) {
    EXPECT_EQ(seen[at].key, wanted[at].key);
    EXPECT_EQ(seen[at].score, wanted[at].score);
  }
  EXPECT_EQ(with.Search({"secret"}, first, 10, nullptr).size(), 0U);
  EXPECT_EQ(with.Search({"secret"}, {false, true}, 1000, nullptr).size(), 100U);
}

TEST(Bm25IndexTest, RemovedTextsLeaveNoTrace) {
  Bm25Index index;
  index.Add(1, 0, {"a", "b"});
  const double before = index.Search({"a"}, kAll, 1, nullptr)[0].score;
  index.Add(2, 0, {"a", "c", "c"});
  index.Remove(2);
  index.Remove(2);
  EXPECT_EQ(index.Search({"a"}, kAll, 1, nullptr)[0].score, before);
  EXPECT_TRUE(index.Search({"c"}, kAll, 1, nullptr).empty());
  EXPECT_EQ(index.size(), 1U);
}

TEST(Bm25IndexTest, TakesAFilter) {
  Bm25Index index;
  for (uint64_t key = 1; key <= 6; ++key) index.Add(key, 0, {"x"});
  const auto even = [](uint64_t key) { return key % 2 == 0; };
  EXPECT_THAT(KeysOf(index.Search({"x"}, kAll, 10, even)), testing::ElementsAre(2, 4, 6));
}

TEST(Bm25IndexTest, NothingIsFoundForNothing) {
  Bm25Index index;
  EXPECT_TRUE(index.Search({"a"}, kAll, 10, nullptr).empty());
  index.Add(1, 0, {});
  EXPECT_TRUE(index.Search({}, kAll, 10, nullptr).empty());
  EXPECT_TRUE(index.Search({"a"}, {}, 10, nullptr).empty());
}

}  // namespace
}  // namespace neurolake::retrieval
