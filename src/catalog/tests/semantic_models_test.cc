#include "catalog/semantic_models.h"

#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

class SemanticModelsTest : public CatalogTest {
 protected:
  SemanticModels& models() { return catalog_->semantic_models(); }
  std::vector<ObjectGrant> Grants() {
    return catalog_->ListObjectGrants({kSemanticModelKind, kModelsOfSchemaKind}).value();
  }

  SemanticModelVersion Version(const std::string& body, std::vector<SemanticModelTable> tables = {}) const {
    return {.body = body,
            .digest = "digest of " + body,
            .created_by = "ada",
            .created = clock_.Now(),
            .tables = std::move(tables)};
  }
  SemanticModelRecord Model(const std::string& name, const std::string& schema, SemanticModelVersion version) {
    const auto found = catalog_->FindSchema(schema).value();
    return {.id = "id of " + name,
            .name = name,
            .schema_id = found ? found->id.value() : "none",
            .schema_name = schema,
            .owner = PrincipalId("ada"),
            .comment = "a comment",
            .created = clock_.Now(),
            .updated = clock_.Now(),
            .current = std::move(version)};
  }
  /// Makes the table, and says what a model made over it keeps.
  SemanticModelTable Over(const std::string& schema, const std::string& name) {
    const TableRecord table = Table(schema, name, "id of " + name);
    EXPECT_TRUE(catalog_->AddTable(table).has_value());
    return {.schema_name = schema, .name = name, .relation_id = table.id.value()};
  }
};

TEST_P(SemanticModelsTest, KeepsEachVersionAndTellsTheNewest) {
  ASSERT_TRUE(models().Create(Model("Shop", "gold", Version("one"))).has_value());
  EXPECT_EQ(models().AddVersion("id of Shop", 1, Version("two")).value(), 2);
  const auto found = models().Find("SHOP").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "shop");
  EXPECT_EQ(found->schema_name, "gold");
  EXPECT_EQ(found->comment, "a comment");
  EXPECT_EQ(found->current.version, 2);
  EXPECT_EQ(found->current.body, "two");
  EXPECT_EQ(models().FindVersion("id of Shop", 1).value()->body, "one");
  EXPECT_FALSE(models().FindVersion("id of Shop", 3).value().has_value());
  const auto versions = models().ListVersions("id of Shop").value();
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0].version, 2);
  EXPECT_EQ(versions[0].body, "") << "lists have no texts";
}

TEST_P(SemanticModelsTest, AnOlderVersionIsForgottenAndTheCurrentOneIsNot) {
  ASSERT_TRUE(models().Create(Model("shop", "gold", Version("one", {Over("gold", "orders")}))).has_value());
  EXPECT_EQ(models().AddVersion("id of shop", 1, Version("two")).value(), 2);
  EXPECT_EQ(models().ForgetVersion("id of shop", 2).error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(models().ForgetVersion("id of shop", 1).has_value());
  EXPECT_FALSE(models().FindVersion("id of shop", 1).value().has_value());
  EXPECT_EQ(models().Find("shop").value()->current.body, "two");
  EXPECT_TRUE(models().ForgetVersion("id of shop", 1).has_value());
  // Numbers are not given again.
  EXPECT_EQ(models().AddVersion("id of shop", 2, Version("three")).value(), 3);
}

TEST_P(SemanticModelsTest, TheSameTextIsNoNewVersion) {
  ASSERT_TRUE(models().Create(Model("shop", "gold", Version("one"))).has_value());
  EXPECT_EQ(models().AddVersion("id of shop", 1, Version("one")).value(), 1);
  EXPECT_EQ(models().AddVersion("id of shop", 1, Version("one", {Over("gold", "orders")})).value(), 2)
      << "over another table it says something else";
}

TEST_P(SemanticModelsTest, WhoWasOvertakenChangesNothing) {
  ASSERT_TRUE(models().Create(Model("shop", "gold", Version("one"))).has_value());
  ASSERT_TRUE(models().AddVersion("id of shop", 1, Version("two")).has_value());
  EXPECT_EQ(models().AddVersion("id of shop", 1, Version("mine")).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(models().Find("shop").value()->current.body, "two");
  EXPECT_EQ(models().AddVersion("other", 1, Version("mine")).error().code(), ErrorCode::kNotFound);
}

TEST_P(SemanticModelsTest, ANameIsTakenOnce) {
  ASSERT_TRUE(models().Create(Model("shop", "gold", Version("one"))).has_value());
  EXPECT_EQ(models().Create(Model("SHOP", "silver", Version("two"))).error().code(), ErrorCode::kAlreadyExists);
  ASSERT_TRUE(models().Create(Model("web", "gold", Version("three"))).has_value());
  EXPECT_EQ(models().Rename("id of web", "shop").error().code(), ErrorCode::kAlreadyExists);
  ASSERT_TRUE(models().Rename("id of web", "Visits").has_value());
  EXPECT_EQ(models().Find("visits").value()->id, "id of web");
  EXPECT_EQ(models().Create(Model("x", "nowhere", Version("four"))).error().code(), ErrorCode::kSchemaNotFound);
  EXPECT_EQ(models().Create(Model("", "gold", Version("five"))).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(models().Create(Model("zero", "gold", Version(std::string("a\0b", 3)))).error().code(),
            ErrorCode::kInvalidArgument);
}

TEST_P(SemanticModelsTest, TablesAreFollowedByTheirIds) {
  ASSERT_TRUE(models().Create(Model("shop", "gold", Version("one", {Over("gold", "orders")}))).has_value());
  ASSERT_TRUE(catalog_->RenameTable("gold", "orders", "silver", "sales").has_value());
  auto table = models().Find("shop").value()->current.tables.at(0);
  EXPECT_EQ(table.name, "orders") << "as the text names it";
  EXPECT_EQ(table.schema_now + "." + table.name_now, "silver.sales");
  ASSERT_TRUE(catalog_->DropTable("silver", "sales", false).has_value());
  EXPECT_TRUE(models().Find("shop").value()->current.tables.at(0).is_gone());
  EXPECT_TRUE(models().List().value().at(0).current.tables.at(0).is_gone());
  ASSERT_TRUE(catalog_->UndropTable(TableId("id of orders")).has_value());
  EXPECT_FALSE(models().Find("shop").value()->current.tables.at(0).is_gone());
}

TEST_P(SemanticModelsTest, DroppingOneTakesItsVersionsAndGrantsAlong) {
  ASSERT_TRUE(models().Create(Model("shop", "gold", Version("one", {Over("gold", "orders")}))).has_value());
  const ObjectGrant grant{.object_kind = std::string(kSemanticModelKind),
                          .object = "id of shop",
                          .privilege = "usage",
                          .grantee_kind = "public",
                          .grantee_id = "",
                          .denied = true};
  ASSERT_TRUE(catalog_->AddObjectGrant(grant).has_value());
  EXPECT_TRUE(Grants().at(0).denied);
  ASSERT_TRUE(models().Drop("id of shop").has_value());
  EXPECT_TRUE(Grants().empty());
  EXPECT_TRUE(models().ListVersions("id of shop").value().empty());
  EXPECT_EQ(models().Drop("id of shop").error().code(), ErrorCode::kNotFound);
}

TEST_P(SemanticModelsTest, TheNewerGrantTakesTheOlderOnesPlace) {
  ObjectGrant grant{.object_kind = std::string(kSemanticModelKind),
                    .object = "",
                    .privilege = "create",
                    .grantee_kind = "role",
                    .grantee_id = "member"};
  ASSERT_TRUE(catalog_->AddObjectGrant(grant).has_value());
  grant.denied = true;
  ASSERT_TRUE(catalog_->AddObjectGrant(grant).has_value());
  ASSERT_EQ(Grants().size(), 1U);
  EXPECT_TRUE(Grants()[0].denied);
  EXPECT_TRUE(catalog_->ListObjectGrants({kModelsOfSchemaKind}).value().empty());
  ASSERT_TRUE(catalog_->RemoveObjectGrant(grant).has_value());
  EXPECT_TRUE(Grants().empty());
}

TEST_P(SemanticModelsTest, ASchemaThatHasOneIsNotEmpty) {
  ASSERT_TRUE(models().Create(Model("shop", "silver", Version("one"))).has_value());
  EXPECT_EQ(catalog_->DropSchema("silver", false, /*cascade=*/false).error().code(), ErrorCode::kDependentObjects);
  ASSERT_TRUE(models().Find("shop").value().has_value());
  ASSERT_TRUE(catalog_
                  ->AddObjectGrant({.object_kind = std::string(kModelsOfSchemaKind),
                                    .object = catalog_->FindSchema("silver").value()->id.value(),
                                    .privilege = "usage",
                                    .grantee_kind = "public",
                                    .grantee_id = ""})
                  .has_value());
  ASSERT_TRUE(catalog_->DropSchema("silver", false, /*cascade=*/true).has_value());
  EXPECT_FALSE(models().Find("shop").value().has_value());
  EXPECT_TRUE(Grants().empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, SemanticModelsTest, testing::Values("sqlite", "postgresql"));

}  // namespace
}  // namespace neurolake::catalog
