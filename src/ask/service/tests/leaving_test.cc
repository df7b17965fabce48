// What of a model is not told to models elsewhere.
#include "ask/service/leaving.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "ask/service/tests/fake_lake.h"
#include "catalog/catalog.h"
#include "metastore/database.h"
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
      - {name: town, expr: home.town}
    measures:
      - {name: revenue, expr: amount}
      - {name: orders_count, aggregation: count}
  - name: customers
    table: shop.customers
    primary_key: id
    dimensions:
      - {name: country}
    measures:
      - {name: customers_count, aggregation: count}
joins:
  - {name: ordered_by, from: orders, to: customers, on: {customer_id: id}}
metrics:
  - {name: per_order, kind: ratio, numerator: revenue, denominator: orders_count}
)";

std::vector<std::string> Names(const auto& list) {
  std::vector<std::string> names;
  for (const auto& one : list) names.push_back(one.name);
  return names;
}

class LeavingTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/leaving_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    database_ = metastore::OpenStore("", root_ + "/metadata.db").value();
    catalog_ = catalog::NewCatalog(*database_, clock_, root_);
    ASSERT_TRUE(catalog_->CreateSchema("shop", false, "").has_value());
    for (const char* name : {"orders", "customers", "secrets"}) {
      ASSERT_TRUE(
          catalog_
              ->AddTable(
                  {.id = TableId(name), .schema_name = "shop", .name = name, .location = root_ + "/tables/" + name})
              .has_value());
    }
    Tag("orders", "");
    Tag("customers", "");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  /// As SHOW TAGS says it of a table; without a column, none is tagged.
  void Tag(const std::string& table, const std::string& column, const std::string& tag = "pii") {
    QueryRows tags{.names = {"column_name", "tag"}, .types = {"VARCHAR", "VARCHAR"}, .rows = {}};
    tags.rows.push_back({column.empty() ? Cell(std::monostate()) : Cell(column), Cell(tag)});
    runner_.answers["SHOW TAGS ON \"shop\".\"" + table + "\""] = tags;
  }
  std::shared_ptr<const semantic::SemanticModel> Rest() {
    const auto model = semantic::LoadModel(kShop);
    EXPECT_TRUE(model.has_value()) << model.error().message();
    const RequestContext ctx({}, "r", "test", clock_, SteadyTime::max());
    return WithoutKeptHere(ctx, runner_, *catalog_, *model).value();
  }

  static constexpr const char* kTag = "no_external_model";
  std::string root_;
  SystemClock clock_;
  std::unique_ptr<metastore::Store> database_;
  std::unique_ptr<catalog::Catalog> catalog_;
  FakeRunner runner_;
};

TEST_F(LeavingTest, OtherTagsKeepNothing) {
  const auto rest = Rest();
  EXPECT_THAT(Names(rest->entities), ElementsAre("orders", "customers"));
  EXPECT_THAT(Names(rest->entities[0].dimensions), ElementsAre("ordered_on", "status", "town"));
  EXPECT_THAT(Names(rest->metrics), UnorderedElementsAre("revenue", "orders_count", "customers_count", "per_order"));
  EXPECT_THAT(Names(rest->joins), ElementsAre("ordered_by"));
}

TEST_F(LeavingTest, ATaggedColumnStaysWithAllThatIsMadeOfIt) {
  Tag("orders", "amount", kTag);
  const auto rest = Rest();
  EXPECT_THAT(Names(rest->entities[0].dimensions), ElementsAre("ordered_on", "status", "town"));
  EXPECT_THAT(Names(rest->metrics), UnorderedElementsAre("orders_count", "customers_count"))
      << "nor what is a ratio of it";
  Tag("orders", "status", kTag);
  EXPECT_THAT(Names(Rest()->entities[0].dimensions), ElementsAre("ordered_on", "town"));
  Tag("orders", "customer_id", kTag);
  EXPECT_THAT(Rest()->joins, IsEmpty());
}

TEST_F(LeavingTest, ATaggedFieldKeepsItsColumn) {
  Tag("orders", "home.street", kTag);
  EXPECT_THAT(Names(Rest()->entities[0].dimensions), ElementsAre("ordered_on", "status"));
}

TEST_F(LeavingTest, ATaggedTableStays) {
  Tag("orders", "", kTag);
  const auto rest = Rest();
  EXPECT_THAT(Names(rest->entities), ElementsAre("customers"));
  EXPECT_THAT(Names(rest->metrics), ElementsAre("customers_count"));
  EXPECT_THAT(rest->joins, IsEmpty());
}

TEST_F(LeavingTest, SoDoesWhatReadsOneThatIsTagged) {
  auto shown = std::make_shared<query::ShownTables>();
  shown->names = {{TableId("orders"), "shop.orders"}, {TableId("secrets"), "shop.secrets"}};
  runner_.answers["LIMIT 0"] = {.names = {}, .types = {}, .rows = {}, .shown = shown};
  EXPECT_THAT(Names(Rest()->entities), ElementsAre("orders", "customers"));
  catalog::TagChange change{.relation_id = "secrets", .set = {}, .unset = {}};
  change.set.push_back({.relation_id = "secrets",
                        .column = "",
                        .label = "",
                        .tag = kTag,
                        .value = "",
                        .set_by = "ada",
                        .created = clock_.Now()});
  ASSERT_TRUE(catalog_->ChangeTags(change).has_value());
  EXPECT_THAT(Rest()->entities, IsEmpty());
}

TEST_F(LeavingTest, WhatCannotBeLookedAtStays) {
  runner_.denied = {"SHOW TAGS ON \"shop\".\"orders\""};
  EXPECT_THAT(Names(Rest()->entities), ElementsAre("customers"));
  runner_.denied = {"LIMIT 0"};
  EXPECT_THAT(Rest()->entities, IsEmpty());
  runner_.denied = {};
  runner_.shown = nullptr;
  EXPECT_THAT(Rest()->entities, IsEmpty()) << "what it read is not known";
}

}  // namespace
}  // namespace neurolake::ask
