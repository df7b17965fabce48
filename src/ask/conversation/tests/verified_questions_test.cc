#include "ask/conversation/verified_questions.h"

#include <gmock/gmock.h>

#include "ask/conversation/tests/conversation_fixture.h"
#include "ask/intent/intent_json.h"
#include "common/clock.h"
#include "retrieval/static_embedder.h"

namespace neurolake::ask {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What was approved, without a store.
class FakeRecords : public catalog::AskRecords {
 public:
  using Approved = std::vector<catalog::AskFeedback>;
  void Approve(const std::string& question, const Intent& meant, const std::string& as_of) {
    auto list = std::make_shared<Approved>(*approved_);
    catalog::AskFeedback one;
    one.id = fmt::format("{:03}", list->size());
    one.model = "shop";
    one.question = question;
    one.as_of = as_of;
    one.meant = EncodeIntent(meant);
    list->push_back(std::move(one));
    approved_ = std::move(list);
  }
  Result<std::shared_ptr<const Approved>> Verified(const std::string&) override { return approved_; }

  Result<std::string> BeginConversation(const std::string&, WallTime) override { return None(); }
  Result<std::string> AddQuestion(const std::string&, catalog::AskedQuestion) override { return None(); }
  Result<std::vector<catalog::ConversationRecord>> ListConversations(const std::string&, int64_t) override {
    return None();
  }
  Result<std::vector<catalog::AskedQuestion>> ReadConversation(const std::string&, const std::string&) override {
    return None();
  }
  Result<std::optional<catalog::AskedQuestion>> LastUnderstood(const std::string&, const std::string&) override {
    return None();
  }
  Result<catalog::AskedQuestion> FindQuestion(const std::string&, const std::string&) override { return None(); }
  Result<void> DeleteConversation(const std::string&, const std::string&) override { return None(); }
  Result<std::string> AddFeedback(const catalog::AskFeedback&) override { return None(); }
  Result<std::vector<catalog::AskFeedback>> ListFeedback(const std::string&, const std::string&, int64_t) override {
    return None();
  }
  Result<std::optional<catalog::AskFeedback>> FindFeedback(const std::string&) override { return None(); }
  Result<void> DecideFeedback(const std::string&, const std::string&, const std::string&, const std::string&,
                              WallTime) override {
    return None();
  }
  Result<std::vector<catalog::AskedQuestion>> ListQuestions(const std::string&, int64_t, int64_t) override {
    return None();
  }
  Result<std::vector<catalog::AskFeedback>> ListFeedbackOf(const FeedbackOf&, int64_t, int64_t) override {
    return None();
  }
  Result<std::string> SealText(const std::string&, const std::string&) override { return None(); }
  Result<std::string> OpenText(const std::string&, const std::string&) override { return None(); }
  Result<int64_t> Forget(WallTime) override { return None(); }
  Result<int64_t> EraseTexts(const std::function<bool(const std::string&)>&, bool) override { return None(); }

 private:
  static std::unexpected<Error> None() { return MakeError(ErrorCode::kNotSupported, "not part of this"); }
  std::shared_ptr<const Approved> approved_ = std::make_shared<const Approved>();
};

class VerifiedQuestionsTest : public testing::Test {
 protected:
  static RequestContext Context() {
    static const SystemClock clock;
    return RequestContext({}, "r", "test", clock, clock.SteadyNow() + std::chrono::minutes(1));
  }
  static Intent Revenue() {
    Intent intent;
    intent.metrics = {{.metric = "revenue"}};
    return intent;
  }
  static Intent In(const std::string& country) {
    Intent intent = Revenue();
    intent.filters = {{.any_of = {{.field = {"customers", "country"}, .values = {country}}}}};
    return intent;
  }
  Understanding Ask(const std::string& question, const std::vector<std::string>& countries,
                    std::string_view day = "2025-04-02") {
    Understanding understood{.status = Status::kAbstained, .reason = "not known"};
    verified_.Recall(question, model_, ShopVisible(model_, countries), On(day), understood);
    return understood;
  }

  std::shared_ptr<const semantic::SemanticModel> model_ = ShopModel();
  FakeRecords records_;
  VerifiedQuestions verified_{&records_};
};

TEST_F(VerifiedQuestionsTest, AnswersTheSameQuestionInWhateverCase) {
  records_.Approve("How are we doing?", Revenue(), "2025-04-02 00:00:00");
  const auto understood = Ask("how ARE we doing", {});
  ASSERT_EQ(understood.status, Status::kAnswered);
  EXPECT_EQ(understood.readings[0].intent.metrics[0].metric, "revenue");
  EXPECT_EQ(understood.readings[0].confidence, 1);
  EXPECT_EQ(Ask("how are they doing", {}).status, Status::kAbstained);
}

TEST_F(VerifiedQuestionsTest, TheLatestApprovalCounts) {
  records_.Approve("how are we doing", Revenue(), "2025-04-02 00:00:00");
  Intent other;
  other.metrics = {{.metric = "orders_count"}};
  records_.Approve("how are we doing", other, "2025-04-02 00:00:00");
  EXPECT_EQ(Ask("how are we doing", {}).readings[0].intent.metrics[0].metric, "orders_count");
}

TEST_F(VerifiedQuestionsTest, ItsTimesAreThoseOfNow) {
  Intent intent = Revenue();
  intent.time.range = Range("2025-03-01", "2025-04-01");
  records_.Approve("how did we do last month", intent, "2025-04-02 00:00:00");
  EXPECT_EQ(Ask("how did we do last month", {}, "2026-02-03").readings[0].intent.time.range,
            Range("2026-01-01", "2026-02-01"));
  records_.Approve("how did we do", intent, "2025-04-02 00:00:00");
  EXPECT_EQ(Ask("how did we do", {}, "2025-04-02").status, Status::kAbstained);
}

TEST_F(VerifiedQuestionsTest, TellsNobodyOfValuesThatTheyMayNotSee) {
  records_.Approve("sales of our biggest country", In("Atlantis"), "2025-04-02 00:00:00");
  EXPECT_EQ(Ask("sales of our biggest country", {"Germany", "Atlantis"}).status, Status::kAnswered);
  EXPECT_EQ(Ask("sales of our biggest country", {"Germany"}).status, Status::kAbstained);
  // Who names the value learns nothing by it.
  records_.Approve("sales there in Atlantis", In("Atlantis"), "2025-04-02 00:00:00");
  EXPECT_EQ(Ask("sales there in Atlantis", {"Germany"}).status, Status::kAnswered);
}

TEST_F(VerifiedQuestionsTest, TellsNobodyOfMembersThatTheyMayNotKnow) {
  Intent intent = Revenue();
  intent.dimensions = {{.field = {"customers", "country"}}};
  records_.Approve("how are we doing", intent, "2025-04-02 00:00:00");
  auto less = *model_;
  std::erase_if(less.entities, [](const semantic::Entity& one) { return one.name == "customers"; });
  less.joins.clear();
  const VisibleModel visible{.model = std::make_shared<const semantic::SemanticModel>(less),
                             .values = NewMemoryValueIndex({})};
  Understanding understood;
  verified_.Recall("how are we doing", model_, visible, On("2025-04-02"), understood);
  EXPECT_EQ(understood.status, Status::kAbstained);
  EXPECT_THAT(verified_.Nearest(Context(), "doing what", model_, visible, On("2025-04-02"), 3), IsEmpty());
}

TEST_F(VerifiedQuestionsTest, SuggestsTheMeaningAndNotTheWords) {
  records_.Approve("how is Zebulon's baby doing", Revenue(), "2025-04-02 00:00:00");
  records_.Approve("what is the baby of Atlantis doing", In("Atlantis"), "2025-04-02 00:00:00");
  const auto visible = ShopVisible(model_, {"Germany"});
  EXPECT_THAT(verified_.Nearest(Context(), "the baby", model_, visible, On("2025-04-02"), 3),
              ElementsAre(Restate(Revenue(), *model_)));
  // Naming it in one's own question brings nothing out either.
  EXPECT_THAT(verified_.Nearest(Context(), "the baby of Atlantis", model_, visible, On("2025-04-02"), 3),
              ElementsAre(Restate(Revenue(), *model_)));
  EXPECT_THAT(verified_.Nearest(Context(), "weather", model_, visible, On("2025-04-02"), 3), IsEmpty());
}

TEST_F(VerifiedQuestionsTest, SuggestsWhatMeansTheSameInOtherWords) {
  const auto texts =
      retrieval::TextIndex::Open(
          Context(), {}, retrieval::StaticEmbedder::Open(NL_CACHE_DIR "/word-embeddings/embeddings.nlembed").value())
          .value();
  records_.Approve("how are we doing", Revenue(), "2025-04-02 00:00:00");
  records_.Approve("how is it going over there", In("Atlantis"), "2025-04-02 00:00:00");
  const auto visible = ShopVisible(model_, {"Germany"});
  const auto nearest = [&](const std::string& question) {
    return verified_.Nearest(Context(), question, model_, visible, On("2025-04-02"), 3);
  };
  EXPECT_THAT(nearest("income"), IsEmpty());
  verified_.UseTexts(texts.get());
  EXPECT_THAT(nearest("income"), ElementsAre(Restate(Revenue(), *model_)));
  // Of what one may not see neither a word nor a meaning brings anything out.
  EXPECT_THAT(nearest("revenue of Atlantis"), ElementsAre(Restate(Revenue(), *model_)));
  EXPECT_THAT(nearest("weather"), IsEmpty());
}

TEST_F(VerifiedQuestionsTest, AFollowUpIsReadAsOne) {
  records_.Approve("only Germany", In("Germany"), "2025-04-02 00:00:00");
  Understanding understood{.status = Status::kAnswered, .readings = {{.intent = Revenue(), .follow_up = true}}};
  verified_.Recall("only Germany", model_, ShopVisible(model_, {"Germany"}), On("2025-04-02"), understood);
  EXPECT_TRUE(understood.readings[0].follow_up);
}

TEST_F(VerifiedQuestionsTest, KnowsWhatTheModelsAuthorVerified) {
  model_ = ShopModel(R"(verified_questions:
  - {question: How much did we sell?, intent: '{"metrics":[{"metric":"revenue"}]}', verified_by: anna}
)");
  EXPECT_EQ(Ask("how much did we sell", {}).status, Status::kAnswered);
}

TEST_F(VerifiedQuestionsTest, UseIsAPartOfWhatWasVerified) {
  EXPECT_EQ(verified_.UsageOf(model_), nullptr);
  records_.Approve("a", Revenue(), "2025-04-02 00:00:00");
  Intent other;
  other.metrics = {{.metric = "orders_count"}};
  records_.Approve("b", other, "2025-04-02 00:00:00");
  const auto usage = verified_.UsageOf(model_);
  EXPECT_DOUBLE_EQ(usage("revenue"), 0.5);
  EXPECT_DOUBLE_EQ(usage("customers_count"), 0);
}

}  // namespace
}  // namespace neurolake::ask
