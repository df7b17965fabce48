#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

using testing::IsEmpty;

class PolicyBundlesTest : public CatalogTest {
 protected:
  PolicyBundleRecord Bundle(const std::string& digest) const {
    return {.revision = "r",
            .digest = digest,
            .files = "[[\"a.rego\", \"…\"]]",
            .created_by = "ada",
            .created = clock_.Now()};
  }
  PolicyActivation Of(std::optional<int64_t> version) const {
    return {.version = version, .activated_by = "ada", .activated = clock_.Now()};
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, PolicyBundlesTest, testing::Values("sqlite", "postgresql"));

TEST_P(PolicyBundlesTest, AreVersionsOfTheirContent) {
  EXPECT_THAT(catalog_->ListPolicyBundles().value(), IsEmpty());
  EXPECT_EQ(catalog_->AddPolicyBundle(Bundle("one")).value(), 1);
  EXPECT_EQ(catalog_->AddPolicyBundle(Bundle("two")).value(), 2);
  EXPECT_EQ(catalog_->AddPolicyBundle(Bundle("one")).value(), 1);
  const auto all = catalog_->ListPolicyBundles().value();
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].version, 2);
  EXPECT_EQ(all[0].files, "");
  EXPECT_EQ(all[1].created_by, "ada");
  EXPECT_EQ(catalog_->FindPolicyBundle(2).value()->files, "[[\"a.rego\", \"…\"]]");
  EXPECT_FALSE(catalog_->FindPolicyBundle(3).value().has_value());
}

TEST_P(PolicyBundlesTest, BeginAnEpochWhenTheyAreActivated) {
  EXPECT_THAT(catalog_->ListPolicyActivations(10).value(), IsEmpty());
  ASSERT_OK(catalog_->AddPolicyBundle(Bundle("one")));
  ASSERT_OK(catalog_->AddPolicyBundle(Bundle("two")));
  EXPECT_EQ(CodeOf(catalog_->ActivatePolicyBundle(Of(3))), ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->ActivatePolicyBundle(Of(1)).value(), 1);
  EXPECT_EQ(catalog_->ActivatePolicyBundle(Of(2)).value(), 2);
  // Back to the older one, and then to none.
  EXPECT_EQ(catalog_->ActivatePolicyBundle(Of(1)).value(), 3);
  EXPECT_EQ(catalog_->ActivatePolicyBundle(Of(std::nullopt)).value(), 4);
  const auto activations = OpenAgain().catalog->ListPolicyActivations(2).value();
  ASSERT_EQ(activations.size(), 2);
  EXPECT_EQ(activations[0].epoch, 4);
  EXPECT_FALSE(activations[0].version.has_value());
  EXPECT_EQ(activations[1].version, 1);
}

TEST_P(PolicyBundlesTest, AreRefusedWhereTheyWouldBeStoredOtherwise) {
  PolicyBundleRecord bundle = Bundle("one");
  bundle.files = std::string("a\0b", 3);
  EXPECT_EQ(CodeOf(catalog_->AddPolicyBundle(bundle)), ErrorCode::kInvalidArgument);
  bundle.files = "\xff";
  EXPECT_EQ(CodeOf(catalog_->AddPolicyBundle(bundle)), ErrorCode::kInvalidArgument);
  EXPECT_THAT(catalog_->ListPolicyBundles().value(), IsEmpty());
}

}  // namespace
}  // namespace neurolake::catalog
