#include "retrieval/text_index.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "retrieval/index_place.h"
#include "retrieval/tests/retrieval_fixture.h"
#include "retrieval/tests/vector_servers.h"
#include "retrieval/vector_cache.h"

namespace neurolake::retrieval {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The table of word embeddings, counting what it is asked for.
class CountingEmbedder final : public Embedder {
 public:
  explicit CountingEmbedder(std::string id = "") : model_(table_->model()) {
    if (!id.empty()) model_.id = std::move(id);
  }
  const EmbeddingModel& model() const override { return model_; }
  Result<EmbeddingBatch> Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const override {
    embedded += texts.size();
    return table_->Embed(ctx, texts);
  }
  mutable size_t embedded = 0;

 private:
  std::unique_ptr<StaticEmbedder> table_ = OpenTable();
  EmbeddingModel model_;
};

const TextGroup kSales{"model:sales", {"revenue: money that customers paid", "orders: how many were placed"}};
const TextGroup kStaff{"model:staff", {"payroll: salaries of all employees", "merger: what Acme is worth"}};

std::unique_ptr<TextIndex> Open(const std::string& folder = "",
                                std::shared_ptr<const Embedder> embedder = OpenTable()) {
  return TextIndex::Open(TestContext(), {.folder = folder}, std::move(embedder)).value();
}

std::vector<TextHit> Find(TextIndex& index, std::vector<TextGroup> groups, std::string_view text, bool lasting = true) {
  return index.Rank(TestContext(), {.groups = groups, .text = text, .lasting = lasting}).value();
}

std::vector<std::string> TextsOf(const std::vector<TextGroup>& groups, const std::vector<TextHit>& hits) {
  std::vector<std::string> texts;
  for (const TextHit& hit : hits) texts.push_back(groups[hit.group].texts[hit.index]);
  return texts;
}

/// All that a searcher can tell.
using Seen = std::vector<std::tuple<size_t, size_t, double, double>>;
Seen SeenOf(const std::vector<TextHit>& hits) {
  Seen seen;
  for (const TextHit& hit : hits) seen.emplace_back(hit.group, hit.index, hit.meaning, hit.words);
  return seen;
}

std::string BytesIn(const std::string& folder) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(stream), {});
  }
  return bytes;
}

TEST(TextIndexTest, TheNearestByMeaningAndByWordComesFirst) {
  const auto index = Open();
  const std::vector<TextGroup> groups = {kSales, kStaff};
  EXPECT_EQ(TextsOf(groups, Find(*index, groups, "how much were workers paid in wages")).front(), kStaff.texts[0]);
  EXPECT_EQ(TextsOf(groups, Find(*index, groups, "Acme")).front(), kStaff.texts[1]);
  const auto hits = Find(*index, groups, "turnover");
  ASSERT_EQ(hits.size(), 4U);
  EXPECT_EQ(TextsOf(groups, hits).front(), kSales.texts[0]);
  for (size_t at = 1; at < hits.size(); ++at) EXPECT_GE(hits[at - 1].Score(), hits[at].Score());
  EXPECT_EQ(index->Rank(TestContext(), {.groups = groups, .text = "turnover", .limit = 1})->size(), 1U);
}

TEST(TextIndexTest, NobodyFindsWhatTheyDidNotBring) {
  const auto index = Open();
  EXPECT_THAT(Find(*index, {kStaff}, "merger"), testing::SizeIs(2));
  const std::vector<TextGroup> own = {kSales};
  for (const char* question : {"merger with Acme", "payroll", "revenue"}) {
    for (const std::string& text : TextsOf(own, Find(*index, own, question))) {
      EXPECT_THAT(kSales.texts, testing::Contains(text));
    }
  }
  EXPECT_THAT(Find(*index, {}, "merger"), IsEmpty());
  EXPECT_THAT(Find(*index, {{"model:empty", {}}}, "merger"), IsEmpty());
}

// Pairs of lakes: one in which others have searched through what is hidden before, and one without any of it.
TEST(TextIndexTest, WhatOthersBroughtChangesNoScoreAndNoOrder) {
  const auto empty = Open();
  const auto full = Open();
  std::vector<TextGroup> hidden = {kStaff};
  // Nearly what one sees oneself: one text more, one other word, another order.
  hidden.push_back({kSales.name, {kSales.texts[0], kSales.texts[1], "merger: revenue of Acme after it"}});
  hidden.push_back({kSales.name, {kSales.texts[0], "orders: how many Acme placed"}});
  hidden.push_back({kSales.name, {kSales.texts[1], kSales.texts[0]}});
  for (int at = 0; at < 60; ++at) {
    hidden.push_back({fmt::format("model:{}", at), {fmt::format("revenue orders customers Acme {}", at)}});
  }
  Find(*full, hidden, "Acme");
  const std::vector<TextGroup> own = {kSales, {"catalogue:main", {"main.orders", "main.customers"}}};
  for (const char* question : {"Acme", "merger revenue", "orders customers", "money", "payroll"}) {
    const Seen alone = SeenOf(Find(*empty, own, question));
    EXPECT_EQ(SeenOf(Find(*full, own, question)), alone) << question;
    EXPECT_EQ(alone.size(), 4U);
  }
  EXPECT_THAT(TextsOf(hidden, Find(*full, hidden, "merger")).front(), testing::HasSubstr("merger"));
}

TEST(TextIndexTest, WhatChangedIsFoundAsItIsNow) {
  const auto index = Open();
  Find(*index, {kSales}, "revenue");
  const std::vector<TextGroup> changed = {{kSales.name, {"refunds: money given back"}}};
  EXPECT_THAT(TextsOf(changed, Find(*index, changed, "revenue")), ElementsAre("refunds: money given back"));
}

TEST(TextIndexTest, TextsAreKeptFromOneProcessToTheNext) {
  const TemporaryDirectory directory;
  const std::string folder = directory.File("texts");
  const auto first = std::make_shared<CountingEmbedder>();
  const Seen before = SeenOf(Find(*Open(folder, first), {kSales}, "money"));
  EXPECT_EQ(first->embedded, 3U);
  const auto second = std::make_shared<CountingEmbedder>();
  const auto index = Open(folder, second);
  EXPECT_EQ(SeenOf(Find(*index, {kSales}, "money")), before);
  EXPECT_EQ(second->embedded, 1U);  // The question.
  EXPECT_EQ(index->model().dimension, 256U);
}

TEST(TextIndexTest, OfOneNameTheVersionsUsedLastAreKept) {
  const auto embedder = std::make_shared<CountingEmbedder>();
  const auto index = Open("", embedder);
  const auto find = [&](size_t at) {
    Find(*index, {{"model:sales", {fmt::format("revenue {}", at)}}}, "revenue", /*lasting=*/false);
  };
  for (size_t at = 0; at <= TextIndex::kVersionsMax; ++at) {
    find(at);
    find(0);  // It stays, as it is used.
  }
  const size_t all = embedder->embedded;
  find(0);
  EXPECT_EQ(embedder->embedded, all + 1);
  find(1);
  EXPECT_EQ(embedder->embedded, all + 3);
}

TEST(TextIndexTest, WhileItsServerIsAwayTheSameIsFound) {
  bool away = false;
  const auto make = [&](const EmbeddingModel& model) -> Result<std::unique_ptr<VectorIndex>> {
    return std::make_unique<AwayIndex>(model, away);
  };
  const auto index = TextIndex::Open(TestContext(), {.lasting_index = make}, OpenTable()).value();
  const auto embedded = Open();
  const std::vector<TextGroup> more = {kSales, kStaff, {"model:late", {"turnover of the shop"}}};
  Find(*index, {kSales}, "turnover");
  // What came while it was away is found afterwards, too, before anything else changes.
  for (const bool gone : {true, false}) {
    away = gone;
    for (const char* question : {"turnover", "Acme", "wages"}) {
      EXPECT_EQ(SeenOf(Find(*index, more, question)), SeenOf(Find(*embedded, more, question))) << question << gone;
    }
  }
}

class TextIndexPlaceTest : public testing::TestWithParam<const char*> {};

// Vectors of what lasts are in the server; of what does not, none is; and what is found is the same.
TEST_P(TextIndexPlaceTest, FindsTheSameInAServer) {
  const bool chroma = GetParam() == std::string("Chroma");
  const std::string problem = chroma ? ChromaServer::Get().problem() : PgvectorServer::Get().problem();
  ASSERT_EQ(problem, "");
  const IndexPlace place{.url = chroma ? ChromaServer::Get().url() : PgvectorServer::Get().url(),
                         .collection = "texts_of_a_lake"};
  const auto make = [&](const EmbeddingModel& model) { return OpenIndex(TestContext(), place, model); };
  const TemporaryDirectory directory;
  const auto open = [&] {
    return TextIndex::Open(TestContext(), {.folder = directory.File("x"), .lasting_index = make}, OpenTable()).value();
  };
  const auto vectors = [&] { return make(OpenTable()->model()).value()->Size(TestContext()).value(); };
  const auto embedded = Open();
  const std::vector<TextGroup> groups = {kSales, kStaff};
  {
    const auto index = open();
    for (const char* question : {"turnover", "Acme", "how much were workers paid in wages"}) {
      const auto here = Find(*embedded, groups, question);
      const auto there = Find(*index, groups, question);
      EXPECT_EQ(TextsOf(groups, there), TextsOf(groups, here)) << question;
    }
    EXPECT_EQ(vectors(), 4U);
    Find(*index, {{"document:1", {"a row that can be erased"}}}, "row", /*lasting=*/false);
    EXPECT_EQ(vectors(), 4U);
    // Another process with the same folder leaves the collection alone.
    const auto other = open();
    EXPECT_THAT(Find(*other, {kSales}, "turnover"), testing::SizeIs(2));
    EXPECT_EQ(vectors(), 4U);
  }
  EXPECT_THAT(Find(*open(), {kSales}, "turnover"), testing::SizeIs(2));
  EXPECT_EQ(vectors(), 2U);
}

INSTANTIATE_TEST_SUITE_P(All, TextIndexPlaceTest, testing::Values("Pgvector", "Chroma"),
                         [](const auto& test) { return std::string(test.param); });

TEST(TextIndexTest, WhatManyBringAtOnceIsFoundAfterwards) {
  const auto index = Open("", std::make_shared<ToyEmbedder>());
  std::vector<TextGroup> groups;
  for (int at = 0; at < 24; ++at) groups.push_back({"model:shop", {fmt::format("orders {}", at), "customers"}});
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int round = 0; round < 20; ++round) {
          for (const TextGroup& group : groups) Find(*index, {group}, "orders", /*lasting=*/false);
        }
      });
    }
  }
  for (const TextGroup& group : groups) {
    EXPECT_THAT(Find(*index, {group}, "orders", /*lasting=*/false), testing::SizeIs(2));
  }
}

TEST(TextIndexTest, AnotherModelOrDamageMakesItAnew) {
  const TemporaryDirectory directory;
  const std::string folder = directory.File("texts");
  Find(*Open(folder), {kSales}, "money");
  const auto other = std::make_shared<CountingEmbedder>("another");
  EXPECT_EQ(Find(*Open(folder, other), {kSales}, "money").size(), 2U);
  EXPECT_EQ(other->embedded, 3U);
  {
    std::fstream log(folder + "/vectors.log", std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(30);
    log << "damage";
  }
  const auto again = std::make_shared<CountingEmbedder>("another");
  EXPECT_EQ(Find(*Open(folder, again), {kSales}, "money").size(), 2U);
  EXPECT_EQ(again->embedded, 3U);
}

TEST(TextIndexTest, TwoProcessesDoNotShareAFolderAndBothFind) {
  const TemporaryDirectory directory;
  const std::string folder = directory.File("texts");
  const auto first = Open(folder);
  const auto second = Open(folder);
  EXPECT_EQ(Find(*first, {kSales}, "money").size(), 2U);
  EXPECT_EQ(Find(*second, {kSales}, "money").size(), 2U);
}

TEST(TextIndexTest, NoTextIsOnTheDiskAndNothingOfWhatMayBeErased) {
  const TemporaryDirectory directory;
  const std::string folder = directory.File("texts");
  const auto first = Open(folder);
  Find(*first, {kSales}, "money");
  const std::string kept = BytesIn(folder);
  EXPECT_EQ(kept.find("customers"), std::string::npos);
  EXPECT_EQ(kept.find("money"), std::string::npos);
  EXPECT_EQ(Find(*first, {kStaff}, "Acme", /*lasting=*/false).size(), 2U);
  EXPECT_EQ(BytesIn(folder), kept);
  Find(*first, {kStaff}, "Acme");
  EXPECT_GT(BytesIn(folder).size(), kept.size() + 2 * 256 * sizeof(float));
}

TEST(VectorCacheTest, WhatCameFirstGoesFirst) {
  const TemporaryDirectory directory;
  const auto embedder = std::make_shared<CountingEmbedder>();
  const auto cache = VectorCache::Open({.path = directory.File("vectors.log"), .vectors_max = 4}, embedder).value();
  const auto keep = [&](std::string_view text) {
    ASSERT_TRUE(cache->Keep(TestContext(), std::span(&text, 1)).has_value());
  };
  for (const char* text : {"a", "b", "c", "d", "d"}) keep(text);
  EXPECT_EQ(embedder->embedded, 4U);
  keep("e");  // Too many: the later half stays.
  EXPECT_EQ(embedder->embedded, 5U);
  for (const char* text : {"d", "e"}) keep(text);
  EXPECT_EQ(embedder->embedded, 5U);
  keep("a");
  EXPECT_EQ(embedder->embedded, 6U);
}

TEST(TextIndexTest, WithoutAModelOfMeaningsWordsAreLeft) {
  const auto index = Open("", nullptr);
  EXPECT_FALSE(index->has_meaning());
  const auto hits = Find(*index, {kSales, kStaff}, "salaries");
  ASSERT_EQ(hits.size(), 4U);
  EXPECT_EQ(hits.front().group, 1U);
  EXPECT_GT(hits.front().words, 0);
  EXPECT_EQ(hits.front().meaning, 0);
  EXPECT_EQ(hits.back().words, 0);
}

}  // namespace
}  // namespace neurolake::retrieval
