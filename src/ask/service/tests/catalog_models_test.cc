// Whom the catalogue's semantic models are for, and that what is asked of them only reads where the caller says so.
#include "ask/service/catalog_models.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "ask/service/ask_service.h"
#include "ask/service/tests/fake_lake.h"
#include "query/semantic_model_actions.h"
#include "query/tests/table_fixture.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr const char* kModel =
    "{semantic_model: m, entities: [{name: e, table: main.t, dimensions: [{name: a}], measures: [{name: n, "
    "aggregation: "
    "count}]}]}";

class CatalogModelsTest : public query::TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    const auto made = query::RunSemanticModelAction(As("engineer"), *catalog_, "create_semantic_model",
                                                    {{"name", "m"},
                                                     {"schema", nullptr},
                                                     {"session_schema", "main"},
                                                     {"comment", nullptr},
                                                     {"definition", kModel},
                                                     {"or_replace", false},
                                                     {"if_not_exists", false}});
    ASSERT_TRUE(made.has_value()) << made.error().message();
    const auto granted = query::RunSemanticModelAction(As("admin"), *catalog_, "grant_semantic_model",
                                                       {{"effect", "grant"},
                                                        {"privilege", "usage"},
                                                        {"kind", "model"},
                                                        {"name", "m"},
                                                        {"grantees", json::array{{{"kind", "public"}, {"name", ""}}}}});
    ASSERT_TRUE(granted.has_value()) << granted.error().message();
  }
  RequestContext As(const std::string& role) const {
    return {{PrincipalId("id-" + role), role, role, *RightsOfRole(role)}, "request", "test", clock_, SteadyTime::max()};
  }
};

TEST_F(CatalogModelsTest, WhatQuestionsMeanIsSaidByWhoLooksAfterTheModel) {
  CatalogModels models(*catalog_);
  EXPECT_TRUE(models.CheckReview(As("engineer"), "m").has_value());
  EXPECT_TRUE(models.CheckReview(As("admin"), "m").has_value());
  for (const char* role : {"reader", "writer"}) {
    EXPECT_TRUE(models.Find(As(role), "m").value().has_value()) << role;
    const auto checked = models.CheckReview(As(role), "m");
    ASSERT_FALSE(checked.has_value()) << role;
    EXPECT_EQ(checked.error().code(), ErrorCode::kPermissionDenied);
  }
}

TEST_F(CatalogModelsTest, WhatLooksAtAModelOnlyReadsWhereTheCallerSaysSo) {
  CatalogModels models(*catalog_);
  for (const bool read_only : {true, false}) {
    FakeLake lake;
    AskService service(lake, models, clock_);
    std::ignore = service.Visible(As("reader"), {.model = "m", .read_only = read_only});
    ASSERT_FALSE(lake.requests.empty());
    for (const auto& request : lake.requests) EXPECT_EQ(request.read_only, read_only) << request.sql;
  }
}

}  // namespace
}  // namespace neurolake::ask
