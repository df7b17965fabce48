#include "storage/secret_box.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace neurolake::storage {
namespace {

TEST(SecretBoxTest, OpensWhatItSealedAndNothingElse) {
  const auto box = SecretBox::FromText(SecretBox::NewKey());
  ASSERT_TRUE(box.has_value());
  for (const std::string& secret : {std::string(), std::string("s"), std::string(5000, 'x'), std::string("a\0b", 3)}) {
    const auto sealed = box->Seal(secret, "of this");
    ASSERT_TRUE(sealed.has_value());
    EXPECT_EQ(box->Open(*sealed, "of this", box->key_id()).value(), secret);
    EXPECT_FALSE(box->Open(*sealed, "of that", box->key_id()).has_value());
  }
  const std::string sealed = box->Seal("secret", "of this").value();
  EXPECT_NE(sealed, box->Seal("secret", "of this").value());
  EXPECT_FALSE(sealed.contains("secret"));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto opened = box->Open(changed, "of this", box->key_id());
    EXPECT_FALSE(opened.has_value() && *opened != "secret") << i;
  }
  EXPECT_FALSE(box->Open("", "of this", box->key_id()).has_value());
  EXPECT_FALSE(box->Open("AAAA", "of this", box->key_id()).has_value());
}

TEST(SecretBoxTest, AnotherKeyDoesNotOpen) {
  const std::string old_key = SecretBox::NewKey(), new_key = SecretBox::NewKey();
  const auto old_box = SecretBox::FromText(old_key);
  const auto both = SecretBox::FromText(new_key + ",\n" + old_key);
  const auto new_box = SecretBox::FromText(new_key);
  const std::string sealed = old_box->Seal("secret", "x").value();
  EXPECT_EQ(both->Open(sealed, "x", old_box->key_id()).value(), "secret");
  EXPECT_EQ(both->key_id(), new_box->key_id());
  EXPECT_EQ(new_box->Open(sealed, "x", old_box->key_id()).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(new_box->Open(sealed, "x", new_box->key_id()).error().code(), ErrorCode::kCorruption);
}

TEST(SecretBoxTest, RefusesKeysThatAreNone) {
  for (const char* text : {"", " ,\n", "abc", "00"}) EXPECT_FALSE(SecretBox::FromText(text).has_value());
  const std::string almost = SecretBox::NewKey().substr(1) + "g";
  const auto box = SecretBox::FromText(almost);
  ASSERT_FALSE(box.has_value());
  EXPECT_FALSE(box.error().message().contains(almost));
}

TEST(SecretBoxTest, TakesAFileThatNobodyElseReads) {
  const std::string path = testing::TempDir() + "/neurolake-key-test";
  std::filesystem::remove(path);
  EXPECT_EQ(SecretBox::FromFile(path).error().code(), ErrorCode::kNotFound);
  const std::string key = SecretBox::NewKey();
  ASSERT_TRUE(SecretBox::WriteFile(path, {key}).has_value());
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(SecretBox::FromFile(path)->KeyTexts(), std::vector<std::string>{key});
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(SecretBox::FromFile(path).error().code(), ErrorCode::kPermissionDenied);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  std::filesystem::create_symlink(path, path + "-link");
  EXPECT_EQ(SecretBox::FromFile(path + "-link").error().code(), ErrorCode::kPermissionDenied);
  std::filesystem::remove(path + "-link");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace neurolake::storage
