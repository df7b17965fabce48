// Passwords, access tokens, certificates: who is let in, and that a refusal tells nothing.
#include "catalog/authenticator.h"

#include <gmock/gmock.h>
#include <sodium.h>

#include <boost/json/serialize.hpp>

#include "catalog/tests/catalog_fixture.h"
#include "common/log.h"
#include "net/tests/token_maker.h"

namespace neurolake::catalog {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kPassword = "correct horse battery";
constexpr const char* kIssuer = "https://id.example.org";

class AuthenticatorTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    SetLogLevel(LogLevel::kError);
    // The least that PasswordHasher takes: tests need no strong hashes, the code is the same.
    options_.password_cost = {.memory_bytes = 8 << 20, .passes = 1};
    Make();
  }
  void Make() {
    net::OidcOptions oidc{.issuer = kIssuer, .audience = "lake", .certificate_authority_file = {}, .keys = {}};
    auto provider = net::OidcProvider::Make(
        oidc, clock_,
        [this](const RequestContext&,
               const net::OidcProvider::HttpCall& call) -> Result<net::OidcProvider::HttpAnswer> {
          if (call.url.ends_with("openid-configuration")) {
            return net::OidcProvider::HttpAnswer{200,
                                                 fmt::format(R"({{"issuer":"{0}","jwks_uri":"{0}/keys"}})", kIssuer)};
          }
          return net::OidcProvider::HttpAnswer{200, maker_.Jwks()};
        });
    authenticator_ =
        Authenticator::Make(
            *catalog_, clock_, options_,
            [this](const RequestContext&, std::string_view token) { return catalog_->Authenticate(token); },
            std::move(*provider))
            .value();
  }
  void MakeUser(const std::string& name, const std::string& role = "writer") {
    ASSERT_OK(catalog_->identities().CreatePrincipal({.name = name, .role = role}));
  }
  void SetPassword(const std::string& name, const std::string& password = kPassword) {
    ASSERT_OK(catalog_->identities().SetPassword(name, authenticator_->hasher().Hash(password).value()));
  }
  RequestContext Context() const { return {{}, "r", "test", clock_, clock_.SteadyNow() + hours(1)}; }
  Result<Principal> Login(const std::string& name, const std::string& password, const std::string& address = "") {
    // Each from an address of its own, unless it is about addresses.
    return authenticator_->WithPassword(Context(), name, password,
                                        address.empty() ? std::to_string(++addresses_) : address);
  }
  json::object Claims(const std::string& subject) const {
    const int64_t now = std::chrono::duration_cast<seconds>(clock_.Now().time_since_epoch()).count();
    return {{"iss", kIssuer}, {"sub", subject}, {"aud", "lake"}, {"exp", now + 300}};
  }
  Result<Principal> Bearer(const json::object& claims) {
    return authenticator_->WithBearer(Context(), maker_.Sign(claims));
  }

  net::TokenMaker maker_{"EdDSA"};
  AuthenticatorOptions options_;
  std::unique_ptr<Authenticator> authenticator_;
  int addresses_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Kinds, AuthenticatorTest, testing::Values("sqlite"));

TEST_P(AuthenticatorTest, ThePasswordOpensAndNothingElse) {
  MakeUser("anna");
  SetPassword("anna");
  const auto anna = Login("ANNA", kPassword);
  ASSERT_OK(anna);
  EXPECT_EQ(anna->name, "anna");
  EXPECT_EQ(anna->authentication, "password");
  EXPECT_TRUE(anna->Has(Right::kWrite));
  for (const std::string& wrong : {std::string(), std::string("Correct horse battery"), std::string(kPassword) + " ",
                                   std::string(kPassword) + std::string(1, '\0'), std::string(5000, 'x')}) {
    EXPECT_EQ(CodeOf(Login("anna", wrong)), ErrorCode::kUnauthenticated);
  }
}

TEST_P(AuthenticatorTest, RefusalsReadTheSameWhoeverItIs) {
  MakeUser("anna");
  SetPassword("anna");
  MakeUser("without");
  MakeUser("disabled");
  SetPassword("disabled");
  ASSERT_OK(catalog_->DisablePrincipal("disabled"));
  const std::string wrong = Login("anna", "wrong").error().message();
  for (const char* name : {"without", "disabled", "absent", "local", "", "a' OR '1'='1"}) {
    const auto refused = Login(name, kPassword);
    EXPECT_EQ(CodeOf(refused), ErrorCode::kUnauthenticated) << name;
    EXPECT_EQ(refused.error().message(), wrong) << name;
    EXPECT_THAT(refused.error().details(), testing::IsEmpty());
  }
  // A name that is locked, whether it exists or not, too.
  for (const char* name : {"anna", "absent"}) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(Login(name, "wrong").error().message(), wrong);
    EXPECT_EQ(Login(name, kPassword).error().message(), wrong);
  }
}

TEST_P(AuthenticatorTest, ANameIsLockedForAWhile) {
  options_.failures_max = 3;
  options_.lockout = seconds(300);
  Make();
  MakeUser("anna");
  SetPassword("anna");
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(Login("anna", "wrong").has_value());
  EXPECT_OK(Login("anna", kPassword));  // Starts the count again.
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Login("anna", "wrong").has_value());
  EXPECT_FALSE(Login("anna", kPassword).has_value());
  EXPECT_FALSE(Login("ANNA", kPassword).has_value());
  MakeUser("berta");
  SetPassword("berta");
  EXPECT_OK(Login("berta", kPassword));
  clock_.Advance(seconds(99));
  EXPECT_FALSE(Login("anna", kPassword).has_value());
  clock_.Advance(seconds(100));
  EXPECT_OK(Login("anna", kPassword));
}

TEST_P(AuthenticatorTest, AnAddressHasSoManyAttempts) {
  options_.attempts_per_address = 5;
  options_.address_interval = seconds(10);
  Make();
  MakeUser("anna");
  SetPassword("anna");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(CodeOf(Login(std::to_string(i), "x", "10.0.0.1")), ErrorCode::kUnauthenticated);
  const auto refused = Login("anna", kPassword, "10.0.0.1");
  EXPECT_EQ(CodeOf(refused), ErrorCode::kTooManyRequests);
  EXPECT_THAT(refused.error().details(), testing::ElementsAre(testing::Pair("retry_after", "10")));
  EXPECT_OK(Login("anna", kPassword, "10.0.0.2"));
  clock_.Advance(seconds(10));
  EXPECT_OK(Login("anna", kPassword, "10.0.0.1"));
}

TEST_P(AuthenticatorTest, ACostThatGrewReachesAPasswordWithItsLogin) {
  MakeUser("anna");
  SetPassword("anna");
  const std::string before = catalog_->identities().FindPassword("anna").value()->hash;
  EXPECT_THAT(before, HasSubstr("$argon2id$v=19$m=8192,t=1,p=1$"));
  options_.password_cost.passes = 2;
  Make();
  EXPECT_FALSE(Login("anna", "wrong").has_value());
  EXPECT_EQ(catalog_->identities().FindPassword("anna").value()->hash, before);
  EXPECT_OK(Login("anna", kPassword));
  const std::string after = catalog_->identities().FindPassword("anna").value()->hash;
  EXPECT_THAT(after, HasSubstr("$argon2id$v=19$m=8192,t=2,p=1$"));
  EXPECT_OK(Login("anna", kPassword));
  EXPECT_EQ(catalog_->identities().FindPassword("anna").value()->hash, after);
}

TEST_P(AuthenticatorTest, NewPasswordsHaveALength) {
  EXPECT_OK(CheckNewPassword("twelve chars", 12));
  EXPECT_OK(CheckNewPassword("zw\u00f6lf Zeich.", 12));
  EXPECT_FALSE(CheckNewPassword("eleven char", 12).has_value());
  EXPECT_FALSE(CheckNewPassword("\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4", 12).has_value());  // 6 characters of 12 bytes.
  EXPECT_FALSE(CheckNewPassword(std::string(1025, 'x'), 12).has_value());
  EXPECT_FALSE(CheckNewPassword(std::string(20, '\xFF'), 12).has_value());
  EXPECT_FALSE(CheckNewPassword(std::string(20, '\0'), 12).has_value());
  EXPECT_FALSE(PasswordHasher::Make({.memory_bytes = 1 << 20, .passes = 1}).has_value());
  EXPECT_FALSE(PasswordHasher::Make({.memory_bytes = 8 << 20, .passes = 0}).has_value());
}

TEST_P(AuthenticatorTest, BearersAreTokensOfTheLakeOrTheProvider) {
  MakeUser("anna");
  ASSERT_OK(catalog_->identities().BindIdentity(kIssuer, "subject-1", "anna"));
  const auto token = catalog_->CreateToken("berta", "reader", "t", std::nullopt).value();
  EXPECT_EQ(authenticator_->WithBearer(Context(), token.secret)->name, "berta");
  const auto anna = Bearer(Claims("subject-1"));
  ASSERT_OK(anna);
  EXPECT_EQ(anna->name, "anna");
  EXPECT_EQ(anna->authentication, "oidc");
  EXPECT_EQ(anna->role, "writer");
  // One text for every reason.
  json::object expired = Claims("subject-1");
  expired["exp"] = 1;
  const std::string text = Bearer(expired).error().message();
  json::object foreign = Claims("subject-1");
  foreign["iss"] = "https://evil.example";
  EXPECT_EQ(Bearer(foreign).error().message(), text);
  EXPECT_EQ(Bearer(Claims("unknown")).error().message(), text);
  EXPECT_EQ(authenticator_->WithBearer(Context(), "nl_" + std::string(43, 'A')).error().message(), text);
  EXPECT_EQ(authenticator_->WithBearer(Context(), "eyJhbGciOiJub25lIn0.e30.").error().message(), text);
  ASSERT_OK(catalog_->DisablePrincipal("anna"));
  EXPECT_EQ(Bearer(Claims("subject-1")).error().message(), text);
}

TEST_P(AuthenticatorTest, NamesAndAddressesOfMailBindNothing) {
  MakeUser("anna", "admin");
  json::object claims = Claims("stranger");
  claims["preferred_username"] = "anna";
  claims["email"] = "anna@example.org";
  claims["email_verified"] = true;
  EXPECT_EQ(CodeOf(Bearer(claims)), ErrorCode::kUnauthenticated);
  options_.claims.creates_principals = true;
  Make();
  EXPECT_EQ(CodeOf(Bearer(claims)), ErrorCode::kUnauthenticated);  // Her name is hers.
  claims["preferred_username"] = "local";
  EXPECT_EQ(CodeOf(Bearer(claims)), ErrorCode::kUnauthenticated);
  claims["preferred_username"] = "Stranger";
  const auto made = Bearer(claims);
  ASSERT_OK(made);
  EXPECT_EQ(made->name, "stranger");
  EXPECT_EQ(made->role, "member");
  claims["preferred_username"] = "renamed";
  EXPECT_EQ(Bearer(claims)->id, made->id);
  json::object service = Claims("etl-client");
  service["client_id"] = "etl-client";
  EXPECT_EQ(Bearer(service)->kind, PrincipalKind::kServiceAccount);
}

TEST_P(AuthenticatorTest, ClaimsBecomeRolesGroupsAndAttributes) {
  ASSERT_OK(catalog_->CreateGroup("analysts"));
  ASSERT_OK(catalog_->CreateGroup("stewards"));
  options_.claims.groups = {{"7f3a", "analysts"}};
  options_.claims.roles_claim = "realm_access.roles";
  options_.claims.roles = {{"lake-admin", "admin"}, {"lake-writer", "writer"}};
  options_.claims.default_role = "reader";
  options_.claims.attributes = {{"department", "team"}};
  Make();
  MakeUser("anna", "engineer");
  ASSERT_OK(catalog_->identities().BindIdentity(kIssuer, "s", "anna"));
  json::object claims = Claims("s");
  EXPECT_EQ(Bearer(claims)->role, "reader");
  claims["realm_access"] = {{"roles", {"lake-writer", "x"}}};
  claims["groups"] = {"7f3a", "stewards", "admin"};
  claims["department"] = "sales";
  const auto anna = Bearer(claims);
  ASSERT_OK(anna);
  EXPECT_EQ(anna->role, "writer");
  ASSERT_EQ(anna->claimed_groups.size(), 1U);
  EXPECT_EQ(anna->claimed_groups[0].second, "analysts");
  EXPECT_EQ(anna->attributes.at("team"), "sales");
  options_.claims.groups = {{"*", "*"}};
  Make();
  EXPECT_EQ(Bearer(claims)->claimed_groups.size(), 1U);
  EXPECT_EQ(Bearer(claims)->claimed_groups[0].second, "stewards");
}

TEST_P(AuthenticatorTest, TheProvidersLastWordHoldsForTokensAndAgents) {
  ASSERT_OK(catalog_->CreateGroup("contractors"));
  options_.claims.groups = {{"ext", "contractors"}};
  options_.claims.roles_claim = "roles";
  options_.claims.roles = {{"w", "writer"}};
  options_.claims.default_role = "reader";
  Make();
  MakeUser("anna", "admin");
  ASSERT_OK(catalog_->identities().BindIdentity(kIssuer, "s", "anna"));
  ASSERT_OK(catalog_->identities().CreatePrincipal(
      {.name = "bot", .kind = PrincipalKind::kAgent, .role = "admin", .on_behalf_of = "anna"}));
  const auto own = catalog_->CreateToken("anna", "admin", "t", std::nullopt).value().secret;
  const auto bot = catalog_->CreateToken("bot", "admin", "t", std::nullopt).value().secret;
  const auto groups = [&](const Principal& principal) { return catalog_->GroupsOf(principal).value().size(); };
  EXPECT_EQ(catalog_->Authenticate(own)->role, "admin");
  json::object claims = Claims("s");
  claims["groups"] = {"ext"};
  claims["roles"] = {"w"};
  EXPECT_EQ(Bearer(claims)->role, "writer");
  EXPECT_EQ(catalog_->Authenticate(own)->role, "writer");
  EXPECT_FALSE(catalog_->Authenticate(own)->Has(Right::kManage));
  EXPECT_EQ(groups(*catalog_->Authenticate(own)), 1U);
  EXPECT_FALSE(catalog_->Authenticate(bot)->Has(Right::kManage));
  EXPECT_TRUE(catalog_->Authenticate(bot)->Has(Right::kWrite));
  EXPECT_EQ(groups(*catalog_->Authenticate(bot)->on_behalf_of), 1U);
  claims["groups"] = json::array();
  claims["roles"] = json::array();
  EXPECT_EQ(Bearer(claims)->role, "reader");
  EXPECT_FALSE(catalog_->Authenticate(bot)->Has(Right::kWrite));
  EXPECT_EQ(groups(*catalog_->Authenticate(own)), 0U);
  ASSERT_OK(catalog_->SetRole("anna", "engineer"));
  EXPECT_EQ(catalog_->Authenticate(own)->role, "engineer");
  EXPECT_EQ(Bearer(claims)->role, "reader");
  ASSERT_OK(catalog_->identities().UnbindIdentity(kIssuer, "s"));
  EXPECT_EQ(catalog_->Authenticate(own)->role, "engineer");
}

TEST_P(AuthenticatorTest, CertificatesMeanOnePrincipal) {
  options_.certificates = {{"dns:etl.example.org", "etl"},
                           {"uri:spiffe://example.org/etl", "etl"},
                           {"dns:other.example.org", "other"},
                           {"dns:lake.example.org", "local"},
                           {"dns:gone.example.org", "gone"}};
  Make();
  MakeUser("etl");
  MakeUser("other");
  const auto with = [&](const std::vector<std::string>& names) {
    return authenticator_->WithCertificate(Context(), names);
  };
  EXPECT_EQ(with({"dns:etl.example.org"})->name, "etl");
  EXPECT_EQ(with({"dns:x", "uri:spiffe://example.org/etl", "dns:etl.example.org"})->authentication, "certificate");
  for (const auto& names : std::vector<std::vector<std::string>>{{},
                                                                 {"dns:ETL.example.org"},
                                                                 {"dns:etl.example.org.evil.example"},
                                                                 {"uri:etl.example.org"},
                                                                 {"etl.example.org"},
                                                                 {"dns:etl.example.org", "dns:other.example.org"},
                                                                 {"dns:lake.example.org"},
                                                                 {"dns:gone.example.org"}}) {
    EXPECT_EQ(CodeOf(with(names)), ErrorCode::kUnauthenticated) << fmt::format("{}", fmt::join(names, " "));
  }
  ASSERT_OK(catalog_->DisablePrincipal("etl"));
  EXPECT_EQ(CodeOf(with({"dns:etl.example.org"})), ErrorCode::kUnauthenticated);
}

TEST_P(AuthenticatorTest, SettingsAreChecked) {
  Settings settings = LoadSettings("", {}, {}).value();
  ASSERT_OK(AuthenticatorOptionsFrom(settings));
  EXPECT_EQ(OidcProviderFrom(settings, "http://127.0.0.1:1", clock_).value(), nullptr);
  const auto refused = [&](auto change) {
    Settings changed = settings;
    change(changed);
    const auto options = AuthenticatorOptionsFrom(changed);
    return options ? std::string() : options.error().message();
  };
  EXPECT_THAT(refused([](Settings& s) { s.oidc_groups = {"analysts"}; }), HasSubstr("oidc.groups"));
  EXPECT_THAT(refused([](Settings& s) { s.oidc_roles = {"a=emperor"}; }), HasSubstr("emperor"));
  EXPECT_THAT(refused([](Settings& s) { s.oidc_default_role = ""; }), HasSubstr("role"));
  EXPECT_THAT(refused([](Settings& s) { s.http_tls_client_principals = {"CN=etl=etl"}; }), HasSubstr("dns:"));
  settings.oidc_issuer = "http://id.example.org";
  settings.oidc_audience = "lake";
  EXPECT_FALSE(OidcProviderFrom(settings, "https://lake", clock_).has_value());
  settings.oidc_issuer = kIssuer;
  EXPECT_NE(OidcProviderFrom(settings, "https://lake", clock_).value(), nullptr);
}

}  // namespace
}  // namespace neurolake::catalog
