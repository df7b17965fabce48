#include "storage/tests/real_services.h"

#include <gtest/gtest.h>

#include <fstream>

#include "common/text.h"
#include "net/http_client.h"
#include "storage/internal/azure_service.h"
#include "storage/internal/http_answers.h"
#include "storage/internal/signature_v4.h"
#include "storage/internal/transport.h"

namespace neurolake::storage {
namespace {

const std::string kCache = NL_CACHE_DIR;
const SystemClock kClock;

/// Making buckets is no business of a store, so the tests do it themselves. Empty: it worked.
std::string Ask(const std::string& endpoint, net::HttpRequest request) {
  const auto client = net::HttpClient::Make(net::ParseUrl(endpoint).value(), {});
  const RequestContext ctx({}, "", "", kClock, kClock.SteadyNow() + std::chrono::seconds(30));
  auto response = (*client)->Send(ctx, std::move(request));
  if (!response.has_value()) return response.error().message();
  if ((*response)->status() < 300) return "";
  return fmt::format("HTTP {}: {}", (*response)->status(), (*response)->ReadAll(4096).value_or(""));
}

std::string MakeSeaweedBucket(const std::string& endpoint, const std::string& authority) {
  const WallTime now = kClock.Now();
  internal::SignedRequest request{
      .method = "PUT",
      .path = "/lake",
      .query = {},
      .headers = {{"x-amz-date", internal::AmzDate(now)}, {"x-amz-content-sha256", Sha256Hex("")}, {"host", authority}},
      .payload_sha256 = Sha256Hex("")};
  const std::string signature = internal::SignV4(
      {.access_key_id = "admin", .secret_access_key = "adminsecret", .session_token = {}, .expires_at = {}},
      {.at = now, .region = "us-east-1"}, request);
  request.headers.pop_back();
  request.headers.emplace_back("Authorization", signature);
  return Ask(endpoint, {.method = "PUT", .target = "/lake", .headers = request.headers});
}

std::string MakeAzuriteContainer(const std::string& endpoint) {
  const std::string path = std::string("/") + kAzuriteAccount + "/lake";
  std::vector<std::pair<std::string, std::string>> headers = {{"x-ms-version", "2021-12-02"},
                                                              {"x-ms-date", internal::FormatHttpDate(kClock.Now())}};
  const std::string to_sign =
      internal::AzureStringToSign(kAzuriteAccount, "PUT", path, {{"restype", "container"}}, headers, 0);
  const std::string key = internal::DecodeBase64(kAzuriteKey).value();
  headers.emplace_back("Authorization", fmt::format("SharedKey {}:{}", kAzuriteAccount,
                                                    internal::Base64(internal::HmacSha256(key, to_sign))));
  return Ask(endpoint, {.method = "PUT", .target = "/lake?restype=container", .headers = headers});
}

RealService StartSeaweed() {
  const std::string directory = NewTemporaryDirectory();
  std::ofstream(directory + "/s3.json") << R"({"identities":[
    {"name":"admin","credentials":[{"accessKey":"admin","secretKey":"adminsecret"}],
     "actions":["Admin","Read","Write","List","Tagging"]},
    {"name":"writer","credentials":[{"accessKey":"writer","secretKey":"writersecret"}],
     "actions":["Read","Write","List"]},
    {"name":"reader","credentials":[{"accessKey":"reader","secretKey":"readersecret"}],"actions":["Read","List"]}]})";
  const uint16_t port = FreePort();
  const auto flag = [](const char* name, uint16_t value) { return fmt::format("-{}={}", name, value); };
  RealService service{.process = {}, .endpoint = fmt::format("http://127.0.0.1:{}", port), .problem = {}};
  service.process = std::make_unique<ServiceProcess>(
      directory, ServiceProcess::Command{.name = "seaweedfs",
                                         .arguments = {kCache + "/seaweedfs/weed",
                                                       "server",
                                                       "-dir=" + directory,
                                                       "-ip=127.0.0.1",
                                                       "-ip.bind=127.0.0.1",
                                                       flag("master.port", FreePort()),
                                                       flag("master.port.grpc", FreePort()),
                                                       flag("volume.port", FreePort()),
                                                       flag("volume.port.grpc", FreePort()),
                                                       "-filer",
                                                       flag("filer.port", FreePort()),
                                                       flag("filer.port.grpc", FreePort()),
                                                       "-s3",
                                                       flag("s3.port", port),
                                                       flag("s3.port.grpc", FreePort()),
                                                       "-s3.port.iceberg=0",
                                                       "-s3.port.lance=0",
                                                       "-s3.config=" + directory + "/s3.json",
                                                       "-master.volumeSizeLimitMB=64",
                                                       "-volume.max=20"},
                                         .port = port,
                                         .ready_status = 403});
  service.problem = service.process->problem();
  // The bucket's directory is on the filer, which may be up a moment later than the gateway.
  for (int attempt = 0; service.problem.empty() && attempt < 100; ++attempt) {
    const std::string problem = MakeSeaweedBucket(service.endpoint, fmt::format("127.0.0.1:{}", port));
    if (problem.empty()) return service;
    if (attempt == 99) service.problem = "cannot make the bucket: " + problem;
    (void)RequestContext({}, "", "", kClock, SteadyTime::max()).SleepFor(std::chrono::milliseconds(100));
  }
  return service;
}

RealService StartFakeGcs() {
  const std::string directory = NewTemporaryDirectory();
  const uint16_t port = FreePort();
  const std::string port_text = std::to_string(port);
  RealService service{.process = {}, .endpoint = "http://127.0.0.1:" + port_text, .problem = {}};
  service.process = std::make_unique<ServiceProcess>(
      directory,
      ServiceProcess::Command{.name = "fake-gcs-server",
                              .arguments = {kCache + "/fake-gcs-server/fake-gcs-server", "-scheme", "http", "-host",
                                            "127.0.0.1", "-port", port_text, "-backend", "memory", "-external-url",
                                            service.endpoint, "-public-host", "127.0.0.1:" + port_text},
                              .port = port,
                              .ready_path = "/storage/v1/b"});
  service.problem = service.process->problem();
  if (service.problem.empty()) {
    service.problem = Ask(service.endpoint, {.method = "POST",
                                             .target = "/storage/v1/b?project=test",
                                             .headers = {{"Content-Type", "application/json"}},
                                             .body = R"({"name":"lake"})"});
  }
  return service;
}

RealService StartAzurite() {
  const std::string directory = NewTemporaryDirectory();
  const uint16_t port = FreePort();
  RealService service{
      .process = {}, .endpoint = fmt::format("http://127.0.0.1:{}/{}", port, kAzuriteAccount), .problem = {}};
  service.process = std::make_unique<ServiceProcess>(
      directory,
      ServiceProcess::Command{.name = "azurite",
                              .arguments = {"node", kCache + "/azurite/node_modules/azurite/dist/src/blob/main.js",
                                            "--blobHost", "127.0.0.1", "--blobPort", std::to_string(port), "-l",
                                            directory, "--silent", "--skipApiVersionCheck", "--disableTelemetry"},
                              .port = port});
  service.problem = service.process->problem();
  if (service.problem.empty()) service.problem = MakeAzuriteContainer(service.endpoint);
  return service;
}

template <RealService (*Start)()>
RealService& Running() {
  static RealService service = Start();
  return service;
}

}  // namespace

RealService& Seaweed() { return Running<StartSeaweed>(); }
RealService& FakeGcs() { return Running<StartFakeGcs>(); }
RealService& Azurite() { return Running<StartAzurite>(); }

S3Options SeaweedOptions(const std::string& key, const std::string& secret) {
  S3Options options{.endpoint = Seaweed().endpoint};
  options.credentials = NewStaticS3Credentials(
      {.access_key_id = key, .secret_access_key = secret, .session_token = {}, .expires_at = {}});
  options.transport.attempts_max = 3;
  return options;
}

GcsOptions FakeGcsOptions() {
  GcsOptions options{.endpoint = FakeGcs().endpoint};
  options.transport.attempts_max = 3;
  return options;
}

AzureOptions AzuriteOptions() {
  AzureOptions options{.account = kAzuriteAccount, .endpoint = Azurite().endpoint, .account_key = kAzuriteKey};
  options.transport.attempts_max = 3;
  return options;
}

}  // namespace neurolake::storage
