#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class LineageTest : public CatalogTest {
 protected:
  LineageEdge Edge(const std::string& statement, const std::string& target) {
    LineageEdge edge;
    edge.statement = StatementId(statement);
    edge.at = clock_.Now();
    edge.principal = "anna";
    edge.operation = "INSERT";
    edge.source = {"table", "id of source", "silver.source", 3};
    edge.target = {"table", "id of " + target, "gold." + target, 4};
    edge.via_json = R"(["silver.view"])";
    edge.columns_json = R"([["a","b","DIRECT","IDENTITY"]])";
    return edge;
  }
  std::vector<std::string> Targets(const std::optional<LineagePosition>& after = std::nullopt, int64_t limit = 100) {
    std::vector<std::string> targets;
    const auto edges = catalog_->ListLineage(after, limit).value();
    for (const auto& [position, edge] : edges) targets.push_back(edge.target.name);
    return targets;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, LineageTest, testing::Values("sqlite", "postgresql"));

TEST_P(LineageTest, KeepsEdgesWithAllTheyHave) {
  ASSERT_OK(catalog_->AddLineage({Edge("1", "a")}));
  const auto edges = catalog_->ListLineage(std::nullopt, 10).value();
  ASSERT_EQ(edges.size(), 1U);
  const LineageEdge& edge = edges[0].second;
  EXPECT_EQ(edge.statement.value(), "1");
  EXPECT_EQ(edge.at, clock_.Now());
  EXPECT_EQ(edge.principal, "anna");
  EXPECT_EQ(edge.operation, "INSERT");
  EXPECT_EQ(edge.source.name, "silver.source");
  EXPECT_EQ(edge.source.version, 3);
  EXPECT_EQ(edge.target.id, "id of a");
  EXPECT_EQ(edge.target.version, 4);
  EXPECT_EQ(edge.via_json, R"(["silver.view"])");
  EXPECT_EQ(edge.columns_json, R"([["a","b","DIRECT","IDENTITY"]])");
}

TEST_P(LineageTest, TheSameEdgesAgainAreNoMore) {
  ASSERT_OK(catalog_->AddLineage({Edge("1", "a"), Edge("1", "b")}));
  ASSERT_OK(catalog_->AddLineage({Edge("1", "a"), Edge("1", "b")}));
  EXPECT_THAT(Targets(), ElementsAre("gold.b", "gold.a"));
}

TEST_P(LineageTest, PagesGoOnBehindAPositionAlsoAmongEdgesOfOneMoment) {
  std::vector<LineageEdge> many;
  for (int i = 0; i < 120; ++i) many.push_back(Edge("1", fmt::format("t{:03}", i)));
  ASSERT_OK(catalog_->AddLineage(many));
  clock_.Advance(seconds(1));
  ASSERT_OK(catalog_->AddLineage({Edge("2", "newest")}));
  const auto first = catalog_->ListLineage(std::nullopt, 2).value();
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].second.target.name, "gold.newest");
  EXPECT_EQ(first[1].second.target.name, "gold.t119");
  EXPECT_THAT(Targets(first[1].first, 2), ElementsAre("gold.t118", "gold.t117"));
  EXPECT_EQ(Targets(first[1].first, 1000).size(), 119U);
}

TEST_P(LineageTest, ForgetsWhatIsOlder) {
  ASSERT_OK(catalog_->AddLineage({Edge("1", "old")}));
  clock_.Advance(hours(1));
  ASSERT_OK(catalog_->AddLineage({Edge("2", "new")}));
  EXPECT_EQ(catalog_->ForgetLineage(clock_.Now()).value(), 1);
  EXPECT_THAT(Targets(), ElementsAre("gold.new"));
}

TEST_P(LineageTest, TheOutboxKeepsEventsInOrderUntilTheyAreRemoved) {
  ASSERT_OK(catalog_->AddEvents({{"b:1", clock_.Now(), "second"}, {"b:0", clock_.Now(), "first"}}));
  clock_.Advance(seconds(1));
  ASSERT_OK(catalog_->AddEvents({{"a:0", clock_.Now(), "third"}, {"b:0", clock_.Now(), "again"}}));
  const auto bodies = [&](Catalog& catalog) {
    std::vector<std::string> texts;
    const auto events = catalog.ListEvents(10).value();
    for (const auto& event : events) texts.push_back(event.body);
    return texts;
  };
  EXPECT_THAT(bodies(*OpenAgain().catalog), ElementsAre("first", "second", "third"));
  EXPECT_EQ(catalog_->CountEvents().value(), 3);
  ASSERT_OK(catalog_->RemoveEvents({"b:0", "nothing"}));
  EXPECT_THAT(bodies(*catalog_), ElementsAre("second", "third"));
  ASSERT_OK(catalog_->RemoveEvents({"b:1", "a:0"}));
  EXPECT_THAT(bodies(*catalog_), IsEmpty());
}

TEST_P(LineageTest, AViewKeepsItsIdWhenItIsReplaced) {
  ASSERT_OK(catalog_->CreateView(View("gold", "v"), /*or_replace=*/false, /*if_not_exists=*/false));
  const std::string id = catalog_->FindView("gold", "v").value()->id;
  EXPECT_FALSE(id.empty());
  ASSERT_OK(catalog_->CreateView(View("gold", "v", "SELECT 2"), /*or_replace=*/true, /*if_not_exists=*/false));
  EXPECT_EQ(catalog_->FindView("gold", "v").value()->id, id);
}

}  // namespace
}  // namespace neurolake::catalog
