// What a viewer may not see is not scored, counted or returned, and moves nothing of what is.
#include <gmock/gmock.h>

#include "retrieval/corpus.h"
#include "retrieval/tests/retrieval_fixture.h"

namespace neurolake::retrieval {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class VisibilityTest : public testing::Test {
 protected:
  VisibilityTest() : corpus_(OpenCorpus(directory_, nullptr, 20).value()) {}
  void Add(std::vector<Passage> passages) { ASSERT_TRUE(corpus_->Add(TestContext(), std::move(passages)).has_value()); }
  std::vector<PassageHit> Find(const Viewer& viewer, std::string_view text) const {
    return corpus_->Search(TestContext(), viewer, {.text = text, .limit = 20}).value();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Corpus> corpus_;
};

TEST_F(VisibilityTest, TheDefaultViewerSeesNothing) {
  Add({MakePassage("a", "salary bands", {"public"})});
  EXPECT_TRUE(Find(Viewer(), "salary").empty());
  EXPECT_EQ(corpus_->Count(Viewer()), 0U);
  EXPECT_EQ(Find(See({"public"}), "salary").size(), 1U);
}

TEST_F(VisibilityTest, EveryLabelMustBeSeen) {
  Add({MakePassage("open", "salary", {"public"}), MakePassage("hr", "salary", {"hr"}),
       MakePassage("both", "salary", {"hr", "pii"})});
  EXPECT_THAT(IdsOf(Find(See({"public"}), "salary")), ElementsAre("open"));
  EXPECT_THAT(IdsOf(Find(See({"hr"}), "salary")), ElementsAre("hr"));
  EXPECT_THAT(IdsOf(Find(See({"pii"}), "salary")), ElementsAre());
  EXPECT_THAT(IdsOf(Find(See({"pii", "hr", "public"}), "salary")), UnorderedElementsAre("open", "hr", "both"));
}

TEST_F(VisibilityTest, LabelsAreComparedAsWholes) {
  // No label is part of another, and two labels are not one that looks like both.
  Add({MakePassage("a", "text", {"hr pii"}), MakePassage("b", "text", {"hr,pii"}), MakePassage("c", "text", {"hr"})});
  EXPECT_THAT(IdsOf(Find(See({"hr", "pii"}), "text")), ElementsAre("c"));
  EXPECT_THAT(IdsOf(Find(See({"hr pii"}), "text")), ElementsAre("a"));
  EXPECT_THAT(IdsOf(Find(See({"HR"}), "text")), ElementsAre());
}

TEST_F(VisibilityTest, HiddenPassagesChangeNoScoreNoOrderAndNoCount) {
  const std::vector<std::string> texts = {"holiday calendar of the office", "expense policy for travel",
                                          "travel by train is preferred", "the office has a kitchen",
                                          "calendar entries are private"};
  std::vector<Passage> passages;
  for (size_t at = 0; at < texts.size(); ++at) passages.push_back(MakePassage("p" + std::to_string(at), texts[at]));
  Add(passages);
  const std::vector<std::string_view> questions = {"travel policy", "office calendar", "merger with Acme", "kitchen"};
  std::vector<std::vector<PassageHit>> before;
  for (const std::string_view question : questions) before.push_back(Find(See({"public"}), question));

  // Hidden ones that use the same words and others, enough of them for a graph of their own.
  std::vector<Passage> hidden;
  for (int at = 0; at < 60; ++at) {
    hidden.push_back(MakePassage(
        "h" + std::to_string(at),
        "merger with Acme: travel policy calendar office " + std::string(static_cast<size_t>(at), 'x'), {"board"}));
  }
  Add(hidden);
  for (size_t at = 0; at < questions.size(); ++at) {
    const auto after = Find(See({"public"}), questions[at]);
    ASSERT_EQ(IdsOf(after), IdsOf(before[at])) << questions[at];
    for (size_t hit = 0; hit < after.size(); ++hit) {
      EXPECT_EQ(after[hit].score, before[at][hit].score);
      EXPECT_EQ(after[hit].bm25, before[at][hit].bm25);
      EXPECT_EQ(after[hit].cosine, before[at][hit].cosine);
    }
  }
  EXPECT_EQ(corpus_->Count(See({"public"})), 5U);
  EXPECT_EQ(corpus_->Count(See({"board"})), 60U);
  EXPECT_EQ(Find(See({"board"}), "merger").size(), 20U);
}

TEST_F(VisibilityTest, ANewLabelHidesAtOnce) {
  Add({MakePassage("a", "salary bands", {"public"})});
  EXPECT_EQ(Find(See({"public"}), "salary").size(), 1U);
  Add({MakePassage("a", "salary bands", {"hr"})});
  EXPECT_TRUE(Find(See({"public"}), "salary").empty());
  EXPECT_EQ(Find(See({"hr"}), "salary").size(), 1U);
}

TEST_F(VisibilityTest, ASubjectFilterSeesNoHiddenSubject) {
  Passage open = MakePassage("a", "salary", {"public"});
  open.subject = "table:1";
  Passage hidden = MakePassage("b", "salary", {"hr"});
  hidden.subject = "table:2";
  Add({open, hidden});
  std::set<std::string> asked;
  const auto hits =
      corpus_->Search(TestContext(), See({"public"}), {.text = "salary", .subject = [&](std::string_view s) {
                                                         asked.emplace(s);
                                                         return true;
                                                       }});
  EXPECT_EQ(hits.value().size(), 1U);
  EXPECT_EQ(asked, (std::set<std::string>{"table:1"}));
}

/// An index that gives back whatever it has, as a server of somebody else's could.
class CarelessIndex final : public VectorIndex {
 public:
  const EmbeddingModel& model() const override { return model_; }
  Result<void> Add(const RequestContext&, std::span<const VectorEntry> entries) override {
    for (const VectorEntry& entry : entries) keys_.push_back(entry.key);
    return {};
  }
  Result<void> Remove(const RequestContext&, std::span<const uint64_t>) override { return {}; }
  Result<std::vector<VectorHit>> Search(const RequestContext&, const VectorQuery&) const override {
    std::vector<VectorHit> hits = {{987'654, 1}};
    for (const uint64_t key : keys_) hits.push_back({key, 1});
    return hits;
  }
  Result<uint64_t> Size(const RequestContext&) const override { return keys_.size(); }
  Result<void> Clear(const RequestContext&) override { return {}; }
  Result<void> Persist(const RequestContext&, const std::string&) override { return {}; }
  Result<std::string> Mark(const RequestContext&) const override { return std::string(); }
  bool persists_cheaply() const override { return false; }

 private:
  EmbeddingModel model_{"toy", 2};
  std::vector<uint64_t> keys_;
};

TEST(VisibilityOfServersTest, AnIndexIsNotTrustedWithWhoSeesWhat) {
  const TemporaryDirectory directory;
  const auto corpus = Corpus::Open(TestContext(), {.path = directory.File("log")}, std::make_unique<ToyEmbedder>(),
                                   std::make_unique<CarelessIndex>())
                          .value();
  ASSERT_TRUE(corpus->Add(TestContext(), {MakePassage("a", "open", {"public"}), MakePassage("b", "closed", {"hr"})})
                  .has_value());
  EXPECT_THAT(IdsOf(corpus->Search(TestContext(), See({"public"}), {.text = "closed"}).value()), ElementsAre("a"));
  EXPECT_THAT(IdsOf(corpus->Search(TestContext(), See({"hr"}), {.text = "closed"}).value()), ElementsAre("b"));
}

}  // namespace
}  // namespace neurolake::retrieval
