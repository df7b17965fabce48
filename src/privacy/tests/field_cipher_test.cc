#include "privacy/field_cipher.h"

#include <gtest/gtest.h>

#include <random>

#include "privacy/tests/hex.h"

namespace neurolake::privacy {
namespace {

using Mode = CellHeader::Mode;

// RFC 5297, appendix A.1 and A.2.
TEST(AesSivTest, GivesTheVectorsOfRfc5297) {
  const std::string key = FromHex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const std::string data = FromHex("101112131415161718191a1b1c1d1e1f2021222324252627");
  const std::string plain = FromHex("112233445566778899aabbccddee");
  const std::string sealed = internal::SealSiv(key, {data}, plain).value();
  EXPECT_EQ(ToHex(sealed), "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
  EXPECT_EQ(internal::OpenSiv(key, {data}, sealed).value(), plain);

  const std::string key2 = FromHex("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f");
  const std::string one = FromHex("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100");
  const std::string two = FromHex("102030405060708090a0"), nonce = FromHex("09f911029d74e35bd84156c5635688c0");
  const std::string text = "this is some plaintext to encrypt using SIV-AES";
  const std::string sealed2 = internal::SealSiv(key2, {one, two, nonce}, text).value();
  EXPECT_EQ(
      ToHex(sealed2),
      "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e"
      "9c485b62a3fd5c0d");
  EXPECT_EQ(internal::OpenSiv(key2, {one, two, nonce}, sealed2).value(), text);
  EXPECT_FALSE(internal::OpenSiv(key2, {two, one, nonce}, sealed2).has_value());
}

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
TEST(XChaChaTest, GivesTheVectorOfItsDraft) {
  std::string key_bytes, nonce;
  for (int i = 0; i < 32; ++i) key_bytes += static_cast<char>(0x80 + i);
  for (int i = 0; i < 24; ++i) nonce += static_cast<char>(0x40 + i);
  const auto key = SecretKey::FromBytes(key_bytes).value();
  const std::string data = FromHex("50515253c0c1c2c3c4c5c6c7");
  const std::string plain =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
      "it.";
  const std::string sealed = internal::SealXChaCha(key, nonce, data, plain);
  EXPECT_EQ(
      ToHex(sealed),
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c2"
      "16cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c6"
      "8b13b52ec0875924c1c7987947deafd8780acf49");
  EXPECT_EQ(internal::OpenXChaCha(key, nonce, data, sealed).value(), plain);
}

// Cells lie in files for years: what was sealed stays readable, so none of what they are bound to may change.
TEST(CellFormatTest, CellsThatWereWrittenBeforeOpen) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(i);
  const auto key = SecretKey::FromBytes(bytes).value();
  const FieldCipher deterministic(key, {"key-1", 3}, {"table-1", "column-1"}, Mode::kDeterministic);
  const FieldCipher randomized(key, {"key-1", 3}, {"table-1", "column-1"}, Mode::kRandomized);
  const std::string cell = FromHex("0102be2974546978e37300000003fb27d817e8214f3a5ac84ff85be0f091788a9b3099");
  EXPECT_EQ(ToHex(deterministic.Encrypt("Anna").value()), ToHex(cell));
  EXPECT_EQ(deterministic.Decrypt(cell).value(), "Anna");
  EXPECT_EQ(randomized
                .Decrypt(FromHex("0101be2974546978e373000000032d6141255139f7ad59f3d404bfa1aafe0944620efbc394e5a7f6d23f5"
                                 "3ba8acf190a6dbd7ad5b2eb1b9d0ecaad"))
                .value(),
            "Anna");
}

class FieldCipherTest : public testing::TestWithParam<Mode> {
 protected:
  FieldCipher Cipher(const SecretKey& key, std::string id = "key-1", uint32_t version = 1,
                     std::string table = "table-1", std::string column = "column-1") const {
    return FieldCipher(key, {std::move(id), version}, {std::move(table), std::move(column)}, GetParam());
  }
  const SecretKey key_ = SecretKey::Random();
};

TEST_P(FieldCipherTest, OpensWhatItSealed) {
  const FieldCipher cipher = Cipher(key_);
  std::mt19937 random(5);
  for (const size_t size : {0, 1, 15, 16, 17, 1000, 100'000}) {
    std::string value;
    for (size_t i = 0; i < size; ++i) value += static_cast<char>(random());
    const std::string cell = cipher.Encrypt(value).value();
    EXPECT_EQ(cell.size(), size + cipher.overhead_bytes());
    EXPECT_EQ(cipher.Decrypt(cell).value(), value);
    EXPECT_TRUE(size < 4 || !cell.contains(value));
    const CellHeader header = ReadCellHeader(cell).value();
    EXPECT_EQ(header.mode, GetParam());
    EXPECT_EQ(header.key_tag, KeyTag("key-1"));
    EXPECT_EQ(header.key_version, 1u);
    EXPECT_EQ(cell == cipher.Encrypt(value).value(), GetParam() == Mode::kDeterministic);
  }
}

TEST_P(FieldCipherTest, ACellOpensNowhereElse) {
  const std::string cell = Cipher(key_).Encrypt("secret").value();
  EXPECT_TRUE(Cipher(key_).Decrypt(cell).has_value());
  const auto refuses = [&](const FieldCipher& cipher) {
    const auto opened = cipher.Decrypt(cell);
    return !opened.has_value() && opened.error().code() == ErrorCode::kCorruption;
  };
  EXPECT_TRUE(refuses(Cipher(SecretKey::Random()))) << "another key";
  EXPECT_TRUE(refuses(Cipher(key_, "key-2"))) << "another key's id";
  EXPECT_TRUE(refuses(Cipher(key_, "key-1", 2))) << "another version";
  EXPECT_TRUE(refuses(Cipher(key_, "key-1", 1, "table-2"))) << "another table";
  EXPECT_TRUE(refuses(Cipher(key_, "key-1", 1, "table-1", "column-2"))) << "another column";
  EXPECT_TRUE(refuses(Cipher(key_, "key-1", 1, "table-1column-", "1"))) << "the same letters, divided otherwise";
  EXPECT_TRUE(refuses(FieldCipher(key_, {"key-1", 1}, {"table-1", "column-1"},
                                  GetParam() == Mode::kRandomized ? Mode::kDeterministic : Mode::kRandomized)));
}

// Also where the head is made to say what the cipher wants to hear.
TEST_P(FieldCipherTest, AForgedHeadDoesNotHelp) {
  const std::string cell = Cipher(key_, "key-1", 1).Encrypt("secret").value();
  const std::string head_of_two =
      Cipher(key_, "key-1", 2).Encrypt("other").value().substr(0, FieldCipher::kHeaderBytes);
  EXPECT_FALSE(Cipher(key_, "key-1", 2).Decrypt(head_of_two + cell.substr(FieldCipher::kHeaderBytes)).has_value());
}

TEST_P(FieldCipherTest, EveryBitCounts) {
  const FieldCipher cipher = Cipher(key_);
  const std::string cell = cipher.Encrypt("secret value").value();
  for (size_t bit = 0; bit < 8 * cell.size(); ++bit) {
    std::string flipped = cell;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const auto opened = cipher.Decrypt(flipped);
    ASSERT_FALSE(opened.has_value()) << bit;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
  }
  for (size_t size = 0; size < cell.size(); ++size) EXPECT_FALSE(cipher.Decrypt(cell.substr(0, size)).has_value());
  EXPECT_FALSE(cipher.Decrypt(cell + '\0').has_value());
  EXPECT_FALSE(cipher.Decrypt(cell + cell).has_value());
}

TEST_P(FieldCipherTest, RandomBytesAreNoCells) {
  const FieldCipher cipher = Cipher(key_);
  std::mt19937 random(7);
  const std::string head = cipher.Encrypt("").value().substr(0, FieldCipher::kHeaderBytes);
  for (int i = 0; i < 2000; ++i) {
    std::string noise = i % 2 == 0 ? head : "";
    for (size_t size = random() % 100; size > 0; --size) noise += static_cast<char>(random());
    EXPECT_FALSE(cipher.Decrypt(noise).has_value());
  }
}

TEST_P(FieldCipherTest, ErrorsAreSilent) {
  const auto opened = Cipher(key_).Decrypt("plain text that somebody put there");
  EXPECT_FALSE(opened.error().message().contains("plain text"));
}

INSTANTIATE_TEST_SUITE_P(Modes, FieldCipherTest, testing::Values(Mode::kRandomized, Mode::kDeterministic),
                         [](const auto& one) {
                           return one.param == Mode::kRandomized ? "Randomized" : "Deterministic";
                         });

}  // namespace
}  // namespace neurolake::privacy
