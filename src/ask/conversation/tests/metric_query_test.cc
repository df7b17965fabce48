#include "ask/conversation/internal/metric_query.h"

#include <gmock/gmock.h>

#include "ask/conversation/tests/conversation_fixture.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

Result<Intent> Query(const std::string& text) { return MetricQuery(json::parse(text).as_object(), *ShopModel()); }

TEST(MetricQueryTest, MakesAnIntentOfNames) {
  const auto intent = Query(R"({"metrics": ["Revenue", "orders_count"],
    "dimensions": ["country", {"dimension": "ordered_on", "grain": "month"}],
    "filters": [{"dimension": "orders.status", "values": ["done"]},
                {"dimension": "country", "operator": "not_in", "values": ["France"]}],
    "time": {"from": "2025-01-01", "to": "2025-04-01", "compare": "previous_year"},
    "rank": {"by": "orders_count", "n": 3}, "limit": 50})");
  ASSERT_TRUE(intent.has_value()) << intent.error().message();
  ASSERT_EQ(intent->metrics.size(), 2u);
  EXPECT_EQ(intent->metrics[0].metric, "revenue");
  EXPECT_EQ(intent->dimensions[0].field, (FieldRef{"customers", "country"}));
  EXPECT_EQ(intent->dimensions[1].grain, TimeGrain::kMonth);
  EXPECT_EQ(intent->filters[1].any_of[0].op, FilterOperator::kNotIn);
  EXPECT_EQ(intent->time.range, Range("2025-01-01", "2025-04-01"));
  EXPECT_EQ(intent->time.comparisons[0].kind, ComparisonKind::kOffset);
  EXPECT_EQ(intent->rank->by.index, 1u);
  EXPECT_EQ(intent->rank->n, 3);
  EXPECT_EQ(intent->row_limit, 50);
}

TEST(MetricQueryTest, NamesWhatIsNearToAnUnknownName) {
  const auto metric = Query(R"({"metrics": ["revenu"]})");
  ASSERT_FALSE(metric.has_value());
  EXPECT_EQ(metric.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(metric.error().message(), HasSubstr("revenue"));
  EXPECT_THAT(Query(R"({"metrics": ["revenue"], "dimensions": ["contry"]})").error().message(), HasSubstr("country"));
}

TEST(MetricQueryTest, HiddenMembersAreLikeUnknownOnes) {
  const auto hidden = Query(R"({"metrics": ["revenue"], "dimensions": ["margin_class"]})");
  ASSERT_FALSE(hidden.has_value());
  EXPECT_THAT(hidden.error().message(), HasSubstr("there is no dimension margin_class"));
  const std::string described = json::serialize(DescribeModel(*ShopModel()));
  EXPECT_THAT(described, Not(HasSubstr("margin_class")));
  EXPECT_THAT(described, HasSubstr("\"customers.country\""));
}

TEST(MetricQueryTest, SaysWhatWouldBeRight) {
  for (
      const auto& [query, words] : {
          std::pair{R"({})", "at least one metric"},
          std::pair{R"({"metrics": "revenue"})", "an array"},
          std::pair{R"({"metrics": [1]})", "a name"},
          std::pair{R"({"metrics": ["revenue"], "dimensions": ["status"]})", "orders.status"},
          std::pair{R"({"metrics": ["revenue"], "dimensions": [{"dimension": "country", "colour": 1}]})", "colour"},
          std::pair{
              R"({"metrics": ["revenue"], "filters": [{"dimension": "country", "operator": "like", "values": ["x"]}]})",
              "starts_with"},
          std::pair{R"({"metrics": ["revenue"], "filters": [{"dimension": "country", "values": [[1]]}]})",
                    "texts, numbers"},
          std::pair{R"({"metrics": ["revenue"], "time": {"from": "yesterday"}})", "2025-04-02"},
          std::pair{R"({"metrics": ["revenue"], "time": {"grain": "fortnight"}})", "week"},
          std::pair{R"({"metrics": ["revenue"], "time": {"compare": "then"}})", "previous_year"},
          std::pair{R"({"metrics": ["revenue"], "rank": {"by": "orders_count"}})", "one of \"metrics\""},
          std::pair{R"({"metrics": ["revenue"], "rank": {"n": 0}})", "from 1"},
          std::pair{R"({"metrics": ["revenue"], "limit": 2000000})", "1000000"},
      }) {
    const auto intent = Query(query);
    ASSERT_FALSE(intent.has_value()) << query;
    EXPECT_EQ(intent.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(intent.error().message(), HasSubstr(words)) << query;
  }
}

}  // namespace
}  // namespace neurolake::ask
