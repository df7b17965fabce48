#pragma once
#include "catalog/catalog.h"
#include "metastore/tests/store_fixture.h"

namespace neurolake::catalog {

class CatalogTest : public metastore::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (store_ == nullptr) return;
    lake_ = directory_.File("lake");
    catalog_ = NewCatalog(*store_, clock_, lake_);
  }
  /// The same lake in another process.
  struct Other {
    std::unique_ptr<metastore::Store> store;
    std::unique_ptr<Catalog> catalog;
  };
  Other OpenAgain() {
    Other other;
    other.store = Open();
    other.catalog = NewCatalog(*other.store, clock_, lake_);
    return other;
  }
  TableRecord Table(const std::string& schema, const std::string& name, const std::string& id) {
    return {TableId(id), schema, name, lake_ + "/tables/" + id, true, PrincipalId("p"), "a comment", clock_.Now()};
  }
  TableRecord External(const std::string& schema, const std::string& name, const std::string& id,
                       const std::string& location) {
    return {TableId(id), schema, name, location, false, PrincipalId("p"), "", clock_.Now()};
  }
  ViewRecord View(const std::string& schema, const std::string& name, const std::string& sql = "SELECT 1") {
    return {schema, name, sql, {"a", "B \"quoted\""}, PrincipalId("p"), clock_.Now()};
  }

  FakeClock clock_;
  std::string lake_;
  std::unique_ptr<Catalog> catalog_;
};

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? ErrorCode::kInternal : result.error().code();
}

}  // namespace neurolake::catalog

#define ASSERT_OK(...)                                                   \
  do {                                                                   \
    const auto nl_outcome = (__VA_ARGS__);                               \
    ASSERT_TRUE(nl_outcome.has_value()) << nl_outcome.error().message(); \
  } while (false)
#define EXPECT_OK(...)                                                   \
  do {                                                                   \
    const auto nl_outcome = (__VA_ARGS__);                               \
    EXPECT_TRUE(nl_outcome.has_value()) << nl_outcome.error().message(); \
  } while (false)
