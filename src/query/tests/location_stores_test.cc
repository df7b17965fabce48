// One place of an Azure container in its two spellings, with and without the storage account.
#include "query/location_stores.h"

#include <gmock/gmock.h>

#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

class LocationStoresTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    locations_ = std::make_unique<LocationStores>(*catalog_, CredentialKeySource{"", root_ + "/credentials.key"});
    for (const char* account : {"acct", "other"}) {
      ASSERT_TRUE(locations_
                      ->CreateCredential(account,
                                         {.prefix = "",
                                          .kind = "azure",
                                          .source = "keys",
                                          .options = {{"account", account}, {"account_key", "aHVzaA=="}}},
                                         clock_.Now(), false)
                      .has_value());
    }
  }
  /// What an administrator asks for.
  Result<void> Open(const std::string& place, const std::string& credential) {
    NL_RETURN_IF_ERROR(locations_->CheckSpelling(place, credential));
    return catalog_->AddExternalLocation({"l", place, false, clock_.Now(), credential});
  }
  static std::string Whole(const std::string& account, const std::string& key) {
    return "abfss://box@" + account + ".dfs.core.windows.net" + key;
  }

  std::unique_ptr<LocationStores> locations_;
};

TEST_F(LocationStoresTest, NoLocationReachesTheArchiveHoweverItIsWritten) {
  ASSERT_TRUE(locations_->ReservePlace("az://box/audit", "acct").has_value());
  for (const std::string& place : {Whole("acct", "/audit"), Whole("acct", "/audit/of/me"), Whole("acct", "/"),
                                   std::string("az://box/audit"), std::string("azure://BOX/audit/")}) {
    const auto opened = Open(place, "acct");
    ASSERT_FALSE(opened.has_value()) << place;
    EXPECT_EQ(opened.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(opened.error().message(), testing::HasSubstr("audit.archive")) << place;
  }
  EXPECT_TRUE(Open(Whole("acct", "/auditors"), "acct").has_value());
}

TEST_F(LocationStoresTest, AnotherAccountsContainerIsAnother) {
  ASSERT_TRUE(locations_->ReservePlace("az://box/audit", "acct").has_value());
  EXPECT_TRUE(Open(Whole("other", "/audit"), "other").has_value());
}

TEST_F(LocationStoresTest, NoArchiveLiesInALocationHoweverThatIsWritten) {
  ASSERT_TRUE(Open("az://box/in", "acct").has_value());
  for (const char* key : {"/in", "/in/audit", "/"}) {
    const auto reserved = locations_->ReservePlace(Whole("acct", key), "acct");
    ASSERT_FALSE(reserved.has_value()) << key;
    EXPECT_EQ(reserved.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(locations_->ReservePlace(Whole("other", "/in"), "other").has_value());
  EXPECT_TRUE(locations_->ReservePlace(Whole("acct", "/out"), "acct").has_value());
  // A credential that is not there any more tells of no account: it may be the same.
  EXPECT_FALSE(Open("az://box/out", "gone").has_value());
}

TEST_F(LocationStoresTest, CredentialsAreForWhoManages) {
  const auto lists = [&](const std::string& role) {
    const RequestContext ctx({PrincipalId("p"), "p", role, *RightsOfRole(role)}, "request", "test", clock_,
                             SteadyTime::max());
    const auto done = RunCredentialAction(ctx, *catalog_, *locations_, "list_credentials", {});
    return done ? std::string() : std::string(ErrorName(done.error().code()));
  };
  for (const char* role : {"member", "reader", "writer", "engineer", "auditor", "monitor"}) {
    EXPECT_EQ(lists(role), "PermissionDenied") << role;
  }
  EXPECT_EQ(lists("admin"), "");
}

}  // namespace
}  // namespace neurolake::query
