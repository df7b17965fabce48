#include "net/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/ids.h"

namespace neurolake::net {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

class CertificateTest : public testing::Test {
 protected:
  ~CertificateTest() override { fs::remove_all(folder_); }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::vector<std::string> NamesOf(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "r");
    X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
    std::fclose(file);
    auto names = AlternativeNames(certificate);
    X509_free(certificate);
    return names;
  }

  FakeClock clock_;
  fs::path folder_ = fs::temp_directory_path() / ("nl-certificate-" + NewUuid());
};

TEST_F(CertificateTest, IsMadeOnceAndRenewedInTime) {
  const auto made = LocalCertificate(folder_.string(), clock_);
  ASSERT_TRUE(made.has_value()) << made.error().message();
  EXPECT_THAT(NamesOf(made->certificate), testing::Contains("dns:localhost"));
  struct stat status {};
  ASSERT_EQ(stat(made->key.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const std::string first = Read(made->certificate);
  clock_.Advance(hours(24 * 300));
  ASSERT_TRUE(LocalCertificate(folder_.string(), clock_).has_value());
  EXPECT_EQ(Read(made->certificate), first);
  clock_.Advance(hours(24 * 40));
  ASSERT_TRUE(LocalCertificate(folder_.string(), clock_).has_value());
  EXPECT_NE(Read(made->certificate), first);
}

TEST_F(CertificateTest, HalfOfAPairIsRefused) {
  const auto made = LocalCertificate(folder_.string(), clock_);
  ASSERT_TRUE(made.has_value());
  fs::remove(made->key);
  const auto refused = LocalCertificate(folder_.string(), clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
}

X509* WithNames(const std::vector<std::pair<int, std::string>>& names) {
  X509* certificate = X509_new();
  GENERAL_NAMES* all = GENERAL_NAMES_new();
  for (const auto& [kind, text] : names) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
    GENERAL_NAME_set0_value(name, kind, value);
    sk_GENERAL_NAME_push(all, name);
  }
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, 0);
  GENERAL_NAMES_free(all);
  return certificate;
}

TEST_F(CertificateTest, NamesAreReadInOneWay) {
  const auto read = [](const std::vector<std::pair<int, std::string>>& names) {
    X509* certificate = WithNames(names);
    auto found = AlternativeNames(certificate);
    X509_free(certificate);
    return found;
  };
  EXPECT_THAT(
      read({{GEN_DNS, "ETL.example.org"}, {GEN_URI, "spiffe://example.org/Etl"}, {GEN_EMAIL, "etl@example.org"}}),
      testing::ElementsAre("dns:etl.example.org", "uri:spiffe://example.org/Etl"));
  EXPECT_THAT(read({}), testing::IsEmpty());
  EXPECT_THAT(read({{GEN_DNS, std::string("etl.example.org\0.evil.example", 29)}}), testing::IsEmpty());
  EXPECT_THAT(read({{GEN_DNS, "a"}, {GEN_DNS, std::string("b\0c", 3)}}), testing::IsEmpty());
  EXPECT_THAT(read({{GEN_DNS, "etl.example.org\n"}}), testing::IsEmpty());
  EXPECT_THAT(read({{GEN_DNS, "\xC3\xA9tl.example.org"}}), testing::IsEmpty());
  X509* none = X509_new();
  EXPECT_THAT(AlternativeNames(none), testing::IsEmpty());
  X509_free(none);
}

}  // namespace
}  // namespace neurolake::net
