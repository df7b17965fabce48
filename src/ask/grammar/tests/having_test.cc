#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"
#include "semantic/load.h"

/// What things have, do and are said to do: over a theatre with shows, bookings, seats of bookings and a crew.
namespace neurolake::ask::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kTheatre = R"(semantic_model: theatre
entities:
  - name: crew
    table: t.crew
    primary_key: id
    default_time: hired_on
    synonyms: [crew member]
    dimensions:
      - {name: crew_member, expr: nm, is_label: true}
      - {name: craft, values: [usher, light, sound]}
      - {name: hired_on, expr: hired, type: time, role: hired}
      - {name: left_on, expr: gone, type: time, role: left}
    measures:
      - {name: crew_count, aggregation: count, label: number of crew members}
  - name: patrons
    table: t.patrons
    primary_key: id
    default_time: joined_on
    dimensions:
      - {name: patron, expr: id, value_type: integer, is_label: true}
      - {name: is_friend, value_type: boolean, label: Friend of the house, synonyms: [friend]}
      - {name: town, type: geographic, level: city, values: [Ghent, Lyon]}
      - {name: joined_on, expr: joined, type: time, role: joined}
    measures:
      - {name: patrons_count, aggregation: count, label: number of patrons}
  - name: bookings
    table: t.bookings
    primary_key: id
    default_time: booked_at
    dimensions:
      - {name: booking, expr: id, value_type: integer, is_label: true}
      - {name: booked_at, type: time, grain: second, role: booked}
      - {name: cancelled_at, type: time, grain: second, role: cancelled}
      - {name: pay_by, expr: due, type: time, role: due, label: due date}
      - {name: booking_status, label: booking status, values: [confirmed, cancelled, open]}
      - {name: coupon, values: [SPRING, STUDENT]}
      - {name: booking_amount, expr: eur, value_type: number, unit: EUR, label: amount of a booking}
      - {name: booking_tip, expr: tip, value_type: number, unit: EUR, label: tip of a booking}
    measures:
      - {name: bookings_count, aggregation: count, label: number of bookings}
      - {name: takings, expr: eur, unit: EUR, synonyms: [revenue]}
      - {name: collected, expr: eur, filter: paid, unit: EUR, label: amount collected}
      - {name: gifts, expr: tip, unit: EUR, label: total tips, synonyms: [tips]}
  - name: places
    table: t.places
    primary_key: [booking, nr]
    default_time: bookings.booked_at
    dimensions:
      - {name: show, synonyms: [play]}
      - {name: tier, label: price tier, values: [balcony, stalls]}
    measures:
      - {name: places_sold, expr: n, label: number of places booked, synonyms: [quantity booked]}
      - {name: place_value, expr: n * p, unit: EUR, label: value of places booked}
  - name: duties
    table: t.duties
    primary_key: id
    default_time: duty_date
    dimensions:
      - {name: duty, expr: id, value_type: integer, is_label: true}
      - {name: duty_date, type: time, role: worked}
      - {name: duty_hours, expr: h, value_type: number, unit: h, label: hours of a duty}
    measures:
      - {name: duties_count, aggregation: count, label: number of duties}
      - {name: hours, expr: h, unit: h, label: working hours}
joins:
  - {name: booking_patron, label: patron, from: bookings, to: patrons, on: {patron: id}}
  - {name: place_booking, label: booking, from: places, to: bookings, on: {booking: id}}
  - {name: duty_crew, label: crew member, from: duties, to: crew, on: {crew: id}}
  - {name: booking_usher, label: usher, from: bookings, to: crew, on: {usher: id}}
  - {name: booking_seller, label: seller, synonyms: [sold by], from: bookings, to: crew, on: {seller: id}}
)";

struct Theatre {
  semantic::SemanticModel model = semantic::LoadModel(kTheatre).value();
  std::unique_ptr<const ValueIndex> values = NewMemoryValueIndex({
      {.field = {"crew", "crew_member"}, .value = "Ada Berg", .shown = "Ada Berg"},
      {.field = {"places", "show"}, .value = "Hamlet", .shown = "Hamlet"},
      {.field = {"bookings", "coupon"}, .value = "SPRING", .shown = "SPRING"},
  });
  Linker linker{model, values.get()};

  Understanding Ask(std::string_view question, const Intent* previous = nullptr) const {
    const TimeContext time{.now = DateStart(2024, 3, 15), .calendar = model.calendar};
    return Understander(model, linker).Understand(question, time, previous).value();
  }
};

std::string Read(std::string_view question, const Intent* previous = nullptr) {
  static const Theatre theatre;
  const Understanding result = theatre.Ask(question, previous);
  if (result.status != Status::kAnswered) return "refused: " + result.reason;
  return result.readings[0].text;
}

Intent Meant(std::string_view question) {
  static const Theatre theatre;
  const Understanding result = theatre.Ask(question);
  EXPECT_EQ(result.status, Status::kAnswered) << question << ": " << result.reason;
  return result.readings.empty() ? Intent{} : result.readings[0].intent;
}

TEST(HavingTest, AVerbThatOnlySaysThatAThingHasItIsWith) {
  EXPECT_THAT(Read("bookings that used a coupon starting with S"), HasSubstr("Coupon starts with “S”"));
  EXPECT_THAT(Read("how many bookings used SPRING"), HasSubstr("where Coupon is “SPRING”"));
  EXPECT_THAT(Read("bookings that did not use a coupon"), HasSubstr("where Coupon is missing"));
  EXPECT_THAT(Read("how many bookings have a coupon"), HasSubstr("where Coupon is there"));
  EXPECT_THAT(Read("which crew member worked the most hours in 2023"), HasSubstr("the top 1 by working hours"));
  // What was paid is no price of the one who pays, and a verb that says more is not left out.
  EXPECT_THAT(Read("bookings that refused a coupon"), HasSubstr("refused"));
  EXPECT_THAT(Read("how many bookings regretted SPRING"), HasSubstr("refused"));
}

TEST(HavingTest, WordsThatOnlyWeighWhatIsSaidSayNothing) {
  EXPECT_THAT(Read("how many bookings are still open"), HasSubstr("where booking status is “open”"));
  EXPECT_THAT(Read("how much did we actually collect in 2023"), HasSubstr("amount collected"));
  EXPECT_THAT(Read("what did tips add up to in 2023"), HasSubstr("total tips"));
  EXPECT_THAT(Read("for our board meeting: bookings in 2023"), HasSubstr("number of bookings"));
  EXPECT_THAT(Read("for our patrons: bookings in 2023"), Not(HasSubstr("by month")));
  EXPECT_THAT(Read("how many bookings are hardly open"), HasSubstr("refused"));
}

TEST(HavingTest, WhatIsDoneHasOtherForms) {
  EXPECT_THAT(Read("crew members leaving in March 2024"), HasSubstr("by Left on, 2024-03-01"));
  EXPECT_THAT(Read("how many crew members quit in 2023"), HasSubstr("by Left on, 2023-01-01"));
  EXPECT_THAT(Read("how many patrons joined us in 2023"), HasSubstr("2023-01-01 to before 2024-01-01"));
  // A country that nothing is known of is not left out of the question.
  EXPECT_THAT(Read("takings US in 2023"), HasSubstr("refused"));
  EXPECT_THAT(Read("U.S. takings in 2023"), HasSubstr("refused"));
  EXPECT_THAT(Read("show us takings in 2023"), HasSubstr("Takings, 2023-01-01 to"));
  EXPECT_THAT(Read("takings for US in 2023"), HasSubstr("refused"));
  // What is due may lie ahead; what was booked cannot.
  EXPECT_THAT(Read("bookings due next month"), HasSubstr("2024-04-01 to before 2024-05-01"));
  EXPECT_THAT(Read("bookings next month"), HasSubstr("refused"));
}

TEST(HavingTest, AStateBeforeItsNounIsNoTime) {
  EXPECT_THAT(Read("cancelled bookings in 2023"), HasSubstr("where booking status is “cancelled”"));
  EXPECT_THAT(Read("bookings cancelled in 2023"), HasSubstr("by Cancelled at, 2023-01-01"));
}

TEST(HavingTest, LinesAreWhatTheirWholeIsCountedThrough) {
  const Intent intent = Meant("number of bookings per show");
  ASSERT_EQ(intent.metrics.size(), 1u);
  EXPECT_EQ(intent.metrics[0].aggregation, Aggregation::kCountDistinct);
  EXPECT_EQ(intent.metrics[0].entity, "places");
  EXPECT_THAT(Read("takings per show"), HasSubstr("refused"));  // A sum would count some of it twice.
  EXPECT_THAT(Read("3 most booked shows"), HasSubstr("the top 3 by number of places booked"));
  EXPECT_THAT(Read("how many bookings contain both balcony and stalls"),
              AllOf(HasSubstr("price tier is “balcony”"), HasSubstr("price tier is “stalls”")));
}

TEST(HavingTest, OneNumberIsDividedByAnother) {
  const Intent intent = Meant("tips as a percentage of takings by month");
  ASSERT_EQ(intent.calculations.size(), 1u);
  EXPECT_EQ(intent.calculations[0].kind, CalculationKind::kRatio);
  EXPECT_EQ(intent.metrics[0].metric, "gifts");
  EXPECT_EQ(intent.metrics[1].metric, "takings");
  EXPECT_THAT(Read("tips as a percentage of tips"), HasSubstr("refused"));
}

TEST(HavingTest, SharesOfEach) {
  EXPECT_THAT(Read("share of each town in the takings of 2023"), HasSubstr("with share of the total"));
  EXPECT_THAT(Read("share of each town in the weather of 2023"), HasSubstr("refused"));
  EXPECT_THAT(Read("within every price tier, the share of each show in places booked"), Not(HasSubstr("of the total")));
}

TEST(HavingTest, BothSidesOfAYesOrNo) {
  EXPECT_THAT(Read("takings of friends vs others"), HasSubstr("by Friend of the house"));
  EXPECT_THAT(Read("takings of friends versus non-friends"), HasSubstr("by Friend of the house"));
  EXPECT_THAT(Read("takings of friends vs strangers"), HasSubstr("refused"));
}

TEST(HavingTest, AmountsAreComparedBeforeWhatIsBesideThem) {
  EXPECT_THAT(Read("bookings over 30 euros in 2023"), HasSubstr("amount of a booking above 30"));
  EXPECT_THAT(Read("bookings with a tip over 3 euros by month"), HasSubstr("tip of a booking above 3"));
}

TEST(HavingTest, CountingOfThemGoesOn) {
  const Intent before = Meant("number of bookings in 2023");
  EXPECT_THAT(Read("how many of them are open?", &before),
              AllOf(HasSubstr("“open”"), HasSubstr("2023-01-01 to before 2024-01-01")));
  EXPECT_THAT(Read("how many of them are open?"), HasSubstr("refused"));
  const Intent ranked = Meant("top 3 towns by takings in 2023");
  EXPECT_THAT(Read("how many of them are in Ghent?", &ranked), HasSubstr("refused"));
}

TEST(HavingTest, DeedsOnOneThingAreRefused) {
  EXPECT_THAT(Read("close booking 5123"), HasSubstr("only questions are answered"));
  EXPECT_THAT(Read("please cancel the booking 12"), HasSubstr("only questions are answered"));
  EXPECT_THAT(Read("open bookings in 2023"), HasSubstr("where booking status is “open”"));
}

TEST(HavingTest, TheRoleSaidIsTheRoleMeant) {
  EXPECT_THAT(Read("bookings sold by Ada Berg"), HasSubstr("(booking_seller)"));
  EXPECT_THAT(Read("number of open bookings per usher"), HasSubstr("(booking_usher)"));
}

}  // namespace
}  // namespace neurolake::ask::testing
