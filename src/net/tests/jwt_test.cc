// Claims: who a token is of and for, and from when until when.
#include "net/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "net/tests/token_maker.h"

namespace neurolake::net {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class JwtTest : public testing::Test {
 protected:
  JwtTest() : maker_("EdDSA"), keys_(KeySet::Parse(maker_.Jwks()).value()) {}

  json::object Claims() const {
    const int64_t now = std::chrono::duration_cast<seconds>(clock_.Now().time_since_epoch()).count();
    return {{"iss", "https://id.example.org"}, {"sub", "anna-1"}, {"aud", "lake"}, {"exp", now + 300}, {"iat", now}};
  }
  json::object With(const char* name, json::value value) const {
    json::object claims = Claims();
    claims[name] = std::move(value);
    return claims;
  }
  json::object Without(const char* name) const {
    json::object claims = Claims();
    claims.erase(name);
    return claims;
  }
  int64_t Now() const { return std::chrono::duration_cast<seconds>(clock_.Now().time_since_epoch()).count(); }

  Result<JwtClaims> CheckText(const std::string& token) const {
    return CheckJwt(token, *keys_, expectation_, clock_.Now());
  }
  std::string Check(const json::object& claims) const {
    const auto checked = CheckText(maker_.Sign(claims));
    return checked ? "accepted" : checked.error().message();
  }

  FakeClock clock_;
  TokenMaker maker_;
  std::shared_ptr<const KeySet> keys_;
  JwtExpectation expectation_{.issuer = "https://id.example.org", .audience = "lake", .algorithms = {"EdDSA"}};
};

TEST_F(JwtTest, AGoodTokenSaysWhoSentIt) {
  const auto checked = CheckText(maker_.Sign(Claims()));
  ASSERT_TRUE(checked.has_value()) << checked.error().message();
  EXPECT_EQ(checked->issuer, "https://id.example.org");
  EXPECT_EQ(checked->subject, "anna-1");
  EXPECT_EQ(checked->expires, clock_.Now() + seconds(300));
}

TEST_F(JwtTest, IssuerAudienceAndSubjectAreCompared) {
  for (const char* issuer :
       {"https://id.example.org/", "https://ID.example.org", "https://evil.example", "", "id.example.org"}) {
    EXPECT_THAT(Check(With("iss", issuer)), HasSubstr("issuer")) << issuer;
  }
  EXPECT_THAT(Check(Without("iss")), HasSubstr("issuer"));
  EXPECT_THAT(Check(With("iss", json::array{"https://id.example.org"})), HasSubstr("issuer"));
  EXPECT_EQ(Check(With("aud", json::array{"other", "lake"})), "accepted");
  for (const json::value& audience :
       std::initializer_list<json::value>{"other", "", "Lake", "lake ", 5, nullptr, json::array{}, json::array{"other"},
                                          json::array{"lake", 1}, json::object{{"lake", true}}}) {
    EXPECT_THAT(Check(With("aud", audience)), HasSubstr("aud")) << json::serialize(audience);
  }
  EXPECT_THAT(Check(Without("aud")), HasSubstr("aud"));
  for (const json::value& subject : std::initializer_list<json::value>{
           "", 7, nullptr, json::array{"anna-1"}, json::string(256, 'a'), "a\nb", json::string("a\0b", 3), "\u00e4"}) {
    EXPECT_THAT(Check(With("sub", subject)), HasSubstr("sub")) << json::serialize(subject);
  }
  EXPECT_THAT(Check(Without("sub")), HasSubstr("sub"));
  // An expectation that was left empty lets nothing through.
  expectation_.audience.clear();
  EXPECT_THAT(Check(With("aud", "")), HasSubstr("audience"));
}

TEST_F(JwtTest, TimesAreHeldAgainstTheClock) {
  EXPECT_THAT(Check(Without("exp")), HasSubstr("no exp"));
  EXPECT_EQ(Check(Without("iat")), "accepted");
  EXPECT_EQ(Check(With("exp", Now() - 59)), "accepted");  // Clocks differ by a minute at most.
  EXPECT_THAT(Check(With("exp", Now() - 60)), HasSubstr("expired"));
  EXPECT_EQ(Check(With("nbf", Now() + 60)), "accepted");
  EXPECT_THAT(Check(With("nbf", Now() + 61)), HasSubstr("not valid yet"));
  EXPECT_THAT(Check(With("iat", Now() + 61)), HasSubstr("future"));
  EXPECT_EQ(Check(With("exp", static_cast<double>(Now()) + 0.5)), "accepted");
  for (const char* name : {"exp", "nbf", "iat"}) {
    for (const json::value& time : std::initializer_list<json::value>{"9999999999", nullptr, true, json::array{1}, -1,
                                                                      1e300, -0.5, 99999999999999}) {
      EXPECT_THAT(Check(With(name, time)), HasSubstr("no time")) << name << " " << json::serialize(time);
    }
  }
  const std::string token = maker_.Sign(Claims());
  EXPECT_TRUE(CheckText(token).has_value());
  clock_.Advance(seconds(360));
  EXPECT_FALSE(CheckText(token).has_value());
}

TEST_F(JwtTest, ContentMustBeStrictJson) {
  const std::string header = json::serialize(maker_.Header());
  const std::string good = json::serialize(Claims());
  const auto check = [&](const std::string& claims) {
    const auto checked = CheckText(maker_.SignText(header, claims));
    return checked ? std::string("accepted") : checked.error().message();
  };
  EXPECT_EQ(check(good), "accepted");
  const std::string open = good.substr(0, good.size() - 1);
  EXPECT_THAT(check(open + R"(,"sub":"admin"})"), HasSubstr("twice"));
  EXPECT_THAT(check(open + R"(,"\u0073ub":"admin"})"), HasSubstr("twice"));
  EXPECT_THAT(check(open + R"(,"x":{"a":1,"a":2}})"), HasSubstr("twice"));
  EXPECT_THAT(check(open + R"(,"x":[[[[[[[[[[1]]]]]]]]]]})"), HasSubstr("too deep"));
  EXPECT_THAT(check(open), HasSubstr("not JSON"));
  EXPECT_THAT(check(good + good), HasSubstr("not JSON"));
  EXPECT_THAT(check("[" + good + "]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(check(""), HasSubstr("not JSON"));
}

TEST_F(JwtTest, OtherKindsOfTokensAreNoAccessTokens) {
  const auto typed = [&](const char* type) {
    json::object header = maker_.Header();
    header["typ"] = type;
    const auto checked = CheckText(maker_.SignText(json::serialize(header), json::serialize(Claims())));
    return checked ? std::string("accepted") : checked.error().message();
  };
  EXPECT_EQ(typed("JWT"), "accepted");
  EXPECT_EQ(typed("at+jwt"), "accepted");
  EXPECT_EQ(typed("application/at+JWT"), "accepted");
  for (const char* type : {"logout+jwt", "secevent+jwt", "JOSE", "dpop+jwt"})
    EXPECT_THAT(typed(type), HasSubstr("typ"));
  EXPECT_THAT(Check(With("nonce", "n")), HasSubstr("ID token"));
  expectation_.nonce = "n";
  EXPECT_EQ(Check(With("nonce", "n")), "accepted");
  EXPECT_THAT(Check(With("nonce", "m")), HasSubstr("nonce"));
  EXPECT_THAT(Check(Claims()), HasSubstr("nonce"));
  EXPECT_THAT(typed("at+jwt"), HasSubstr("typ"));
  expectation_.nonce = "";
  EXPECT_THAT(Check(With("nonce", "")), HasSubstr("nonce"));
}

TEST_F(JwtTest, AnIdTokenOfSeveralAudiencesNamesItsParty) {
  expectation_.nonce = "n";
  json::object claims = With("nonce", "n");
  claims["aud"] = json::array{"lake", "other"};
  EXPECT_THAT(Check(claims), HasSubstr("another client"));
  claims["azp"] = "other";
  EXPECT_THAT(Check(claims), HasSubstr("another client"));
  claims["azp"] = "lake";
  EXPECT_EQ(Check(claims), "accepted");
}

TEST_F(JwtTest, ClaimsAreFoundByPath) {
  const auto claims = json::parse(R"({"groups":["a","b",3],"role":"x","realm_access":{"roles":["r"]},
      "https://example.org/g":["u"],"a.b":"flat","a":{"b":"nested"},"n":1})")
                          .as_object();
  EXPECT_THAT(ClaimTexts(claims, "groups"), ElementsAre("a", "b"));
  EXPECT_THAT(ClaimTexts(claims, "role"), ElementsAre("x"));
  EXPECT_THAT(ClaimTexts(claims, "realm_access.roles"), ElementsAre("r"));
  EXPECT_THAT(ClaimTexts(claims, "https://example.org/g"), ElementsAre("u"));
  EXPECT_THAT(ClaimTexts(claims, "a.b"), ElementsAre("flat"));
  for (const char* path : {"", "absent", "realm_access", "realm_access.absent", "role.x", "n", "groups.a", "."}) {
    EXPECT_THAT(ClaimTexts(claims, path), testing::IsEmpty()) << path;
  }
}

}  // namespace
}  // namespace neurolake::net
