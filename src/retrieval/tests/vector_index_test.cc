// What every index does, whatever is behind it: the embedded graph, PostgreSQL with pgvector, Chroma.
#include "retrieval/vector_index.h"

#include <gmock/gmock.h>

#include <limits>

#include "retrieval/chroma_index.h"
#include "retrieval/pgvector_index.h"
#include "retrieval/tests/retrieval_fixture.h"
#include "retrieval/tests/vector_servers.h"

namespace neurolake::retrieval {
namespace {

constexpr size_t kDimension = 32;
const EmbeddingModel kModel = {"model-of-tests", kDimension};

struct Backend {
  std::string name;
  /// Opens the collection `name` with `model`; the same call again opens the same one.
  std::function<Result<std::unique_ptr<VectorIndex>>(const std::string&, const EmbeddingModel&)> open;
};

const TemporaryDirectory& Files() {
  static const TemporaryDirectory directory;
  return directory;
}

template <typename Index>
Result<std::unique_ptr<VectorIndex>> Upcast(Result<std::unique_ptr<Index>> index) {
  if (!index.has_value()) return std::unexpected(index.error());
  return std::unique_ptr<VectorIndex>(std::move(*index));
}

Result<std::unique_ptr<VectorIndex>> OpenEmbedded(const std::string& name, const EmbeddingModel& model) {
  return Upcast(HnswIndex::Open({.model = model, .path = Files().File(name), .exact_max = 100}));
}

Result<std::unique_ptr<VectorIndex>> OpenPgvector(const std::string& name, const EmbeddingModel& model) {
  const PgvectorServer& server = PgvectorServer::Get();
  if (!server.problem().empty()) return MakeError(ErrorCode::kInternal, "{}", server.problem());
  return Upcast(PgvectorIndex::Open(TestContext(), {.url = server.url(), .collection = name, .model = model}));
}

Result<std::unique_ptr<VectorIndex>> OpenChroma(const std::string& name, const EmbeddingModel& model) {
  const ChromaServer& server = ChromaServer::Get();
  if (!server.problem().empty()) return MakeError(ErrorCode::kInternal, "{}", server.problem());
  return Upcast(ChromaIndex::Open(TestContext(), {.url = server.url(), .collection = name, .model = model}));
}

class VectorIndexTest : public testing::TestWithParam<Backend> {
 protected:
  std::unique_ptr<VectorIndex> Open(const EmbeddingModel& model = kModel) const {
    auto index = GetParam().open(Name(), model);
    EXPECT_TRUE(index.has_value()) << index.error().message();
    return index.has_value() ? std::move(*index) : nullptr;
  }
  /// Each test has a collection of its own.
  static std::string Name() {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    name = name.substr(0, name.find('/'));
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    return name.substr(0, 36);
  }
  static std::vector<VectorEntry> Entries(size_t count, uint32_t seed = 1) {
    std::vector<VectorEntry> entries;
    for (auto& vector : ClusteredVectors(count, kDimension, seed)) {
      const uint64_t key = entries.size() + 1;
      entries.push_back({key, key % 10 == 0 ? "hr\npii" : "public", std::move(vector)});
    }
    return entries;
  }
};

const std::vector<std::string> kPublic = {"public"};
const std::vector<std::string> kBoth = {"public", "hr\npii"};

TEST_P(VectorIndexTest, FindsTheNearestBestFirst) {
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  const auto entries = Entries(1000);
  ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
  EXPECT_EQ(index->Size(TestContext()).value(), 1000U);
  const auto questions = ClusteredVectors(40, kDimension, 2);
  EXPECT_GE(Recall(*index, entries, questions, kBoth), 0.95);
  const auto hits =
      index->Search(TestContext(), {.vector = entries[6].vector, .limit = 5, .partitions = kBoth}).value();
  ASSERT_EQ(hits.size(), 5U);
  EXPECT_EQ(hits[0].key, 7U);
  EXPECT_NEAR(hits[0].score, 1, 1e-4);
  EXPECT_TRUE(std::ranges::is_sorted(hits, IsBetter));
}

TEST_P(VectorIndexTest, ReturnsNothingOfOtherPartitions) {
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  const auto entries = Entries(400);
  ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
  const auto& hidden = entries[9].vector;
  const auto found = index->Search(TestContext(), {.vector = hidden, .limit = 300, .partitions = kPublic});
  for (const VectorHit& hit : found.value()) {
    EXPECT_NE(hit.key % 10, 0U);
  }
  EXPECT_EQ(index->Search(TestContext(), {.vector = hidden, .limit = 1, .partitions = kBoth}).value()[0].key, 10U);
  EXPECT_TRUE(index->Search(TestContext(), {.vector = hidden, .limit = 10, .partitions = {}}).value().empty());
  const std::vector<std::string> part = {"hr"};
  EXPECT_TRUE(index->Search(TestContext(), {.vector = hidden, .limit = 10, .partitions = part}).value().empty());
}

TEST_P(VectorIndexTest, FiltersOfATenthKeepTheirRecall) {
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  const auto entries = Entries(1000);
  ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
  const auto tenth = [](uint64_t key) { return key % 10 == 3; };
  EXPECT_GE(Recall(*index, entries, ClusteredVectors(20, kDimension, 3), kBoth, tenth), 0.95);
  EXPECT_GE(Recall(*index, entries, ClusteredVectors(20, kDimension, 3), {"hr\npii"}), 0.95);
}

TEST_P(VectorIndexTest, RemovesAndReplaces) {
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  auto entries = Entries(300);
  ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
  const std::vector<uint64_t> gone = {1, 2, 3, 99'999};
  ASSERT_TRUE(index->Remove(TestContext(), gone).has_value());
  EXPECT_EQ(index->Size(TestContext()).value(), 297U);
  EXPECT_NE(index->Search(TestContext(), {.vector = entries[0].vector, .limit = 1, .partitions = kBoth}).value()[0].key,
            1U);
  entries[4].vector = entries[0].vector;
  entries[4].partition = "hr\npii";
  ASSERT_TRUE(index->Add(TestContext(), std::span(entries).subspan(4, 1)).has_value());
  EXPECT_EQ(index->Size(TestContext()).value(), 297U);
  const VectorQuery query{.vector = entries[0].vector, .limit = 1, .partitions = kBoth};
  EXPECT_EQ(index->Search(TestContext(), query).value()[0].key, 5U);
  EXPECT_NE(
      index->Search(TestContext(), {.vector = entries[0].vector, .limit = 1, .partitions = kPublic}).value()[0].key,
      5U);
}

TEST_P(VectorIndexTest, KeepsItsStateAndItsMark) {
  const auto entries = Entries(200);
  {
    const auto index = Open();
    ASSERT_NE(index, nullptr);
    EXPECT_EQ(index->Mark(TestContext()).value(), "");
    ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
    ASSERT_TRUE(index->Persist(TestContext(), "log:12").has_value());
  }
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(index->Mark(TestContext()).value(), "log:12");
  EXPECT_EQ(index->Size(TestContext()).value(), 200U);
  EXPECT_GE(Recall(*index, entries, ClusteredVectors(10, kDimension, 5), kBoth), 0.95);
  ASSERT_TRUE(index->Clear(TestContext()).has_value());
  EXPECT_EQ(index->Size(TestContext()).value(), 0U);
  EXPECT_EQ(index->Mark(TestContext()).value(), "");
}

TEST_P(VectorIndexTest, EqualScoresComeByKey) {
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  auto entries = Entries(6);
  for (VectorEntry& entry : entries) entry.vector = entries[0].vector;
  ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
  const auto hits =
      index->Search(TestContext(), {.vector = entries[0].vector, .limit = 6, .partitions = kBoth}).value();
  std::vector<uint64_t> keys;
  for (const VectorHit& hit : hits) keys.push_back(hit.key);
  EXPECT_THAT(keys, testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_P(VectorIndexTest, RefusesVectorsThatAreNone) {
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  std::vector<VectorEntry> wrong = {{1, "public", std::vector<float>(kDimension - 1)}};
  EXPECT_EQ(index->Add(TestContext(), wrong).error().code(), ErrorCode::kInvalidArgument);
  wrong[0].vector.assign(kDimension, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(index->Add(TestContext(), wrong).error().code(), ErrorCode::kInvalidArgument);
  const std::vector<float> other(3);
  EXPECT_EQ(index->Search(TestContext(), {.vector = other, .partitions = kBoth}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(index->Size(TestContext()).value(), 0U);
}

TEST_P(VectorIndexTest, PartitionsMayHaveAnyName) {
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  auto entries = Entries(3);
  const std::vector<std::string> names = {"a'b\"c\\d{e},", "Zürich\n漢", "'; DROP TABLE x; --"};
  for (size_t at = 0; at < 3; ++at) entries[at].partition = names[at];
  ASSERT_TRUE(index->Add(TestContext(), entries).has_value());
  for (size_t at = 0; at < 3; ++at) {
    const auto hits = index->Search(
        TestContext(), {.vector = entries[at].vector, .limit = 9, .partitions = std::span(names).subspan(at, 1)});
    ASSERT_EQ(hits.value().size(), 1U);
    EXPECT_EQ((*hits)[0].key, at + 1);
  }
}

TEST_P(VectorIndexTest, CarriesACorpusAndIsMadeAgainWhenItIsOld) {
  const TemporaryDirectory directory;
  const auto open = [&] {
    return Corpus::Open(TestContext(), {.path = directory.File("log")}, std::make_unique<ToyEmbedder>(kModel), Open())
        .value();
  };
  const auto find = [](const Corpus& corpus, std::set<std::string> labels) {
    return IdsOf(corpus.Search(TestContext(), See(std::move(labels)), {.text = "first"}).value());
  };
  {
    const auto corpus = open();
    ASSERT_TRUE(
        corpus->Add(TestContext(), {MakePassage("a", "first"), MakePassage("b", "second", {"hr", "pii"})}).has_value());
    ASSERT_TRUE(corpus->Checkpoint(TestContext()).has_value());
    EXPECT_THAT(find(*corpus, {"public"}), testing::ElementsAre("a"));
    EXPECT_THAT(find(*corpus, {"public", "hr", "pii"}), testing::UnorderedElementsAre("a", "b"));
  }
  EXPECT_EQ(Open()->Size(TestContext()).value(), 2U);
  EXPECT_NE(Open()->Mark(TestContext()).value(), "");
  // Something else's vectors under a mark of something else.
  ASSERT_TRUE(Open()->Persist(TestContext(), "another-log:5").has_value());
  const auto corpus = open();
  EXPECT_EQ(Open()->Size(TestContext()).value(), 2U);
  EXPECT_THAT(find(*corpus, {"public"}), testing::ElementsAre("a"));
  EXPECT_THAT(find(*corpus, {"hr", "pii"}), testing::ElementsAre("b"));
}

TEST_P(VectorIndexTest, RefusesOrForgetsWhatAnotherModelMade) {
  {
    const auto index = Open();
    ASSERT_NE(index, nullptr);
    ASSERT_TRUE(index->Add(TestContext(), Entries(5)).has_value());
    ASSERT_TRUE(index->Persist(TestContext(), "log:1").has_value());
  }
  for (const EmbeddingModel& other :
       {EmbeddingModel{"another-model", kDimension}, EmbeddingModel{"model-of-tests", 16}}) {
    const auto index = GetParam().open(Name(), other);
    if (index.has_value()) {
      EXPECT_EQ((*index)->Size(TestContext()).value(), 0U);
      EXPECT_EQ((*index)->Mark(TestContext()).value(), "");
    } else {
      EXPECT_EQ(index.error().code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(index.error().message().find("model-of-tests"), std::string::npos);
    }
  }
  EXPECT_EQ(Open()->Size(TestContext()).value(), 5U);
}

INSTANTIATE_TEST_SUITE_P(All, VectorIndexTest,
                         testing::Values(Backend{"Embedded", OpenEmbedded}, Backend{"Pgvector", OpenPgvector},
                                         Backend{"Chroma", OpenChroma}),
                         [](const auto& test) { return test.param.name; });

TEST(VectorServersTest, AServerThatIsAwayIsUnavailableAndItsPasswordIsNotShown) {
  const uint16_t port = storage::FreePort();
  const auto pgvector = PgvectorIndex::Open(
      TestContext(),
      {.url = fmt::format("postgresql://lake:hunter2@127.0.0.1:{}/db", port), .collection = "abc", .model = kModel});
  ASSERT_FALSE(pgvector.has_value());
  EXPECT_EQ(pgvector.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(pgvector.error().message().find("hunter2"), std::string::npos);
  const auto chroma = ChromaIndex::Open(
      TestContext(),
      {.url = fmt::format("http://127.0.0.1:{}", port), .token = "hunter2", .collection = "abc", .model = kModel});
  ASSERT_FALSE(chroma.has_value());
  EXPECT_EQ(chroma.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(chroma.error().message().find("hunter2"), std::string::npos);
}

TEST(VectorServersTest, NamesOfCollectionsAreNames) {
  for (const std::string name : {"", "ab", "1abc", "Abc", "a b", "abc;drop", "abc_", "a/../b"}) {
    EXPECT_EQ(PgvectorIndex::Open(TestContext(), {.url = "", .collection = name, .model = kModel}).error().code(),
              ErrorCode::kInvalidArgument)
        << name;
    EXPECT_EQ(ChromaIndex::Open(TestContext(), {.url = "http://x", .collection = name, .model = kModel}).error().code(),
              ErrorCode::kInvalidArgument)
        << name;
  }
}

}  // namespace
}  // namespace neurolake::retrieval
