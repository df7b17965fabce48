#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

class DataKeysTest : public CatalogTest {
 protected:
  DataKeyVersion Version(int64_t number, const std::string& wrapped) const {
    return {.version = number, .service = "local", .wrapping_key = "k", .wrapped = wrapped, .created = clock_.Now()};
  }
  DataKeyRecord Key(const std::string& name) const {
    return {.id = "id of " + name,
            .name = name,
            .purpose = "mask",
            .created_by = "ada",
            .created = clock_.Now(),
            .versions = {Version(1, "first")}};
  }
  DataKeyGrant Grant(const std::string& privilege, bool denied) const {
    return {.key_id = "id of people",
            .privilege = privilege,
            .grantee_kind = "role",
            .grantee_id = "reader",
            .denied = denied,
            .granted_by = "ada",
            .created = clock_.Now()};
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, DataKeysTest, testing::Values("sqlite", "postgresql"));

TEST_P(DataKeysTest, AreMadeFoundAndDropped) {
  ASSERT_OK(catalog_->AddDataKey(Key("people")));
  EXPECT_EQ(CodeOf(catalog_->AddDataKey(Key("People"))), ErrorCode::kAlreadyExists);
  ASSERT_OK(catalog_->AddDataKey(Key("Orders")));
  EXPECT_EQ(catalog_->ListDataKeys().value().size(), 2u);
  const auto found = catalog_->FindDataKey("PEOPLE").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->versions.at(0).wrapped, "first");
  EXPECT_EQ(catalog_->FindDataKeyById(found->id).value()->name, "people");
  EXPECT_FALSE(catalog_->FindDataKeyById("people").value().has_value());
  EXPECT_FALSE(catalog_->FindDataKey("nobody").value().has_value());
  ASSERT_OK(catalog_->AddDataKeyGrant(Grant("usage", false)));
  ASSERT_OK(catalog_->DropDataKey("people"));
  EXPECT_EQ(CodeOf(catalog_->DropDataKey("people")), ErrorCode::kNotFound);
  EXPECT_TRUE(catalog_->ListDataKeyGrants("").value().empty());
}

TEST_P(DataKeysTest, AKeyThatAPolicyNeedsStays) {
  ASSERT_OK(catalog_->CreateSchema("s", false, ""));
  ASSERT_OK(catalog_->AddTable(Table("s", "t", "1")));
  ASSERT_OK(catalog_->AddDataKey(Key("people")));
  ASSERT_OK(catalog_->AddPolicy({.id = "p",
                                 .table = TableId("1"),
                                 .name = "mail",
                                 .kind = "mask",
                                 .column = "mail",
                                 .definition = "",
                                 .plan = R"({"keys":[{"id":"id of people"}]})",
                                 .created_by = "ada",
                                 .created = clock_.Now()},
                                false));
  EXPECT_EQ(CodeOf(catalog_->DropDataKey("people")), ErrorCode::kDependentObjects);
  ASSERT_OK(catalog_->DropPolicy(TableId("1"), "mask", "mail"));
  ASSERT_OK(catalog_->DropDataKey("people"));
}

TEST_P(DataKeysTest, VersionsFollowEachOther) {
  ASSERT_OK(catalog_->AddDataKey(Key("people")));
  ASSERT_OK(catalog_->AddDataKeyVersion("id of people", Version(2, "second")));
  EXPECT_EQ(CodeOf(catalog_->AddDataKeyVersion("id of people", Version(2, "again"))), ErrorCode::kConflict);
  EXPECT_EQ(CodeOf(catalog_->AddDataKeyVersion("id of people", Version(4, "later"))), ErrorCode::kConflict);
  EXPECT_EQ(CodeOf(catalog_->AddDataKeyVersion("nobody", Version(1, "x"))), ErrorCode::kNotFound);
  ASSERT_OK(catalog_->RewrapDataKey("id of people", "first", Version(1, "anew")));
  EXPECT_EQ(CodeOf(catalog_->RewrapDataKey("id of people", "first", Version(1, "lost"))), ErrorCode::kConflict);
  const auto versions = catalog_->FindDataKey("people").value()->versions;
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].wrapped, "anew");
  EXPECT_EQ(versions[1].wrapped, "second");
}

TEST_P(DataKeysTest, AGrantAndADenyTakeEachOthersPlace) {
  EXPECT_EQ(CodeOf(catalog_->AddDataKeyGrant(Grant("usage", false))), ErrorCode::kNotFound);
  ASSERT_OK(catalog_->AddDataKey(Key("people")));
  ASSERT_OK(catalog_->AddDataKeyGrant(Grant("lookup", false)));
  ASSERT_OK(catalog_->AddDataKeyGrant(Grant("lookup", true)));
  ASSERT_OK(catalog_->AddDataKeyGrant(Grant("usage", false)));
  const auto grants = catalog_->ListDataKeyGrants("id of people").value();
  ASSERT_EQ(grants.size(), 2u);
  EXPECT_TRUE(grants[0].denied);
  EXPECT_TRUE(catalog_->ListDataKeyGrants("another").value().empty());
  ASSERT_OK(catalog_->RemoveDataKeyGrant(Grant("lookup", false)));
  EXPECT_EQ(catalog_->ListDataKeyGrants("").value().size(), 1u);
}

TEST_P(DataKeysTest, AGroupThatSomethingIsDeniedToStays) {
  ASSERT_OK(catalog_->AddDataKey(Key("people")));
  ASSERT_OK(catalog_->CreateGroup("eu"));
  auto grant = Grant("lookup", true);
  grant.grantee_kind = "group";
  grant.grantee_id = catalog_->ListGroups().value().at(0).id;
  ASSERT_OK(catalog_->AddDataKeyGrant(grant));
  EXPECT_EQ(CodeOf(catalog_->DropGroup("eu")), ErrorCode::kDependentObjects);
  grant.denied = false;
  ASSERT_OK(catalog_->AddDataKeyGrant(grant));
  ASSERT_OK(catalog_->DropGroup("eu"));
  EXPECT_TRUE(catalog_->ListDataKeyGrants("").value().empty());
}

TEST_P(DataKeysTest, LookupsAreCountedByPrincipalAndTime) {
  const auto ask = [&](const std::string& principal) {
    return catalog_->RecordLookup({.at = clock_.Now(),
                                   .principal_id = principal,
                                   .principal = principal,
                                   .key_id = "k",
                                   .token = "tok_x",
                                   .statement = StatementId("s")},
                                  clock_.Now() - std::chrono::hours(1), 2);
  };
  ASSERT_OK(ask("ada"));
  clock_.Advance(std::chrono::minutes(30));
  ASSERT_OK(ask("ada"));
  EXPECT_EQ(CodeOf(ask("ada")), ErrorCode::kTooManyRequests);
  ASSERT_OK(ask("bob"));
  clock_.Advance(std::chrono::minutes(31));
  ASSERT_OK(ask("ada"));
  EXPECT_EQ(CodeOf(ask("ada")), ErrorCode::kTooManyRequests);
  const auto lookups = catalog_->ListLookups(2).value();
  ASSERT_EQ(lookups.size(), 2u);
  EXPECT_EQ(lookups[0].principal, "ada");
  EXPECT_EQ(lookups[0].token, "tok_x");
}

}  // namespace
}  // namespace neurolake::catalog
