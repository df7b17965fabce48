#include "retrieval/corpus.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "retrieval/tests/retrieval_fixture.h"

namespace neurolake::retrieval {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const Viewer kPublic = See({"public"});

std::vector<Passage> Handbook() {
  return {MakePassage("refunds", "Customers get their money back within five days after they return an item."),
          MakePassage("churn", "A customer churned when they cancelled their subscription in the month."),
          MakePassage("delay", "Arrival delay is the difference between scheduled and actual arrival of a flight."),
          MakePassage("columns", "The column cust_email_v2 replaced custEmail in the table of customers."),
          MakePassage("bread", "Mix flour, water and salt, and bake it for an hour.")};
}

class CorpusTest : public testing::Test {
 protected:
  void Open() {
    corpus_.reset();
    auto opened = OpenCorpus(directory_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    corpus_ = std::move(*opened);
  }
  void OpenWithHandbook() {
    Open();
    ASSERT_TRUE(corpus_->Add(TestContext(), Handbook()).has_value());
  }
  std::vector<std::string> Find(std::string_view text, size_t limit = 10, const Viewer& viewer = kPublic) const {
    return IdsOf(corpus_->Search(TestContext(), viewer, {.text = text, .limit = limit}).value());
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Corpus> corpus_;
};

TEST_F(CorpusTest, FindsByMeaning) {
  OpenWithHandbook();
  EXPECT_THAT(Find("how long until a buyer is reimbursed", 1), ElementsAre("refunds"));
  EXPECT_THAT(Find("users that ended their membership", 1), ElementsAre("churn"));
  EXPECT_THAT(Find("how late was the plane", 1), ElementsAre("delay"));
}

TEST_F(CorpusTest, FindsIdentifiersByTheirLetters) {
  OpenWithHandbook();
  EXPECT_THAT(Find("cust_email_v2", 1), ElementsAre("columns"));
  EXPECT_THAT(Find("what is custEmail", 1), ElementsAre("columns"));
  const auto hits = corpus_->Search(TestContext(), kPublic, {.text = "cust_email_v2", .limit = 1}).value();
  EXPECT_GT(hits[0].bm25, 1);
}

TEST_F(CorpusTest, ScoresAreCosinePlusWeightedBm25) {
  OpenWithHandbook();
  const auto hits = corpus_->Search(TestContext(), kPublic, {.text = "flight delay"});
  for (const PassageHit& hit : hits.value()) {
    EXPECT_DOUBLE_EQ(hit.score, hit.cosine + 0.1 * hit.bm25);
  }
}

TEST_F(CorpusTest, EqualScoresComeById) {
  Open();
  ASSERT_TRUE(
      corpus_->Add(TestContext(), {MakePassage("c", "same"), MakePassage("a", "same"), MakePassage("b", "same")})
          .has_value());
  EXPECT_THAT(Find("same"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Find("other words"), ElementsAre("a", "b", "c"));
}

TEST_F(CorpusTest, TheSameQuestionHasTheSameAnswerAfterReopening) {
  OpenWithHandbook();
  const auto before = corpus_->Search(TestContext(), kPublic, {.text = "return of money"}).value();
  Open();
  const auto after = corpus_->Search(TestContext(), kPublic, {.text = "return of money"}).value();
  ASSERT_EQ(before.size(), after.size());
  for (size_t at = 0; at < before.size(); ++at) {
    EXPECT_EQ(before[at].passage.id, after[at].passage.id);
    EXPECT_EQ(before[at].score, after[at].score);
  }
}

TEST_F(CorpusTest, TakesKindsAndSubjects) {
  Open();
  Passage metric = MakePassage("m", "churn rate");
  metric.kind = PassageKind::kMetric;
  metric.subject = "metric:churn";
  Passage document = MakePassage("d", "churn handbook");
  document.subject = "document:x";
  ASSERT_TRUE(
      corpus_->Add(TestContext(), {metric, document, MakePassage("none", "churn without subject")}).has_value());
  const auto only = corpus_->Search(TestContext(), kPublic, {.text = "churn", .kinds = {PassageKind::kMetric}});
  EXPECT_THAT(IdsOf(only.value()), ElementsAre("m"));
  const auto about =
      corpus_->Search(TestContext(), kPublic,
                      {.text = "churn", .subject = [](std::string_view subject) { return subject == "document:x"; }});
  EXPECT_THAT(IdsOf(about.value()), ElementsAre("d"));
  EXPECT_EQ(Find("churn").size(), 3U);
}

TEST_F(CorpusTest, AddingAgainReplaces) {
  OpenWithHandbook();
  ASSERT_TRUE(
      corpus_->Add(TestContext(), {MakePassage("bread", "Completely other matter: quarterly revenue.")}).has_value());
  EXPECT_EQ(corpus_->Count(kPublic), 5U);
  EXPECT_THAT(Find("quarterly revenue", 1), ElementsAre("bread"));
  const auto hits = corpus_->Search(TestContext(), kPublic, {.text = "flour"}).value();
  for (const PassageHit& hit : hits) EXPECT_EQ(hit.bm25, 0) << hit.passage.id;
}

TEST_F(CorpusTest, ReplacesAndRemovesByTheirSubject) {
  Open();
  const auto about = [](std::string id, std::string text) {
    Passage passage = MakePassage(std::move(id), std::move(text));
    passage.subject = "document:a";
    return passage;
  };
  ASSERT_TRUE(corpus_->Add(TestContext(), {about("1", "one"), about("2", "two"), MakePassage("z", "zed")}).has_value());
  ASSERT_TRUE(corpus_->Replace(TestContext(), "document:a", {about("2", "two again")}).has_value());
  EXPECT_THAT(Find("one two"), UnorderedElementsAre("2", "z"));
  EXPECT_EQ(corpus_->Replace(TestContext(), "document:b", {about("9", "x")}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(corpus_->RemoveSubject(TestContext(), "document:a").value(), 1U);
  EXPECT_EQ(corpus_->RemoveSubject(TestContext(), "document:a").value(), 0U);
  EXPECT_THAT(Find("one two"), ElementsAre("z"));
  Open();
  EXPECT_THAT(Find("one two"), ElementsAre("z"));
}

TEST_F(CorpusTest, AddsAllOrNone) {
  Open();
  const auto refused = corpus_->Add(TestContext(), {MakePassage("good", "text"), MakePassage("bad", "text", {})});
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(corpus_->Count(kPublic), 0U);
  EXPECT_EQ(corpus_->Add(TestContext(), {MakePassage("a", "1"), MakePassage("a", "2")}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(corpus_->Add(TestContext(), {MakePassage("", "1")}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(corpus_->Add(TestContext(), {MakePassage("a", "1", {"two\nlines"})}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(corpus_->Add(TestContext(), {MakePassage("a", std::string(100'000, 'x'))}).error().code(),
            ErrorCode::kPayloadTooLarge);
  EXPECT_EQ(corpus_->Count(kPublic), 0U);
}

TEST_F(CorpusTest, ALostOrStaleIndexIsMadeAgain) {
  OpenWithHandbook();
  ASSERT_TRUE(corpus_->Checkpoint(TestContext()).has_value());
  ASSERT_TRUE(corpus_->Add(TestContext(), {MakePassage("late", "rivers of Norway")}).has_value());
  // The index's file is of before the last change.
  Open();
  EXPECT_THAT(Find("Norwegian rivers", 1), ElementsAre("late"));
  ASSERT_TRUE(corpus_->Checkpoint(TestContext()).has_value());
  corpus_.reset();
  std::filesystem::resize_file(directory_.File("passages.hnsw"), 100);
  Open();
  EXPECT_THAT(Find("Norwegian rivers", 1), ElementsAre("late"));
  corpus_.reset();
  std::filesystem::remove(directory_.File("passages.hnsw"));
  Open();
  EXPECT_THAT(Find("Norwegian rivers", 1), ElementsAre("late"));
  EXPECT_EQ(Find("anything").size(), 6U);
}

TEST_F(CorpusTest, AnIndexOfAnotherCorpusIsNotBelieved) {
  OpenWithHandbook();
  ASSERT_TRUE(corpus_->Checkpoint(TestContext()).has_value());
  corpus_.reset();
  std::filesystem::remove(directory_.File("passages.log"));
  Open();
  EXPECT_TRUE(Find("money back").empty());
  ASSERT_TRUE(corpus_->Add(TestContext(), {MakePassage("only", "money")}).has_value());
  EXPECT_THAT(Find("money back"), ElementsAre("only"));
}

TEST_F(CorpusTest, ACheckpointWritesALogWithoutWhatIsGone) {
  corpus_.reset();
  auto corpus = OpenCorpus(directory_, std::make_unique<ToyEmbedder>()).value();
  for (int round = 0; round < 1100; ++round) {
    ASSERT_TRUE(corpus->Add(TestContext(), {MakePassage("one", "round " + std::to_string(round))}).has_value());
  }
  const auto before = std::filesystem::file_size(directory_.File("passages.log"));
  ASSERT_TRUE(corpus->Checkpoint(TestContext()).has_value());
  EXPECT_LT(std::filesystem::file_size(directory_.File("passages.log")), before / 100);
  corpus.reset();
  corpus = OpenCorpus(directory_, std::make_unique<ToyEmbedder>()).value();
  const auto hits = corpus->Search(TestContext(), kPublic, {.text = "x"}).value();
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(hits[0].passage.text.AsData(), "round 1099");
}

TEST_F(CorpusTest, AnIndexThatWentAwayIsCaughtUp) {
  bool away = false;
  auto index = std::make_unique<AwayIndex>(EmbeddingModel{"toy", 2}, away);
  const auto corpus = Corpus::Open(TestContext(), {.path = directory_.File("flaky.log")},
                                   std::make_unique<ToyEmbedder>(), std::move(index))
                          .value();
  ASSERT_TRUE(corpus->Add(TestContext(), {MakePassage("a", "first")}).has_value());
  away = true;
  // Durable although the index cannot follow.
  ASSERT_TRUE(corpus->Add(TestContext(), {MakePassage("b", "second"), MakePassage("a", "changed")}).has_value());
  const auto found = corpus->Search(TestContext(), kPublic, {.text = "second changed"}).value();
  EXPECT_THAT(IdsOf(found), UnorderedElementsAre("a", "b"));
  for (const PassageHit& hit : found) EXPECT_NE(hit.passage.text.AsData(), "first");
  away = false;
  ASSERT_TRUE(corpus->Add(TestContext(), {MakePassage("c", "third")}).has_value());
  EXPECT_EQ(corpus->Search(TestContext(), kPublic, {.text = "nothing of it"}).value().size(), 3U);
}

TEST_F(CorpusTest, RefusesAnotherModel) {
  OpenWithHandbook();
  corpus_.reset();
  EXPECT_EQ(OpenCorpus(directory_, std::make_unique<ToyEmbedder>()).error().code(), ErrorCode::kInvalidArgument);
  auto index = HnswIndex::Open({.model = {"other", 2}}).value();
  EXPECT_EQ(
      Corpus::Open(TestContext(), {.path = directory_.File("x")}, std::make_unique<ToyEmbedder>(), std::move(index))
          .error()
          .code(),
      ErrorCode::kInvalidArgument);
}

TEST_F(CorpusTest, ManyThreadsSearchWhileItChanges) {
  OpenWithHandbook();
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int at = 0; at < 3; ++at) {
      threads.emplace_back([&] {
        for (int round = 0; round < 50; ++round) {
          failed += corpus_->Search(TestContext(), kPublic, {.text = "money"}).has_value() ? 0 : 1;
        }
      });
    }
    for (int round = 0; round < 20; ++round) {
      failed += corpus_->Add(TestContext(), {MakePassage("x" + std::to_string(round), "money")}).has_value() ? 0 : 1;
    }
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(corpus_->Count(kPublic), 25U);
}

TEST_F(CorpusTest, LabelsThatComeAndGoLeaveNothingBehind) {
  OpenWithHandbook();
  for (int round = 0; round < 100; ++round) {
    const std::string label = fmt::format("group {}", round);
    Passage passage = MakePassage("passing", fmt::format("bread number {}", round), {label});
    passage.subject = "guest";
    ASSERT_TRUE(corpus_->Replace(TestContext(), "guest", {passage}).has_value());
    EXPECT_TRUE(corpus_->Has("guest"));
    EXPECT_THAT(Find("bread", 10, See({label})), ElementsAre("passing"));
    // Whoever had the label before has no part in what another has now.
    EXPECT_THAT(Find("bread", 10, See({fmt::format("group {}", round - 1)})), IsEmpty());
    EXPECT_THAT(Find("bread"), Not(Contains("passing")));
  }
  ASSERT_TRUE(corpus_->RemoveSubject(TestContext(), "guest").has_value());
  EXPECT_FALSE(corpus_->Has("guest"));
  // Scores are those of a corpus that never had any of it.
  const auto scores = [](const Corpus& corpus) {
    std::vector<std::pair<std::string, double>> found;
    const auto hits = corpus.Search(TestContext(), kPublic, {.text = "bake bread for a customer"}).value();
    for (const PassageHit& hit : hits) {
      found.emplace_back(hit.passage.id, hit.score);
    }
    return found;
  };
  TemporaryDirectory other;
  const auto fresh = OpenCorpus(other).value();
  ASSERT_TRUE(fresh->Add(TestContext(), Handbook()).has_value());
  EXPECT_EQ(scores(*corpus_), scores(*fresh));
}

TEST_F(CorpusTest, RefusesALimitWithoutBound) {
  Open();
  EXPECT_EQ(corpus_->Search(TestContext(), kPublic, {.text = "x", .limit = 1'000'000}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(corpus_->Search(TestContext(), kPublic, {.text = "", .limit = 5}).value().empty());
}

}  // namespace
}  // namespace neurolake::retrieval
