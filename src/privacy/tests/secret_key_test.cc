#include "privacy/secret_key.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "privacy/keyed_hash.h"
#include "privacy/tests/hex.h"

namespace neurolake::privacy {
namespace {

// RFC 5869, appendix A, cases 1 to 3.
TEST(SecretKeyTest, HkdfIsThatOfRfc5869) {
  std::vector<uint8_t> out(42);
  HkdfSha256(std::string(22, '\x0b'), FromHex("000102030405060708090a0b0c"), FromHex("f0f1f2f3f4f5f6f7f8f9"), out);
  EXPECT_EQ(ToHex(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  std::string secret, salt, info;
  for (int i = 0; i < 80; ++i) {
    secret += static_cast<char>(i);
    salt += static_cast<char>(0x60 + i);
    info += static_cast<char>(0xb0 + i);
  }
  out.resize(82);
  HkdfSha256(secret, salt, info, out);
  EXPECT_EQ(
      ToHex(out),
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09"
      "b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  out.resize(42);
  HkdfSha256(std::string(22, '\x0b'), "", "", out);
  EXPECT_EQ(ToHex(out), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(SecretKeyTest, KeysOfEachUseDiffer) {
  const SecretKey key = SecretKey::Random(), other = SecretKey::Random();
  EXPECT_EQ(key.Derive("a", "b").view(), key.Copy().Derive("a", "b").view());
  EXPECT_NE(key.Derive("a", "b").view(), other.Derive("a", "b").view());
  EXPECT_NE(key.Derive("a", "b").view(), key.Derive("a", "c").view());
  EXPECT_NE(key.Derive("a", "bc").view(), key.Derive("ab", "c").view());
  EXPECT_FALSE(SecretKey::FromBytes(std::string(31, 'x')).has_value());
  EXPECT_TRUE(SecretKey::FromBytes(std::string(32, 'x')).has_value());
}

// RFC 4231 has keys of other lengths but for case 3's kin; this is FIPS 198-1's construction under a key of 32 bytes,
// as in NIST's CAVP set HMAC, [L=32], and as every implementation computes it: compared with OpenSSL below.
TEST(KeyedHashTest, IsHmacSha256) {
  const auto key = SecretKey::FromBytes(std::string(32, '\x0b')).value();
  const KeyedHash hash(KeyedHash::Algorithm::kHmacSha256, key);
  for (const size_t size : {0, 1, 55, 56, 63, 64, 65, 1000}) {
    const std::string value(size, 'v');
    std::vector<uint8_t> expected(32);
    unsigned length = 0;
    HMAC(EVP_sha256(), key.bytes().data(), 32, reinterpret_cast<const uint8_t*>(value.data()), size, expected.data(),
         &length);
    EXPECT_EQ(ToHex(hash.Of(value)), ToHex(expected)) << size;
  }
}

// BLAKE2's own test vectors (blake2b-kat.txt) are of 64 bytes; RFC 7693 leaves the length to the parameters. The value
// is that of Python's hashlib.blake2b(b"abc", key=bytes(range(32)), digest_size=32).
TEST(KeyedHashTest, IsKeyedBlake2b) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(i);
  const KeyedHash hash(KeyedHash::Algorithm::kBlake2b, SecretKey::FromBytes(bytes).value());
  EXPECT_EQ(ToHex(hash.Of("abc")), "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
  EXPECT_NE(hash.Of("abc"), hash.Of("abd"));
}

}  // namespace
}  // namespace neurolake::privacy
