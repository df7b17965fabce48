// Policies in Rego on the server's side: bundles as actions, verdicts in access checks, lint.
#include "query/policy_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>

#include "query/access.h"
#include "query/bundle_actions.h"
#include "query/policy_actions.h"
#include "query/policy_lint.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using governance::BundleFile;

class PolicyEngineTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    Start();
  }

  void Start() {
    catalog_->UseJudge(nullptr);
    Settings settings;
    settings.policy_timeout = std::chrono::seconds(10);
    settings.policy_decisions_max = 100;
    engine_ = PolicyEngine::Start(settings, *catalog_).value();
    catalog_->UseJudge(engine_.get());
  }
  RequestContext Context(const std::string& role) {
    return {{PrincipalId(role), role, role, *RightsOfRole(role)}, "request", "test", clock_, SteadyTime::max()};
  }
  Result<json::value> Act(const std::string& role, const std::string& action, const json::object& arguments) {
    return RunBundleAction(Context(role), *catalog_, action, arguments);
  }
  static std::string Archive(const std::vector<BundleFile>& files) {
    const std::string bytes = governance::WriteBundleArchive(files).value();
    std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    ::sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                        sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();
    return text;
  }
  Result<json::value> Load(const std::string& rules, const std::string& role = "admin") {
    return Act(role, "create_bundle", {{"archive", Archive({{"a.rego", "package neurolake.authz\n" + rules}})}});
  }
  void Activate(const std::string& rules) {
    const auto loaded = Load(rules);
    ASSERT_TRUE(loaded) << loaded.error().message();
    const auto activated = Act("admin", "activate_bundle", {{"version", loaded->at("version")}});
    ASSERT_TRUE(activated) << activated.error().message();
  }
  Result<bool> MayRead(const std::string& role) {
    const RequestContext ctx = Context(role);
    return Access(*catalog_, ctx).May(Privilege::kSelect, *catalog_->FindTable(TableId("t")).value());
  }

  std::unique_ptr<PolicyEngine> engine_;
};

TEST_F(PolicyEngineTest, NothingIsInForceUntilABundleIsActivated) {
  EXPECT_TRUE(*MayRead("reader"));
  ASSERT_TRUE(Load("allow := false"));
  EXPECT_TRUE(*MayRead("reader"));
  Activate("allow if input.principal.role == \"admin\"");
  EXPECT_FALSE(*MayRead("reader"));
  EXPECT_TRUE(*MayRead("admin"));
  // Also for another process that opens the lake.
  Start();
  EXPECT_FALSE(*MayRead("reader"));
  ASSERT_TRUE(Act("admin", "activate_bundle", {{"version", nullptr}}));
  EXPECT_TRUE(*MayRead("reader"));
}

TEST_F(PolicyEngineTest, WhatWasNotGrantedStaysSo) {
  Activate("allow := true");
  EXPECT_FALSE(*MayRead("member"));
  EXPECT_FALSE(*MayRead("monitor"));
}

TEST_F(PolicyEngineTest, FiltersAndMasksNarrowThePolicyOfATable) {
  Activate("allow := true\nrow_filters contains \"a = 1\"\nmasks[\"b\"] := \"NULL\"");
  const RequestContext ctx = Context("reader");
  const auto table = *catalog_->FindTable(TableId("t")).value();
  const auto policy = PolicyFor(*catalog_, ctx, table).value();
  ASSERT_NE(policy, nullptr);
  ASSERT_EQ(policy->restrictive.size(), 1);
  EXPECT_TRUE(policy->restrictive[0].by_name);
  ASSERT_EQ(policy->masks.size(), 1);
  EXPECT_EQ(policy->context.principal, "reader");
  EXPECT_FALSE(*SeesAll(*catalog_, ctx, table));
}

TEST_F(PolicyEngineTest, ARuleKnowsThePurposeAndTheTagsOfTheTable) {
  Activate("allow if input.purpose == \"support\"\nallow if \"open\" in input.object.tags");
  EXPECT_FALSE(*MayRead("reader"));
  Principal principal = Context("reader").principal();
  principal.purpose = "support";
  const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
  const auto table = *catalog_->FindTable(TableId("t")).value();
  EXPECT_TRUE(*Access(*catalog_, ctx).May(Privilege::kSelect, table));
  catalog::TagChange change{.relation_id = "t", .set = {}, .unset = {}};
  change.set.push_back({.relation_id = "t",
                        .column = "",
                        .label = "",
                        .tag = "open",
                        .value = "",
                        .set_by = "ada",
                        .created = clock_.Now()});
  ASSERT_TRUE(catalog_->ChangeTags(change));
  EXPECT_TRUE(*MayRead("reader"));
}

TEST_F(PolicyEngineTest, AViewThatWouldBeFilteredIsDenied) {
  ASSERT_TRUE(catalog_->CreateView(
      {.schema_name = "main", .name = "v", .sql = "SELECT 1", .owner = PrincipalId("owner")}, false, false));
  const auto view = *catalog_->FindView("main", "v").value();
  const RequestContext ctx = Context("reader");
  Activate("allow := true");
  EXPECT_TRUE(*Access(*catalog_, ctx).May(Privilege::kSelect, view));
  Activate("allow := true\nrow_filters contains \"a = 1\"");
  EXPECT_FALSE(*Access(*catalog_, ctx).May(Privilege::kSelect, view));
}

TEST_F(PolicyEngineTest, OnlyManagersLoadAndActivate) {
  EXPECT_EQ(Load("allow := true", "engineer").error().code(), ErrorCode::kPermissionDenied);
  for (const char* action : {"activate_bundle", "bundles", "lint_policies"}) {
    EXPECT_EQ(Act("writer", action, {{"version", 1}}).error().code(), ErrorCode::kPermissionDenied);
  }
}

TEST_F(PolicyEngineTest, WhatDoesNotPassItsTestsIsNotKept) {
  const auto refused = Act("admin", "create_bundle",
                           {{"archive", Archive({{"a.rego", "package neurolake.authz\nallow := true"},
                                                 {"a_test.rego", "package neurolake.authz_test\ntest_no if false"}})}});
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message().find("test_no"), std::string::npos);
  EXPECT_EQ(Load("allow if {").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Act("admin", "create_bundle", {{"archive", "…"}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Act("admin", "bundles", {})->at("rows").as_array().empty());
}

TEST_F(PolicyEngineTest, WhatIsStoredOtherwiseDeniesEverything) {
  Activate("allow := true");
  ASSERT_TRUE(database_->Write([](metastore::Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("UPDATE policy_bundles SET files = '[[\"a.rego\", \"package x\"]]'"));
    return {};
  }));
  Start();
  EXPECT_EQ(MayRead("admin").error().code(), ErrorCode::kPermissionDenied);
  // Nor is what somebody put in its place, though it is a policy.
  ASSERT_TRUE(database_->Write([](metastore::Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        "UPDATE policy_bundles SET files = '[[\"a.rego\", \"package neurolake.authz\\n\\nallow := true\"]]'"));
    return {};
  }));
  Start();
  EXPECT_EQ(MayRead("admin").error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(PolicyEngineTest, LintSeesWhatCannotBeMeantSo) {
  EXPECT_TRUE(LintPolicies(*catalog_)->empty());
  ASSERT_TRUE(catalog_->CreateGroup("empty"));
  catalog::GrantRecord grant{.securable_kind = "relation",
                             .securable_id = "gone",
                             .grantee_kind = "public",
                             .privilege = "select",
                             .granted_by = "root",
                             .created = clock_.Now()};
  ASSERT_TRUE(catalog_->AddGrant(grant));
  grant.securable_id = "t";
  ASSERT_TRUE(catalog_->AddGrant(grant));
  grant.securable_kind = "lake";
  grant.securable_id = "";
  grant.denied = true;
  ASSERT_TRUE(catalog_->AddGrant(grant));
  std::vector<std::string> found;
  const auto findings = LintPolicies(*catalog_).value();
  for (const PolicyFinding& one : findings) found.push_back(one.finding);
  EXPECT_THAT(found, testing::UnorderedElementsAre("object-gone", "contradiction", "empty-group"));
}

TEST(PolicyEngineSettingsTest, AServerNeedsAnAddress) {
  Settings settings;
  settings.policy_engine = "opa";
  const std::string root = testing::TempDir() + "/policy_engine_settings_" + std::to_string(::getpid());
  std::filesystem::create_directories(root);
  const auto database = metastore::OpenStore("", root + "/metadata.db").value();
  const SystemClock clock;
  const auto catalog = catalog::NewCatalog(*database, clock, root);
  EXPECT_EQ(PolicyEngine::Start(settings, *catalog).error().code(), ErrorCode::kInvalidArgument);
  settings.policy_opa_url = "http://127.0.0.1:1";
  const auto engine = PolicyEngine::Start(settings, *catalog);
  ASSERT_TRUE(engine) << engine.error().message();
  // Nobody listens there.
  const RequestContext ctx({PrincipalId("p"), "p", "reader", *RightsOfRole("reader")}, "r", "test", clock,
                           clock.SteadyNow() + std::chrono::seconds(30));
  const PrincipalId owner("owner");
  const std::string name = "t";
  const auto verdict = (*engine)->Judge(ctx, {}, "select", {"table", name, name, name, owner});
  EXPECT_EQ(verdict.error().code(), ErrorCode::kPermissionDenied);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace neurolake::query
