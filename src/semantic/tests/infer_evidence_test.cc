#include <gtest/gtest.h>

#include <algorithm>

#include "semantic/short_words.h"
#include "semantic/standard_codes.h"
#include "semantic/tests/known_tables.h"

// What a draft takes from the data, and what it leaves open because the data does not tell.
namespace neurolake::semantic {
namespace {

KnownColumn Until(KnownColumn column, std::string max) {
  column.max = std::move(max);
  return column;
}

bool Contains(const NamedValue& named, const std::string& word) {
  return std::ranges::find(named.synonyms, word) != named.synonyms.end();
}

const Measure* MeasureCalled(const Entity& entity, const std::string& word) {
  const auto found = std::ranges::find_if(entity.measures, [&](const Measure& one) { return Says(one, word); });
  return found == entity.measures.end() ? nullptr : &*found;
}

const Dimension* DimensionCalled(const Entity& entity, const std::string& word) {
  const auto found = std::ranges::find_if(entity.dimensions, [&](const Dimension& one) { return Says(one, word); });
  return found == entity.dimensions.end() ? nullptr : &*found;
}

std::string LabelOf(const Entity& entity, const std::string& dimension, const std::string& value) {
  for (const NamedValue& named : FindDimension(entity, dimension)->values) {
    if (named.value == value) return named.label;
  }
  return "";
}

TEST(DefaultTimeTest, WhatTakesPlaceCountsWhenItWasSetFor) {
  const auto with = [](const std::string& table) {
    return ModelOf({Table(table, 90,
                          {Column("id", "BIGINT", 90), Column("booked_at", "TIMESTAMP", 90),
                           Column("scheduled_at", "TIMESTAMP", 90), Open(Column("arrived_at", "TIMESTAMP", 60), 30)})})
        .entities[0]
        .default_time;
  };
  EXPECT_EQ(with("fact_appointment"), "scheduled_at");
  EXPECT_EQ(with("lessons"), "scheduled_at");
  EXPECT_EQ(with("deliveries"), "") << "asked for, or planned for: nothing tells which is meant";
}

TEST(DefaultTimeTest, SignedAndStartedAreTwoTimes) {
  const auto model = ModelOf({Table("contracts", 90,
                                    {Column("con_no", "BIGINT", 90), Column("sign_dt", "DATE", 80),
                                     Column("start_dt", "DATE", 80), Open(Column("end_dt", "DATE", 20), 60)})});
  EXPECT_EQ(model.entities[0].default_time, "");
  EXPECT_EQ(FindDimension(model.entities[0], "sign_dt")->role, "signed");
}

TEST(DefaultTimeTest, WhatTheRowsAreCalledAfterComesFirst) {
  const auto shipments = Table("fact_shipment", 90,
                               {Column("shipment_key", "BIGINT", 90), Column("order_key", "BIGINT", 80),
                                Column("shipped_date", "DATE", 80), Column("promised_date", "DATE", 80)});
  const auto returns = Table("returns", 90, {Column("return_key", "BIGINT", 90), Column("return_date", "DATE", 80)});
  const auto notices = Table("notices", 90,
                             {Column("notice_id", "BIGINT", 90), Column("order_key", "BIGINT", 80),
                              Column("due_date", "DATE", 80), Column("planned_date", "DATE", 80)});
  const auto orders = Table("orders", 80, {Column("order_key", "BIGINT", 80), Column("order_date", "DATE", 80)});
  const auto bookings = Table("bookings", 90,
                              {Column("id", "BIGINT", 90), Column("booked_dt", "DATE", 80),
                               Column("checkin_dt", "DATE", 80), Column("created_dt", "DATE", 80)});
  const auto model = ModelOf({shipments, returns, notices, orders, bookings},
                             {{{"s", "fact_shipment"}, "order_key", {"s", "orders"}, "order_key"},
                              {{"s", "notices"}, "order_key", {"s", "orders"}, "order_key"}});
  EXPECT_EQ(FindEntity(model, "shipments")->default_time, "shipped_date");
  EXPECT_EQ(FindEntity(model, "returns")->default_time, "return_date");
  EXPECT_EQ(FindEntity(model, "bookings")->default_time, "booked_dt");
  EXPECT_NE(FindEntity(model, "notices")->default_time, "orders.order_date") << "it has times of its own";
}

TEST(OutcomeTest, ACodeIsWhatHappenedToItsRowsAlone) {
  auto table = Table("contracts", 90,
                     {Column("con_no", "BIGINT", 90), Column("st_cd", "VARCHAR", 3, {"A", "E", "P"}),
                      Column("sign_dt", "DATE", 80), Open(Column("end_dt", "DATE", 20), 60)});
  const auto candidates = CandidateOutcomes(table);
  ASSERT_EQ(candidates.size(), 1u);
  EXPECT_EQ(candidates[0].column, "st_cd");
  EXPECT_EQ(candidates[0].time, "end_dt");
  const Entity without = ModelOf({table}).entities[0];
  EXPECT_EQ(LabelOf(without, "st_cd", "E"), "") << "expired, ended, effective";
  EXPECT_EQ(DimensionCalled(without, "current"), nullptr) << "a status that nobody understands may say otherwise";
  table.outcomes = {{.column = "st_cd", .value = "E", .time = "end_dt"}};
  const Entity with = ModelOf({table}).entities[0];
  EXPECT_EQ(LabelOf(with, "st_cd", "E"), "ended");
  EXPECT_EQ(LabelOf(with, "st_cd", "A"), "active");
  EXPECT_EQ(LabelOf(with, "st_cd", "P"), "") << "pending, paused, a prospect";
}

TEST(StillThereTest, AnEndToComeSaysNothing) {
  const auto with = [](const std::string& last_end) {
    return ModelOf({Table("leases", 90,
                          {Column("lease_id", "BIGINT", 90), Until(Column("signed_on", "DATE", 80), "2024-05-31"),
                           Open(Until(Column("ended_on", "DATE", 20), last_end), 60)})})
        .entities[0];
  };
  EXPECT_NE(DimensionCalled(with("2024-05-12"), "active"), nullptr);
  EXPECT_EQ(DimensionCalled(with("2026-01-31"), "active"), nullptr);
}

KnownTable Bills(std::vector<std::string> states, const std::string& more = "") {
  std::vector<KnownColumn> columns{Column("inv_no", "BIGINT", 90), Column("invoice_date", "DATE", 80),
                                   Column("amount", "DECIMAL(10,2)", 80),
                                   Column("status", "VARCHAR", int64_t(states.size()), states)};
  if (!more.empty()) columns.push_back(Column(more, "DECIMAL(10,2)", 80));
  return Table("fact_invoice", 90, columns);
}

TEST(BillsTest, AVoidBillIsNoMoney) {
  const Entity bills = ModelOf({Bills({"VOID", "open", "paid"})}).entities[0];
  const Measure* billed = MeasureCalled(bills, "billed amount");
  ASSERT_NE(billed, nullptr);
  EXPECT_TRUE(Says(*billed, "revenue"));
  EXPECT_TRUE(Says(*billed, "total invoice amount"));
  EXPECT_EQ(billed->filter, "coalesce(status, '') NOT IN ('VOID')");
  EXPECT_NE(billed->description.find("'VOID'"), std::string::npos) << "it says so";
  EXPECT_EQ(MeasureCalled(bills, "average invoice")->filter, billed->filter);
  const Measure* open = MeasureCalled(bills, "outstanding amount");
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open->filter, "status IN ('open')");
}

TEST(BillsTest, WhatIsOpenIsToldByEveryState) {
  EXPECT_EQ(MeasureCalled(ModelOf({Bills({"open", "paid", "partly paid"})}).entities[0], "open amount"), nullptr);
  EXPECT_EQ(MeasureCalled(ModelOf({Bills({"open", "void"})}).entities[0], "open amount"), nullptr);
  EXPECT_EQ(MeasureCalled(ModelOf({Bills({"open", "paid"}, "vat_amt")}).entities[0], "open amount"), nullptr)
      << "with the tax or without it";
  EXPECT_EQ(MeasureCalled(ModelOf({Bills({"overdue", "paid", "sent"})}).entities[0], "open amount")->filter,
            "status IN ('overdue', 'sent')");
}

TEST(BillsTest, CodesThatNothingTellsTheMeaningOfMakeNoRevenue) {
  EXPECT_EQ(MeasureCalled(ModelOf({Bills({"K", "Z"})}).entities[0], "revenue"), nullptr);
  const Entity known = ModelOf({Bills({"O", "P", "X"})}).entities[0];
  ASSERT_NE(MeasureCalled(known, "revenue"), nullptr);
  EXPECT_EQ(MeasureCalled(known, "revenue")->filter, "coalesce(status, '') NOT IN ('X')");
  EXPECT_EQ(LabelOf(known, "status", "O"), "open");
}

TEST(PaymentsTest, WhatBouncedWasNotReceived) {
  const auto payments =
      Table("payments", 90,
            {Column("pay_id", "BIGINT", 90), Column("inv_no", "BIGINT", 80), Column("pay_dt", "DATE", 80),
             Column("amt", "DECIMAL(10,2)", 80), Column("bounced", "BOOLEAN", 2)});
  const auto invoices = Bills({"open", "paid"});
  const auto model = ModelOf({invoices, payments}, {{{"s", "payments"}, "inv_no", {"s", "fact_invoice"}, "inv_no"}});
  const Entity* entity = FindEntity(model, "payments");
  ASSERT_NE(MeasureCalled(*entity, "cash received"), nullptr);
  EXPECT_EQ(MeasureCalled(*entity, "cash received")->filter, "NOT coalesce(bounced, false)");
  EXPECT_EQ(MeasureCalled(*entity, "total payment amount")->filter, "");
  EXPECT_EQ(MeasureCalled(*FindEntity(ModelOf({payments}), "payments"), "cash received"), nullptr)
      << "whose payments they are, nothing says";
}

KnownTable OrderLines(std::vector<KnownColumn> more) {
  std::vector<KnownColumn> columns{
      Column("line_key", "BIGINT", 90),          Column("order_key", "BIGINT", 60),
      Column("sale_date", "DATE", 60),           Column("quantity", "INTEGER", 9),
      Column("net_amount", "DECIMAL(10,2)", 80), Column("line_status", "VARCHAR", 2, {"cancelled", "sold"})};
  columns.insert(columns.end(), more.begin(), more.end());
  return Table("order_lines", 90, columns);
}

TEST(TradeTest, PiecesAndOrdersThatCount) {
  const auto orders = Table("orders", 60, {Column("order_key", "BIGINT", 60), Column("channel", "VARCHAR", 3)});
  const auto model =
      ModelOf({OrderLines({}), orders}, {{{"s", "order_lines"}, "order_key", {"s", "orders"}, "order_key"}});
  const Entity* lines = FindEntity(model, "order_lines");
  ASSERT_NE(MeasureCalled(*lines, "units sold"), nullptr);
  EXPECT_EQ(MeasureCalled(*lines, "units sold")->filter, "coalesce(line_status, '') NOT IN ('cancelled')");
  EXPECT_EQ(MeasureCalled(*lines, "total order line quantity")->filter, "");
  const auto value = std::ranges::find_if(model.metrics, [](const Metric& one) { return Says(one, "aov"); });
  ASSERT_NE(value, model.metrics.end());
  const Metric* counted = FindMetric(model, value->denominator);
  ASSERT_NE(counted, nullptr);
  EXPECT_EQ(FindMeasure(*lines, counted->measure)->filter, "coalesce(line_status, '') NOT IN ('cancelled')");
  EXPECT_EQ(MeasureCalled(*lines, "average order line value"), nullptr) << "a line is no order";
}

TEST(TradeTest, TheMarginIsWhatIsLeftOfTheSale) {
  const Entity lines = ModelOf({OrderLines({Column("cost_amount", "DECIMAL(10,2)", 80)})}).entities[0];
  ASSERT_NE(MeasureCalled(lines, "gross margin"), nullptr);
  EXPECT_EQ(MeasureCalled(lines, "gross margin")->expr, "net_amount - cost_amount");
  EXPECT_EQ(MeasureCalled(ModelOf({OrderLines({})}).entities[0], "gross margin"), nullptr);
  EXPECT_EQ(MeasureCalled(ModelOf({OrderLines({Column("cost", "DECIMAL(10,2)", 80)})}).entities[0], "gross margin"),
            nullptr)
      << "of a piece, or of all of them";
}

TEST(TradeTest, AColumnThatIsCalledRevenueSaysWhatItIs) {
  const auto bookings =
      Table("bookings", 90,
            {Column("id", "BIGINT", 90), Column("booked_dt", "DATE", 80), Column("total_amt", "DECIMAL(10,2)", 80)});
  const auto days =
      Table("daily_stats", 90, {Column("biz_date", "DATE", 90), Column("room_revenue", "DECIMAL(10,2)", 80)});
  const auto model = ModelOf({bookings, days});
  EXPECT_NE(MeasureCalled(*FindEntity(model, "bookings"), "booked revenue"), nullptr);
  EXPECT_EQ(MeasureCalled(*FindEntity(model, "bookings"), "revenue"), nullptr);
  EXPECT_NE(MeasureCalled(ModelOf({bookings}).entities[0], "revenue"), nullptr);
}

TEST(LabelTest, NamesakesAreToldApart) {
  const auto with = [](int64_t names) {
    return ModelOf({Table(
        "dim_patient", 90,
        {Column("patient_key", "BIGINT", 90), Column("chart", "VARCHAR", 90), Column("full_name", "VARCHAR", names)})});
  };
  EXPECT_EQ(LabelDimension(with(60).entities[0])->name, "chart");
  EXPECT_TRUE(Says(*FindDimension(with(60).entities[0], "full_name"), "patient name"));
  EXPECT_EQ(LabelDimension(with(90).entities[0])->name, "full_name");
  const auto staff = ModelOf({Table("employees", 90,
                                    {Column("employee_id", "BIGINT", 90), Column("first_name", "VARCHAR", 50),
                                     Column("last_name", "VARCHAR", 80), Column("title", "VARCHAR", 60)})});
  EXPECT_EQ(LabelDimension(staff.entities[0])->expr, "concat_ws(' ', first_name, last_name)") << "some share a title";
}

TEST(SnapshotsTest, WhatIsCountedEachTimeIsNotAddedUp) {
  auto table = Table(
      "fact_waitlist", 90,
      {Column("snapshot_date", "DATE", 9), Column("clinic", "VARCHAR", 10), Column("patients_waiting", "INTEGER", 40),
       Column("patients_received", "INTEGER", 40), Column("longest_wait_days", "INTEGER", 40)});
  table.keys = {{"clinic", "snapshot_date"}};
  const Entity waiting = ModelOf({table}).entities[0];
  EXPECT_EQ(MeasureCalled(waiting, "patients waiting")->additivity, Additivity::kSemiAdditive);
  EXPECT_EQ(MeasureCalled(waiting, "patients received")->additivity, Additivity::kAdditive) << "they came since then";
  EXPECT_EQ(MeasureCalled(waiting, "longest wait")->aggregation, Aggregation::kMax);
  EXPECT_TRUE(Says(waiting, "waiting lists"));
}

TEST(RatesTest, NoShowsAreOfWhatCameAbout) {
  const auto with = [](std::vector<std::string> states) {
    return ModelOf({Table("appointments", 90,
                          {Column("id", "BIGINT", 90), Column("scheduled_at", "TIMESTAMP", 90),
                           Column("status", "VARCHAR", int64_t(states.size()), states)})});
  };
  const auto model = with({"booked", "cancelled", "completed", "no-show"});
  const auto rate = std::ranges::find_if(model.metrics, [](const Metric& one) { return Says(one, "no-show rate"); });
  ASSERT_NE(rate, model.metrics.end());
  EXPECT_EQ(FindMetric(model, rate->denominator)->filter, "status IN ('completed', 'no-show')");
  const auto count = std::ranges::find_if(model.metrics, [](const Metric& one) { return Says(one, "cancellations"); });
  ASSERT_NE(count, model.metrics.end());
  EXPECT_FALSE(count->hidden);
  const auto open = with({"booked", "no-show"});
  EXPECT_TRUE(std::ranges::none_of(open.metrics, [](const Metric& one) { return Says(one, "no-show rate"); }))
      << "of what, nothing tells";
}

TEST(SpansTest, AStayBeginsWithItsCheckIn) {
  auto table = Table("bookings", 90,
                     {Column("id", "BIGINT", 90), Column("booked_dt", "DATE", 80), Column("checkin_dt", "DATE", 80),
                      Column("checkout_dt", "DATE", 80)});
  const auto spans = CandidateSpans(table);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].from + " " + spans[0].to, "booked_dt checkin_dt");
  EXPECT_EQ(spans[1].from + " " + spans[1].to, "checkin_dt checkout_dt");
  table.spans = {{"checkin_dt", "checkout_dt", 200'000}};
  EXPECT_NE(DimensionCalled(ModelOf({table}).entities[0], "nights"), nullptr);
}

TEST(SpansTest, EachRowHasItsOwn) {
  auto table = Table("tickets", 90,
                     {Column("tkt_no", "BIGINT", 90), Column("opn_ts", "TIMESTAMP", 90),
                      Open(Column("rply_ts", "TIMESTAMP", 80), 9), Open(Column("cls_ts", "TIMESTAMP", 80), 9)});
  table.spans = {{"opn_ts", "rply_ts", 40'000}, {"opn_ts", "cls_ts", 400'000}};
  const Entity tickets = ModelOf({table}).entities[0];
  const Dimension* reply = DimensionCalled(tickets, "reply time");
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->value_type, ValueType::kNumber);
  EXPECT_EQ(reply->format.unit, "h");
  EXPECT_TRUE(Says(*reply, "hours to reply"));
  EXPECT_EQ(MeasureCalled(tickets, "average resolution time")->format.unit, "h") << "cases are timed in hours";
  EXPECT_NE(DimensionCalled(tickets, "open"), nullptr);
}

TEST(NamesTest, WhatAllTablesBeginWithIsNoWord) {
  const auto model = ModelOf({Table("LIB_BRNCH", 9, {Column("BR_CD", "VARCHAR", 9)}),
                              Table("LIB_LN", 90,
                                    {Column("LN_NO", "BIGINT", 90), Column("OUT_DT", "DATE", 80),
                                     Column("DUE_DT", "DATE", 80), Open(Column("RET_DT", "DATE", 60), 20)}),
                              Table("LIB_TTL", 50, {Column("TTL_NO", "BIGINT", 50), Column("TITLE", "VARCHAR", 50)})});
  EXPECT_NE(FindEntity(model, "branches"), nullptr);
  EXPECT_NE(FindEntity(model, "loans"), nullptr);
  EXPECT_NE(FindEntity(model, "titles"), nullptr);
  const auto two = ModelOf({Table("lib_brnch", 9, {Column("br_cd", "VARCHAR", 9)}),
                            Table("lib_rooms", 9, {Column("room_no", "VARCHAR", 9)})});
  EXPECT_EQ(FindEntity(two, "branches"), nullptr) << "two tables may be of libraries";
}

TEST(NamesTest, AVerbIsWrittenShortAndAClassIsNone) {
  const Entity classes = ModelOf({Table("classes", 90,
                                        {Column("class_id", "BIGINT", 90), Column("class_date", "DATE", 80),
                                         Column("class_start", "TIMESTAMP", 80)})})
                             .entities[0];
  EXPECT_EQ(FindDimension(classes, "class_date")->role, "");
  EXPECT_EQ(MeasureCalled(classes, "number of closures"), nullptr);
  const Entity stays =
      ModelOf({Table("reservations", 90, {Column("id", "BIGINT", 90), Column("res_date", "DATE", 80)})}).entities[0];
  EXPECT_NE(FindDimension(stays, "res_date")->role, "resolved");
  const Entity collections =
      ModelOf({Table("pickups", 90, {Column("id", "BIGINT", 90), Column("collection_date", "DATE", 80)})}).entities[0];
  EXPECT_EQ(FindDimension(collections, "collection_date")->label, "collection date");
  const Entity cases =
      ModelOf({Table("cases", 90, {Column("id", "BIGINT", 90), Column("cls_dt", "DATE", 80)})}).entities[0];
  EXPECT_EQ(FindDimension(cases, "cls_dt")->role, "closed");
}

TEST(NamesTest, ADiscountBesideAmountsOfDiscountIsSaidWithItsOwner) {
  const auto model =
      ModelOf({Table("promotions", 90, {Column("id", "BIGINT", 90), Column("discount_pct", "INTEGER", 9)}),
               OrderLines({Column("discount_amount", "DECIMAL(10,2)", 80)})});
  const Entity* promotions = FindEntity(model, "promotions");
  EXPECT_EQ(MeasureCalled(*promotions, "discount"), nullptr);
  EXPECT_NE(MeasureCalled(*promotions, "average promotion discount"), nullptr);
}

TEST(NamesTest, MinIsABoundOrMinutes) {
  const Entity entity = ModelOf({Table("products", 90,
                                       {Column("id", "BIGINT", 90), Column("min_watched", "INTEGER", 80),
                                        Column("min_stock", "INTEGER", 80), Column("min_reach", "INTEGER", 80),
                                        Column("max_reach", "INTEGER", 80)})})
                            .entities[0];
  EXPECT_EQ(FindDimension(entity, "min_watched")->format.unit, "min");
  EXPECT_EQ(MeasureCalled(entity, "minimum watched"), nullptr);
  EXPECT_EQ(MeasureCalled(entity, "minimum stock")->aggregation, Aggregation::kMin);
  EXPECT_EQ(MeasureCalled(entity, "minimum reach")->aggregation, Aggregation::kMin);
}

TEST(NamesTest, AnEstimateIsOfSomething) {
  const Entity entity = ModelOf({Table("supplies", 90,
                                       {Column("supply_no", "BIGINT", 90), Column("est_kwh", "INTEGER", 80),
                                        Column("area_m2", "INTEGER", 80)})})
                            .entities[0];
  EXPECT_NE(MeasureCalled(entity, "total estimated consumption"), nullptr);
  EXPECT_EQ(MeasureCalled(entity, "estimated"), nullptr);
  EXPECT_EQ(MeasureCalled(entity, "total area")->format.unit, "m²");
}

TEST(NamesTest, TheHomeOfSomeoneIsSaidWithWhatItIs) {
  const auto model =
      ModelOf({Table("clinics", 9, {Column("clinic_id", "BIGINT", 9)}),
               Table("doctors", 90, {Column("doctor_id", "BIGINT", 90), Column("home_clinic_id", "BIGINT", 9)}),
               Table("visits", 900, {Column("visit_id", "BIGINT", 900), Column("referrer_id", "BIGINT", 80)})},
              {{{"s", "doctors"}, "home_clinic_id", {"s", "clinics"}, "clinic_id"},
               {{"s", "visits"}, "referrer_id", {"s", "doctors"}, "doctor_id"}});
  ASSERT_EQ(model.joins.size(), 2u);
  EXPECT_TRUE(Says(model.joins[0], "home clinic"));
  EXPECT_TRUE(Says(model.joins[1], "referring doctor"));
  for (const Join& join : model.joins) EXPECT_FALSE(Says(join, "homing"));
}

TEST(ReferencesTest, WhoDidItIsAPersonAndNoNumber) {
  const std::vector tables{Table("staff", 40, {Column("staff_id", "BIGINT", 40), Column("hired_on", "DATE", 30)}),
                           Table("stores", 9, {Column("store_key", "BIGINT", 9), Column("manager_key", "BIGINT", 9)}),
                           Table("tasks", 90, {Column("task_id", "BIGINT", 90), Column("insp_by", "BIGINT", 20)})};
  const auto looks_up = [&](const std::string& column) {
    return std::ranges::any_of(CandidateReferences(tables), [&](const KnownReference& one) {
      return one.from_column == column && one.to_table.back() == "staff";
    });
  };
  EXPECT_TRUE(looks_up("insp_by"));
  EXPECT_TRUE(looks_up("manager_key")) << "each store has its own";
  EXPECT_FALSE(looks_up("store_key"));
  const auto model = ModelOf(tables);
  for (const Measure& measure : FindEntity(model, "tasks")->measures) EXPECT_FALSE(measure.expr.contains("insp_by"));
}

TEST(StandardCodesTest, PeopleOfCountries) {
  const auto with = [](std::vector<std::string> values) {
    const Entity guests =
        ModelOf(
            {Table("guests", 90,
                   {Column("guest_id", "BIGINT", 90), Column("country", "VARCHAR", int64_t(values.size()), values)})})
            .entities[0];
    return FindDimension(guests, "country")->values;
  };
  EXPECT_TRUE(Contains(with({"CH", "NL"})[1], "Dutch"));
  EXPECT_TRUE(Contains(with({"Netherlands", "Oz"})[0], "Dutch"));
  EXPECT_EQ(with({"Netherlands", "Oz"}).size(), 1u);
}

TEST(StandardCodesTest, StatesOfOneCountryAlone) {
  EXPECT_EQ(NamesOfStandardCodes({"home", "state"}, std::vector<std::string>{"NSW", "VIC"})[1].label, "Victoria");
  EXPECT_EQ(NamesOfStandardCodes({"state"}, std::vector<std::string>{"WA", "OR"})[0].label, "Washington");
  EXPECT_EQ(NamesOfStandardCodes({"state"}, std::vector<std::string>{"WA", "TAS"})[0].label, "Western Australia");
  EXPECT_TRUE(NamesOfStandardCodes({"state"}, std::vector<std::string>{"WA"}).empty()) << "of two countries";
}

}  // namespace
}  // namespace neurolake::semantic
