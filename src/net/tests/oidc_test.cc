// A provider: its configuration, its keys and their rotation, logins. The provider is a function of the test.
#include "net/oidc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/tests/token_maker.h"

namespace neurolake::net {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kIssuer = "https://id.example.org/realm";

/// Answers as a provider does, and counts what it was asked.
struct FakeProvider {
  json::object configuration{{"issuer", kIssuer},
                             {"jwks_uri", "https://id.example.org/keys"},
                             {"authorization_endpoint", "https://id.example.org/authorize?tenant=1"},
                             {"token_endpoint", "https://id.example.org/token"}};
  json::array keys;
  std::string id_token;
  int token_status = 200;
  bool down = false;
  int asked_configuration = 0;
  int asked_keys = 0;
  OidcProvider::HttpCall token_call;

  Result<OidcProvider::HttpAnswer> Answer(const OidcProvider::HttpCall& call) {
    if (call.url.ends_with("/.well-known/openid-configuration")) ++asked_configuration;
    if (call.url == "https://id.example.org/keys") ++asked_keys;
    if (down) return MakeError(ErrorCode::kUnavailable, "refused");
    if (call.url == "https://id.example.org/realm/.well-known/openid-configuration") {
      return OidcProvider::HttpAnswer{200, json::serialize(configuration)};
    }
    if (call.url == "https://id.example.org/keys") {
      return OidcProvider::HttpAnswer{200, json::serialize(json::value{{"keys", keys}})};
    }
    token_call = call;
    const json::value answer{{"id_token", id_token}, {"token_type", "Bearer"}, {"access_token", "opaque"}};
    return OidcProvider::HttpAnswer{token_status, json::serialize(answer)};
  }
};

class OidcTest : public testing::Test {
 protected:
  OidcTest() { fake_.keys = {maker_.Jwk()}; }

  OidcOptions Options() const {
    return {.issuer = kIssuer,
            .audience = "lake-api",
            .client_id = "lake web",
            .client_secret = "s:e%c",
            .redirect_uri = "https://lake.example.org/v1/login/callback",
            .certificate_authority_file = {},
            .keys = {}};
  }
  std::unique_ptr<OidcProvider> Make(OidcOptions options) {
    auto made = OidcProvider::Make(
        std::move(options), clock_,
        [this](const RequestContext&, const OidcProvider::HttpCall& call) { return fake_.Answer(call); });
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return made ? std::move(*made) : nullptr;
  }
  RequestContext Context() const { return {{}, "r", "test", clock_, clock_.SteadyNow() + hours(1)}; }
  json::object Claims(const char* audience) const {
    const int64_t now = std::chrono::duration_cast<seconds>(clock_.Now().time_since_epoch()).count();
    return {{"iss", kIssuer}, {"sub", "anna-1"}, {"aud", audience}, {"exp", now + 36'000'000}, {"iat", now}};
  }
  std::string Bearer(const TokenMaker& maker) const { return maker.Sign(Claims("lake-api")); }
  template <typename T>
  static std::string Outcome(const Result<T>& result) {
    return result ? "accepted" : result.error().message();
  }

  FakeClock clock_;
  TokenMaker maker_{"ES256"};
  FakeProvider fake_;
};

TEST_F(OidcTest, AccessTokensAreCheckedWithFetchedKeys) {
  const auto provider = Make(Options());
  EXPECT_EQ(fake_.asked_configuration, 0);  // A server starts without its provider.
  const auto claims = provider->CheckAccessToken(Context(), Bearer(maker_));
  ASSERT_TRUE(claims.has_value()) << claims.error().message();
  EXPECT_EQ(claims->subject, "anna-1");
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(provider->CheckAccessToken(Context(), Bearer(maker_)).has_value());
  EXPECT_EQ(fake_.asked_keys, 1);
  EXPECT_THAT(Outcome(provider->CheckAccessToken(Context(), maker_.Sign(Claims("lake web")))), HasSubstr("audience"));
  EXPECT_THAT(Outcome(provider->CheckAccessToken(Context(), "nonsense")), HasSubstr("three parts"));
  OidcOptions without = Options();
  without.audience.clear();
  EXPECT_THAT(Outcome(Make(without)->CheckAccessToken(Context(), Bearer(maker_))), HasSubstr("oidc.audience"));
}

TEST_F(OidcTest, NewKeysAreFetchedOnceInAWhile) {
  const auto provider = Make(Options());
  EXPECT_EQ(Outcome(provider->CheckAccessToken(Context(), Bearer(maker_))), "accepted");
  const TokenMaker next("RS256", "k2");
  fake_.keys = {maker_.Jwk(), next.Jwk()};
  EXPECT_THAT(Outcome(provider->CheckAccessToken(Context(), Bearer(next))), HasSubstr("no key"));  // Fetched just now.
  EXPECT_EQ(fake_.asked_keys, 1);
  clock_.Advance(seconds(60));
  EXPECT_EQ(Outcome(provider->CheckAccessToken(Context(), Bearer(next))), "accepted");
  EXPECT_EQ(Outcome(provider->CheckAccessToken(Context(), Bearer(maker_))), "accepted");
  EXPECT_EQ(fake_.asked_keys, 2);
  clock_.Advance(seconds(60));
  for (int i = 0; i < 50; ++i) {
    const TokenMaker made_up("EdDSA", "made up " + std::to_string(i));
    EXPECT_THAT(Outcome(provider->CheckAccessToken(Context(), Bearer(made_up))), HasSubstr("no key"));
  }
  EXPECT_EQ(fake_.asked_keys, 3);
}

TEST_F(OidcTest, AKeyThatTheProviderTookBackStopsWorking) {
  const auto provider = Make(Options());
  EXPECT_EQ(Outcome(provider->CheckAccessToken(Context(), Bearer(maker_))), "accepted");
  fake_.keys = {TokenMaker("ES256", "k2").Jwk()};
  clock_.Advance(hours(1));
  EXPECT_THAT(Outcome(provider->CheckAccessToken(Context(), Bearer(maker_))), HasSubstr("no key"));
}

TEST_F(OidcTest, KeysOutliveTheProviderForADay) {
  const auto provider = Make(Options());
  EXPECT_EQ(Outcome(provider->CheckAccessToken(Context(), Bearer(maker_))), "accepted");
  fake_.down = true;
  clock_.Advance(hours(23));
  EXPECT_EQ(Outcome(provider->CheckAccessToken(Context(), Bearer(maker_))), "accepted");
  clock_.Advance(hours(1));
  const auto late = provider->CheckAccessToken(Context(), Bearer(maker_));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code(), ErrorCode::kUnavailable);
  const int asked = fake_.asked_configuration + fake_.asked_keys;
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(provider->CheckAccessToken(Context(), Bearer(maker_)).has_value());
  EXPECT_EQ(fake_.asked_configuration + fake_.asked_keys, asked);  // Not with every request.
  fake_.down = false;
  clock_.Advance(seconds(60));
  EXPECT_EQ(Outcome(provider->CheckAccessToken(Context(), Bearer(maker_))), "accepted");
}

TEST_F(OidcTest, ConfigurationsThatAreRefused) {
  const auto with = [&](const char* member, const char* value) {
    fake_ = FakeProvider();
    fake_.keys = {maker_.Jwk()};
    fake_.configuration[member] = value;
    return Outcome(Make(Options())->CheckAccessToken(Context(), Bearer(maker_)));
  };
  EXPECT_EQ(with("extra", "x"), "accepted");
  for (const char* issuer : {"https://id.example.org/realm/", "https://evil.example", "https://id.example.org", ""}) {
    EXPECT_THAT(with("issuer", issuer), HasSubstr("cannot be had")) << issuer;
  }
  for (const char* uri :
       {"http://id.example.org/keys", "file:///etc/passwd", "", "/keys", "https://user@id.example.org/"}) {
    EXPECT_THAT(with("jwks_uri", uri), HasSubstr("cannot be had")) << uri;
  }
  EXPECT_THAT(with("token_endpoint", "http://169.254.169.254/token"), HasSubstr("cannot be had"));
}

TEST_F(OidcTest, OptionsThatAreRefused) {
  const auto make = [&](auto change) {
    OidcOptions options = Options();
    change(options);
    return Outcome(OidcProvider::Make(options, clock_));
  };
  EXPECT_EQ(make([](auto&) {}), "accepted");
  for (const char* issuer : {"http://id.example.org", "id.example.org", "", "https://id.example.org?x=1",
                             "https://id.example.org#x", "ftp://id.example.org", "https://"}) {
    EXPECT_THAT(make([&](auto& options) { options.issuer = issuer; }), HasSubstr("oidc.issuer")) << issuer;
  }
  for (const char* issuer : {"http://127.0.0.1:5400", "http://localhost:5400", "http://[::1]:5400"}) {
    EXPECT_EQ(make([&](auto& options) { options.issuer = issuer; }), "accepted") << issuer;
  }
  for (const char* algorithm : {"none", "HS256", "rs256", ""}) {
    EXPECT_THAT(make([&](auto& options) { options.algorithms = {algorithm}; }), HasSubstr("oidc.algorithms"));
  }
  EXPECT_THAT(make([&](auto& options) { options.algorithms.clear(); }), HasSubstr("oidc.algorithms"));
  EXPECT_THAT(make([&](auto& options) { options.audience = options.client_id = ""; }), HasSubstr("oidc.audience"));
  EXPECT_THAT(make([&](auto& options) { options.redirect_uri = "http://lake.example.org/cb"; }),
              HasSubstr("http.public_url"));
}

class OidcLoginTest : public OidcTest {
 protected:
  OidcLoginTest() : login_(OidcProvider::NewLogin()) {}
  std::string Finish(OidcProvider& provider, OidcAnswer answer) {
    return Outcome(provider.FinishLogin(Context(), login_, answer));
  }
  OidcAnswer Good() const { return {.code = "c o+de", .state = login_.state, .issuer = {}, .error = {}}; }
  void GiveToken(const char* audience, const std::string& nonce) {
    json::object claims = Claims(audience);
    claims["nonce"] = nonce;
    fake_.id_token = maker_.Sign(claims);
  }
  OidcLogin login_;
};

TEST_F(OidcLoginTest, ChallengesAreThoseOfRfc7636) {
  EXPECT_EQ(CodeChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  const OidcLogin other = OidcProvider::NewLogin();
  for (const std::string& text : {login_.state, login_.nonce, login_.code_verifier, other.state}) {
    EXPECT_EQ(text.size(), 43U);
  }
  EXPECT_NE(login_.state, other.state);
  EXPECT_NE(login_.state, login_.nonce);
  EXPECT_NE(login_.nonce, login_.code_verifier);
}

TEST_F(OidcLoginTest, TheBrowserIsSentWithEverythingButTheVerifier) {
  const auto provider = Make(Options());
  const std::string url = provider->LoginUrl(Context(), login_).value();
  EXPECT_THAT(url, testing::StartsWith("https://id.example.org/authorize?tenant=1&response_type=code"));
  EXPECT_THAT(url,
              HasSubstr("&client_id=lake%20web&redirect_uri=https%3A%2F%2Flake.example.org%2Fv1%2Flogin%2Fcallback"));
  EXPECT_THAT(url, HasSubstr("&scope=openid&state=" + login_.state + "&nonce=" + login_.nonce));
  EXPECT_THAT(url, HasSubstr("&code_challenge=" + CodeChallenge(login_.code_verifier) + "&code_challenge_method=S256"));
  EXPECT_THAT(url, Not(HasSubstr(login_.code_verifier)));
}

TEST_F(OidcLoginTest, ACodeBecomesClaims) {
  const auto provider = Make(Options());
  GiveToken("lake web", login_.nonce);
  EXPECT_EQ(Finish(*provider, Good()), "accepted");
  EXPECT_THAT(fake_.token_call.form, HasSubstr("grant_type=authorization_code&code=c%20o%2Bde&redirect_uri=https%3A"));
  EXPECT_THAT(fake_.token_call.form, HasSubstr("&code_verifier=" + login_.code_verifier));
  EXPECT_THAT(fake_.token_call.form, Not(HasSubstr("client_secret")));
  EXPECT_EQ(fake_.token_call.authorization, "Basic " + EncodeBase64("lake%20web:s%3Ae%25c"));
  // A provider that knows the other way only, and a client without a secret.
  fake_.configuration["token_endpoint_auth_methods_supported"] = json::array{"client_secret_post"};
  EXPECT_EQ(Finish(*Make(Options()), Good()), "accepted");
  EXPECT_THAT(fake_.token_call.form, HasSubstr("&client_id=lake%20web&client_secret=s%3Ae%25c"));
  EXPECT_EQ(fake_.token_call.authorization, "");
  OidcOptions open = Options();
  open.client_secret.clear();
  EXPECT_EQ(Finish(*Make(open), Good()), "accepted");
  EXPECT_THAT(fake_.token_call.form, HasSubstr("&client_id=lake%20web"));
  EXPECT_EQ(fake_.token_call.authorization, "");
}

TEST_F(OidcLoginTest, AnswersThatAreRefused) {
  const auto provider = Make(Options());
  GiveToken("lake web", login_.nonce);
  const auto with = [&](auto change) {
    OidcAnswer answer = Good();
    change(answer);
    return Finish(*provider, answer);
  };
  EXPECT_THAT(with([](auto& answer) { answer.state = ""; }), HasSubstr("this browser"));
  EXPECT_THAT(with([](auto& answer) { answer.state[0] ^= 1; }), HasSubstr("this browser"));
  EXPECT_THAT(with([](auto& answer) { answer.issuer = "https://evil.example"; }), HasSubstr("another provider"));
  EXPECT_EQ(with([](auto& answer) { answer.issuer = kIssuer; }), "accepted");
  EXPECT_THAT(with([](auto& answer) { answer.error = "access_denied"; }), HasSubstr("refused"));
  EXPECT_THAT(with([](auto& answer) { answer.code = ""; }), HasSubstr("no code"));
  EXPECT_THAT(with([](auto& answer) { answer.code = std::string(5000, 'a'); }), HasSubstr("no code"));
  GiveToken("lake web", "another login's");
  EXPECT_THAT(Finish(*provider, Good()), HasSubstr("nonce"));
  GiveToken("lake-api", login_.nonce);
  EXPECT_THAT(Finish(*provider, Good()), HasSubstr("audience"));
  fake_.id_token = maker_.Sign(Claims("lake web"));
  EXPECT_THAT(Finish(*provider, Good()), HasSubstr("nonce"));
  fake_.id_token = "";
  EXPECT_THAT(Finish(*provider, Good()), HasSubstr("no ID token"));
  GiveToken("lake web", login_.nonce);
  fake_.token_status = 400;
  const auto refused = provider->FinishLogin(Context(), login_, Good());
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnauthenticated);
  fake_.token_status = 500;
  EXPECT_EQ(provider->FinishLogin(Context(), login_, Good()).error().code(), ErrorCode::kUnavailable);
}

TEST_F(OidcLoginTest, AProviderThatNamesItselfMustDoSo) {
  fake_.configuration["authorization_response_iss_parameter_supported"] = true;
  const auto provider = Make(Options());
  GiveToken("lake web", login_.nonce);
  EXPECT_THAT(Finish(*provider, Good()), HasSubstr("another provider"));
  OidcAnswer named = Good();
  named.issuer = kIssuer;
  EXPECT_EQ(Finish(*provider, named), "accepted");
}

}  // namespace
}  // namespace neurolake::net
