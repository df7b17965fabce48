// Kinds of principals, limited tokens, passwords' hashes, sessions and identities elsewhere, on both kinds of stores.
#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"
#include "common/text.h"

namespace neurolake::catalog {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class IdentitiesTest : public CatalogTest {
 protected:
  Identities& identities() { return catalog_->identities(); }
  PrincipalRecord MakeUser(const std::string& name, const std::string& role = "writer") {
    auto made = identities().CreatePrincipal({.name = name, .role = role});
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return made.value();
  }
  Result<PrincipalRecord> MakeAgent(const std::string& name, const std::string& behalf,
                                    const std::string& role = "writer") {
    return identities().CreatePrincipal(
        {.name = name, .kind = PrincipalKind::kAgent, .role = role, .on_behalf_of = behalf});
  }
  std::string Token(Catalog::TokenRequest request) {
    request.name = "t";
    auto made = catalog_->CreateToken(request);
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return made ? made->secret : std::string();
  }
  Principal Of(const std::string& secret) {
    auto principal = catalog_->Authenticate(secret);
    EXPECT_TRUE(principal.has_value()) << principal.error().message();
    return principal.value_or(Principal{});
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, IdentitiesTest, testing::Values("sqlite", "postgresql"));

TEST_P(IdentitiesTest, PrincipalsAreOfThreeKinds) {
  MakeUser("Anna");
  const auto service =
      identities().CreatePrincipal({.name = "etl", .kind = PrincipalKind::kServiceAccount, .role = "engineer"});
  ASSERT_OK(service);
  ASSERT_OK(MakeAgent("bot", "ANNA", "reader"));
  const auto all = catalog_->ListPrincipals().value();
  ASSERT_EQ(all.size(), 4U);  // "local" is the fourth.
  EXPECT_EQ(all[0].name, "anna");
  EXPECT_EQ(all[0].kind, PrincipalKind::kUser);
  EXPECT_EQ(all[1].name, "bot");
  EXPECT_EQ(all[1].kind, PrincipalKind::kAgent);
  EXPECT_EQ(all[1].on_behalf_of, "anna");
  EXPECT_EQ(all[2].kind, PrincipalKind::kServiceAccount);
  ASSERT_OK(catalog_->CreateGroup("analysts"));
  for (const char* taken : {"anna", "ANNA", "bot", "local", "analysts"}) {
    EXPECT_EQ(CodeOf(identities().CreatePrincipal({.name = taken, .role = "reader"})), ErrorCode::kAlreadyExists);
  }
  EXPECT_EQ(CodeOf(identities().CreatePrincipal({.name = "x", .role = "emperor"})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(identities().CreatePrincipal({.name = "", .role = "reader"})), ErrorCode::kInvalidArgument);
}

TEST_P(IdentitiesTest, AnAgentActsForAPersonAndNobodyElse) {
  MakeUser("anna");
  ASSERT_OK(MakeAgent("bot", "anna"));
  EXPECT_EQ(CodeOf(MakeAgent("b2", "bot")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(MakeAgent("b2", "local")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(MakeAgent("b2", "")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(MakeAgent("b2", "absent")), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(identities().CreatePrincipal({.name = "u", .role = "reader", .on_behalf_of = "anna"})),
            ErrorCode::kInvalidArgument);
}

TEST_P(IdentitiesTest, AnAgentHasWhatBothHave) {
  const auto anna = MakeUser("anna", "writer");
  ASSERT_OK(MakeAgent("mighty", "anna", "admin"));
  ASSERT_OK(MakeAgent("humble", "anna", "reader"));
  const Principal mighty = Of(Token({.principal = "mighty", .role = "admin"}));
  EXPECT_TRUE(mighty.Has(Right::kRead) && mighty.Has(Right::kWrite));
  EXPECT_FALSE(mighty.Has(Right::kCreate) || mighty.Has(Right::kManage));
  ASSERT_NE(mighty.on_behalf_of, nullptr);
  EXPECT_EQ(mighty.on_behalf_of->name, "anna");
  EXPECT_EQ(mighty.owner(), anna.id);
  const std::string token = Token({.principal = "humble", .role = "reader"});
  EXPECT_THAT(Of(token).rights, ElementsAre(Right::kRead, Right::kAsk));
  // What is taken from her is taken from it, with its next statement.
  ASSERT_OK(catalog_->SetRole("anna", "monitor"));
  EXPECT_THAT(Of(token).rights, IsEmpty());
  ASSERT_OK(catalog_->DisablePrincipal("anna"));
  EXPECT_EQ(CodeOf(catalog_->Authenticate(token)), ErrorCode::kUnauthenticated);
  ASSERT_OK(catalog_->EnablePrincipal("anna"));
  EXPECT_OK(catalog_->Authenticate(token));
  ASSERT_OK(catalog_->DisablePrincipal("humble"));
  EXPECT_EQ(CodeOf(catalog_->Authenticate(token)), ErrorCode::kUnauthenticated);
}

TEST_P(IdentitiesTest, ScopesTakeRightsAwayAndAddNone) {
  using enum Right;
  const auto rights = [&](const std::string& role, std::vector<std::string> scopes) {
    return Of(Token({.principal = "of " + role, .role = role, .scopes = std::move(scopes)})).rights;
  };
  EXPECT_THAT(rights("admin", {"read"}), ElementsAre(kRead, kAsk));
  EXPECT_THAT(rights("admin", {"write"}), ElementsAre(kRead, kWrite, kAsk));
  EXPECT_THAT(rights("admin", {"create"}), ElementsAre(kRead, kWrite, kCreate, kAsk));
  EXPECT_EQ(rights("admin", {"admin"}).size(), 7U);
  EXPECT_EQ(rights("admin", {}).size(), 7U);
  EXPECT_THAT(rights("reader", {"admin"}), ElementsAre(kRead, kAsk));
  EXPECT_THAT(rights("admin", {"audit"}), ElementsAre(kRead, kAudit));
  EXPECT_THAT(rights("reader", {"audit"}), ElementsAre(kRead));
  EXPECT_THAT(rights("admin", {"ask"}), ElementsAre(kAsk));
  EXPECT_THAT(rights("reader", {"ask"}), ElementsAre(kAsk));
  EXPECT_THAT(rights("monitor", {"read", "write", "ask"}), IsEmpty());
  EXPECT_EQ(CodeOf(catalog_->CreateToken({.principal = "p", .role = "admin", .name = "t", .scopes = {"root"}})),
            ErrorCode::kInvalidArgument);
  EXPECT_THAT(catalog_->ListTokens().value().at(0).scopes, ElementsAre("read"));
}

TEST_P(IdentitiesTest, ATokenForTheAuditLogKnowsOfNoSchema) {
  const auto made = [&](std::vector<std::string> scopes) {
    return Of(Token({.principal = "watch", .role = "auditor", .scopes = std::move(scopes)}));
  };
  EXPECT_FALSE(made({"audit"}).MayUseSchema("main"));
  EXPECT_TRUE(made({"audit"}).Has(Right::kAudit));
  EXPECT_TRUE(made({"read", "audit"}).MayUseSchema("main"));
  EXPECT_TRUE(made({}).MayUseSchema("main"));
  EXPECT_EQ(CodeOf(catalog_->CreateToken(
                {.principal = "watch", .role = "auditor", .name = "t", .scopes = {"audit"}, .schemas = {"gold"}})),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      CodeOf(catalog_->CreateToken({.principal = "watch", .role = "auditor", .name = "t", .scopes = {"ask", "audit"}})),
      ErrorCode::kInvalidArgument);
}

TEST_P(IdentitiesTest, SchemasLimitATokenToReadingAndWritingThere) {
  const Principal limited = Of(Token({.principal = "p", .role = "admin", .schemas = {"Gold", "silver"}}));
  EXPECT_THAT(limited.rights, ElementsAre(Right::kRead, Right::kWrite, Right::kAsk));
  EXPECT_TRUE(limited.MayUseSchema("gold"));
  EXPECT_FALSE(limited.MayUseSchema("bronze"));
  EXPECT_FALSE(limited.MayUseSchema("Gold"));
  EXPECT_TRUE(Of(Token({.principal = "p", .role = "admin"})).MayUseSchema("bronze"));
  EXPECT_EQ(CodeOf(catalog_->CreateToken({.principal = "p", .role = "admin", .name = "t", .schemas = {"absent"}})),
            ErrorCode::kSchemaNotFound);
  EXPECT_THAT(catalog_->ListTokens().value().at(0).schemas, ElementsAre("gold", "silver"));
}

TEST_P(IdentitiesTest, PasswordsAreForPeopleAndServices) {
  MakeUser("anna");
  ASSERT_OK(MakeAgent("bot", "anna"));
  EXPECT_FALSE(identities().FindPassword("anna").value().has_value());
  ASSERT_OK(identities().SetPassword("Anna", "hash 1"));
  EXPECT_EQ(identities().FindPassword("ANNA").value()->hash, "hash 1");
  EXPECT_TRUE(identities().FindPrincipal("anna").value()->has_password);
  const auto former = *identities().FindPassword("anna").value();
  ASSERT_OK(identities().UpgradePassword(former, "hash 2"));
  EXPECT_EQ(identities().FindPassword("anna").value()->hash, "hash 2");
  ASSERT_OK(identities().UpgradePassword(former, "hash 3"));  // It was changed meanwhile.
  EXPECT_EQ(identities().FindPassword("anna").value()->hash, "hash 2");
  ASSERT_OK(identities().RemovePassword("anna"));
  EXPECT_FALSE(identities().FindPassword("anna").value().has_value());
  EXPECT_EQ(CodeOf(identities().SetPassword("bot", "h")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(identities().SetPassword("local", "h")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(identities().SetPassword("absent", "h")), ErrorCode::kNotFound);
  EXPECT_FALSE(identities().FindPassword(std::string("a\0b", 3)).value().has_value());
}

TEST_P(IdentitiesTest, SessionsEndOnTimeAndForReasons) {
  const auto anna = MakeUser("anna");
  ASSERT_OK(catalog_->CreateGroup("analysts"));
  const auto begin = [&] {
    return identities()
        .CreateSession(anna.id, "oidc",
                       {.role = "reader", .groups = {"analysts", "absent"}, .attributes = {{"team", "a \"b\""}}},
                       clock_.Now() + hours(1))
        .value();
  };
  const std::string secret = begin();
  EXPECT_THAT(secret, testing::MatchesRegex("nls_[A-Za-z0-9_-]+"));
  const auto principal = identities().PrincipalOfSession(secret);
  ASSERT_OK(principal);
  EXPECT_EQ(principal->name, "anna");
  EXPECT_EQ(principal->role, "reader");
  EXPECT_EQ(principal->authentication, "oidc");
  EXPECT_EQ(principal->attributes.at("team"), "a \"b\"");
  const auto groups = catalog_->GroupsOf(*principal).value();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].second, "analysts");
  const auto kept = store_->ReadOnce("SELECT id, hash, details FROM sessions").value();
  for (const auto& value : kept[0]) {
    EXPECT_THAT(std::get<std::string>(value), testing::Not(HasSubstr(secret.substr(4))));
  }
  for (const std::string& bad : {std::string(), std::string("nls_"), secret + "x", "nl_" + secret.substr(4),
                                 "nls_" + std::string(43, '\0'), secret.substr(0, 46) + "~"}) {
    EXPECT_EQ(CodeOf(identities().PrincipalOfSession(bad)), ErrorCode::kUnauthenticated);
  }
  EXPECT_EQ(CodeOf(catalog_->Authenticate(secret)), ErrorCode::kUnauthenticated);  // No token.
  ASSERT_OK(identities().EndSession(secret));
  EXPECT_EQ(CodeOf(identities().PrincipalOfSession(secret)), ErrorCode::kUnauthenticated);
  EXPECT_OK(identities().EndSession(secret));
  const std::string before_password = begin();
  ASSERT_OK(identities().SetPassword("anna", "h"));
  EXPECT_EQ(CodeOf(identities().PrincipalOfSession(before_password)), ErrorCode::kUnauthenticated);
  const std::string with_password = begin();
  ASSERT_OK(identities().RemovePassword("anna"));
  EXPECT_EQ(CodeOf(identities().PrincipalOfSession(with_password)), ErrorCode::kUnauthenticated);
  const std::string before_disabling = begin();
  ASSERT_OK(catalog_->DisablePrincipal("anna"));
  ASSERT_OK(catalog_->EnablePrincipal("anna"));
  EXPECT_EQ(CodeOf(identities().PrincipalOfSession(before_disabling)), ErrorCode::kUnauthenticated);
  const std::string late = begin();
  clock_.Advance(hours(1));
  EXPECT_EQ(CodeOf(identities().PrincipalOfSession(late)), ErrorCode::kUnauthenticated);
  begin();  // Clears away what has expired.
  EXPECT_EQ(store_->ReadOnce("SELECT id FROM sessions").value().size(), 1U);
}

TEST_P(IdentitiesTest, IdentitiesAreBoundByIssuerAndSubject) {
  const auto anna = MakeUser("anna");
  MakeUser("berta");
  ASSERT_OK(MakeAgent("bot", "anna"));
  ASSERT_OK(identities().BindIdentity("https://a.example", "1", "Anna"));
  ASSERT_OK(identities().BindIdentity("https://b.example", "1", "berta"));
  EXPECT_EQ(identities().FindIdentity("https://a.example", "1").value(), anna.id);
  EXPECT_NE(identities().FindIdentity("https://b.example", "1").value(), anna.id);
  EXPECT_EQ(identities().FindIdentity("https://a.example/", "1").value(), std::nullopt);
  EXPECT_EQ(identities().FindIdentity("https://a.example", "2").value(), std::nullopt);
  EXPECT_EQ(CodeOf(identities().BindIdentity("https://a.example", "1", "berta")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(identities().BindIdentity("https://a.example", "2", "absent")), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(identities().BindIdentity("https://a.example", "2", "local")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(identities().BindIdentity("https://a.example", "2", "bot")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(identities().BindIdentity("", "2", "anna")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(identities().ListIdentities().value().size(), 2U);
  ASSERT_OK(identities().UnbindIdentity("https://a.example", "1"));
  EXPECT_EQ(CodeOf(identities().UnbindIdentity("https://a.example", "1")), ErrorCode::kNotFound);
}

TEST_P(IdentitiesTest, HistoryNamesWhoAnAgentActedFor) {
  StatementRecord record{
      .id = StatementId("s"), .principal = "bot", .text = "SELECT 1", .state = "running", .started = clock_.Now()};
  record.on_behalf_of = "anna";
  record.authentication = "token";
  ASSERT_OK(catalog_->BeginStatement(record));
  const auto kept = catalog_->ListStatements(std::nullopt, 10, 0).value().at(0);
  EXPECT_EQ(kept.on_behalf_of, "anna");
  EXPECT_EQ(kept.authentication, "token");
}

}  // namespace
}  // namespace neurolake::catalog
