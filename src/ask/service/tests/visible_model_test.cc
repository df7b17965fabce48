#include "ask/service/visible_model.h"

#include <gmock/gmock.h>

#include "ask/service/tests/fake_lake.h"
#include "semantic/load.h"

namespace neurolake::ask {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kShop = R"(
semantic_model: shop
entities:
  - name: orders
    table: shop.orders
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {name: ordered_on, type: time}
      - {name: status}
    measures:
      - {name: revenue, expr: amount}
      - {name: profit, expr: margin}
  - name: customers
    table: shop.customers
    primary_key: id
    dimensions:
      - {name: customer, expr: name}
      - {name: country}
    measures:
      - {name: customers_count, aggregation: count}
joins:
  - {name: ordered_by, from: orders, to: customers, on: {customer_id: id}}
)";

/// Of times alone, so that no values are read.
constexpr const char* kVisits = R"(
semantic_model: visits
entities:
  - name: visits
    table: shop.visits
    default_time: visited_on
    dimensions:
      - {name: visited_on, type: time}
    measures:
      - {name: visits_count, aggregation: count}
)";

FoundModel Load(const char* text) {
  auto model = semantic::LoadModel(text);
  EXPECT_TRUE(model.has_value()) << model.error().message();
  const std::string key = "first of " + model->name;
  return {.model = std::make_shared<const semantic::SemanticModel>(std::move(*model)), .key = key};
}

std::vector<std::string> Names(const auto& list) {
  std::vector<std::string> names;
  for (const auto& one : list) names.push_back(one.name);
  return names;
}

class VisibleModelsTest : public testing::Test {
 protected:
  VisibleModel See(const Principal& principal, const FoundModel& model, const std::string& purpose = "") {
    const RequestContext ctx(principal, "r", "test", clock_, SteadyTime::max());
    auto visible = models_.For(ctx, runner_, purpose, model);
    EXPECT_TRUE(visible.has_value());
    return *std::move(visible);
  }
  /// Whether it is found out anew what the principal sees.
  bool Looks(const Principal& principal, const FoundModel& model, const std::string& purpose = "") {
    const int before = runner_.runs;
    See(principal, model, purpose);
    return runner_.runs > before;
  }
  static Principal Anna() {
    return {.id = PrincipalId("anna"), .name = "anna", .role = "reader", .rights = {Right::kRead, Right::kAsk}};
  }

  FakeClock clock_;
  FakeLake lake_;
  FakeRunner runner_;
  VisibleModels models_{lake_, clock_};
  const FoundModel shop_ = Load(kShop);
  const FoundModel visits_ = Load(kVisits);
};

TEST_F(VisibleModelsTest, WhatOneMayKnowIsKeptForThemAsTheyAre) {
  EXPECT_TRUE(Looks(Anna(), shop_));
  EXPECT_FALSE(Looks(Anna(), shop_));
  std::vector<Principal> others(9, Anna());
  others[0].id = PrincipalId("bob");
  others[1].role = "writer";
  others[2].rights = {Right::kRead};
  others[3].claimed_groups = {{"g1", "staff"}};
  others[4].attributes = {{"region", "EU"}};
  others[5].schemas = {{"shop"}};
  others[6].schemas = {{"gold"}};
  others[7].on_behalf_of = std::make_shared<const Principal>(Anna());
  others[8].authentication = "token";
  for (const Principal& other : others) EXPECT_TRUE(Looks(other, shop_)) << &other - others.data();
  Principal acts_for_bob = others[7];
  acts_for_bob.on_behalf_of = std::make_shared<const Principal>(others[0]);
  EXPECT_TRUE(Looks(acts_for_bob, shop_));
  EXPECT_TRUE(Looks(Anna(), shop_, "support"));
  FoundModel newer = shop_;
  newer.key = "second";
  EXPECT_TRUE(Looks(Anna(), newer));
  EXPECT_FALSE(Looks(Anna(), shop_));
  clock_.Advance(VisibleModels::kAgeMax + std::chrono::seconds(1));
  EXPECT_TRUE(Looks(Anna(), shop_));
}

TEST_F(VisibleModelsTest, WhatMayNoLongerBeSeenIsFoundOutAnew) {
  for (const FoundModel* model : {&shop_, &visits_}) {
    lake_.still_shown = true;
    EXPECT_TRUE(Looks(Anna(), *model));
    EXPECT_FALSE(Looks(Anna(), *model));
    lake_.still_shown = false;
    EXPECT_TRUE(Looks(Anna(), *model));
  }
}

TEST_F(VisibleModelsTest, WhatCannotBeReadIsNotThere) {
  runner_.denied = {"margin"};
  const auto visible = See(Anna(), shop_).model;
  EXPECT_THAT(Names(visible->entities), ElementsAre("orders", "customers"));
  EXPECT_THAT(Names(visible->metrics), UnorderedElementsAre("revenue", "customers_count"));
  EXPECT_THAT(Names(visible->joins), ElementsAre("ordered_by"));
  runner_.denied = {"country"};
  Principal bob = Anna();
  bob.id = PrincipalId("bob");
  const auto less = See(bob, shop_).model;
  EXPECT_THAT(Names(less->entities[1].dimensions), ElementsAre("customer"));
  runner_.denied = {"customers"};
  bob.id = PrincipalId("carl");
  const auto least = See(bob, shop_).model;
  EXPECT_THAT(Names(least->entities), ElementsAre("orders"));
  EXPECT_THAT(least->joins, IsEmpty());
}

TEST_F(VisibleModelsTest, WordsOfTheAuthorThatNameWhatIsHiddenAreNot) {
  auto model = std::make_shared<semantic::SemanticModel>(*shop_.model);
  model->verified_questions.push_back({.question = "what of the secret country", .intent = "{}"});
  model->entities[1].dimensions[1].values = {{.value = "FR", .label = "France"}, {.value = "XX", .label = "Atlantis"}};
  QueryRows countries{
      .names = {"country"}, .types = {"VARCHAR"}, .rows = {{std::string("FR")}}, .shown = runner_.shown};
  runner_.answers = {{"country", countries}};
  const auto visible = See(Anna(), {.model = model, .key = "k"});
  EXPECT_THAT(visible.model->verified_questions, IsEmpty());
  const auto& values = visible.model->entities[1].dimensions[1].values;
  ASSERT_EQ(values.size(), 1U);
  EXPECT_EQ(values[0].value, "FR");
}

}  // namespace
}  // namespace neurolake::ask
