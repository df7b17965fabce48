#include "audit/signed_note.h"

namespace neurolake::audit {
namespace {

using testing::HasSubstr;
using testing::Not;

// The key and note of golang.org/x/mod/sumdb/note, whose format C2SP signed-note describes.
constexpr const char* kSigner = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr const char* kVerifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* kText =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
constexpr const char* kSignature =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

std::string PublishedNote() { return std::string(kText) + "\n" + kSignature; }

TEST(SignedNoteTest, SignsThePublishedNoteByteForByte) {
  const auto key = SigningKey::FromText(kSigner);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->Sign(kText), PublishedNote());
  EXPECT_EQ(key->verifier().ToText(), kVerifier);
  EXPECT_EQ(key->ToText(), kSigner);
}

TEST(SignedNoteTest, OpensThePublishedNoteAndNoChangeOfIt) {
  const VerifierKey key = *VerifierKey::FromText(kVerifier);
  EXPECT_EQ(*OpenNote(PublishedNote(), key), kText);
  const std::string note = PublishedNote();
  for (size_t i = 0; i < note.size(); ++i) {
    std::string changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto opened = OpenNote(changed, key);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
  }
  for (size_t size = 0; size < note.size(); ++size) EXPECT_FALSE(OpenNote(note.substr(0, size), key)) << size;
  EXPECT_FALSE(OpenNote(note + "\n", key));
  EXPECT_FALSE(OpenNote(note + kSignature, key)) << "the same signature twice";
}

TEST(SignedNoteTest, LeavesSignaturesOfOthersAside) {
  const VerifierKey key = *VerifierKey::FromText(kVerifier);
  const SigningKey witness = *SigningKey::Make("witness.example/one");
  const std::string other = witness.Sign(kText).substr(std::string(kText).size() + 1);
  EXPECT_EQ(*OpenNote(PublishedNote() + other, key), kText);
  EXPECT_EQ(*OpenNote(std::string(kText) + "\n" + other + kSignature, witness.verifier()), kText);
  EXPECT_FALSE(OpenNote(std::string(kText) + "\n" + other, key)) << "signed by somebody else alone";
}

TEST(SignedNoteTest, RefusesKeysThatAreNone) {
  const std::string text = kVerifier;
  for (size_t begin = 0; begin < text.size(); ++begin) {
    EXPECT_FALSE(VerifierKey::FromText(text.substr(0, begin)));
    EXPECT_FALSE(VerifierKey::FromText(text.substr(begin + 1)));
    std::string changed = text;
    ++changed[begin];
    EXPECT_FALSE(VerifierKey::FromText(changed)) << changed;
  }
  // Of the wrong length, and of an unknown algorithm, with ids that fit: from the same test suite.
  EXPECT_FALSE(VerifierKey::FromText("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="));
  EXPECT_FALSE(VerifierKey::FromText("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
  for (const char* name : {"", "a b", "a+b", "a\nb", "caf\xC3\xA9"}) EXPECT_FALSE(SigningKey::Make(name)) << name;
}

TEST(SignedNoteTest, DoesNotRepeatAPrivateKeyInItsErrors) {
  const auto key =
      SigningKey::FromText("PRIVATE+KEY+PeterNeumann+00000000+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message(), Not(HasSubstr("AYEK")));
}

TEST(SignedNoteTest, KeysThatAreMadeDiffer) {
  EXPECT_NE(SigningKey::Make("log")->ToText(), SigningKey::Make("log")->ToText());
}

}  // namespace
}  // namespace neurolake::audit
