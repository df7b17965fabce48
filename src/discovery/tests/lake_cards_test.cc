#include "discovery/lake_cards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/text.h"

namespace neurolake::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const SystemClock kClock;

RequestContext Context() {
  return RequestContext({}, "r", "test", kClock, kClock.SteadyNow() + std::chrono::minutes(1));
}

using Row = std::vector<std::string>;

std::vector<LakeCard> Cards(const std::vector<Row>& rows) {
  LakeCards cards;
  for (const Row& row : rows) EXPECT_TRUE(cards.Add(row).has_value());
  return cards.Take();
}

const std::vector<Row> kShop = {
    {"shop", "orders", "table", "", "What was sold", "", ""},
    {"shop", "orders", "tag", "", "gold", "", ""},
    {"shop", "orders", "tag", "email", "pii = email", "", ""},
    {"shop", "orders", "column", "placed_at", "TIMESTAMP WITH TIME ZONE", "2012-01-01 00:00:00+00",
     "2013-06-30 12:00:00+00"},
    {"shop", "orders", "column", "email", "VARCHAR", "", ""},
    {"shop", "orders", "rows", "", "120", "", ""},
    {"shop", "returns", "table", "", "What came back", "", ""},
    {"shop", "returns", "column", "day", "DATE", "2014-01-01", "2014-12-31"},
    {"shop", "returns", "rows", "", "0", "", ""},
    {"shop", "big_orders", "view", "", "", "", ""},
    {"gone", "dropped", "tag", "", "gold", "", ""},
};

std::vector<std::string> NamesOf(const std::vector<const LakeCard*>& found) {
  std::vector<std::string> names;
  for (const LakeCard* one : found) names.push_back(one->card.name);
  return names;
}

WallTime At(const std::string& text) { return ParseTimestamp(text).value(); }

TEST(LakeCardsTest, FactsBecomeCards) {
  const auto cards = Cards(kShop);
  ASSERT_EQ(cards.size(), 3U);
  EXPECT_EQ(cards[1].card.name, "shop.orders");
  EXPECT_EQ(cards[1].card.description, "What was sold");
  EXPECT_THAT(cards[1].card.tags, ElementsAre("gold"));
  EXPECT_EQ(cards[1].card.row_count, 120);
  ASSERT_EQ(cards[1].card.columns.size(), 2U);
  EXPECT_EQ(cards[1].card.columns[0].name, "email");
  EXPECT_THAT(cards[1].card.columns[0].tags, ElementsAre("pii = email"));
  EXPECT_EQ(cards[1].card.columns[1].time_range->second, At("2013-06-30 12:00:00Z"));
  EXPECT_FALSE(cards[1].is_view);
  EXPECT_TRUE(cards[0].is_view);
  LakeCards broken;
  EXPECT_EQ(broken.Add(Row{"shop", "orders"}).error().code(), ErrorCode::kInvalidArgument);
}

TEST(LakeCardsTest, ConstraintsPick) {
  const auto cards = Cards(kShop);
  const auto names = [&](const retrieval::TableConstraint& constraint) { return NamesOf(Picked(cards, constraint)); };
  EXPECT_THAT(names({}), ElementsAre("shop.big_orders", "shop.orders", "shop.returns"));
  EXPECT_THAT(names({.tags = {"gold"}}), ElementsAre("shop.orders"));
  EXPECT_THAT(names({.tags = {"pii = email"}}), ElementsAre("shop.orders"));
  EXPECT_THAT(names({.tags = {"silver"}}), IsEmpty());
  EXPECT_THAT(names({.columns = {"DAY"}}), ElementsAre("shop.returns"));
  // What is not known of a view excludes nothing.
  EXPECT_THAT(names({.rows_min = 1}), ElementsAre("shop.big_orders", "shop.orders"));
  EXPECT_THAT(names({.time = retrieval::TimeSpan{At("2013-01-01"), At("2014-01-01")}}), ElementsAre("shop.orders"));
  EXPECT_THAT(names({.time = retrieval::TimeSpan{At("2014-01-01"), At("2015-01-01")}}), ElementsAre("shop.returns"));
}

TEST(LakeCardsTest, WordsPiecesAndMeaningsFind) {
  const auto cards = Cards(kShop);
  const auto texts = retrieval::TextIndex::Open(Context(), {}, nullptr).value();
  const auto find = [&](TableSearch search) {
    return NamesOf(FindTables(Context(), cards, search, texts.get()).value());
  };
  EXPECT_THAT(find({.text = "sold"}), ElementsAre("shop.orders"));
  EXPECT_THAT(find({.text = "ord"}), ElementsAre("shop.big_orders", "shop.orders"));
  EXPECT_EQ(find({.text = "orders that were sold"}).front(), "shop.orders");
  EXPECT_THAT(find({.text = "email"}), ElementsAre("shop.orders"));
  EXPECT_THAT(find({.text = "weather"}), IsEmpty());
  // Words that only hold a sentence together are pieces of nothing.
  EXPECT_THAT(find({.text = "what is the weather"}), IsEmpty());
  EXPECT_THAT(find({.text = "orders", .constraint = {.tags = {"gold"}}}), ElementsAre("shop.orders"));
  EXPECT_THAT(find({.text = "came back", .constraint = {.rows_min = 1}}), IsEmpty());
  EXPECT_THAT(find({.text = ""}), ElementsAre("shop.big_orders", "shop.orders", "shop.returns"));
  EXPECT_EQ(NamesOf(FindTables(Context(), cards, {.text = "sold"}, nullptr).value()),
            std::vector<std::string>{"shop.orders"});
}

}  // namespace
}  // namespace neurolake::discovery
