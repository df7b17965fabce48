#include "retrieval/retriever.h"

#include <gmock/gmock.h>

#include "common/text.h"
#include "retrieval/tests/retrieval_fixture.h"

namespace neurolake::retrieval {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

WallTime Day(const char* text) { return ParseTimestamp(text).value(); }

TableCard Flights() {
  return {.id = TableId("t1"),
          .name = "air.flights",
          .description = "One row per flight that left New York.",
          .columns = {{.name = "departed_at",
                       .type = "TIMESTAMP",
                       .description = "When it left.",
                       .time_range = std::pair(Day("2013-01-01"), Day("2013-12-31"))},
                      {.name = "arr_delay", .type = "DOUBLE", .description = "Minutes late at arrival."},
                      {.name = "fare", .type = "DECIMAL(12,2)", .description = ""}},
          .partitions = {"month"},
          .tags = {"certified"},
          .row_count = 336'776,
          .labels = {"public"}};
}

TableCard Weather() {
  return {.id = TableId("t2"),
          .name = "air.weather",
          .description = "Hourly weather at the airports.",
          .columns = {{.name = "time_hour",
                       .type = "DATE",
                       .description = "",
                       .time_range = std::pair(Day("2014-01-01"), Day("2014-06-30"))},
                      {.name = "wind_speed", .type = "DOUBLE", .description = "Miles per hour."}},
          .partitions = {},
          .tags = {},
          .row_count = 26'115,
          .labels = {"public"}};
}

TableCard Salaries() {
  return {.id = TableId("t3"),
          .name = "hr.salaries",
          .description = "What everybody earns.",
          .columns = {{.name = "employee", .type = "VARCHAR", .description = "", .tags = {"pii"}},
                      {.name = "since", .type = "DATE", .description = ""}},
          .partitions = {},
          .tags = {},
          .row_count = {},
          .labels = {"hr"}};
}

class TableIndexTest : public testing::Test {
 protected:
  TableIndexTest() {
    for (TableCard card : {Flights(), Weather(), Salaries()}) EXPECT_TRUE(tables_.Put(std::move(card)).has_value());
  }
  std::vector<std::string> Names(const TableConstraint& constraint,
                                 const Viewer& viewer = See({"public", "hr"})) const {
    std::vector<std::string> names;
    for (const TableCard& card : tables_.Select(viewer, constraint)) names.push_back(card.name);
    return names;
  }
  TableIndex tables_;
};

TEST_F(TableIndexTest, ComesByName) {
  EXPECT_THAT(Names({}), ElementsAre("air.flights", "air.weather", "hr.salaries"));
}

TEST_F(TableIndexTest, PicksBySchemaColumnsAndTypes) {
  EXPECT_THAT(Names({.schema = "AIR"}), ElementsAre("air.flights", "air.weather"));
  EXPECT_THAT(Names({.columns = {"ARR_DELAY"}}), ElementsAre("air.flights"));
  EXPECT_THAT(Names({.columns = {"arr_delay", "wind_speed"}}), IsEmpty());
  EXPECT_THAT(Names({.types = {"DECIMAL"}}), ElementsAre("air.flights"));
  EXPECT_THAT(Names({.types = {"TIMESTAMP"}}), ElementsAre("air.flights", "air.weather", "hr.salaries"));
  EXPECT_THAT(Names({.types = {"BLOB"}}), IsEmpty());
}

TEST_F(TableIndexTest, PicksByTime) {
  // A table whose range is not known may have such rows, so it stays.
  EXPECT_THAT(Names({.time = TimeSpan{Day("2013-06-01"), Day("2013-07-01")}}),
              ElementsAre("air.flights", "hr.salaries"));
  EXPECT_THAT(Names({.time = TimeSpan{Day("2014-06-30"), Day("2014-07-01")}}),
              ElementsAre("air.weather", "hr.salaries"));
  // Half-open: what begins with the table's last moment has it, what ends with its first has not.
  EXPECT_THAT(Names({.time = TimeSpan{Day("2012-01-01"), Day("2013-01-01")}}), ElementsAre("hr.salaries"));
}

TEST_F(TableIndexTest, PicksByTagsRowsAndPartitions) {
  EXPECT_THAT(Names({.tags = {"certified"}}), ElementsAre("air.flights"));
  EXPECT_THAT(Names({.tags = {"pii"}}), ElementsAre("hr.salaries"));
  EXPECT_THAT(Names({.rows_min = 100'000}), ElementsAre("air.flights", "hr.salaries"));
  EXPECT_THAT(Names({.partitioned_by = {"MONTH"}}), ElementsAre("air.flights"));
}

TEST_F(TableIndexTest, ShowsNothingThatIsHidden) {
  EXPECT_THAT(Names({}, See({"public"})), ElementsAre("air.flights", "air.weather"));
  EXPECT_THAT(Names({.tags = {"pii"}}, See({"public"})), IsEmpty());
  EXPECT_THAT(Names({}, Viewer()), IsEmpty());
  EXPECT_THAT(Names({.tags = {"pii"}}, See({"hr"})), ElementsAre("hr.salaries"));
}

TEST_F(TableIndexTest, ReplacesAndRemoves) {
  TableCard renamed = Weather();
  renamed.name = "air.climate";
  ASSERT_TRUE(tables_.Put(renamed).has_value());
  tables_.Remove(TableId("t1"));
  tables_.Remove(TableId("unknown"));
  EXPECT_THAT(Names({}), ElementsAre("air.climate", "hr.salaries"));
}

TEST_F(TableIndexTest, RefusesACardNobodyCouldSee) {
  TableCard card = Weather();
  card.labels.clear();
  EXPECT_EQ(tables_.Put(card).error().code(), ErrorCode::kInvalidArgument);
  card = Weather();
  card.id = TableId();
  EXPECT_EQ(tables_.Put(card).error().code(), ErrorCode::kInvalidArgument);
}

class RetrieverTest : public TableIndexTest {
 protected:
  RetrieverTest() : corpus_(OpenCorpus(directory_).value()) {
    for (const TableCard& card : {Flights(), Weather(), Salaries()}) {
      EXPECT_TRUE(corpus_->Add(TestContext(), PassagesOf(card)).has_value());
    }
    Passage metric = MakePassage("metric:delay", "Average delay: mean of arr_delay over flights that arrived.");
    metric.kind = PassageKind::kMetric;
    metric.subject = "metric:delay";
    Passage secret = MakePassage("doc:pay", "How salaries and delays of pay are decided.", {"hr"});
    Passage question = MakePassage("q1", "Which carrier had the largest delay in June?");
    question.kind = PassageKind::kQuestion;
    EXPECT_TRUE(corpus_->Add(TestContext(), {metric, secret, question}).has_value());
  }
  TwoStageResult Find(std::string_view text, const TableConstraint& constraint = {},
                      const Viewer& viewer = See({"public"})) const {
    return Retriever(tables_, *corpus_).Find(TestContext(), viewer, {.text = text, .constraint = constraint}).value();
  }
  static std::vector<std::string> TablesOf(const TwoStageResult& result) {
    std::vector<std::string> names;
    for (const TableHit& hit : result.tables) names.push_back(hit.card.name);
    return names;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Corpus> corpus_;
};

TEST_F(RetrieverTest, RanksTheTablesByWhatIsSaidOfThem) {
  EXPECT_EQ(TablesOf(Find("how late were the planes at arrival"))[0], "air.flights");
  EXPECT_EQ(TablesOf(Find("how strong was the wind"))[0], "air.weather");
}

TEST_F(RetrieverTest, TheConstraintComesFirst) {
  const auto result = Find("how late were the planes", {.time = TimeSpan{Day("2014-02-01"), Day("2014-03-01")}});
  EXPECT_THAT(TablesOf(result), ElementsAre("air.weather"));
  for (const PassageHit& hit : result.passages) EXPECT_NE(hit.passage.subject, "t1");
}

TEST_F(RetrieverTest, FindsMetricsDocumentsAndQuestionsBesides) {
  const auto ids = IdsOf(Find("average delay of flights").passages);
  EXPECT_THAT(ids, testing::Contains("metric:delay"));
  EXPECT_THAT(ids, testing::Contains("q1"));
  EXPECT_EQ(ids[0], "metric:delay");
}

TEST_F(RetrieverTest, ShowsNothingThatIsHidden) {
  for (const PassageHit& hit : Find("salaries").passages) {
    EXPECT_NE(hit.passage.id, "doc:pay");
    EXPECT_NE(hit.passage.subject, "t3");
  }
  EXPECT_THAT(TablesOf(Find("salaries")), UnorderedElementsAre("air.flights", "air.weather"));
  const auto seen = Find("salaries", {}, See({"public", "hr"}));
  EXPECT_EQ(TablesOf(seen)[0], "hr.salaries");
  EXPECT_THAT(IdsOf(seen.passages), testing::Contains("doc:pay"));
}

TEST_F(RetrieverTest, KeepsItsBounds) {
  const auto result = Retriever(tables_, *corpus_)
                          .Find(TestContext(), See({"public", "hr"}), {.text = "x", .tables_max = 1, .passages_max = 2})
                          .value();
  EXPECT_EQ(result.tables.size(), 1U);
  EXPECT_EQ(result.passages.size(), 2U);
  for (const PassageHit& hit : result.passages) {
    if (hit.passage.kind == PassageKind::kDescription) {
      EXPECT_EQ(hit.passage.subject, result.tables[0].card.id.value());
    }
  }
}

TEST_F(RetrieverTest, ATablesPassagesAreGovernedAsItIs) {
  for (const Passage& passage : PassagesOf(Salaries())) {
    EXPECT_EQ(passage.labels, (std::vector<std::string>{"hr"}));
    EXPECT_EQ(passage.subject, "t3");
    EXPECT_EQ(passage.kind, PassageKind::kDescription);
  }
  EXPECT_EQ(PassagesOf(Flights()).size(), 3U);
}

}  // namespace
}  // namespace neurolake::retrieval
