#include <gtest/gtest.h>

#include <fstream>

#include "storage/object_store_options.h"
#include "storage/tests/fake_http_server.h"

namespace neurolake::storage {
namespace {

class TlsTest : public ::testing::Test {
 protected:
  /// A store that trusts the authority in `file`; empty: the system's.
  std::unique_ptr<ObjectStore> StoreOver(const FakeHttpServer& server, const std::string& file) {
    S3Options options{.endpoint = server.url()};
    options.credentials = NewStaticS3Credentials(
        {.access_key_id = "KEY", .secret_access_key = "hunter2", .session_token = {}, .expires_at = {}});
    options.transport.certificate_authority_file = file;
    options.transport.attempts_max = 1;
    return NewS3Store(options).value();
  }
  std::string Trusted(const FakeCertificate& certificate) {
    const std::string file = ::testing::TempDir() + "nl_authority.pem";
    std::ofstream(file) << certificate.certificate;
    return file;
  }
  static FakeReply Answer(const FakeRequest&) { return {.headers = {}, .body = "text"}; }
};

TEST_F(TlsTest, SpeaksToWhomTheAuthorityNames) {
  const FakeCertificate certificate = MakeFakeCertificate("IP:127.0.0.1");
  FakeHttpServer server(Answer, certificate);
  const auto store = StoreOver(server, Trusted(certificate));
  EXPECT_EQ(store->Read("s3://bucket/x").value(), "text");
  EXPECT_EQ(store->Read("s3://bucket/x").value(), "text");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(TlsTest, SendsNothingToAnybodyElse) {
  const FakeCertificate certificate = MakeFakeCertificate("IP:127.0.0.1");
  const FakeCertificate of_another = MakeFakeCertificate("DNS:elsewhere.example.org");
  FakeHttpServer server(Answer, certificate);
  FakeHttpServer wrong_name(Answer, of_another);
  for (const auto& [at, file] : {std::pair<FakeHttpServer*, std::string>{&server, ""},
                                 std::pair<FakeHttpServer*, std::string>{&wrong_name, Trusted(of_another)}}) {
    const auto read = StoreOver(*at, file)->Read("s3://bucket/x");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code(), ErrorCode::kIoError);
    EXPECT_NE(read.error().message().find("TLS to " + at->url()), std::string::npos) << read.error().message();
    EXPECT_TRUE(at->requests().empty());
  }
}

TEST_F(TlsTest, AnAuthorityThatCannotBeReadIsAnError) {
  FakeHttpServer server(Answer, MakeFakeCertificate("IP:127.0.0.1"));
  EXPECT_EQ(StoreOver(server, "/nonexistent.pem")->Read("s3://bucket/x").error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace neurolake::storage
