#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"
#include "common/text.h"

namespace neurolake::catalog {
namespace {

using std::chrono::hours;

class TokensTest : public CatalogTest {
 protected:
  Catalog::NewToken Make(const std::string& principal, const std::string& role,
                         std::optional<WallTime> expires = std::nullopt) {
    auto token = catalog_->CreateToken(principal, role, "a token", expires);
    EXPECT_TRUE(token.has_value()) << token.error().message();
    return token.value();
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, TokensTest, testing::Values("sqlite", "postgresql"));

TEST_P(TokensTest, ATokenOpensTheDoorForItsPrincipal) {
  EXPECT_FALSE(catalog_->HasAnyToken().value());
  const auto token = Make("Anna", "writer");
  EXPECT_TRUE(catalog_->HasAnyToken().value());
  EXPECT_THAT(token.secret, testing::MatchesRegex("nl_[A-Za-z0-9_-]+"));
  EXPECT_EQ(token.secret.size(), 46U);
  EXPECT_TRUE(token.secret.starts_with(token.record.prefix));
  EXPECT_LE(token.record.prefix.size(), 11U);
  const auto principal = catalog_->Authenticate(token.secret);
  ASSERT_OK(principal);
  EXPECT_EQ(principal->id, token.record.principal);
  EXPECT_EQ(principal->name, "anna");
  EXPECT_EQ(principal->role, "writer");
  EXPECT_TRUE(principal->Has(Right::kWrite));
  EXPECT_FALSE(principal->Has(Right::kManage));
}

TEST_P(TokensTest, OnlyTheHashIsKept) {
  const auto token = Make("anna", "reader");
  const auto rows = store_->ReadOnce("SELECT id, name, prefix, hash, principal_id FROM tokens").value();
  ASSERT_EQ(rows.size(), 1U);
  for (const auto& value : rows[0])
    EXPECT_THAT(std::get<std::string>(value), testing::Not(testing::HasSubstr(token.secret.substr(11))));
  EXPECT_EQ(std::get<std::string>(rows[0][3]), Sha256Hex(token.secret));
}

TEST_P(TokensTest, EveryRefusalReadsTheSame) {
  const auto good = Make("anna", "reader");
  const auto expiring = Make("anna", "reader", clock_.Now() + hours(1));
  const auto revoked = Make("anna", "reader");
  const auto disabled = Make("berta", "reader");
  ASSERT_OK(catalog_->RevokeToken(revoked.record.id));
  ASSERT_OK(catalog_->DisablePrincipal("Berta"));
  EXPECT_OK(catalog_->Authenticate(expiring.secret));
  clock_.Advance(hours(1));
  std::string altered = good.secret;
  altered.back() = altered.back() == 'A' ? 'B' : 'A';
  std::vector<std::string> messages;
  for (const std::string& secret :
       {expiring.secret, revoked.secret, disabled.secret, altered, std::string(), std::string("nl_"), good.secret + "A",
        good.secret.substr(0, 45), std::string(46, 'x'), "nl_" + std::string(43, 'A'), "nl_" + std::string(43, '\xFF'),
        "nl_" + std::string(43, '\0'), "NL_" + good.secret.substr(3), good.record.prefix}) {
    const auto refused = catalog_->Authenticate(secret);
    EXPECT_EQ(CodeOf(refused), ErrorCode::kUnauthenticated);
    messages.push_back(refused.error().message());
  }
  EXPECT_THAT(messages, testing::Each(messages[0]));
  EXPECT_OK(catalog_->Authenticate(good.secret));
}

TEST_P(TokensTest, RevocationElsewhereActsOnTheNextStatement) {
  const auto token = Make("anna", "reader");
  const auto other = OpenAgain();
  for (int i = 0; i < 3; ++i) EXPECT_OK(catalog_->Authenticate(token.secret));
  ASSERT_OK(other.catalog->RevokeToken(token.record.id));
  EXPECT_EQ(CodeOf(catalog_->Authenticate(token.secret)), ErrorCode::kUnauthenticated);
  const auto revoked = catalog_->ListTokens().value().at(0).revoked;
  ASSERT_TRUE(revoked.has_value());
  clock_.Advance(hours(1));
  EXPECT_OK(catalog_->RevokeToken(token.record.id));
  EXPECT_EQ(catalog_->ListTokens().value().at(0).revoked, revoked);  // The first time stands.
  EXPECT_EQ(CodeOf(catalog_->RevokeToken(TokenId("absent"))), ErrorCode::kNotFound);
  EXPECT_TRUE(catalog_->HasAnyToken().value());
}

TEST_P(TokensTest, ATokenDoesNotChangeARole) {
  const auto token = Make("anna", "reader");
  EXPECT_EQ(CodeOf(catalog_->CreateToken("ANNA", "admin", "t", std::nullopt)), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(catalog_->Authenticate(token.secret)->Has(Right::kManage));
  ASSERT_OK(catalog_->SetRole("Anna", "admin"));
  EXPECT_TRUE(catalog_->Authenticate(token.secret)->Has(Right::kManage));
  EXPECT_EQ(Make("anna", "admin").record.principal, token.record.principal);
  EXPECT_EQ(CodeOf(catalog_->SetRole("anna", "emperor")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->SetRole("absent", "reader")), ErrorCode::kNotFound);
}

TEST_P(TokensTest, BadRequestsMakeNothing) {
  EXPECT_EQ(CodeOf(catalog_->CreateToken("anna", "emperor", "t", std::nullopt)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->CreateToken("", "reader", "t", std::nullopt)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->CreateToken("anna", "reader", "a\nb", std::nullopt)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->CreateToken("anna", "reader", "t", clock_.Now())), ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog_->ListPrincipals().value().size(), 1U);
  EXPECT_FALSE(catalog_->HasAnyToken().value());
}

TEST_P(TokensTest, DisabledPrincipalsComeBackWithTheirTokens) {
  const auto token = Make("anna", "reader");
  ASSERT_OK(catalog_->DisablePrincipal("anna"));
  EXPECT_EQ(CodeOf(catalog_->CreateToken("anna", "reader", "t", std::nullopt)), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(catalog_->ListPrincipals().value().at(0).disabled);
  ASSERT_OK(catalog_->EnablePrincipal("anna"));
  EXPECT_OK(catalog_->Authenticate(token.secret));
}

TEST_P(TokensTest, TheLocalPrincipalIsAnAdministratorAndStaysOne) {
  const auto local = catalog_->LocalPrincipal();
  ASSERT_OK(local);
  EXPECT_EQ(local->name, "local");
  EXPECT_TRUE(local->Has(Right::kManage));
  EXPECT_EQ(catalog_->LocalPrincipal()->id, local->id);
  EXPECT_EQ(CodeOf(catalog_->SetRole("Local", "reader")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->DisablePrincipal("local")), ErrorCode::kInvalidArgument);
}

TEST_P(TokensTest, ListsSayWhoAndUntilWhen) {
  const auto expires = clock_.Now() + hours(5);
  const auto token = Make("anna", "reader", expires);
  clock_.Advance(hours(1));
  Make("berta", "admin");
  const auto tokens = catalog_->ListTokens().value();
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0].id, token.record.id);
  EXPECT_EQ(tokens[0].name, "a token");
  EXPECT_EQ(tokens[0].prefix, token.record.prefix);
  EXPECT_EQ(tokens[0].principal_name, "anna");
  EXPECT_EQ(tokens[0].role, "reader");
  EXPECT_EQ(tokens[0].expires, expires);
  EXPECT_EQ(tokens[0].revoked, std::nullopt);
  EXPECT_EQ(tokens[1].principal_name, "berta");
}

TEST_P(TokensTest, AuthenticationIsCheap) {
  const auto token = Make("anna", "reader");
  constexpr int kTimes = 2000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kTimes; ++i) ASSERT_TRUE(catalog_->Authenticate(token.secret).has_value());
  const std::chrono::duration<double, std::micro> each = (std::chrono::steady_clock::now() - start) / kTimes;
  std::printf("authenticate: %.1f us\n", each.count());
  EXPECT_LT(each.count(), 2000);
}

}  // namespace
}  // namespace neurolake::catalog
