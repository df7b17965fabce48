#include "ask/service/internal/ask_state.h"

#include <gtest/gtest.h>

#include "ask/intent/intent_json.h"

namespace neurolake::ask {
namespace {

Intent Revenue() {
  Intent intent;
  intent.metrics = {{.metric = "revenue"}};
  return intent;
}

AskState Asked() {
  AskState state{
      .request = {.question = "turnover last \"month\"", .model = "shop", .zone = "Europe/Berlin", .purpose = "fraud"}};
  state.request.schema = "gold";
  state.request.conversation = "c-1";
  state.request.as_of = ParseSqlTime("2025-04-02 10:11:12");
  state.request.previous = Revenue();
  state.reason = "two numbers are called so";
  state.attempts = {{.words = "Revenue",
                     .intent = Revenue(),
                     .confidence = 0.75,
                     .assumptions = {"by order date"},
                     .follow_up = true}};
  state.choices = {{.words = "Revenue", .intent = Revenue()}};
  state.asks_first = true;
  state.follows = true;
  return state;
}

TEST(AskStateTest, WhatIsWrittenDownIsReadAgain) {
  const AskState state = Asked();
  const auto read = AskState::FromJson(state.ToJson());
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->request.question, state.request.question);
  EXPECT_EQ(read->request.model, "shop");
  EXPECT_EQ(read->request.zone, "Europe/Berlin");
  EXPECT_EQ(read->request.purpose, "fraud");
  EXPECT_EQ(read->request.schema, "gold");
  EXPECT_EQ(read->request.conversation, "c-1");
  EXPECT_EQ(read->request.as_of, state.request.as_of);
  EXPECT_EQ(read->request.previous, state.request.previous);
  EXPECT_EQ(read->reason, state.reason);
  ASSERT_EQ(read->attempts.size(), 1U);
  EXPECT_EQ(read->attempts[0].intent, Revenue());
  EXPECT_EQ(read->attempts[0].confidence, 0.75);
  EXPECT_EQ(read->attempts[0].assumptions, std::vector<std::string>{"by order date"});
  EXPECT_TRUE(read->attempts[0].follow_up);
  ASSERT_EQ(read->choices.size(), 1U);
  EXPECT_EQ(read->choices[0].intent, Revenue());
  EXPECT_TRUE(read->is_read && read->asks_first && read->follows);
  EXPECT_FALSE(read->is_confirmed);
  EXPECT_EQ(read->ToJson(), state.ToJson());
}

TEST(AskStateTest, NoRowIsWrittenDown) {
  AskState state = Asked();
  Answer answer;
  answer.sentence = "Revenue: 4242.";
  answer.suggestions = {"4242"};
  answer.documents = {{.document = "d", .text = "4242"}};
  state.attempts[0].table = std::make_shared<const AnswerTable>(AnswerTable{.rows = {{Cell(int64_t{4242})}}});
  state.attempts[0].answer = std::make_shared<const Answer>(answer);
  state.answer = state.first = state.attempts[0].answer;
  EXPECT_EQ(state.ToJson().find("4242"), std::string::npos);
}

TEST(AskStateTest, WhatIsNoStateIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"request": 1})", R"({"request": {"question": 1}})", R"({"request": {"as_of": "soon"}})",
        R"({"request": {"previous": {"colour": "red"}}})", R"({"request": {}, "attempts": [1]})",
        R"({"request": {}, "attempts": [{"words": "w"}]})", R"({"request": {}, "asks_first": "yes"})"}) {
    const auto read = AskState::FromJson(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  }
}

}  // namespace
}  // namespace neurolake::ask
