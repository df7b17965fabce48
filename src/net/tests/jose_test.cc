// Signatures, keys and encodings: published vectors, and what must be refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

#include "net/base64url.h"
#include "net/jws.h"
#include "net/strict_json.h"
#include "net/tests/token_maker.h"

namespace neurolake::net {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

const std::vector<std::string> kAll = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                       "PS512", "ES256", "ES384", "ES512", "EdDSA"};

Result<std::string> Check(const std::string& token, const std::string& keys,
                          const std::vector<std::string>& algorithms = kAll) {
  NL_ASSIGN_OR_RETURN(const auto set, KeySet::Parse(keys));
  NL_ASSIGN_OR_RETURN(const auto jws, ParseJws(token));
  NL_RETURN_IF_ERROR(CheckSignature(jws, *set, algorithms));
  return jws.payload;
}

std::string Reason(const Result<std::string>& result) { return result ? "accepted" : result.error().message(); }

TEST(Base64UrlTest, ReadsWhatItWrites) {
  // RFC 4648, section 10, without padding; the last one has both letters that differ from base64.
  const std::pair<std::string, std::string> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xFE", "-__-"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(EncodeBase64Url(bytes), text);
    EXPECT_EQ(DecodeBase64Url(text).value(), bytes);
  }
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("\xFB\xFF\xFE"), "+//+");
}

TEST(Base64UrlTest, TakesOneSpellingOnly) {
  for (const char* text : {"Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Zm 8", "Zm8\n", "+//+", "Zm8.", "Zm8\xC3\xA9"}) {
    EXPECT_FALSE(DecodeBase64Url(text).has_value()) << text;
  }
}

TEST(StrictJsonTest, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_TRUE(ParseStrictObject(R"({"a":1,"b":{"a":[{"a":2},{"a":3}]}})", "x").has_value());
  for (const char* text : {R"({"a":1,"a":1})", R"({"b":{"a":1,"a":2}})", R"({"b":[{"a":1,"a":2}]})",
                           R"({"a":1,"\u0061":2})", "[]", "1", "", "{}{}", "{} x", "{'a':1}", "{\"a\":1,}",
                           "{\"a\":\"\xFF\"}", "{/**/}", "{\"a\":01}", "\xEF\xBB\xBF{}", "{\"a\":NaN}"}) {
    EXPECT_FALSE(ParseStrictObject(text, "x").has_value()) << text;
  }
  std::string deep = "{\"a\":";
  for (int i = 0; i < 5000; ++i) deep += "[";
  EXPECT_FALSE(ParseStrictObject(deep, "x").has_value());
}

// Project Wycheproof, 476 cases: each that is marked invalid is refused; each that is marked valid is taken, unless it
// wants HMAC or the key's `alg` is not the token's (ES521, which is no algorithm, and PS256 beside a PS384 token).
TEST(JwsTest, WycheproofVectors) {
  std::ifstream file(std::string(NL_SOURCE_DIR) + "/src/net/tests/vectors/wycheproof_jws.json");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const json::value document = json::parse(text);
  int taken = 0;
  int refused = 0;
  int ours = 0;
  for (const auto& group : document.at("groups").as_array()) {
    const std::string keys = json::serialize(json::value{{"keys", group.at("keys")}});
    const auto& first = group.at("keys").at(0).as_object();
    const bool unsupported = first.at("kty") == "oct" || TextMember(first, "alg") == "ES521";
    for (const auto& test : group.at("tests").as_array()) {
      const auto result = Check(std::string(test.at(3).as_string()), keys);
      const std::string name = std::string(test.at(0).as_string()) + " " + std::string(test.at(1).as_string());
      const bool valid = test.at(2) == "valid";
      const bool other_algorithm = name.ends_with(" Figure20");
      if (valid && (unsupported || other_algorithm)) {
        EXPECT_FALSE(result.has_value()) << name;
        ++ours;
        continue;
      }
      EXPECT_EQ(result.has_value(), valid) << name << ": " << Reason(result);
      ++(valid ? taken : refused);
    }
  }
  EXPECT_EQ(taken + refused + ours, 476);
  EXPECT_GE(taken, 30);
  EXPECT_GE(refused, 370);
}

TEST(JwsTest, Rfc8037Ed25519) {
  const std::string keys =
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
  const std::string token =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  EXPECT_EQ(Check(token, keys).value(), "Example of Ed25519 signing");
  std::string altered = token;
  altered[30] = altered[30] == 'A' ? 'B' : 'A';
  EXPECT_THAT(Reason(Check(altered, keys)), HasSubstr("signature is wrong"));
}

TEST(JwsTest, EveryAlgorithmTakesItsOwnAndNoOther) {
  for (const std::string& algorithm : kAll) {
    const TokenMaker maker(algorithm);
    const std::string token = maker.SignText(json::serialize(maker.Header()), "{}");
    EXPECT_EQ(Reason(Check(token, maker.Jwks())), "accepted") << algorithm;
    EXPECT_THAT(Reason(Check(token, TokenMaker(algorithm).Jwks())), HasSubstr("signature is wrong")) << algorithm;
    std::vector<std::string> others = kAll;
    std::erase(others, algorithm);
    EXPECT_THAT(Reason(Check(token, maker.Jwks(), others)), HasSubstr("not allowed")) << algorithm;
    // The header names another algorithm than the key is for: the key's word counts.
    for (const std::string& other : others) {
      const std::string header = json::serialize(json::value{{"alg", other}, {"kid", "k1"}});
      EXPECT_THAT(Reason(Check(maker.SignText(header, "{}"), maker.Jwks())), HasSubstr("no key")) << other;
    }
  }
}

TEST(JwsTest, ASignatureHasOneSpelling) {
  const TokenMaker maker("ES256");
  const std::string text = EncodeBase64Url(json::serialize(maker.Header())) + "." + EncodeBase64Url("{}");
  const std::string signature = maker.Signature(text);
  const auto with = [&](const std::string& other) {
    return Reason(Check(text + "." + EncodeBase64Url(other), maker.Jwks()));
  };
  EXPECT_EQ(with(signature), "accepted");
  const std::string zeros(32, '\0');
  EXPECT_THAT(with(signature + std::string(1, '\0')), HasSubstr("wrong"));
  EXPECT_THAT(with(signature.substr(0, 63)), HasSubstr("wrong"));
  EXPECT_THAT(with(zeros + signature.substr(32)), HasSubstr("wrong"));
  EXPECT_THAT(with(signature.substr(0, 32) + zeros), HasSubstr("wrong"));
  EXPECT_THAT(with(zeros + zeros), HasSubstr("wrong"));  // CVE-2022-21449.
  EXPECT_THAT(with(std::string(64, '\xFF')), HasSubstr("wrong"));
  EXPECT_THAT(with(""), HasSubstr("not signed"));
  const TokenMaker rsa("RS256");
  const std::string signed_text = EncodeBase64Url(json::serialize(rsa.Header())) + "." + EncodeBase64Url("{}");
  const std::string padded = std::string(1, '\0') + rsa.Signature(signed_text);
  EXPECT_THAT(Reason(Check(signed_text + "." + EncodeBase64Url(padded), rsa.Jwks())), HasSubstr("wrong"));
}

TEST(JwsTest, HeadersThatAreRefused) {
  const TokenMaker maker("RS256");
  const auto with = [&](const std::string& header) {
    return Reason(Check(maker.SignText(header, "{}"), maker.Jwks()));
  };
  EXPECT_EQ(with(R"({"alg":"RS256","kid":"k1"})"), "accepted");
  EXPECT_EQ(with(R"({"alg":"RS256"})"), "accepted");  // The only key.
  // Where the key is said to be found, or is handed over, does not matter: it is the provider's.
  EXPECT_EQ(with(R"({"alg":"RS256","kid":"k1","jku":"https://evil.example/keys","x5u":"file:///etc/passwd"})"),
            "accepted");
  const TokenMaker attacker("RS256", "k1");
  const json::object header{{"alg", "RS256"}, {"kid", "k1"}, {"jwk", attacker.Jwk()}};
  EXPECT_THAT(Reason(Check(attacker.SignText(json::serialize(header), "{}"), maker.Jwks())), HasSubstr("wrong"));
  for (const char* none : {"none", "None", "NONE", "nOnE"}) {
    EXPECT_THAT(with(fmt::format(R"({{"alg":"{}","kid":"k1"}})", none)), HasSubstr("not signed")) << none;
  }
  for (const char* algorithm : {"HS256", "HS512", "RS1", "rs256", "RS256 ", "A128KW", "ES256K"}) {
    EXPECT_THAT(with(fmt::format(R"({{"alg":"{}","kid":"k1"}})", algorithm)), HasSubstr("not allowed")) << algorithm;
  }
  for (const char* bad :
       {R"({"alg":"RS256","crit":["exp"],"exp":1})", R"({"alg":"RS256","crit":[]})", R"({"alg":"RS256","b64":false})",
        R"({"alg":"RS256","zip":"DEF"})", R"({"alg":"RS256","enc":"A128GCM"})", R"({"alg":"RS256","alg":"RS256"})",
        R"({"alg":"none","alg":"RS256"})", R"({"alg":["RS256"]})", R"({"alg":null})", R"({"kid":"k1"})", "[]", "", "{",
        R"({"alg":"RS256","kid":1})", R"({"alg":"RS256","kid":["k1"]})", R"({"alg":"RS256","typ":1})"}) {
    EXPECT_THAT(with(bad), HasSubstr("not valid")) << bad;
  }
}

TEST(JwsTest, KeyIdsAreNamesAndNothingElse) {
  const TokenMaker maker("RS256");
  for (const char* id : {"../../../../dev/null", "/dev/null", "k1' OR '1'='1", "k1; DROP TABLE principals", "K1", "k1 ",
                         "", "k", "k1\\u0000", "https://evil.example/jwks", "k1/../k1", "%6b1"}) {
    const std::string header = fmt::format(R"({{"alg":"RS256","kid":"{}"}})", id);
    EXPECT_THAT(Reason(Check(maker.SignText(header, "{}"), maker.Jwks())), HasSubstr("no key")) << id;
  }
}

TEST(JwsTest, APublicKeyIsNoSharedSecret) {
  // The classic confusion: an HMAC keyed with the text of the public key. There are no symmetric keys at all.
  const TokenMaker maker("RS256");
  json::object as_secret{{"kty", "oct"}, {"kid", "k1"}, {"alg", "HS256"}, {"k", EncodeBase64Url(maker.Jwks())}};
  EXPECT_FALSE(KeySet::Parse(json::serialize(json::value{{"keys", {as_secret}}})).has_value());
  const std::string token = maker.SignText(R"({"alg":"HS256","kid":"k1"})", "{}");
  std::vector<std::string> all = kAll;
  all.emplace_back("HS256");
  EXPECT_THAT(Reason(Check(token, maker.Jwks(), all)), HasSubstr("no key"));
}

TEST(JwsTest, ShapesThatAreRefused) {
  const TokenMaker maker("EdDSA");
  const std::string good = maker.Sign({});
  EXPECT_EQ(Reason(Check(good, maker.Jwks())), "accepted");
  const std::string head = good.substr(0, good.find('.'));
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("..."), good + ".", "." + good, good + ".x",
        good + "=", " " + good, good + "\n", good + "AAAA", head, head + "..", good.substr(0, good.rfind('.')),
        good.substr(0, good.rfind('.') + 1), std::string(kTokenBytesMax + 1, 'A'),
        std::string(R"({"payload":"e30","signatures":[]})")}) {
    EXPECT_THAT(Reason(Check(bad, maker.Jwks())), HasSubstr("not valid")) << bad.substr(0, 80);
  }
  const std::string huge = maker.Sign({{"x", std::string(kTokenBytesMax, 'x')}});
  EXPECT_THAT(Reason(Check(huge, maker.Jwks())), HasSubstr("too large"));
}

std::string WhyUnusable(json::object jwk) {
  const auto key = PublicKey::FromJwk(jwk);
  return key ? "usable" : key.error().message();
}

TEST(JwkTest, WeakAndForeignKeysAreNotUsed) {
  EXPECT_EQ(WhyUnusable(TokenMaker("RS256").Jwk()), "usable");
  EXPECT_THAT(WhyUnusable(TokenMaker("RS256", "k", 1024).Jwk()), HasSubstr("2048"));
  json::object rsa = TokenMaker("RS256").Jwk();
  for (const char* exponent : {"AQ", "Aw", "AQAA", "AQABAQABAQABAQAB"}) {
    rsa["e"] = exponent;
    EXPECT_THAT(WhyUnusable(rsa), HasSubstr("exponent")) << exponent;
  }
  json::object even = TokenMaker("RS256").Jwk();
  std::string modulus = *DecodeBase64Url(std::string(even["n"].as_string()));
  modulus.back() = static_cast<char>(modulus.back() & ~1);
  even["n"] = EncodeBase64Url(modulus);
  EXPECT_THAT(WhyUnusable(even), HasSubstr("no valid key"));
  json::object ec = TokenMaker("ES256").Jwk();
  EXPECT_EQ(WhyUnusable(ec), "usable");
  json::object moved = ec;
  moved["x"] = TokenMaker("ES256").Jwk()["x"];
  EXPECT_THAT(WhyUnusable(moved), HasSubstr("no"));  // Not on the curve.
  json::object other_curve = ec;
  other_curve["crv"] = "P-384";
  EXPECT_THAT(WhyUnusable(other_curve), HasSubstr("length"));
  json::object exotic = ec;
  exotic["crv"] = "secp256k1";
  EXPECT_THAT(WhyUnusable(exotic), HasSubstr("curve"));
  for (const auto& [member, value] : std::vector<std::pair<const char*, json::value>>{{"use", "enc"},
                                                                                      {"use", 1},
                                                                                      {"key_ops", {"sign"}},
                                                                                      {"key_ops", "verify"},
                                                                                      {"alg", "RS256"},
                                                                                      {"alg", "none"},
                                                                                      {"kty", "oct"},
                                                                                      {"kid", 7},
                                                                                      {"d", "AQAB"}}) {
    json::object changed = ec;
    changed[member] = value;
    EXPECT_THAT(WhyUnusable(changed), HasSubstr("cannot be used")) << member;
  }
}

TEST(JwkTest, AmbiguousNamesNameNothing) {
  const TokenMaker one("RS256", "same");
  const TokenMaker two("RS256", "same");
  const TokenMaker third("ES256", "same");
  const auto keys = [](const json::array& all) { return json::serialize(json::value{{"keys", all}}); };
  EXPECT_EQ(Reason(Check(one.Sign({}), keys({one.Jwk()}))), "accepted");
  EXPECT_THAT(Reason(Check(one.Sign({}), keys({one.Jwk(), two.Jwk()}))), HasSubstr("no key"));
  EXPECT_THAT(Reason(Check(one.Sign({}), keys({one.Jwk(), third.Jwk()}))), HasSubstr("no key"));
  // Without an id there must be one candidate.
  const std::string nameless = one.SignText(R"({"alg":"RS256"})", "{}");
  EXPECT_EQ(Reason(Check(nameless, keys({one.Jwk(), TokenMaker("ES256", "e").Jwk()}))), "accepted");
  EXPECT_THAT(Reason(Check(nameless, keys({one.Jwk(), TokenMaker("RS256", "b").Jwk()}))), HasSubstr("no key"));
}

TEST(JwkTest, SetsThatAreRefused) {
  const std::string jwk = json::serialize(TokenMaker("EdDSA").Jwk());
  std::string many = "{\"keys\":[" + jwk;
  for (int i = 0; i < 100; ++i) many += "," + jwk;
  for (const std::string& text :
       {std::string("{}"), std::string("[]"), std::string(R"({"keys":{}})"), std::string(R"({"keys":[]})"),
        std::string(R"({"keys":[1,"a",{}]})"), many + "]}", "{\"keys\":[" + jwk + "],\"keys\":[]}"}) {
    EXPECT_FALSE(KeySet::Parse(text).has_value()) << text.substr(0, 60);
  }
}

}  // namespace
}  // namespace neurolake::net
