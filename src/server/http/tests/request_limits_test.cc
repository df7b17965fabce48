#include "server/http/internal/request_limits.h"

#include "server/http/tests/server_fixture.h"

namespace neurolake::server {
namespace {

class RequestLimitsTest : public ServerTest {
 protected:
  RequestLimits Limits() { return RequestLimits(settings_, fake_clock_, service_); }
  static Principal Named(const std::string& id) {
    Principal principal;
    principal.id = PrincipalId(id);
    return principal;
  }
  static Request From(const std::string& address, std::vector<std::string> forwarded) {
    Request request{.method = "GET", .target = "/", .headers = {}};
    request.address = address;
    for (std::string& one : forwarded) request.headers.emplace_back("x-forwarded-for", std::move(one));
    return request;
  }

  FakeClock fake_clock_;
};

TEST_F(RequestLimitsTest, TwoSecondsWorthAtOnceAndThenByTheClock) {
  settings_.limits_requests_per_address = 2;
  RequestLimits limits = Limits();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limits.AdmitAddress("192.0.2.1")) << i;
  const auto refused = limits.AdmitAddress("192.0.2.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kTooManyRequests);
  EXPECT_NE(refused.error().message().find("limits.requests_per_address"), std::string::npos);
  EXPECT_EQ(refused.error().details().at(0), (std::pair<std::string, std::string>{"retry_after", "1"}));
  EXPECT_TRUE(limits.AdmitAddress("192.0.2.2"));
  fake_clock_.Advance(std::chrono::milliseconds(500));
  EXPECT_TRUE(limits.AdmitAddress("192.0.2.1"));
  EXPECT_FALSE(limits.AdmitAddress("192.0.2.1"));
}

TEST_F(RequestLimitsTest, APrincipalsDoNotCountForAnother) {
  settings_.limits_requests_per_principal = 1;
  RequestLimits limits = Limits();
  EXPECT_TRUE(limits.AdmitPrincipal(Named("a")) && limits.AdmitPrincipal(Named("a")));
  EXPECT_FALSE(limits.AdmitPrincipal(Named("a")));
  EXPECT_TRUE(limits.AdmitPrincipal(Named("b")));
  // No limit was set for addresses.
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(limits.AdmitAddress("192.0.2.1"));
}

TEST_F(RequestLimitsTest, OneRefusalAMinuteOfEachIsAudited) {
  settings_.limits_requests_per_address = 1;
  RequestLimits limits = Limits();
  for (int i = 0; i < 50; ++i) {
    (void)limits.AdmitAddress("192.0.2.1");
    (void)limits.AdmitAddress("192.0.2.2");
  }
  EXPECT_EQ(service_.refusals, 2);
  EXPECT_NE(service_.metrics().Serialize().find("neurolake_http_requests_limited_total{by=\"address\"} 96"),
            std::string::npos)
      << service_.metrics().Serialize();
  fake_clock_.Advance(std::chrono::seconds(60));
  for (int i = 0; i < 5; ++i) (void)limits.AdmitAddress("192.0.2.1");
  EXPECT_EQ(service_.refusals, 3);
}

TEST_F(RequestLimitsTest, AHeaderNamesAnAddressForAProxyThatIsTrustedAlone) {
  EXPECT_EQ(Limits().AddressOf(From("127.0.0.1", {"198.51.100.7"})), "127.0.0.1");
  settings_.http_trusted_proxies = {"10.0.0.1", "10.0.0.2"};
  RequestLimits limits = Limits();
  EXPECT_EQ(limits.AddressOf(From("127.0.0.1", {"198.51.100.7"})), "127.0.0.1");
  EXPECT_EQ(limits.AddressOf(From("10.0.0.1", {"198.51.100.7"})), "198.51.100.7");
  // What the client wrote itself stands before what the proxies added.
  EXPECT_EQ(limits.AddressOf(From("10.0.0.1", {"203.0.113.9, 198.51.100.7, 10.0.0.2"})), "198.51.100.7");
  EXPECT_EQ(limits.AddressOf(From("10.0.0.1", {"203.0.113.9", "198.51.100.7"})), "198.51.100.7");
  EXPECT_EQ(limits.AddressOf(From("10.0.0.1", {"198.51.100.7, nonsense"})), "10.0.0.1");
  EXPECT_EQ(limits.AddressOf(From("10.0.0.1", {})), "10.0.0.1");
  EXPECT_EQ(limits.AddressOf(From("10.0.0.1", {"2001:db8:1:2:aaaa::1"})), "2001:db8:1:2::");
}

TEST_F(RequestLimitsTest, AProxyThatIsNoAddressIsRefusedAtTheStart) {
  settings_.http_trusted_proxies = {"10.0.0.1"};
  EXPECT_TRUE(RequestLimits::CheckSettings(settings_));
  settings_.http_trusted_proxies = {"proxy.example.org"};
  const auto checked = RequestLimits::CheckSettings(settings_);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(RequestLimitsTest, OverHttpTheRestIsToldWhenAndProbesGoOn) {
  settings_.limits_requests_per_address = 1;
  Start();
  Client client(port());
  int refused = 0;
  Answer last;
  for (int i = 0; i < 20; ++i) {
    const Answer answer = client.Ask("GET", "/v1/openapi.json");
    if (answer.status == 429 && ++refused > 0) last = answer;
  }
  EXPECT_GT(refused, 10);
  EXPECT_EQ(last.code(), "TooManyRequests");
  EXPECT_TRUE(last.headers.contains("retry-after"));
  EXPECT_EQ(client.Ask("GET", "/health").status, 200);
  // Nobody is told more by a token.
  EXPECT_EQ(client.Ask("GET", "/v1/me", "", {{"Authorization", "Bearer nl_nobody"}}).status, 429);
}

TEST_F(RequestLimitsTest, OverHttpAPrincipalsRestIsRefusedAndNotThatOfOthers) {
  settings_.limits_requests_per_principal = 1;
  Start();
  Client client(port());
  const auto ask = [&](const std::string& token) { return client.Call("GET", "/v1/me", "", {}, token); };
  EXPECT_EQ(ask("nl_alice").status, 200);
  int refused = 0;
  Answer last;
  for (int i = 0; i < 20; ++i) {
    const Answer answer = ask("nl_alice");
    if (answer.status == 429 && ++refused > 0) last = answer;
  }
  EXPECT_GT(refused, 10);
  EXPECT_NE(last.body.find("limits.requests_per_principal"), std::string::npos) << last.body;
  EXPECT_EQ(ask("nl_bob").status, 200);
}

}  // namespace
}  // namespace neurolake::server
