#include <gtest/gtest.h>

#include <algorithm>

#include "semantic/load.h"
#include "semantic/tests/known_tables.h"

namespace neurolake::semantic {
namespace {

const Metric* MetricCalled(const SemanticModel& model, const std::string& word) {
  const auto found = std::ranges::find_if(model.metrics, [&](const Metric& metric) { return Says(metric, word); });
  return found == model.metrics.end() ? nullptr : &*found;
}

std::string LabelOf(const SemanticModel& model, const std::string& dimension, const std::string& value) {
  for (const Entity& entity : model.entities) {
    const Dimension* found = FindDimension(entity, dimension);
    if (found == nullptr) continue;
    for (const NamedValue& named : found->values) {
      if (named.value == value) return named.label;
    }
  }
  return "";
}

TEST(FiscalYearTest, IsOpenInADraft) {
  const auto model = ModelOf({Table("visits", 9, {Column("visit_id", "BIGINT", 9), Column("visited_on", "DATE", 9)})});
  EXPECT_FALSE(model.calendar.fiscal_year_known);
  auto loaded = LoadModel(SaveModel(model));
  ASSERT_TRUE(loaded.has_value());
  EXPECT_FALSE(loaded->calendar.fiscal_year_known) << "it is kept in the file";
}

TEST(CodesTest, AStatusIsWrittenShort) {
  const auto model = ModelOf({Table("moorings", 60,
                                    {Column("mooring_id", "BIGINT", 60), Column("booked_on", "DATE", 50),
                                     Column("mooring_stat", "VARCHAR", 3, {"act", "canc", "exp"}),
                                     Column("colour", "VARCHAR", 3, {"act", "red", "blue"})})});
  EXPECT_EQ(LabelOf(model, "mooring_stat", "act"), "active");
  EXPECT_EQ(LabelOf(model, "mooring_stat", "canc"), "cancelled");
  EXPECT_EQ(LabelOf(model, "colour", "act"), "") << "no status";
}

TEST(CodesTest, OneLetterNeedsItsOpposite) {
  const auto with = [](std::vector<std::string> values) {
    return ModelOf({Table("permits", 60,
                          {Column("permit_id", "BIGINT", 60), Column("issued_on", "DATE", 50),
                           Column("permit_status", "VARCHAR", int64_t(values.size()), values)})});
  };
  EXPECT_EQ(LabelOf(with({"C", "O"}), "permit_status", "O"), "open");
  EXPECT_EQ(LabelOf(with({"C", "O"}), "permit_status", "C"), "closed");
  EXPECT_EQ(LabelOf(with({"C", "X"}), "permit_status", "C"), "") << "cancelled, completed, closed";
}

TEST(CodesTest, PartiesAndHowOften) {
  const auto model = ModelOf({Table("donors", 60,
                                    {Column("donor_id", "BIGINT", 60), Column("donor_type", "VARCHAR", 2, {"C", "P"}),
                                     Column("giving_freq", "VARCHAR", 3, {"M", "Q", "Y"})})});
  EXPECT_EQ(LabelOf(model, "donor_type", "P"), "private");
  EXPECT_EQ(LabelOf(model, "donor_type", "C"), "company");
  EXPECT_EQ(LabelOf(model, "giving_freq", "Q"), "quarterly");
}

TEST(RatesTest, AreCalledByWhatBecameOfTheRowsAndOfWhatWasDecided) {
  const auto model = ModelOf({Table("auditions", 90,
                                    {Column("audition_id", "BIGINT", 90), Column("held_on", "DATE", 60),
                                     Column("result", "VARCHAR", 4, {"cancelled", "failed", "passed", "pending"})})});
  const Metric* passed = MetricCalled(model, "pass rate");
  ASSERT_NE(passed, nullptr);
  EXPECT_EQ(passed->kind, MetricKind::kRatio);
  EXPECT_EQ(FindMetric(model, passed->numerator)->filter, "result = 'passed'");
  EXPECT_EQ(FindMetric(model, passed->denominator)->filter, "result IN ('failed', 'passed')");
  const Metric* cancelled = MetricCalled(model, "cancellation rate");
  ASSERT_NE(cancelled, nullptr);
  EXPECT_EQ(cancelled->denominator, "auditions_count") << "of all";
  EXPECT_EQ(MetricCalled(model, "pending rate"), nullptr);
}

TEST(RatesTest, MoneyPerHour) {
  const auto model = ModelOf({Table("lessons", 90,
                                    {Column("lesson_id", "BIGINT", 90), Column("lesson_date", "DATE", 60),
                                     Column("hours", "DECIMAL(4,1)", 6), Column("fee_eur", "DECIMAL(8,2)", 60)})});
  const Metric* hourly = MetricCalled(model, "fee per hour");
  ASSERT_NE(hourly, nullptr);
  EXPECT_EQ(hourly->numerator, "total_fee_eur");
  EXPECT_EQ(hourly->denominator, "total_hours");
}

TEST(SalesTest, GoByTheirOrderWhereItSaysWhatWasCalledOff) {
  const auto with = [](std::vector<std::string> statuses) {
    const auto orders = Table("orders", 100,
                              {Column("order_id", "BIGINT", 100), Column("order_date", "DATE", 60),
                               Column("status", "VARCHAR", 2, std::move(statuses)),
                               Column("plants_amt", "DECIMAL(9,2)", 80), Column("delivery_fee", "DECIMAL(9,2)", 8)});
    const auto lines =
        Table("order_lines", 300,
              {Column("order_id", "BIGINT", 100), Column("line_no", "INTEGER", 5), Column("plant", "VARCHAR", 40),
               Column("quantity", "INTEGER", 9), Column("unit_price", "DECIMAL(9,2)", 40)});
    return ModelOf({orders, lines}, {{{"s", "order_lines"}, "order_id", {"s", "orders"}, "order_id"}});
  };
  const auto model = with({"cancelled", "delivered"});
  const Metric* revenue = MetricCalled(model, "sales");
  ASSERT_NE(revenue, nullptr);
  EXPECT_EQ(revenue->entity, "orders");
  EXPECT_EQ(FindMeasure(*FindEntity(model, "orders"), revenue->measure)->filter,
            "coalesce(status, '') NOT IN ('cancelled')");
  const auto uncalled = with({"delivered", "open"});
  ASSERT_NE(MetricCalled(uncalled, "sales"), nullptr);
  EXPECT_EQ(MetricCalled(uncalled, "sales")->entity, "order_lines") << "line by line, where nothing was called off";
}

TEST(BalancesTest, AreAskedForByWhatTheTableIsCalled) {
  auto debts =
      Table("loan_arrears", 500,
            {Column("loan_no", "BIGINT", 40), Column("week_end", "DATE", 52), Column("sum_owed", "DOUBLE", 400)});
  debts.keys = {{"loan_no", "week_end"}};
  const auto model = ModelOf({debts});
  const Entity& entity = model.entities[0];
  EXPECT_EQ(entity.default_time, "week_end") << "the only time, and of its key";
  const Measure* owed = FindMeasure(entity, "total_sum_owed");
  ASSERT_NE(owed, nullptr);
  EXPECT_EQ(owed->additivity, Additivity::kSemiAdditive);
  EXPECT_TRUE(Says(*owed, "arrears"));
  EXPECT_FALSE(Says(entity, "arrears")) << "how often they were written down is not asked for";
}

TEST(PayTest, IsAddedUpWhereItIsForAShift) {
  const auto model = ModelOf({Table("night_shifts", 90,
                                    {Column("shift_id", "BIGINT", 90), Column("shift_date", "DATE", 60),
                                     Column("wage_eur", "DECIMAL(8,2)", 60)}),
                              Table("guards", 30,
                                    {Column("guard_id", "BIGINT", 30), Column("hired_on", "DATE", 30),
                                     Column("wage_eur", "DECIMAL(8,2)", 20)})});
  EXPECT_TRUE(Says(*FindMeasure(model.entities[0], "total_wage_eur"), "wage"));
  EXPECT_FALSE(Says(*FindMeasure(model.entities[1], "guards_total_wage_eur"), "wage")) << "people's is compared";
}

TEST(StillThereTest, WhatJoinedAndDidNotLeave) {
  const auto model = ModelOf({Table("galleries", 40,
                                    {Column("gallery_id", "BIGINT", 40), Column("joined_on", "DATE", 40),
                                     Open(Column("left_on", "DATE", 4), 36)}),
                              Table("trips", 40,
                                    {Column("trip_id", "BIGINT", 40), Column("joined_on", "DATE", 40),
                                     Open(Column("left_on", "DATE", 4), 36)})});
  EXPECT_NE(FindDimension(model.entities[0], "is_active"), nullptr);
  EXPECT_EQ(FindDimension(model.entities[1], "is_active"), nullptr) << "a trip is over";
}

TEST(WordsTest, LineOfBusinessIsTheLineAndACountryCodeTheCountry) {
  const auto model = ModelOf({Table("quotes", 90,
                                    {Column("quote_id", "BIGINT", 90), Column("lob", "VARCHAR", 4, {"a", "b"}),
                                     Column("countryCode", "VARCHAR", 2, {"DE", "FR"}),
                                     Column("prepMinutes", "INTEGER", 30), Column("closed_on", "DATE", 60)})});
  const Entity& quotes = model.entities[0];
  EXPECT_TRUE(Says(*FindDimension(quotes, "lob"), "line"));
  EXPECT_TRUE(Says(*FindDimension(quotes, "countrycode"), "country"));
  EXPECT_TRUE(Says(*FindDimension(quotes, "closed_on"), "closing date"));
}

}  // namespace
}  // namespace neurolake::semantic
