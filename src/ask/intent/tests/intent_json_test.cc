#include "ask/intent/intent_json.h"

#include <gtest/gtest.h>

#include <random>

namespace neurolake::ask {
namespace {

constexpr std::string_view kFull =
    R"({"output":"table","metrics":[{"metric":"revenue","filters":[{"any_of":[{"field":{"entity":"customers","name":"country","via":["buyer"]},"op":"not_in","values":["DE",1,2.5,true],"or_null":true}]}],"label":"x"},{"aggregation":"percentile","percentile":0.9,"field":{"entity":"orders","name":"amount"}}],"dimensions":[{"field":{"entity":"orders","name":"at"},"part":"day_of_week"}],"sets":[{"subject":"customers","related":"orders","negated":true,"from":"2024-01-01","metric":{"metric":"orders_count"},"op":"between","operand":1,"upper":2}],"time":{"field":{"entity":"orders","name":"at"},"from":"2024-01-01","to":"2024-02-29 12:30:00","grain":"month","fill_gaps":true,"comparisons":[{"kind":"offset","count":2,"grain":"quarter","show_value":false,"show_difference":true,"show_growth":false}]},"calculations":[{"kind":"rolling_sum","metric":1,"window":7,"per":[0]}],"having":[{"value":{"part":"growth","index":1},"op":"less","operand":-0.5}],"rank":{"by":{"part":"calculation"},"n":3,"descending":false,"nth_only":true,"per":[0],"per_period":true,"ties":"break"},"order":[{"time_axis":true},{"value":{"index":1},"descending":true}],"privacy":{"remove_personal":true,"masked":[{"entity":"customers","name":"email"}]},"keep_empty":true,"zone":"Europe/Berlin","row_limit":5})";

TEST(IntentJsonTest, ComesBackAsItWent) {
  const auto intent = DecodeIntent(kFull);
  ASSERT_TRUE(intent.has_value()) << intent.error().message();
  EXPECT_EQ(intent->metrics.size(), 2u);
  EXPECT_EQ(intent->time.comparisons.front().count, 2);
  EXPECT_EQ(intent->rank->ties, Ties::kBreak);
  EXPECT_EQ(intent->order.front().dimension, SortKey::kTimeAxis);
  const std::string encoded = EncodeIntent(*intent);
  const auto again = DecodeIntent(encoded);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(*again, *intent);
  EXPECT_EQ(EncodeIntent(*again), encoded);
}

TEST(IntentJsonTest, DefaultsAreLeftOut) {
  EXPECT_EQ(EncodeIntent(Intent{}), "{}");
  EXPECT_EQ(*DecodeIntent("{}"), Intent{});
}

TEST(IntentJsonTest, RefusalsNameThePath) {
  const auto refused = [](std::string_view text) {
    const auto intent = DecodeIntent(text);
    return intent.has_value() ? std::string("decoded") : intent.error().message();
  };
  EXPECT_NE(refused(R"({"sql":"SELECT 1"})").find("unknown member"), std::string::npos);
  EXPECT_NE(refused(R"({"time":{"comparisons":[{"kind":"yesterday"}]}})").find("time.comparisons[0].kind"),
            std::string::npos);
  EXPECT_NE(refused(R"({"time":{"from":"2023-02-29"}})").find("time.from"), std::string::npos);
  EXPECT_NE(refused(R"({"row_limit":0})").find("row_limit"), std::string::npos);
  EXPECT_NE(refused(R"({"row_limit":1e9})").find("row_limit"), std::string::npos);
  EXPECT_NE(refused(R"({"metrics":"revenue"})").find("metrics is a list"), std::string::npos);
  EXPECT_NE(refused(R"({"metrics":[{"metric":"a","metric":"b"}]})").find(""), std::string::npos);
  EXPECT_FALSE(DecodeIntent(R"({"metrics":[{"metric":"a","metric":"b"}]})").has_value());
  EXPECT_FALSE(DecodeIntent("[]").has_value());
  EXPECT_FALSE(DecodeIntent("{} {}").has_value());
  EXPECT_FALSE(DecodeIntent(std::string(70'000, ' ') + "{}").has_value());
}

/// Damaged in every place by bytes of a fixed seed: either refused, or an intent that encodes and decodes to itself.
TEST(IntentJsonTest, DamagedTextIsRefusedOrMeansSomething) {
  std::mt19937 random(6);
  constexpr std::string_view kBytes = "{}[]\",:0-e.\\u\xff\0tfn ";
  for (int round = 0; round < 4000; ++round) {
    std::string text(kFull);
    for (int damage = 0; damage < 1 + round % 4; ++damage) {
      const size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, 1 + random() % 20);
      } else {
        text[at] = kBytes[random() % kBytes.size()];
      }
    }
    const auto intent = DecodeIntent(text);
    if (!intent.has_value()) continue;
    const auto again = DecodeIntent(EncodeIntent(*intent));
    ASSERT_TRUE(again.has_value()) << text;
    EXPECT_EQ(*again, *intent) << text;
  }
}

semantic::SemanticModel SmallModel() {
  semantic::SemanticModel model;
  semantic::Entity orders;
  orders.name = "orders";
  semantic::Dimension status;
  status.name = "status";
  orders.dimensions.push_back(status);
  model.entities.push_back(orders);
  return model;
}

TEST(CanonicalIntentTest, OneFormForEqualMeanings) {
  const auto model = SmallModel();
  const auto first = DecodeIntent(
      R"({"metrics":[{"entity":"ORDERS"}],"filters":[{"any_of":[{"field":{"entity":"Orders","name":"STATUS"},"values":["b","a","b"]}]},{"any_of":[{"field":{"entity":"orders","name":"status"},"op":"is_not_null"}]}],"zone":"UTC"})");
  const auto second = DecodeIntent(
      R"({"metrics":[{"entity":"orders","aggregation":"count"}],"filters":[{"any_of":[{"field":{"entity":"orders","name":"status"},"op":"is_not_null"}]},{"any_of":[{"field":{"entity":"orders","name":"status"},"values":["a","b"]}]}]})");
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(Canonical(*first, model), Canonical(*second, model));
  EXPECT_EQ(IntentHash(*first, model), IntentHash(*second, model));
  const auto other = DecodeIntent(
      R"({"metrics":[{"entity":"orders"}],"filters":[{"any_of":[{"field":{"entity":"orders","name":"status"},"values":["a"]}]}]})");
  EXPECT_NE(IntentHash(*first, model), IntentHash(*other, model));
}

TEST(CanonicalIntentTest, HashIsTheSameInEveryProcess) {
  EXPECT_EQ(IntentHash(Intent{}, SmallModel()), IntentHash(*DecodeIntent("{}"), SmallModel()));
  EXPECT_EQ(IntentHash(Intent{}, SmallModel()).size(), 64u);
}

}  // namespace
}  // namespace neurolake::ask
