#include "privacy/data_keys.h"

#include <gtest/gtest.h>

#include "privacy/local_keyring.h"
#include "privacy/tests/key_fixture.h"

namespace neurolake::privacy {
namespace {

/// Counts, and can be another service of another name.
class CountingService final : public KeyService {
 public:
  CountingService(std::string name, std::unique_ptr<KeyService> inner, int& unwraps)
      : name_(std::move(name)), inner_(std::move(inner)), unwraps_(unwraps) {}
  std::string name() const override { return name_; }
  Result<WrappedKey> Wrap(const RequestContext& ctx, const SecretKey& key, std::string_view about) override {
    auto wrapped = inner_->Wrap(ctx, key, about);
    if (wrapped) wrapped->service = name_;
    return wrapped;
  }
  Result<SecretKey> Unwrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) override {
    ++unwraps_;
    return inner_->Unwrap(ctx, wrapped, about);
  }
  Result<WrappedKey> Rewrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) override {
    auto rewrapped = inner_->Rewrap(ctx, wrapped, about);
    if (rewrapped) rewrapped->service = name_;
    return rewrapped;
  }
  Result<void> Rotate(const RequestContext& ctx) override { return inner_->Rotate(ctx); }
  Result<void> Retire(const RequestContext& ctx) override { return inner_->Retire(ctx); }

 private:
  const std::string name_;
  const std::unique_ptr<KeyService> inner_;
  int& unwraps_;
};

class DataKeysTest : public KeyFixture {
 protected:
  std::unique_ptr<KeyService> Service(const std::string& name) {
    auto ring = std::make_unique<LocalKeyring>(File(name), KeyringProtection{}, []() -> Result<bool> { return true; });
    return std::make_unique<CountingService>(name, std::move(ring), unwraps_);
  }
  DataKeys Keys(std::initializer_list<const char*> names) {
    std::vector<std::unique_ptr<KeyService>> services;
    for (const char* name : names) services.push_back(Service(name));
    return DataKeys(std::move(services));
  }
  const DataKeyName name_{.id = "k1", .purpose = "mask", .version = 1};
  int unwraps_ = 0;
};

TEST_F(DataKeysTest, OpensAKeyForWhatItWasMadeForAlone) {
  DataKeys keys = Keys({"one"});
  const WrappedKey wrapped = keys.Make(ctx_, name_).value();
  const auto key = keys.Open(ctx_, name_, wrapped).value();
  EXPECT_EQ(Keys({"one"}).Open(ctx_, name_, wrapped).value()->view(), key->view());
  EXPECT_NE(keys.Open(ctx_, name_, keys.Make(ctx_, name_).value()).value()->view(), key->view());
  for (const DataKeyName& other : {DataKeyName{.id = "k2", .purpose = "mask", .version = 1},
                                   DataKeyName{.id = "k1", .purpose = "column", .version = 1},
                                   DataKeyName{.id = "k1", .purpose = "mask", .version = 2}}) {
    EXPECT_EQ(keys.Open(ctx_, other, wrapped).error().code(), ErrorCode::kCorruption);
  }
}

TEST_F(DataKeysTest, AsksTheServiceAgainAfterAWhile) {
  DataKeys keys = Keys({"one"});
  const WrappedKey wrapped = keys.Make(ctx_, name_).value();
  ASSERT_TRUE(keys.Open(ctx_, name_, wrapped).has_value());
  ASSERT_TRUE(keys.Open(ctx_, name_, wrapped).has_value());
  EXPECT_EQ(unwraps_, 1);
  clock_.Advance(DataKeys::kKept);
  ASSERT_TRUE(keys.Open(ctx_, name_, wrapped).has_value());
  EXPECT_EQ(unwraps_, 2);
  keys.Forget();
  std::filesystem::remove(File("one"));
  EXPECT_FALSE(keys.Open(ctx_, name_, wrapped).has_value()) << "the service lost its key";
}

TEST_F(DataKeysTest, RewrappingKeepsTheKeyAndItsUsers) {
  DataKeys keys = Keys({"one"});
  const WrappedKey wrapped = keys.Make(ctx_, name_).value();
  const auto key = keys.Open(ctx_, name_, wrapped).value();
  ASSERT_TRUE(keys.RotateService(ctx_).has_value());
  EXPECT_EQ(keys.Open(ctx_, name_, wrapped).value()->view(), key->view()) << "meanwhile";
  const WrappedKey rewrapped = keys.Rewrap(ctx_, name_, wrapped).value();
  ASSERT_TRUE(keys.RetireService(ctx_).has_value());
  keys.Forget();
  EXPECT_EQ(keys.Open(ctx_, name_, rewrapped).value()->view(), key->view());
  EXPECT_FALSE(keys.Open(ctx_, name_, wrapped).has_value());
}

TEST_F(DataKeysTest, MovesToAnotherService) {
  const WrappedKey wrapped = Keys({"one"}).Make(ctx_, name_).value();
  DataKeys both = Keys({"two", "one"});
  const auto key = both.Open(ctx_, name_, wrapped).value();
  const WrappedKey moved = both.Rewrap(ctx_, name_, wrapped).value();
  EXPECT_EQ(moved.service, "two");
  DataKeys two = Keys({"two"});
  EXPECT_EQ(two.Open(ctx_, name_, moved).value()->view(), key->view());
  EXPECT_EQ(two.Open(ctx_, name_, wrapped).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace neurolake::privacy
