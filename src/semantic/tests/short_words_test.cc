#include "semantic/short_words.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace neurolake::semantic {
namespace {

KnownColumn Column(std::string name, std::string type, int64_t distinct, std::vector<std::string> values = {}) {
  return {
      .name = std::move(name), .type = std::move(type), .distinct = distinct, .nulls = 0, .values = std::move(values)};
}

/// What the tables tell of a short word; empty: nothing.
std::string WholeOf(std::vector<KnownTable> tables, const std::string& word) {
  LearnShortWords(tables);
  const auto& learned = tables.front().written_out;
  const auto found = std::ranges::find(learned, word, &std::pair<std::string, std::string>::first);
  return found == learned.end() ? "" : found->second;
}

KnownTable Museums() {
  return {
      .name = {"s", "museums"}, .rows = 9, .columns = {Column("msm_no", "BIGINT", 9), Column("msm_nm", "VARCHAR", 9)}};
}

TEST(ShortWordsTest, AKeyIsCalledShortForItsTable) {
  EXPECT_EQ(WholeOf({Museums()}, "msm"), "museum");
  const KnownTable tickets{.name = {"s", "guided_tours"},
                           .rows = 40,
                           .columns = {Column("gt_id", "BIGINT", 40), Column("msm_no", "BIGINT", 9)}};
  EXPECT_EQ(WholeOf({Museums(), tickets}, "gt"), "guided tour") << "initials";
  const KnownTable other{.name = {"s", "mausoleums"}, .rows = 5, .columns = {Column("msm_no", "BIGINT", 5)}};
  EXPECT_EQ(WholeOf({Museums(), other}, "msm"), "") << "two tables fit";
}

TEST(ShortWordsTest, WhatStandsWholeSomewhereElse) {
  const KnownTable brews{
      .name = {"s", "brews"},
      .rows = 30,
      .columns = {Column("brew_id", "BIGINT", 30), Column("ferm_days", "INTEGER", 8), Column("fermenter", "VARCHAR", 4),
                  Column("hop_grams", "INTEGER", 20), Column("tst_id", "INTEGER", 3),
                  Column("crew_role", "VARCHAR", 2, {"taster", "brewmaster"})}};
  EXPECT_EQ(WholeOf({brews}, "ferm"), "fermenter");
  EXPECT_EQ(WholeOf({brews}, "tst"), "taster") << "a part that people play";
  EXPECT_EQ(WholeOf({brews}, "hop"), "") << "nothing begins so";
}

TEST(ShortWordsTest, WordsOfTheirOwnAreShortForNothing) {
  const KnownTable plans{.name = {"s", "plans"}, .rows = 3, .columns = {Column("plan_id", "BIGINT", 3)}};
  const KnownTable planets{.name = {"s", "planets"}, .rows = 8, .columns = {Column("planet_id", "BIGINT", 8)}};
  EXPECT_EQ(WholeOf({plans, planets}, "plan"), "");
}

TEST(ShortWordsTest, TheOwnTableSaysItBeforeTheListOfAll) {
  EXPECT_EQ(ShortWord("arr"), "arrival");
  const KnownTable debts{.name = {"s", "arrears"},
                         .rows = 50,
                         .columns = {Column("debtor_id", "BIGINT", 30), Column("arr_sum", "DECIMAL(9,2)", 40)}};
  EXPECT_EQ(WholeOf({debts}, "arr"), "arrear");
  const KnownTable flights{.name = {"s", "flights"},
                           .rows = 50,
                           .columns = {Column("flight_id", "BIGINT", 50), Column("arr_time", "TIMESTAMP", 50)}};
  EXPECT_EQ(WholeOf({flights}, "arr"), "");
}

TEST(ShortWordsTest, InsideOtherWordsOnlyWhatIsNoPartOfMany) {
  EXPECT_EQ(ShortWordInside("qty"), "quantity");
  EXPECT_EQ(ShortWord("est"), "estimated");
  EXPECT_EQ(ShortWordInside("est"), "") << "latest, forest";
  EXPECT_EQ(ShortWord("museum"), "");
}

}  // namespace
}  // namespace neurolake::semantic
