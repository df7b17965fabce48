#include "privacy/local_keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "privacy/tests/key_fixture.h"

namespace neurolake::privacy {
namespace {

class LocalKeyringTest : public KeyFixture {
 protected:
  LocalKeyring Ring(KeyringProtection protection = {}, bool may_make = true) const {
    return LocalKeyring(File("keyring"), std::move(protection), [may_make]() -> Result<bool> { return may_make; });
  }
  std::string Content() const {
    std::ifstream file(File("keyring"));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const SecretKey key_ = SecretKey::Random();
};

TEST_F(LocalKeyringTest, UnwrapsWhatItWrapped) {
  LocalKeyring ring = Ring();
  const WrappedKey wrapped = ring.Wrap(ctx_, key_, "this").value();
  EXPECT_EQ(wrapped.service, "local");
  EXPECT_EQ(ring.Unwrap(ctx_, wrapped, "this")->view(), key_.view());
  EXPECT_EQ(ring.Unwrap(ctx_, wrapped, "that").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(Ring().Unwrap(ctx_, wrapped, "this")->view(), key_.view()) << "another process";
  struct stat info {};
  ASSERT_EQ(::stat(File("keyring").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::chmod(File("keyring").c_str(), 0644), 0);
  EXPECT_EQ(ring.Unwrap(ctx_, wrapped, "this").error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(LocalKeyringTest, ALostKeyringIsNotMadeAnew) {
  LocalKeyring ring = Ring({}, false);
  EXPECT_EQ(ring.Wrap(ctx_, key_, "this").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(File("keyring")));
}

TEST_F(LocalKeyringTest, RotatesWithoutLosingAnything) {
  LocalKeyring ring = Ring();
  const WrappedKey old = ring.Wrap(ctx_, key_, "this").value();
  EXPECT_EQ(ring.Rewrap(ctx_, old, "this")->text, old.text) << "it is under the newest key";
  ASSERT_TRUE(ring.Rotate(ctx_).has_value());
  EXPECT_EQ(ring.Unwrap(ctx_, old, "this")->view(), key_.view());
  const WrappedKey rewrapped = ring.Rewrap(ctx_, old, "this").value();
  EXPECT_NE(rewrapped.key_id, old.key_id);
  EXPECT_FALSE(ring.Rewrap(ctx_, old, "that").has_value());
  ASSERT_TRUE(ring.Retire(ctx_).has_value());
  EXPECT_EQ(ring.Unwrap(ctx_, rewrapped, "this")->view(), key_.view());
  EXPECT_EQ(ring.Unwrap(ctx_, old, "this").error().code(), ErrorCode::kNotFound);
}

TEST_F(LocalKeyringTest, IsProtectedByAPassphrase) {
  LocalKeyring ring = Ring({.passphrase = "correct horse", .wrapping_key = ""});
  const WrappedKey wrapped = ring.Wrap(ctx_, key_, "this").value();
  EXPECT_TRUE(Content().starts_with("neurolake-keyring-1 "));
  EXPECT_EQ(Ring({.passphrase = "correct horse", .wrapping_key = ""}).Unwrap(ctx_, wrapped, "this")->view(),
            key_.view());
  for (const auto& wrong : {KeyringProtection{.passphrase = "wrong horse", .wrapping_key = ""}, KeyringProtection{},
                            KeyringProtection{.passphrase = "", .wrapping_key = storage::SecretBox::NewKey()}}) {
    const auto opened = Ring(wrong).Unwrap(ctx_, wrapped, "this");
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_FALSE(opened.error().message().contains("horse"));
  }
}

TEST_F(LocalKeyringTest, ProtectionIsExchanged) {
  const std::string outer = storage::SecretBox::NewKey();
  const KeyringProtection by_key{.passphrase = "", .wrapping_key = outer};
  const KeyringProtection by_phrase{.passphrase = "a passphrase", .wrapping_key = ""};
  LocalKeyring plain = Ring();
  const WrappedKey wrapped = plain.Wrap(ctx_, key_, "this").value();
  const std::string before = Content().substr(0, 64);
  LocalKeyring ring = Ring(by_key);
  ASSERT_TRUE(ring.ProtectAnew({}).has_value());
  EXPECT_FALSE(Content().contains(before));
  ASSERT_TRUE(ring.Rotate(ctx_).has_value());
  EXPECT_EQ(ring.Unwrap(ctx_, wrapped, "this")->view(), key_.view());
  EXPECT_FALSE(plain.Unwrap(ctx_, wrapped, "this").has_value());
  EXPECT_FALSE(Ring({.passphrase = "p", .wrapping_key = outer}).Unwrap(ctx_, wrapped, "this").has_value());

  LocalKeyring newer = Ring(by_phrase);
  EXPECT_EQ(newer.ProtectAnew({.passphrase = "wrong", .wrapping_key = ""}).error().code(),
            ErrorCode::kPermissionDenied);
  ASSERT_TRUE(newer.ProtectAnew(by_key).has_value());
  ASSERT_TRUE(newer.ProtectAnew(by_key).has_value()) << "it is already";
  EXPECT_EQ(newer.Unwrap(ctx_, wrapped, "this")->view(), key_.view());
  EXPECT_FALSE(ring.Unwrap(ctx_, wrapped, "this").has_value());
  ASSERT_TRUE(plain.ProtectAnew(by_phrase).has_value());
  EXPECT_EQ(Ring().Unwrap(ctx_, wrapped, "this")->view(), key_.view());
  std::filesystem::remove(File("keyring"));
  EXPECT_TRUE(newer.ProtectAnew(by_key).has_value()) << "there is none yet";
}

TEST_F(LocalKeyringTest, AProtectedKeyringIsNotReplacedByAnOpenOne) {
  LocalKeyring plain = Ring();
  const WrappedKey wrapped = plain.Wrap(ctx_, key_, "this").value();
  LocalKeyring ring = Ring({.passphrase = "p", .wrapping_key = ""});
  EXPECT_EQ(ring.Unwrap(ctx_, wrapped, "this").error().code(), ErrorCode::kPermissionDenied);
  EXPECT_FALSE(plain.ProtectPlain().has_value()) << "by what?";
  ASSERT_TRUE(ring.ProtectPlain().has_value());
  ASSERT_TRUE(ring.ProtectPlain().has_value()) << "it is already";
  EXPECT_EQ(ring.Unwrap(ctx_, wrapped, "this")->view(), key_.view());
  EXPECT_FALSE(plain.Unwrap(ctx_, wrapped, "this").has_value());
}

TEST_F(LocalKeyringTest, ADamagedFileIsRefused) {
  LocalKeyring ring = Ring({.passphrase = "", .wrapping_key = storage::SecretBox::NewKey()});
  const WrappedKey wrapped = ring.Wrap(ctx_, key_, "this").value();
  const std::string whole = Content();
  for (size_t cut : {size_t{0}, size_t{5}, whole.size() / 2, whole.size() - 3}) {
    std::ofstream(File("keyring"), std::ios::trunc) << whole.substr(0, cut);
    EXPECT_FALSE(ring.Unwrap(ctx_, wrapped, "this").has_value()) << cut;
  }
  std::ofstream(File("keyring"), std::ios::trunc) << whole;
  EXPECT_TRUE(ring.Unwrap(ctx_, wrapped, "this").has_value());
}

}  // namespace
}  // namespace neurolake::privacy
