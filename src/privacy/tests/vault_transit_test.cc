#include "privacy/vault_transit.h"

#include <gtest/gtest.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>

#include "privacy/tests/key_fixture.h"
#include "storage/tests/fake_http_server.h"

namespace neurolake::privacy {
namespace {

namespace json = boost::json;
using storage::FakeHttpServer;
using storage::FakeReply;
using storage::FakeRequest;

constexpr const char* kRootToken = "root-token";

/// An OpenBao server of the test's own, with a transit engine, a key and a token that may use it and no more.
class OpenBao {
 public:
  static OpenBao& Get() {
    static OpenBao server;
    return server;
  }
  const std::string& problem() const { return problem_; }
  const std::string& address() const { return address_; }
  const std::string& token() const { return token_; }

  json::object Ask(const std::string& method, const std::string& target, const json::object& body) const {
    const SystemClock clock;
    const RequestContext ctx({}, "", "", clock, clock.SteadyNow() + std::chrono::seconds(60));
    const auto client = net::HttpClient::Make(net::ParseUrl(address_).value(), {}).value();
    auto response = client->Send(ctx, {.method = method,
                                       .target = "/v1/" + target,
                                       .headers = {{"X-Vault-Token", kRootToken}},
                                       .body = json::serialize(body),
                                       .body_source = {},
                                       .body_source_bytes = 0,
                                       .sent = nullptr});
    if (!response.has_value()) return {{"problem", response.error().message()}};
    const std::string text = (*response)->ReadAll(1 << 20).value_or("");
    if ((*response)->status() >= 300) return {{"problem", text}};
    return text.empty() ? json::object() : json::parse(text).as_object();
  }

 private:
  OpenBao() : directory_(storage::NewTemporaryDirectory()) {
    const uint16_t port = storage::FreePort();
    address_ = fmt::format("http://127.0.0.1:{}", port);
    process_ = std::make_unique<storage::ServiceProcess>(
        directory_, storage::ServiceProcess::Command{
                        .name = "openbao",
                        .arguments = {std::string(NL_CACHE_DIR) + "/openbao/bao", "server", "-dev",
                                      "-dev-no-store-token", std::string("-dev-root-token-id=") + kRootToken,
                                      fmt::format("-dev-listen-address=127.0.0.1:{}", port)},
                        .port = port,
                        .ready_path = "/v1/sys/health",
                        .ready_status = 200});
    problem_ = process_->problem();
    if (!problem_.empty()) return;
    Must(Ask("POST", "sys/mounts/transit", {{"type", "transit"}}));
    Must(Ask("POST", "transit/keys/lake", {}));
    Must(Ask("POST", "sys/policies/acl/lake",
             {{"policy",
               "path \"transit/encrypt/lake\" { capabilities = [\"update\"] }\n"
               "path \"transit/decrypt/lake\" { capabilities = [\"update\"] }\n"
               "path \"transit/keys/lake\" { capabilities = [\"read\"] }"}}));
    const json::object made = Ask("POST", "auth/token/create", {{"policies", json::array{"lake"}}});
    Must(made);
    if (problem_.empty()) token_ = made.at("auth").at("client_token").as_string();
  }
  void Must(const json::object& answer) {
    if (const auto* problem = answer.if_contains("problem"); problem != nullptr && problem_.empty()) {
      problem_ = problem->as_string();
    }
  }

  std::string directory_;
  std::unique_ptr<storage::ServiceProcess> process_;
  std::string problem_, address_, token_;
};

class VaultTransitTest : public KeyFixture {
 protected:
  static VaultTransitOptions Options(const std::string& address, const std::string& token) {
    return {.address = address,
            .mount = "transit",
            .key = "lake",
            .token = token,
            .token_file = "",
            .name_space = "",
            .certificate_authority_file = "",
            .allow_plain_http = true};
  }
  const SystemClock real_clock_;
  const RequestContext real_{{}, "", "", real_clock_, real_clock_.SteadyNow() + std::chrono::seconds(60)};
  const SecretKey key_ = SecretKey::Random();
};

class OpenBaoTest : public VaultTransitTest {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(std::string(NL_CACHE_DIR) + "/openbao/bao")) {
      GTEST_SKIP() << "needs OpenBao: scripts/bootstrap.sh --tests";
    }
    ASSERT_EQ(OpenBao::Get().problem(), "");
  }
  std::unique_ptr<VaultTransit> Service(const std::string& token = kRootToken, const std::string& key = "lake") {
    auto options = Options(OpenBao::Get().address(), token);
    options.key = key;
    return VaultTransit::Make(options).value();
  }
};

TEST_F(OpenBaoTest, UnwrapsWhatItWrapped) {
  const auto service = Service(OpenBao::Get().token());
  const WrappedKey wrapped = service->Wrap(real_, key_, "this").value();
  EXPECT_EQ(wrapped.service, "vault");
  EXPECT_TRUE(wrapped.text.starts_with("vault:v")) << wrapped.text;
  EXPECT_EQ(service->Unwrap(real_, wrapped, "this")->view(), key_.view());
  EXPECT_EQ(service->Unwrap(real_, wrapped, "that").error().code(), ErrorCode::kCorruption);
  WrappedKey damaged = wrapped;
  damaged.text[damaged.text.size() - 8] ^= 1;
  EXPECT_FALSE(service->Unwrap(real_, damaged, "this").has_value());
  damaged.text = "not of transit";
  EXPECT_EQ(service->Unwrap(real_, damaged, "this").error().code(), ErrorCode::kCorruption);
}

TEST_F(OpenBaoTest, WithoutTheRightNothingIsDone) {
  const WrappedKey wrapped = Service()->Wrap(real_, key_, "this").value();
  for (const std::string& token : {std::string("no-such-token"), OpenBao::Get().token()}) {
    const bool known = token == OpenBao::Get().token();
    const auto service = Service(token);
    EXPECT_EQ(service->Unwrap(real_, wrapped, "this").has_value(), known);
    EXPECT_EQ(service->Rotate(real_).error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(service->Retire(real_).error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(Service(token, "another")->Wrap(real_, key_, "this").error().code(), ErrorCode::kPermissionDenied);
  }
  const auto refused = Service("no-such-token")->Unwrap(real_, wrapped, "this");
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_FALSE(refused.error().message().contains("no-such-token"));
}

TEST_F(OpenBaoTest, RotatesRewrapsAndRetires) {
  const auto service = Service();
  const WrappedKey old = service->Wrap(real_, key_, "this").value();
  EXPECT_EQ(service->Rewrap(real_, old, "this")->text, old.text);
  ASSERT_TRUE(service->Rotate(real_).has_value());
  EXPECT_EQ(service->Unwrap(real_, old, "this")->view(), key_.view());
  const WrappedKey rewrapped = service->Rewrap(real_, old, "this").value();
  EXPECT_NE(rewrapped.key_id, old.key_id);
  ASSERT_TRUE(service->Retire(real_).has_value());
  EXPECT_EQ(service->Unwrap(real_, rewrapped, "this")->view(), key_.view());
  EXPECT_FALSE(service->Unwrap(real_, old, "this").has_value());
}

TEST_F(VaultTransitTest, ATokenFromAFileIsReadAnew) {
  std::vector<std::string> tokens;
  FakeHttpServer server([&](const FakeRequest& request) {
    tokens.push_back(request.headers.at("x-vault-token"));
    EXPECT_EQ(request.headers.at("x-vault-namespace"), "team/a");
    return FakeReply{.headers = {}, .body = R"({"data":{"ciphertext":"vault:v7:abc"}})"};
  });
  auto options = Options(server.url(), "");
  options.token_file = File("token");
  options.name_space = "team/a";
  const auto service = VaultTransit::Make(options).value();
  EXPECT_EQ(service->Wrap(real_, key_, "x").error().code(), ErrorCode::kUnavailable) << "no file yet";
  for (const char* token : {"first", "second"}) {
    std::ofstream(options.token_file) << token << "\n";
    EXPECT_EQ(service->Wrap(real_, key_, "x")->key_id, "lake:v7");
  }
  EXPECT_EQ(tokens, (std::vector<std::string>{"first", "second"}));
}

TEST_F(VaultTransitTest, AnswersThatGoWrongAreErrors) {
  FakeReply reply;
  FakeHttpServer server([&](const FakeRequest&) { return reply; });
  const auto service = VaultTransit::Make(Options(server.url(), "hunter2")).value();
  const WrappedKey wrapped{"vault", "lake:v1", "vault:v1:AAAA"};
  const std::tuple<int, std::string, ErrorCode> cases[] = {
      {400, R"({"errors":["canary"]})", ErrorCode::kCorruption},
      {403, R"({"errors":["canary"]})", ErrorCode::kPermissionDenied},
      {404, "canary", ErrorCode::kNotFound},
      {429, "", ErrorCode::kUnavailable},
      {500, "canary", ErrorCode::kUnavailable},
      {503, "canary", ErrorCode::kUnavailable},
      {307, "", ErrorCode::kInternal},
      {200, "canary", ErrorCode::kUnavailable},
      {200, "{}", ErrorCode::kUnavailable},
      {200, R"({"data":null})", ErrorCode::kUnavailable},
      {200, R"({"data":{"plaintext":17}})", ErrorCode::kUnavailable},
      {200, R"({"data":{"plaintext":"!!!"}})", ErrorCode::kUnavailable},
      {200, R"({"data":{"plaintext":"Y2FuYXJ5"}})", ErrorCode::kCorruption}};
  for (const auto& [status, body, code] : cases) {
    reply = {.status = status, .headers = {}, .body = body};
    const auto opened = service->Unwrap(real_, wrapped, "x");
    ASSERT_FALSE(opened.has_value()) << status << body;
    EXPECT_EQ(opened.error().code(), code) << status << body;
    for (const char* secret : {"canary", "hunter2", "AAAA"}) EXPECT_FALSE(opened.error().message().contains(secret));
  }
  for (const auto fault : {FakeReply::Fault::kLost, FakeReply::Fault::kTruncated, FakeReply::Fault::kGarbage}) {
    reply = {.headers = {}, .body = R"({"data":{"plaintext":"aaaa"}})", .fault = fault};
    EXPECT_EQ(service->Unwrap(real_, wrapped, "x").error().code(), ErrorCode::kUnavailable);
  }
}

TEST_F(VaultTransitTest, OptionsThatDoNotFitAreRefused) {
  const auto refused = [](auto change) {
    VaultTransitOptions options = Options("http://127.0.0.1:1", "token");
    change(options);
    const auto made = VaultTransit::Make(options);
    return !made.has_value() && made.error().code() == ErrorCode::kInvalidArgument;
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& one) { one.allow_plain_http = false; }));
  EXPECT_TRUE(refused([](auto& one) { one.key = "../sys/seal"; }));
  EXPECT_TRUE(refused([](auto& one) { one.key = ""; }));
  EXPECT_TRUE(refused([](auto& one) { one.mount = "transit/../../sys"; }));
  EXPECT_TRUE(refused([](auto& one) { one.token = ""; }));
  EXPECT_TRUE(refused([](auto& one) { one.token_file = "/also"; }));
  EXPECT_TRUE(refused([](auto& one) { one.address = "https://user:secret@host"; }));
  EXPECT_FALSE(refused([](auto& one) {
    one.address = "https://vault.example.org:8200";
    one.allow_plain_http = false;
  }));
}

}  // namespace
}  // namespace neurolake::privacy
