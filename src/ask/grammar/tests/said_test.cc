#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"
#include "semantic/load.h"

/// What people say around a number: over a workshop with machines, their stops, work orders and a stock.
namespace neurolake::ask::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kWorkshop = R"(semantic_model: workshop
entities:
  - name: people
    table: w.people
    primary_key: id
    dimensions:
      - {name: person, expr: nm, is_label: true}
  - name: machines
    table: w.machines
    primary_key: id
    default_time: installed_on
    dimensions:
      - {name: machine, expr: nm, is_label: true}
      - {name: site, values: [Linz, Porto]}
      - {name: state, values: [{value: current}, {value: sold}]}
      - {name: installed_on, expr: inst_dt, type: time, role: installed}
    measures:
      - {name: machines_count, aggregation: count, label: number of machines}
  - name: work_orders
    table: w.orders
    primary_key: wo
    default_time: created_on
    dimensions:
      - {name: work_order, expr: wo, value_type: integer, is_label: true}
      - {name: priority, values: [high, low]}
      - {name: created_on, expr: created_dt, type: time, role: created}
      - {name: finished_on, expr: done_dt, type: time, role: finished}
    measures:
      - {name: orders_count, aggregation: count, label: number of work orders}
      - {name: paid, expr: eur, unit: EUR, label: amount paid}
  - name: downtime
    table: w.stops
    primary_key: id
    default_time: stopped_at
    synonyms: [stop]
    dimensions:
      - {name: stop, expr: id, value_type: integer, is_label: true}
      - {name: stopped_at, expr: beg, type: time, grain: second, role: began}
      - {name: reason, label: downtime reason, synonyms: [reason], values: [setup, breakdown, power cut]}
      - {name: is_planned, value_type: boolean, label: planned downtime}
      - {name: stop_minutes, expr: minutes, value_type: integer, unit: min, label: minutes of a stop}
    measures:
      - {name: stops_count, aggregation: count, label: number of stops}
      - {name: downtime_minutes, expr: minutes, unit: min, label: downtime}
  - name: stock
    table: w.stock
    primary_key: [machine, day]
    default_time: stock_date
    dimensions:
      - {name: stock_date, expr: day, type: time, role: counted}
    measures:
      - {name: on_hand, expr: qty, additivity: semi_additive, over_time: last, label: stock level}
joins:
  - {name: machine_keeper, label: keeper, synonyms: [looked after by], from: machines, to: people, on: {keeper: id}}
  - {name: order_machine, label: machine, from: work_orders, to: machines, on: {machine: id}}
  - {name: stop_machine, label: machine, from: downtime, to: machines, on: {machine: id}}
  - {name: stock_machine, label: machine, from: stock, to: machines, on: {machine: id}}
)";

const Domain& Workshop() {
  static Domain domain = [] {
    Domain made;
    auto model = semantic::LoadModel(kWorkshop);
    EXPECT_TRUE(model.has_value());
    if (model) made.model = *model;
    made.values = NewMemoryValueIndex({{.field = {"people", "person"}, .value = "Adams", .shown = "Adams"},
                                       {.field = {"machines", "site"}, .value = "Linz", .shown = "Linz"}});
    made.time = {.now = DateStart(2025, 11, 3), .calendar = made.model.calendar};
    return made;
  }();
  static const bool kLinked = [] {
    domain.linker = std::make_unique<Linker>(domain.model, domain.values.get());
    return true;
  }();
  EXPECT_TRUE(kLinked);
  return domain;
}

std::string Read(std::string_view question, const Intent* previous = nullptr) {
  const Understanding result = Workshop().Ask(question, previous);
  if (result.status == Status::kAnswered) return result.readings[0].text;
  std::string open = result.status == Status::kClarify ? "asked back" : "refused: " + result.reason;
  for (const Reading& reading : result.readings) open += "; " + reading.text;
  return open;
}

TEST(SaidTest, CourtesySaysNothing) {
  const std::string plain = Read("number of stops in 2024");
  EXPECT_EQ(Read("Good morning! number of stops in 2024, thanks in advance"), plain);
  EXPECT_EQ(Read("number of machines in the system"), Read("number of machines"));
  EXPECT_EQ(Read("machines in Linz, how many are there?"), Read("how many machines in Linz"));
  EXPECT_THAT(Read("number of stops in the flurb"), HasSubstr("refused"));
}

TEST(SaidTest, AThingGoesByTheLastWordOfItsName) {
  EXPECT_EQ(Read("number of orders by priority"), Read("number of work orders by priority"));
  EXPECT_THAT(Read("show details of work order 40123"), HasSubstr("where Work order is 40123"));
  EXPECT_THAT(Read("show details of work order 40123.5"), HasSubstr("refused"));
}

TEST(SaidTest, WhatIsYesOrNoLimitsAndSplits) {
  EXPECT_THAT(Read("unplanned downtime in 2024"), HasSubstr("downtime, where planned downtime is no"));
  EXPECT_THAT(Read("planned versus unplanned downtime in 2024"), HasSubstr("downtime by planned downtime"));
  EXPECT_THAT(Read("stops for other reasons than setup"), HasSubstr("is not “setup”"));
  EXPECT_THAT(Read("downtime due to a breakdown in 2024"), HasSubstr("where downtime reason is “breakdown”"));
  EXPECT_THAT(Read("downtime due to bad luck in 2024"), HasSubstr("refused"));
}

TEST(SaidTest, WhatBelongsToAThingSaysWhichAreMeant) {
  const std::string one = Read("how many machines had a breakdown in 2024");
  EXPECT_THAT(one, HasSubstr("only machines with downtime, where downtime reason is “breakdown” (2024"));
  const std::string both = Read("how many machines had both a breakdown and a power cut in 2024");
  EXPECT_THAT(both, HasSubstr("“breakdown”"));
  EXPECT_THAT(both, HasSubstr("“power cut”"));
  EXPECT_THAT(both, Not(HasSubstr("or “power cut”")));
  EXPECT_THAT(Read("breakdown machines in 2024"), HasSubstr("refused"));
}

TEST(SaidTest, RolesAndStatesAreWords) {
  EXPECT_THAT(Read("number of machines looked after by Adams"), HasSubstr("“Adams”"));
  EXPECT_THAT(Read("how many machines do we currently have"), HasSubstr("“current”"));
  EXPECT_THAT(Read("how many machines did we currently sell"), HasSubstr("refused"));
}

TEST(SaidTest, LevelsAreKnownAtEnds) {
  EXPECT_EQ(Read("stock level at year end 2024"), Read("stock level at the end of 2024"));
  EXPECT_THAT(Read("stock level at the end of each quarter of 2024"), HasSubstr("stock level by quarter"));
  EXPECT_THAT(Read("downtime at the end of each quarter of 2024"), HasSubstr("refused"));
}

TEST(SaidTest, TheLongestIsMeasuredByItsUnit) {
  EXPECT_THAT(Read("ten longest stops"), HasSubstr("sorted by minutes of a stop downwards"));
  EXPECT_THAT(Read("ten heaviest stops"), Not(HasSubstr("sorted by minutes")));
}

}  // namespace
}  // namespace neurolake::ask::testing
