#include "catalog/ask_records.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

class AskRecordsTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    std::filesystem::create_directories(lake_);
  }
  AskRecords& records() { return catalog_->ask_records(); }
  AskedQuestion Question(const std::string& conversation, const std::string& text, const std::string& intent = "{}") {
    return {.conversation_id = conversation,
            .question = text,
            .intent = intent,
            .as_of = "2025-04-02 00:00:00",
            .status = "answered",
            .model = "shop",
            .model_version = "v1",
            .asked = clock_.Now()};
  }
  AskFeedback Feedback(const std::string& question, const std::string& by = "ann") {
    return {.question_id = question,
            .model = "shop",
            .verdict = "corrected",
            .given_by = by,
            .given_by_id = "id of " + by,
            .given = clock_.Now(),
            .question = "what did we sell",
            .intent = "{\"a\":1}",
            .as_of = "2025-04-02 00:00:00",
            .meant = "{\"b\":2}",
            .comment = "sales are revenue"};
  }
  std::string Begin(const std::string& owner) { return records().BeginConversation(owner, clock_.Now()).value(); }
};

INSTANTIATE_TEST_SUITE_P(Kinds, AskRecordsTest, testing::Values("sqlite", "postgresql"));

TEST_P(AskRecordsTest, KeepsAConversationForItsOwnerAlone) {
  const std::string mine = Begin("ann");
  ASSERT_TRUE(records().AddQuestion("ann", Question(mine, "revenue by country", "{\"x\":1}")).has_value());
  const std::string second = records().AddQuestion("ann", Question(mine, "only Germany", "")).value();
  const auto read = records().ReadConversation("ann", mine).value();
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].question, "revenue by country");
  EXPECT_EQ(read[1].question, "only Germany");
  EXPECT_EQ(records().LastUnderstood("ann", mine).value()->intent, "{\"x\":1}");
  EXPECT_EQ(records().FindQuestion("ann", second).value().question, "only Germany");
  const auto listed = records().ListConversations("ann", 10).value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].first_question, "revenue by country");
  EXPECT_EQ(listed[0].questions, 2);
  // Somebody else's is as missing as none.
  for (const std::string& id : {mine, std::string("00000000-0000-4000-8000-000000000000")}) {
    const auto other = records().ReadConversation("bob", id);
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(other.error().message(), "there is no such conversation");
    EXPECT_EQ(records().AddQuestion("bob", Question(id, "x")).error().message(), "there is no such conversation");
    EXPECT_EQ(records().DeleteConversation("bob", id).error().message(), "there is no such conversation");
    EXPECT_EQ(records().LastUnderstood("bob", id).error().message(), "there is no such conversation");
  }
  EXPECT_EQ(records().FindQuestion("bob", second).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(records().ListConversations("bob", 10)->empty());
  EXPECT_TRUE(records().DeleteConversation("ann", mine).has_value());
  EXPECT_FALSE(records().ReadConversation("ann", mine).has_value());
}

TEST_P(AskRecordsTest, NothingThatWasAskedIsReadableInTheStore) {
  const std::string conversation = Begin("ann");
  const std::string id = records().AddQuestion("ann", Question(conversation, "orders of Zebulon Quux")).value();
  AskFeedback feedback = Feedback(id);
  feedback.comment = "Zebulon Quux is a customer";
  ASSERT_TRUE(records().AddFeedback(feedback).has_value());
  int64_t rows = 0;
  for (const std::string table : {"ask_questions", "ask_feedback", "ask_conversations"}) {
    const auto read = store_->ReadOnce("SELECT * FROM " + table).value();
    for (const auto& row : read) {
      ++rows;
      for (const auto& value : row) {
        const auto* text = std::get_if<std::string>(&value);
        EXPECT_TRUE(text == nullptr || text->find("Zebulon") == std::string::npos) << table;
      }
    }
  }
  EXPECT_EQ(rows, 3);
}

TEST_P(AskRecordsTest, RetentionForgetsWhatWasLastUsedEarlier) {
  const std::string old = Begin("ann");
  ASSERT_TRUE(records().AddQuestion("ann", Question(old, "first")).has_value());
  const std::string open = records().AddFeedback(Feedback("q1")).value();
  const std::string approved = records().AddFeedback(Feedback("q2")).value();
  ASSERT_TRUE(records().DecideFeedback(approved, "approved", "{}", "root", clock_.Now()).has_value());
  clock_.Advance(std::chrono::hours{2});
  const std::string recent = Begin("ann");
  EXPECT_EQ(records().Forget(clock_.Now() - std::chrono::hours{1}).value(), 2);
  EXPECT_FALSE(records().ReadConversation("ann", old).has_value());
  EXPECT_TRUE(records().ReadConversation("ann", recent).has_value());
  EXPECT_FALSE(records().FindFeedback(open)->has_value());
  EXPECT_TRUE(records().FindFeedback(approved)->has_value());
}

TEST_P(AskRecordsTest, FeedbackIsVerifiedWhenItIsApprovedAndNotAfterwardsRejected) {
  const std::string id = records().AddFeedback(Feedback("q1")).value();
  EXPECT_TRUE((*records().Verified("shop"))->empty());
  ASSERT_TRUE(records().DecideFeedback(id, "approved", "{\"c\":3}", "root", clock_.Now()).has_value());
  const auto verified = records().Verified("shop").value();
  ASSERT_EQ(verified->size(), 1u);
  EXPECT_EQ(verified->front().meant, "{\"c\":3}");
  EXPECT_EQ(verified->front().decided_by, "root");
  EXPECT_EQ(records().Verified("shop").value(), verified);
  EXPECT_TRUE((*records().Verified("other"))->empty());
  EXPECT_EQ(records().AddFeedback(Feedback("q1")).error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(records().DecideFeedback(id, "rejected", "", "root", clock_.Now()).has_value());
  EXPECT_TRUE((*records().Verified("shop"))->empty());
  EXPECT_EQ(records().DecideFeedback("none", "rejected", "", "root", clock_.Now()).error().code(),
            ErrorCode::kNotFound);
}

TEST_P(AskRecordsTest, SayingSomethingElseTakesThePlaceOfWhatWasSaid) {
  ASSERT_TRUE(records().AddFeedback(Feedback("q1")).has_value());
  AskFeedback again = Feedback("q1");
  again.verdict = "wrong";
  ASSERT_TRUE(records().AddFeedback(again).has_value());
  ASSERT_TRUE(records().AddFeedback(Feedback("q1", "bob")).has_value());
  const auto listed = records().ListFeedback("shop", "open", 10).value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].verdict == "wrong" ? listed[0].given_by : listed[1].given_by, "ann");
  EXPECT_TRUE(records().ListFeedback("other", "", 10)->empty());
}

TEST_P(AskRecordsTest, ErasesWhatNamesSomebody) {
  const std::string conversation = Begin("ann");
  ASSERT_TRUE(records().AddQuestion("ann", Question(conversation, "orders of ann@example.org")).has_value());
  ASSERT_TRUE(
      records().AddQuestion("ann", Question(conversation, "orders", "{\"v\":\"ann@example.org\"}")).has_value());
  ASSERT_TRUE(records().AddQuestion("ann", Question(conversation, "orders of bob@example.org")).has_value());
  AskFeedback feedback = Feedback("q1");
  feedback.comment = "ann@example.org is missing";
  const std::string id = records().AddFeedback(feedback).value();
  ASSERT_TRUE(records().DecideFeedback(id, "approved", "{}", "root", clock_.Now()).has_value());
  ASSERT_EQ((*records().Verified("shop"))->size(), 1u);
  const auto holds = [](const std::string& text) { return text.find("ann@example.org") != std::string::npos; };
  EXPECT_EQ(records().EraseTexts(holds, /*erase=*/false).value(), 3);
  EXPECT_EQ(records().ReadConversation("ann", conversation)->size(), 3u);
  EXPECT_EQ(records().EraseTexts(holds, /*erase=*/true).value(), 3);
  const auto left = records().ReadConversation("ann", conversation).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].question, "orders of bob@example.org");
  EXPECT_TRUE((*records().Verified("shop"))->empty());
  EXPECT_EQ(records().EraseTexts(holds, /*erase=*/true).value(), 0);
}

TEST_P(AskRecordsTest, ErasesQuestionsThatWait) {
  const auto wait = [&](const std::string& id, const std::string& graph, const std::string& text) {
    const std::string sealed = records().SealText(text, "run " + id + "/3").value();
    EXPECT_EQ(sealed.find("ann@"), std::string::npos);
    ASSERT_TRUE(store_->Write([&](metastore::Session& session) -> Result<void> {
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO runs (id, graph, graph_version, principal_id, state, started, updated) VALUES (?, ?, 1, 'ann', "
          "'running', 0, 0)",
          {id, graph}));
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO run_steps (run_id, step, value, next, trace, made) VALUES (?, 3, ?, '?readings', '{}', 0)",
          {id, sealed}));
      return {};
    }));
  };
  wait("one", "ask", "orders of ann@example.org");
  wait("two", "ask", "orders of bob@example.org");
  wait("other", "agent", "orders of ann@example.org");  // Not a question: another owner's to open.
  const auto holds = [](const std::string& text) { return text.find("ann@example.org") != std::string::npos; };
  EXPECT_EQ(records().EraseTexts(holds, /*erase=*/false).value(), 1);
  EXPECT_EQ(records().EraseTexts(holds, /*erase=*/true).value(), 1);
  const auto left = store_->ReadOnce("SELECT run_id FROM run_steps ORDER BY run_id", {}).value();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(std::get<std::string>(left[0].at(0)), "other");
  EXPECT_EQ(std::get<std::string>(left[1].at(0)), "two");
}

TEST_P(AskRecordsTest, ASealedTextIsBoundToItsPlace) {
  const std::string sealed = records().SealText("secret", "run a/1").value();
  EXPECT_EQ(records().OpenText(sealed, "run a/1").value(), "secret");
  EXPECT_EQ(records().OpenText(sealed, "run b/1").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(records().OpenText("nonsense", "run a/1").error().code(), ErrorCode::kCorruption);
}

TEST_P(AskRecordsTest, OneUnderAnIdTakesThePlaceOfTheOneThatHadIt) {
  const std::string conversation = Begin("ann");
  AskedQuestion question = Question(conversation, "turnover");
  question.id = "run-1";
  question.status = "clarify";
  ASSERT_EQ(records().AddQuestion("ann", question).value(), "run-1");
  ASSERT_TRUE(records().AddQuestion("ann", Question(conversation, "orders")).has_value());
  question.question = "turnover last month";
  ASSERT_EQ(records().AddQuestion("ann", question).value(), "run-1");
  const auto read = records().ReadConversation("ann", conversation).value();
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].question, "orders");
  EXPECT_EQ(read[1].question, "turnover last month");
}

TEST_P(AskRecordsTest, ListsAreOfWhoMayReadThem) {
  ASSERT_TRUE(records().AddQuestion("ann", Question(Begin("ann"), "first")).has_value());
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(records().AddQuestion("ann", Question(Begin("ann"), "second")).has_value());
  ASSERT_TRUE(records().AddQuestion("bob", Question(Begin("bob"), "third")).has_value());
  const auto asked = records().ListQuestions("ann", 10, 0).value();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].question, "second");
  EXPECT_EQ(records().ListQuestions("ann", 10, 1)->at(0).question, "first");
  ASSERT_TRUE(records().AddFeedback(Feedback("q1", "ann")).has_value());
  AskFeedback other = Feedback("q2", "bob");
  other.model = "staff";
  ASSERT_TRUE(records().AddFeedback(other).has_value());
  const auto count = [&](const AskRecords::FeedbackOf& of) { return records().ListFeedbackOf(of, 10, 0)->size(); };
  EXPECT_EQ(count({.given_by_id = "id of ann"}), 1u);
  EXPECT_EQ(count({.given_by_id = "id of carl"}), 0u);
  EXPECT_EQ(count({.given_by_id = "id of carl", .models = {"shop", "staff"}}), 2u);
  EXPECT_EQ(count({.given_by_id = "id of ann", .models = {"staff"}}), 2u);
  EXPECT_EQ(count({.given_by_id = "id of carl", .everybody = true}), 2u);
}

TEST_P(AskRecordsTest, ConversationsArePartedByWhomOneActsForAndWhatATokenIsLimitedTo) {
  Principal agent{.id = PrincipalId("agent"), .name = "bot"};
  Principal ann{.id = PrincipalId("ann"), .name = "ann"};
  const std::string alone = AskOwner(agent);
  agent.on_behalf_of = std::make_shared<Principal>(ann);
  EXPECT_NE(AskOwner(agent), alone);
  EXPECT_NE(AskOwner(agent), AskOwner(ann));
  const std::string whole = AskOwner(ann);
  ann.schemas = {"gold"};
  const std::string gold = AskOwner(ann);
  ann.schemas = {"gold", "silver"};
  EXPECT_NE(gold, whole);
  EXPECT_NE(gold, AskOwner(ann));
}

}  // namespace
}  // namespace neurolake::catalog
