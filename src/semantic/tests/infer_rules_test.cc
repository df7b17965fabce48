#include <gtest/gtest.h>

#include <algorithm>

#include "semantic/infer.h"
#include "semantic/load.h"
#include "semantic/standard_codes.h"

namespace neurolake::semantic {
namespace {

KnownColumn Counted(std::string name, std::string type, int64_t distinct, std::string min = {}, std::string max = {}) {
  return {.name = std::move(name),
          .type = std::move(type),
          .distinct = distinct,
          .nulls = 0,
          .min = std::move(min),
          .max = std::move(max)};
}

KnownColumn Listed(std::string name, std::vector<std::string> values) {
  KnownColumn column = Counted(std::move(name), "VARCHAR", int64_t(values.size()));
  column.values = std::move(values);
  return column;
}

KnownTable Table(std::string name, int64_t rows, std::vector<KnownColumn> columns) {
  return {.name = {"s", std::move(name)}, .rows = rows, .columns = std::move(columns)};
}

Inference InferenceOf(const std::vector<KnownTable>& tables, const std::vector<KnownReference>& references = {}) {
  auto inference = InferModel("m", tables, references);
  EXPECT_TRUE(inference.has_value()) << inference.error().message();
  return std::move(*inference);
}

SemanticModel ModelOf(const std::vector<KnownTable>& tables, const std::vector<KnownReference>& references = {}) {
  return InferenceOf(tables, references).model;
}

bool Says(const Described& described, const std::string& word) {
  return described.label == word || std::ranges::find(described.synonyms, word) != described.synonyms.end();
}

bool LooksUp(const std::vector<KnownTable>& tables, const std::string& column, const std::string& table) {
  return std::ranges::any_of(CandidateReferences(tables), [&](const KnownReference& one) {
    return one.from_column == column && one.to_table.back() == table;
  });
}

KnownTable Employees() {
  return Table(
      "employees", 50,
      {Counted("emp_id", "BIGINT", 50, "1", "50"), Counted("first_name", "VARCHAR", 40),
       Counted("last_name", "VARCHAR", 49), Counted("title", "VARCHAR", 4),
       Counted("hire_date", "DATE", 48, "2020-01-01", "2024-01-01"), Counted("manager_id", "BIGINT", 7, "1", "9")});
}

TEST(OwnReferenceTest, PeopleHaveManagersAmongThem) {
  const auto tables = std::vector{Employees()};
  ASSERT_TRUE(LooksUp(tables, "manager_id", "employees"));
  EXPECT_FALSE(LooksUp(tables, "emp_id", "employees"));
  const auto model = ModelOf(tables, {{{"s", "employees"}, "manager_id", {"s", "employees"}, "emp_id"}});
  ASSERT_EQ(model.entities.size(), 2u);
  const Entity& managers = model.entities[1];
  EXPECT_EQ(managers.table, (std::vector<std::string>{"s", "employees"}));
  EXPECT_NE(managers.label, "managers") << "all employees are in it: they are not how many managers there are";
  EXPECT_TRUE(managers.measures.empty());
  ASSERT_NE(LabelDimension(managers), nullptr);
  EXPECT_EQ(LabelDimension(managers)->label, "manager");
  for (const Dimension& dimension : managers.dimensions) EXPECT_TRUE(dimension.hidden || dimension.is_label);
  ASSERT_EQ(model.joins.size(), 1u);
  EXPECT_EQ(model.joins[0].to, managers.name);
  const Measure* count = FindMeasure(model.entities[0], "distinct_managers");
  ASSERT_NE(count, nullptr);
  EXPECT_TRUE(Says(*count, "number of managers"));
  EXPECT_EQ(FindDimension(model.entities[0], "title")->is_label, false) << "several have one title";
  EXPECT_EQ(LabelDimension(model.entities[0])->label, "employee");
}

TEST(OwnReferenceTest, NotEveryNumberIsOne) {
  const auto tables = std::vector{
      Table("categories", 20,
            {Counted("category_id", "BIGINT", 20, "1", "20"), Counted("parent_category_id", "BIGINT", 4, "1", "5"),
             Counted("sort_rank", "BIGINT", 9, "1", "9"), Counted("name", "VARCHAR", 20)})};
  EXPECT_TRUE(LooksUp(tables, "parent_category_id", "categories"));
  EXPECT_FALSE(LooksUp(tables, "sort_rank", "categories"));
}

TEST(ReferencesTest, NamesThatOnlyStandForTheTable) {
  const auto products = Table("products", 90, {Counted("id", "BIGINT", 90, "1", "90"), Counted("name", "VARCHAR", 90)});
  const auto orders = Table("purchase_orders", 80, {Counted("id", "BIGINT", 80, "1", "80")});
  const auto staff = Table("users", 40, {Counted("id", "BIGINT", 40, "1", "40")});
  const auto lines = Table("lines", 500,
                           {Counted("prd_id", "BIGINT", 60, "1", "90"), Counted("po_id", "BIGINT", 70, "1", "80"),
                            Counted("created_by", "BIGINT", 12, "1", "40"), Counted("product", "BIGINT", 60, "1", "90"),
                            Counted("boxes", "BIGINT", 8, "1", "8")});
  const std::vector tables{products, orders, staff, lines};
  EXPECT_TRUE(LooksUp(tables, "prd_id", "products"));
  EXPECT_TRUE(LooksUp(tables, "po_id", "purchase_orders"));
  EXPECT_TRUE(LooksUp(tables, "created_by", "users"));
  EXPECT_TRUE(LooksUp(tables, "product", "products"));
  EXPECT_FALSE(LooksUp(tables, "po_id", "products"));
  EXPECT_FALSE(LooksUp(tables, "boxes", "users"));
}

TEST(FormsTest, NumbersSince1970AreTimesWhereTheyAreCalledSo) {
  auto table = Table(
      "events", 1000,
      {Counted("event_ts", "BIGINT", 900, "1700000000", "1710000000"),
       Counted("created_at", "BIGINT", 900, "1700000000000", "1710000000000"),
       Counted("phone_number", "BIGINT", 900, "1700000000", "1710000000"), Counted("at_level", "BIGINT", 9, "1", "9")});
  FindEpochs(table);
  EXPECT_EQ(table.columns[0].form, HiddenForm::kEpoch);
  EXPECT_EQ(table.columns[0].epoch_per_second, 1);
  EXPECT_EQ(table.columns[1].epoch_per_second, 1000);
  EXPECT_EQ(table.columns[2].form, HiddenForm::kNone);
  EXPECT_EQ(table.columns[3].form, HiddenForm::kNone);
  const Entity events = ModelOf({table}).entities[0];
  const Dimension* time = FindDimension(events, "event_ts");
  ASSERT_NE(time, nullptr);
  EXPECT_EQ(time->type, DimensionType::kTime);
  EXPECT_EQ(time->value_type, ValueType::kTimestamp);
  EXPECT_EQ(time->expr, "make_timestamp(CAST(event_ts AS BIGINT) * 1000000)");
  EXPECT_EQ(events.default_time, "event_ts");
  EXPECT_EQ(FindMeasure(events, "total_created_at"), nullptr);
}

TEST(FormsTest, MonthsAndDaysInOtherForms) {
  KnownColumn month = Counted("period", "INTEGER", 12, "202401", "202412");
  month.form = HiddenForm::kYearMonth;
  KnownColumn day = Counted("invoice_date", "VARCHAR", 90);
  day.form = HiddenForm::kDatePattern;
  day.pattern = "%d.%m.%Y";
  const Entity entity = ModelOf({Table("invoices", 1000, {month, day})}).entities[0];
  EXPECT_EQ(FindDimension(entity, "period")->grain, TimeGrain::kMonth);
  EXPECT_EQ(FindDimension(entity, "invoice_date")->expr, "CAST(try_strptime(invoice_date, '%d.%m.%Y') AS DATE)");
  EXPECT_TRUE(SaysMonth("year_month"));
  EXPECT_FALSE(SaysMonth("amount"));
}

TEST(FlagsTest, OnlyZeroAndOneIsYesOrNoUnlessItCounts) {
  const Entity entity =
      ModelOf({Table("payments", 1000,
                     {Counted("fraud", "INTEGER", 2, "0", "1"), Counted("retry_count", "INTEGER", 2, "0", "1"),
                      Counted("children", "INTEGER", 2, "0", "1"), Counted("status", "INTEGER", 2, "0", "1"),
                      Listed("storniert", {"J", "N"})})})
          .entities[0];
  EXPECT_EQ(FindDimension(entity, "fraud")->value_type, ValueType::kBoolean);
  EXPECT_EQ(FindDimension(entity, "storniert")->value_type, ValueType::kBoolean);
  for (const char* name : {"retry_count", "children", "status"}) {
    EXPECT_EQ(FindDimension(entity, name)->value_type, ValueType::kInteger) << name;
  }
}

std::vector<KnownColumn> TicketColumns() {
  return {Counted("id", "BIGINT", 1000, "1", "1000"), Counted("opened_at", "TIMESTAMP", 900),
          Counted("resolved_at", "TIMESTAMP", 800), Counted("due_at", "TIMESTAMP", 800)};
}

TEST(EventsTest, WhatEndsIsCountedByItsOwnTimeAndMeasuredFromTheBeginning) {
  KnownTable tickets = Table("tickets", 1000, TicketColumns());
  const auto candidates = CandidateSpans(tickets);
  ASSERT_EQ(candidates.size(), 1u) << "what is due did not happen by that";
  EXPECT_EQ(candidates[0].from, "opened_at");
  EXPECT_EQ(candidates[0].to, "resolved_at");
  tickets.spans = {{.from = "opened_at", .to = "resolved_at", .median_seconds = 5 * 3600.0}};
  const Inference inference = InferenceOf({tickets});
  const Entity& entity = inference.model.entities[0];
  const Measure* resolutions = FindMeasure(entity, "tickets_resolutions");
  ASSERT_NE(resolutions, nullptr);
  EXPECT_EQ(resolutions->time, "resolved_at");
  const Measure* time = FindMeasure(entity, "average_resolution_time_hours");
  ASSERT_NE(time, nullptr);
  EXPECT_EQ(time->aggregation, Aggregation::kAverage);
  EXPECT_EQ(time->format.unit, "h");
  EXPECT_EQ(time->expr, "date_diff('second', opened_at, resolved_at) / 3600.0");
  EXPECT_TRUE(Says(*time, "average time to resolve"));
  EXPECT_NE(AnnotatedYaml(inference, {"head"})
                .find("      # Guessed: taken for the time from opened_at to resolved_at, in hours\n      - name: "
                      "average_resolution_time_hours"),
            std::string::npos);
  tickets.spans.clear();
  EXPECT_EQ(FindMeasure(ModelOf({tickets}).entities[0], "average_resolution_time_hours"), nullptr);
}

TEST(EventsTest, NewOnesAreThoseWhoseTimeBegan) {
  const auto members =
      ModelOf({Table("members", 100, {Counted("id", "BIGINT", 100), Counted("joined_on", "DATE", 90)})}).entities[0];
  EXPECT_TRUE(Says(members.measures.front(), "new members"));
  const auto readings =
      ModelOf({Table("readings", 100, {Counted("id", "BIGINT", 100), Counted("measured_on", "DATE", 90)})}).entities[0];
  EXPECT_FALSE(Says(readings.measures.front(), "new readings"));
}

TEST(WordsTest, TheLastWordAloneWhereNothingElseEndsSo) {
  const auto customers = Table("customers", 100,
                               {Counted("id", "BIGINT", 100), Counted("market_segment", "VARCHAR", 5),
                                Counted("annual_budget", "DOUBLE", 90), Counted("billing_city", "VARCHAR", 9),
                                Counted("shipping_city", "VARCHAR", 9), Counted("interest_rate", "DOUBLE", 9)});
  const Entity entity = ModelOf({customers}).entities[0];
  EXPECT_TRUE(Says(*FindDimension(entity, "market_segment"), "segment"));
  EXPECT_TRUE(Says(*FindMeasure(entity, "total_annual_budget"), "total budget"));
  EXPECT_FALSE(Says(*FindDimension(entity, "billing_city"), "city")) << "which of two?";
  EXPECT_FALSE(Says(*FindDimension(entity, "interest_rate"), "rate")) << "anything has a rate";
  const auto segments = Table("segments", 5, {Counted("id", "BIGINT", 5)});
  EXPECT_FALSE(Says(*FindDimension(ModelOf({customers, segments}).entities[0], "market_segment"), "segment"));
}

TEST(WordsTest, ASynonymThatIsAnothersNameIsLeftToIt) {
  const auto model = ModelOf({Table("orders", 100, {Counted("id", "BIGINT", 100), Counted("pay", "DOUBLE", 9)}),
                              Table("staff", 100, {Counted("id", "BIGINT", 100), Counted("salary", "DOUBLE", 9)})});
  EXPECT_FALSE(Says(*FindDimension(*FindEntity(model, "staff"), "salary"), "pay"));
  const auto alone = ModelOf({Table("staff", 100, {Counted("id", "BIGINT", 100), Counted("salary", "DOUBLE", 9)})});
  EXPECT_TRUE(Says(*FindDimension(*FindEntity(alone, "staff"), "salary"), "pay"));
}

TEST(OrderValueTest, IsRevenueOverOrdersWhereNoOrderSaysIt) {
  const auto lines = Table("order_items", 300,
                           {Counted("order_id", "BIGINT", 100), Counted("quantity", "INTEGER", 9, "1", "9"),
                            Counted("unit_price", "DOUBLE", 90, "1", "9")});
  auto orders = Table("orders", 100, {Counted("order_id", "BIGINT", 100), Counted("order_date", "DATE", 90)});
  const std::vector<KnownReference> references{{{"s", "order_items"}, "order_id", {"s", "orders"}, "order_id"}};
  const Metric* value = nullptr;
  const auto model = ModelOf({orders, lines}, references);
  value = FindMetric(model, "average_order_value");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->kind, MetricKind::kRatio);
  EXPECT_EQ(value->numerator, "revenue");
  EXPECT_EQ(value->denominator, "distinct_orders");
  orders.columns.push_back(Counted("total_amount", "DOUBLE", 90, "1", "900"));
  const auto told = ModelOf({orders, lines}, references);
  EXPECT_EQ(FindMetric(told, "average_order_value"), nullptr);
  EXPECT_TRUE(Says(*FindMetric(told, "average_total_amount"), "average order value"));
}

TEST(RevenueTest, WhatWasCalledOffDoesNotCount) {
  auto orders =
      Table("orders", 100,
            {Counted("id", "BIGINT", 100), Counted("order_date", "DATE", 90),
             Counted("total_eur", "DOUBLE", 90, "1", "900"), Listed("status", {"cancelled", "done", "returned"})});
  const Entity entity = ModelOf({orders}).entities[0];
  const Measure* revenue = FindMeasure(entity, "revenue");
  ASSERT_NE(revenue, nullptr);
  EXPECT_EQ(revenue->filter, "coalesce(status, '') NOT IN ('cancelled')");
  EXPECT_EQ(revenue->format.unit, "EUR");
  EXPECT_TRUE(FindMeasure(entity, "total_total_eur")->filter.empty()) << "the column's own total is all of it";
  EXPECT_FALSE(Says(*FindMeasure(entity, "total_total_eur"), "revenue"));
  EXPECT_EQ(FindMeasure(entity, "average_revenue")->filter, revenue->filter);
  orders.columns.back() = Listed("status", {"done", "open"});
  const Entity plain = ModelOf({orders}).entities[0];
  EXPECT_TRUE(Says(*FindMeasure(plain, "total_total_eur"), "revenue"));
}

TEST(SnapshotsTest, AtCommonTimesWhatHasNoRowIsGone) {
  const auto per = [](int64_t rows, int64_t accounts, int64_t days) {
    auto table = Table(
        "mrr_snapshots", rows,
        {Counted("account_id", "BIGINT", accounts, "1", "100"),
         Counted("snapshot_date", "DATE", days, "2024-01-31", "2024-10-31"), Counted("mrr", "DOUBLE", 900, "5", "99")});
    table.keys = {{"account_id", "snapshot_date"}};
    const Entity entity = ModelOf({table}).entities[0];
    const Measure* measure = FindMeasure(entity, "total_mrr");
    EXPECT_NE(measure, nullptr);
    EXPECT_EQ(measure->additivity, Additivity::kSemiAdditive);
    return measure->over_time_per.size();
  };
  EXPECT_EQ(per(600, 100, 10), 0u) << "most are there each month";
  EXPECT_EQ(per(600, 100, 300), 1u) << "each goes by days of its own";
}

TEST(SnapshotsTest, StockIsWhatIsThereAndNotHowOftenItWasCounted) {
  auto table =
      Table("stock", 200,
            {Counted("sku", "BIGINT", 20, "1", "20"), Counted("stock_dt", "DATE", 10, "2024-01-31", "2024-10-31"),
             Counted("qty_on_hand", "BIGINT", 90, "0", "99")});
  table.keys = {{"sku", "stock_dt"}};
  const Entity entity = ModelOf({table}).entities[0];
  EXPECT_EQ(entity.label, "stock records");
  EXPECT_TRUE(Says(*FindMeasure(entity, "total_qty_on_hand"), "stock"));
}

TEST(CalendarTest, IsKeptWhereItTellsMoreThanDays) {
  KnownColumn key = Counted("date_key", "INTEGER", 300, "20240101", "20241231");
  key.form = HiddenForm::kYearMonthDay;
  auto day = Table("dim_day", 366,
                   {Counted("date_key", "INTEGER", 366, "20240101", "20241231"), Counted("day", "DATE", 366),
                    Counted("month_name", "VARCHAR", 12), Counted("season", "VARCHAR", 4)});
  const auto trips = Table("trips", 900, {Counted("id", "BIGINT", 900), key});
  const std::vector<KnownReference> references{{{"s", "trips"}, "date_key", {"s", "dim_day"}, "date_key"}};
  const auto model = ModelOf({trips, day}, references);
  const Entity* calendar = FindEntity(model, "calendar_days");
  ASSERT_NE(calendar, nullptr);
  EXPECT_TRUE(FindDimension(*calendar, "month_name")->hidden) << "any time has a month";
  EXPECT_FALSE(FindDimension(*calendar, "season")->hidden);
  EXPECT_FALSE(Says(*FindDimension(*calendar, "day"), "day")) << "no rival of “per day”";
  day.columns.pop_back();
  EXPECT_EQ(FindEntity(ModelOf({trips, day}, references), "calendar_days"), nullptr);
}

TEST(StillThereTest, LastsUntilItEnds) {
  KnownColumn end = Counted("end_date", "DATE", 50);
  end.nulls = 60;
  const auto of = [&](const char* name) {
    return ModelOf({Table(name, 100, {Counted("id", "BIGINT", 100), Counted("start_date", "DATE", 90), end})})
        .entities[0];
  };
  const Entity contracts = of("contracts");
  const Dimension* active = FindDimension(contracts, "is_active");
  ASSERT_NE(active, nullptr);
  EXPECT_EQ(active->expr, "end_date IS NULL");
  EXPECT_EQ(active->value_type, ValueType::kBoolean);
  const Entity members = of("members");
  EXPECT_EQ(FindDimension(members, "is_active"), nullptr) << "active members do something";
  EXPECT_NE(FindDimension(members, "is_current"), nullptr);
  const Entity trips = of("trips");
  EXPECT_EQ(FindDimension(trips, "is_active"), nullptr);
  EXPECT_EQ(FindDimension(trips, "is_current"), nullptr);
}

TEST(ScalesTest, MarksAreNotAddedUp) {
  const Entity entity =
      ModelOf({Table("answers", 900,
                     {Counted("id", "BIGINT", 900), Counted("csat", "INTEGER", 5, "1", "5"),
                      Counted("ease", "INTEGER", 10, "1", "10"), Counted("quantity", "INTEGER", 5, "1", "5"),
                      Counted("guests", "INTEGER", 5, "1", "5")})})
          .entities[0];
  for (const char* name : {"total_csat", "total_ease"}) EXPECT_EQ(FindMeasure(entity, name), nullptr) << name;
  for (const char* name : {"average_csat", "average_ease", "total_quantity", "total_guests"})
    EXPECT_NE(FindMeasure(entity, name), nullptr) << name;
}

TEST(RolesTest, AKeyThatNoTableIsCalledByIsOfThePeopleWhoWork) {
  const auto employees = Employees();
  const auto accounts = Table("accounts", 200,
                              {Counted("id", "BIGINT", 200, "1", "200"), Counted("csm_id", "BIGINT", 6, "1", "6"),
                               Counted("level", "BIGINT", 6, "1", "6")});
  const std::vector tables{employees, accounts};
  EXPECT_TRUE(LooksUp(tables, "csm_id", "employees"));
  EXPECT_FALSE(LooksUp(tables, "level", "employees"));
  auto users = employees;
  users.name = {"s", "users"};
  EXPECT_FALSE(LooksUp({employees, users, accounts}, "csm_id", "employees")) << "whose?";
}

TEST(WideTableTest, HasThingsAndNoNameOfItsOwn) {
  const Entity entity = ModelOf({Table("events_wide", 1000,
                                       {Counted("event_date", "DATE", 300), Counted("user_id", "VARCHAR", 50),
                                        Counted("product_name", "VARCHAR", 9), Counted("first_name", "VARCHAR", 30),
                                        Listed("cancelled", {"N", "Y"}), Counted("price", "DOUBLE", 90, "1", "9"),
                                        Counted("qty", "INTEGER", 5, "1", "5")})})
                            .entities[0];
  EXPECT_EQ(entity.label, "events");
  EXPECT_EQ(LabelDimension(entity), nullptr) << "a product names no event";
  EXPECT_TRUE(Says(*FindDimension(entity, "user_id"), "user"));
  EXPECT_TRUE(Says(*FindDimension(entity, "product_name"), "product"));
  EXPECT_FALSE(Says(*FindDimension(entity, "first_name"), "first"));
  EXPECT_NE(FindMeasure(entity, "revenue")->filter.find("NOT coalesce("), std::string::npos);
}

TEST(LabelTest, ARowsNumberIsNotCalledAsTheRowIs) {
  const Entity entity =
      ModelOf({Table("flights", 1000,
                     {Counted("flight_date", "DATE", 300), Counted("flight", "INTEGER", 400, "1", "8500")})})
          .entities[0];
  EXPECT_EQ(FindDimension(entity, "flight"), nullptr);
  const Dimension* number = FindDimension(entity, "flight_number");
  ASSERT_NE(number, nullptr);
  EXPECT_EQ(number->label, "flight number");
  EXPECT_FALSE(Says(*number, "flight"));
}

TEST(DefaultTimeTest, IsLeftOpenWhereTwoAreAsLikely) {
  auto orders = Table("visits", 100,
                      {Counted("id", "BIGINT", 100), Counted("recorded_at", "TIMESTAMP", 90),
                       Counted("posted_at", "TIMESTAMP", 90), Counted("amount", "DOUBLE", 90)});
  const Inference inference = InferenceOf({orders});
  EXPECT_EQ(inference.model.entities[0].default_time, "");
  EXPECT_NE(AnnotatedYaml(inference, {}).find("set default_time"), std::string::npos);
}

TEST(CodesTest, AreNamedWhereAllAreOfOneList) {
  EXPECT_EQ(NamesOfStandardCodes({"country"}, std::vector<std::string>{"DE", "GB"})[1].label, "United Kingdom");
  EXPECT_EQ(NamesOfStandardCodes({"country"}, std::vector<std::string>{"DEU"})[0].label, "Germany");
  EXPECT_EQ(NamesOfStandardCodes({"billing", "currency"}, std::vector<std::string>{"CHF"})[0].label, "Swiss franc");
  EXPECT_TRUE(NamesOfStandardCodes({"country"}, std::vector<std::string>{"DE", "XX"}).empty()) << "one is of none";
  EXPECT_TRUE(NamesOfStandardCodes({"status"}, std::vector<std::string>{"DE"}).empty());
  EXPECT_FALSE(MayHoldStandardCodes({"status"}));
  const Entity entity =
      ModelOf({Table("customers", 100, {Counted("id", "BIGINT", 100), Listed("country_code", {"DE", "FR"})})})
          .entities[0];
  ASSERT_EQ(FindDimension(entity, "country_code")->values.size(), 2u);
}

}  // namespace
}  // namespace neurolake::semantic
