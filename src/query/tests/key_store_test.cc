// Keys on the server's side: what is opened, for whom, and how they change under running statements.
#include "query/key_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "privacy/local_keyring.h"
#include "privacy/text_mask.h"

namespace neurolake::query {
namespace {

class KeyStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/key_store_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    database_ = metastore::OpenStore("", root_ + "/metadata.db").value();
    catalog_ = catalog::NewCatalog(*database_, clock_, root_);
    keys_ = NewStore();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<KeyStore> NewStore() {
    Settings settings;
    return std::make_unique<KeyStore>(*catalog_, MakeDataKeys(settings, root_, *catalog_).value(),
                                      KeyStore::Options{.lookups_per_hour = 3});
  }
  RequestContext As(const std::string& name, const std::string& role = "reader") const {
    return RequestContext({PrincipalId("id of " + name), name, role, *RightsOfRole(role)}, "request", "test", clock_,
                          SteadyTime::max());
  }
  void Grant(const std::string& key, const std::string& privilege, const std::string& principal, bool denied = false) {
    ASSERT_TRUE(catalog_
                    ->AddDataKeyGrant({.key_id = catalog_->FindDataKey(key).value()->id,
                                       .privilege = privilege,
                                       .grantee_kind = "user",
                                       .grantee_id = "id of " + principal,
                                       .denied = denied,
                                       .granted_by = "ada",
                                       .created = clock_.Now()})
                    .has_value());
  }
  std::string Bytes(const std::string& key) {
    const auto record = catalog_->FindDataKey(key).value().value();
    return keys_->Open(As("ada"), {{.name = key, .id = record.id}}).value().at(0).bytes;
  }
  Result<std::string> LookUp(const std::string& principal, const std::string& value = "ann@example.org",
                             const std::string& key = "people") {
    return keys_->LookUp(As(principal), StatementId("s"), {.key = key, .type = "varchar", .value = value});
  }

  std::string root_;
  FakeClock clock_;
  std::unique_ptr<metastore::Store> database_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<KeyStore> keys_;
};

TEST_F(KeyStoreTest, KeysAreMadeAndOpened) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  EXPECT_EQ(keys_->Create(As("ada"), "PEOPLE").error().code(), ErrorCode::kAlreadyExists);
  ASSERT_TRUE(keys_->Create(As("ada"), "orders").has_value());
  EXPECT_EQ(Bytes("people").size(), privacy::SecretKey::kBytes);
  EXPECT_NE(Bytes("people"), Bytes("orders"));
  const std::string before = Bytes("people");
  keys_ = NewStore();
  EXPECT_EQ(Bytes("people"), before) << "another process";
  const auto gone = keys_->Open(As("ada"), {{.name = "gone", .id = "no such id"}}).value().at(0);
  EXPECT_TRUE(gone.bytes.empty());
  EXPECT_EQ(gone.problem.value().code(), ErrorCode::kCorruption);
}

TEST_F(KeyStoreTest, RotationChangesTheKeyAndRewrappingDoesNot) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  const std::string first = Bytes("people");
  EXPECT_EQ(keys_->Rotate(As("ada"), "people").value(), 2);
  const std::string second = Bytes("people");
  EXPECT_NE(first, second);
  const auto wrapped = catalog_->FindDataKey("people").value()->versions;
  EXPECT_EQ(keys_->RotateMaster(As("ada")).value(), 2);
  const auto rewrapped = catalog_->FindDataKey("people").value()->versions;
  ASSERT_EQ(rewrapped.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NE(rewrapped[i].wrapped, wrapped[i].wrapped);
    EXPECT_NE(rewrapped[i].wrapping_key, wrapped[i].wrapping_key);
  }
  keys_ = NewStore();
  EXPECT_EQ(Bytes("people"), second);
  EXPECT_EQ(keys_->Rewrap(As("ada")).value(), 0);
  EXPECT_EQ(keys_->Rotate(As("ada"), "nobody").error().code(), ErrorCode::kNotFound);
}

TEST_F(KeyStoreTest, ALostKeyringIsNotReplaced) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  std::filesystem::remove(root_ + "/keyring");
  keys_ = NewStore();
  EXPECT_EQ(keys_->Create(As("ada"), "orders").error().code(), ErrorCode::kNotFound);
  const auto id = catalog_->FindDataKey("people").value()->id;
  const auto lost = keys_->Open(As("ada"), {{.name = "people", .id = id}}).value().at(0);
  EXPECT_TRUE(lost.bytes.empty());
  EXPECT_EQ(lost.problem.value().code(), ErrorCode::kNotFound);
}

TEST_F(KeyStoreTest, LookupsTakeARightOfTheirOwn) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  EXPECT_EQ(LookUp("bob").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(LookUp("bob").error().message(), LookUp("bob", "x", "people").error().message());
  EXPECT_FALSE(keys_->LookUp(As("ada", "admin"), StatementId("s"), {.key = "people", .type = "varchar", .value = "x"})
                   .has_value())
      << "who manages the lake has it not of itself";
  Grant("people", "usage", "bob");
  EXPECT_FALSE(LookUp("bob").has_value()) << "usage is another right";
  Grant("people", "lookup", "bob");
  std::string expected;
  const auto key = privacy::SecretKey::FromBytes(Bytes("people")).value();
  privacy::NewTokenMask(key, catalog_->FindDataKey("people").value()->id)->Apply("ann@example.org", expected);
  EXPECT_EQ(LookUp("bob").value(), expected);
  EXPECT_FALSE(LookUp("carl").has_value()) << "it was granted to another";
  Grant("people", "lookup", "bob", true);
  EXPECT_FALSE(LookUp("bob").has_value());
}

TEST_F(KeyStoreTest, LookupsAreCountedAndOnRecord) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  Grant("people", "lookup", "bob");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(LookUp("bob", std::to_string(i)).has_value());
  EXPECT_EQ(LookUp("bob").error().code(), ErrorCode::kTooManyRequests);
  keys_ = NewStore();
  EXPECT_EQ(LookUp("bob").error().code(), ErrorCode::kTooManyRequests) << "a restart does not help";
  clock_.Advance(std::chrono::hours(1) + std::chrono::seconds(1));
  ASSERT_TRUE(LookUp("bob").has_value());
  const auto lookups = catalog_->ListLookups(100).value();
  ASSERT_EQ(lookups.size(), 4u);
  EXPECT_EQ(lookups[0].principal, "bob");
  for (const auto& one : lookups) EXPECT_FALSE(one.token.contains("ann"));
}

TEST_F(KeyStoreTest, AgentsGetNobodyMoreOfThem) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  const auto agent = [&](const std::string& name, const std::string& of) {
    Grant("people", "lookup", name);
    Principal principal = As(name).principal();
    principal.on_behalf_of = std::make_shared<const Principal>(As(of).principal());
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    return keys_->LookUp(ctx, StatementId("s"), {.key = "people", .type = "varchar", .value = name});
  };
  EXPECT_EQ(agent("bot", "bob").error().code(), ErrorCode::kNotFound) << "whom it acts for may not";
  Grant("people", "lookup", "bob");
  Grant("people", "lookup", "carl");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(LookUp("bob", std::to_string(i)).has_value());
  EXPECT_TRUE(agent("bot", "bob").has_value());
  EXPECT_EQ(agent("another", "bob").error().code(), ErrorCode::kTooManyRequests);
  EXPECT_TRUE(agent("carls", "carl").has_value());
}

TEST_F(KeyStoreTest, NumbersHaveTokensOfTheirType) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  Grant("people", "lookup", "bob");
  const auto ask = [&](const std::string& type, const std::string& value) {
    return keys_->LookUp(As("bob"), StatementId("s"), {.key = "people", .type = type, .value = value});
  };
  EXPECT_NE(ask("integer", "7").value(), ask("bigint", "7").value());
  for (const auto& [type, value] : {std::pair("integer", "99999999999"), {"integer", "seven"}, {"double", "7"}}) {
    EXPECT_EQ(ask(type, value).error().code(), ErrorCode::kInvalidArgument) << type << value;
  }
}

TEST_F(KeyStoreTest, UsageIsGrantedAndDenied) {
  ASSERT_TRUE(keys_->Create(As("ada"), "people").has_value());
  const auto id = catalog_->FindDataKey("people").value()->id;
  const auto may = [&](const RequestContext& ctx) {
    return MayUseKey(*catalog_, ctx.principal(), id, "usage").value();
  };
  EXPECT_FALSE(may(As("bob", "engineer")));
  EXPECT_TRUE(may(As("ada", "admin")));
  Grant("people", "usage", "bob");
  EXPECT_TRUE(may(As("bob", "engineer")));
  EXPECT_FALSE(may(As("carl", "engineer")));
  Grant("people", "usage", "ada", true);
  EXPECT_FALSE(may(As("ada", "admin")));
}

TEST(KeySettingsTest, ThatDoNotFitAreRefused) {
  const std::string root = testing::TempDir() + "/key_settings_test_" + std::to_string(::getpid());
  std::filesystem::create_directories(root);
  const SystemClock clock;
  const auto database = metastore::OpenStore("", root + "/metadata.db").value();
  const auto catalog = catalog::NewCatalog(*database, clock, root);
  const auto refused = [&](auto change) {
    Settings settings;
    change(settings);
    const auto made = MakeDataKeys(settings, root, *catalog);
    return !made.has_value() && made.error().code() == ErrorCode::kInvalidArgument;
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& one) { one.keys_service = "vault"; }));
  EXPECT_TRUE(refused([](auto& one) {
    one.keys_passphrase = "p";
    one.keys_wrapping_key = std::string(64, 'a');
  }));
  EXPECT_TRUE(refused([](auto& one) { one.keys_protect_keyring = true; }));
  EXPECT_TRUE(refused([](auto& one) {
    one.keys_service = "vault";
    one.keys_vault_address = "http://127.0.0.1:8200";
    one.keys_vault_token = "t";
  })) << "without TLS";
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace neurolake::query
