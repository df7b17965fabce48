#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdlib>

#include "common/text.h"
#include "storage/internal/http_answers.h"
#include "storage/object_store_options.h"
#include "storage/tests/fake_http_server.h"

namespace neurolake::storage {
namespace {

constexpr const char* kVariables[] = {"AWS_ACCESS_KEY_ID",
                                      "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN",
                                      "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                      "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                      "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                      "GOOGLE_APPLICATION_CREDENTIALS",
                                      "AZURE_STORAGE_ACCOUNT",
                                      "AZURE_STORAGE_KEY",
                                      "AZURE_STORAGE_SAS_TOKEN",
                                      "AZURE_STORAGE_CONNECTION_STRING"};

/// A metadata service that says what a test wants, and a clock that moves when a test wants.
class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() : server_([this](const FakeRequest& request) { return Answer(request); }) {
    for (const char* variable : kVariables) ::unsetenv(variable);
  }
  ~CredentialsTest() override {
    for (const char* variable : kVariables) ::unsetenv(variable);
  }

  FakeReply Answer(const FakeRequest& request) {
    if (fail_with_ != 0) return {.status = fail_with_, .headers = {}, .body = "hunter2"};
    if (request.path == "/latest/api/token") {
      const bool right = request.method == "PUT" && request.headers.contains("x-aws-ec2-metadata-token-ttl-seconds");
      return right ? FakeReply{.body = "session"} : FakeReply{.status = 400};
    }
    if (request.path.starts_with("/latest/")) {
      const auto token = request.headers.find("x-aws-ec2-metadata-token");
      if (token == request.headers.end() || token->second != "session") return {.status = 401};
      if (request.path.ends_with("/security-credentials/")) return {.body = "lake-role\n"};
      if (request.path.ends_with("/lake-role")) return {.headers = {}, .body = RoleAnswer()};
    }
    if (request.path == "/container") return {.headers = {}, .body = RoleAnswer()};
    if (request.path.ends_with("/token")) {
      return {.headers = {}, .body = fmt::format(R"({{"access_token":"token{}","expires_in":3600}})", ++issued_)};
    }
    return {.status = 404};
  }
  std::string RoleAnswer() {
    return fmt::format(
        R"({{"Code":"Success","AccessKeyId":"KEY{}","SecretAccessKey":"hunter2","Token":"t","Expiration":"{}"}})",
        ++issued_, FormatTimestamp(clock_.Now() + std::chrono::hours(1)));
  }
  InstanceRoleOptions RoleOptions() {
    return {.metadata_endpoint = server_.url(), .container_endpoint = {}, .clock = &clock_};
  }
  TokenRequestOptions TokenOptions(const std::string& path = "") {
    return {.token_endpoint = server_.url() + path, .certificate_authority_file = {}, .clock = &clock_};
  }
  static void ExpectNone(const Error& error, const std::string& part) {
    EXPECT_EQ(error.code(), ErrorCode::kUnauthenticated) << error.message();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    EXPECT_EQ(error.message().find("hunter2"), std::string::npos) << error.message();
  }

  FakeClock clock_;
  SystemClock system_;
  RequestContext ctx_{{}, "r", "test", system_, SteadyTime::max()};
  std::atomic<int> issued_ = 0;
  std::atomic<int> fail_with_ = 0;
  FakeHttpServer server_;
};

TEST_F(CredentialsTest, TheEnvironmentComesFirstAndMustBeWhole) {
  ::setenv("AWS_ACCESS_KEY_ID", "FROMENV", 1);
  ExpectNone(NewEnvironmentS3Credentials()->Get(ctx_).error(), "AWS_SECRET_ACCESS_KEY");
  const auto chain = NewDefaultS3Credentials(RoleOptions());
  EXPECT_EQ(chain->Get(ctx_)->access_key_id, "KEY1");
  ::setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
  ::setenv("AWS_SESSION_TOKEN", "session", 1);
  EXPECT_EQ(NewEnvironmentS3Credentials()->Get(ctx_)->session_token, "session");
  EXPECT_EQ(chain->Get(ctx_)->access_key_id, "FROMENV");
}

TEST_F(CredentialsTest, TheInstancesRoleIsKeptAndRenewedBeforeItEnds) {
  const auto role = NewInstanceRoleS3Credentials(RoleOptions());
  EXPECT_EQ(role->Get(ctx_)->access_key_id, "KEY1");
  clock_.Advance(std::chrono::minutes(54));
  EXPECT_EQ(role->Get(ctx_)->access_key_id, "KEY1");
  clock_.Advance(std::chrono::minutes(2));  // Four minutes are left.
  EXPECT_EQ(role->Get(ctx_)->access_key_id, "KEY2");
  role->Invalidate();
  EXPECT_EQ(role->Get(ctx_)->access_key_id, "KEY3");
}

TEST_F(CredentialsTest, AFailedRenewalIsNoFailureWhileTheOldOnesHold) {
  const auto role = NewInstanceRoleS3Credentials(RoleOptions());
  ASSERT_TRUE(role->Get(ctx_).has_value());
  fail_with_ = 404;
  clock_.Advance(std::chrono::minutes(57));
  EXPECT_EQ(role->Get(ctx_)->access_key_id, "KEY1");
  clock_.Advance(std::chrono::minutes(4));
  ExpectNone(role->Get(ctx_).error(), "HTTP 404 from " + server_.url());
}

TEST_F(CredentialsTest, TheContainersEndpointTakesItsToken) {
  ::setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me", 1);
  ::setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (server_.url() + "/container?a=b").c_str(), 1);
  EXPECT_EQ(NewDefaultS3Credentials(RoleOptions())->Get(ctx_)->access_key_id, "KEY1");
  EXPECT_EQ(server_.requests().back().headers.at("authorization"), "let me");
  EXPECT_EQ(server_.requests().back().query.at("a"), "b");
}

TEST_F(CredentialsTest, ATokenIsNotSentInClearToAnotherMachine) {
  ::setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2", 1);
  for (const char* url : {"http://example.invalid/x", "http://127.0.0.1.example.invalid/x", "http://10.0.0.1/x"}) {
    InstanceRoleOptions options = RoleOptions();
    options.container_endpoint = url;
    ExpectNone(NewInstanceRoleS3Credentials(options)->Get(ctx_).error(), "must be https or on this machine");
  }
}

TEST_F(CredentialsTest, WhatIsNoAnswerIsToldWithoutRepeatingIt) {
  fail_with_ = 503;
  ExpectNone(NewInstanceRoleS3Credentials(RoleOptions())->Get(ctx_).error(), "HTTP 503");
  EXPECT_EQ(server_.requests().size(), 3);
  FakeHttpServer odd(
      [](const FakeRequest&) { return FakeReply{.headers = {}, .body = "{\"AccessKeyId\": \"hunter2\"}"}; });
  InstanceRoleOptions options = RoleOptions();
  options.container_endpoint = odd.url() + "/x";
  ExpectNone(NewInstanceRoleS3Credentials(options)->Get(ctx_).error(), "no key or no expiration");
}

/// A key file as Google gives it, with a key made for this test.
std::string ServiceAccountFile(const std::string& token_uri) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  std::string pem;
  for (const char c : std::string_view(text, static_cast<size_t>(size)))
    pem += c == '\n' ? std::string("\\n") : std::string(1, c);
  return fmt::format(
      R"({{"type":"service_account","client_email":"lake@example.iam","private_key_id":"k1","private_key":"{}","token_uri":"{}"}})",
      pem, token_uri);
}

TEST_F(CredentialsTest, AServiceAccountTradesASignedStatementForAToken) {
  FakeHttpServer elsewhere([](const FakeRequest&) { return FakeReply{.status = 500}; });
  const auto account = NewGcsServiceAccount(ServiceAccountFile(elsewhere.url()), TokenOptions("/token")).value();
  EXPECT_EQ(account->Get(ctx_)->token, "token1");
  EXPECT_EQ(account->Get(ctx_)->token, "token1");
  clock_.Advance(std::chrono::minutes(56));
  EXPECT_EQ(account->Get(ctx_)->token, "token2");
  const std::string body = server_.requests().front().body;
  EXPECT_TRUE(body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey"))
      << body;
  // A key file does not choose where the server sends requests.
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(CredentialsTest, WhatIsNoServiceAccountIsRefusedWithoutRepeatingIt) {
  for (const char* text :
       {"hunter2", "[]", R"({"client_email":""})", R"({"client_email":"a","private_key":"hunter2"})"}) {
    const auto account = NewGcsServiceAccount(text);
    ASSERT_FALSE(account.has_value());
    EXPECT_EQ(account.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(account.error().message().find("hunter2"), std::string::npos);
  }
}

TEST_F(CredentialsTest, OtherCloudsTokens) {
  EXPECT_EQ(NewGcsInstanceRole(TokenOptions())->Get(ctx_)->token, "token1");
  EXPECT_EQ(server_.requests().back().headers.at("metadata-flavor"), "Google");
  EXPECT_EQ(NewAzureManagedIdentity("id", TokenOptions())->Get(ctx_)->token, "token2");
  EXPECT_EQ(server_.requests().back().headers.at("metadata"), "true");
  EXPECT_EQ(server_.requests().back().query.at("client_id"), "id");
  const auto principal =
      NewAzureServicePrincipal({.tenant_id = "tenant", .client_id = "c", .client_secret = "s&1"}, TokenOptions());
  EXPECT_EQ(principal->Get(ctx_)->token, "token3");
  EXPECT_EQ(server_.requests().back().path, "/tenant/oauth2/v2.0/token");
  EXPECT_NE(server_.requests().back().body.find("client_secret=s%261"), std::string::npos);
  fail_with_ = 400;
  ExpectNone(NewGcsInstanceRole(TokenOptions())->Get(ctx_).error(), "HTTP 400");
}

TEST_F(CredentialsTest, AzuresEnvironment) {
  ::setenv("AZURE_STORAGE_CONNECTION_STRING",
           "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5;EndpointSuffix=x", 1);
  AzureOptions options;
  ASSERT_TRUE(FillAzureOptionsFromEnvironment(options).has_value());
  EXPECT_EQ(options.account, "acc");
  EXPECT_EQ(options.account_key, "a2V5");
  AzureOptions given{.account = "mine", .endpoint = {}, .account_key = {}, .sas_token = "sig=1"};
  ASSERT_TRUE(FillAzureOptionsFromEnvironment(given).has_value());
  EXPECT_EQ(given.account, "mine");
  EXPECT_TRUE(given.account_key.empty());
  given.account_key = "a2V5";
  EXPECT_EQ(NewAzureStore(given).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(CredentialsTest, TokensAreSentOverNoPlainHttp) {
  AzureOptions azure{.account = "acc", .endpoint = "https://blobs.example", .account_key = {}, .sas_token = "sig=1"};
  EXPECT_TRUE(NewAzureStore(azure).has_value());
  for (const char* endpoint : {"http://blobs.example", "blobs.example", "http://127.example"}) {
    azure.endpoint = endpoint;
    EXPECT_EQ(NewAzureStore(azure).error().code(), ErrorCode::kInvalidArgument) << endpoint;
    GcsOptions gcs;
    gcs.endpoint = endpoint;
    EXPECT_TRUE(NewGcsStore(gcs).has_value()) << "anonymous";
    gcs.credentials = NewStaticAccessToken({.token = "t", .expires_at = std::nullopt});
    EXPECT_EQ(NewGcsStore(gcs).error().code(), ErrorCode::kInvalidArgument) << endpoint;
  }
}

}  // namespace
}  // namespace neurolake::storage
