#include "metastore/tests/store_fixture.h"

#include <cstdlib>

#include "metastore/tests/postgres_server.h"

namespace neurolake::metastore {

TemporaryDirectory::TemporaryDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "neurolake-store-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) std::abort();
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void StoreTest::MakeAddress(const std::string& kind, std::string& url, std::string& path) {
  url.clear();
  path = directory_.File("metastore" + std::to_string(++stores_) + ".db");
  if (kind == "sqlite") return;
  const auto server = PostgresServer::Shared();
  if (!server.has_value() && server.error().code() == ErrorCode::kNotFound) GTEST_SKIP() << server.error().message();
  ASSERT_TRUE(server.has_value()) << server.error().message();
  url = (*server)->NewDatabase();
}

void StoreTest::SetUp() {
  MakeAddress(GetParam(), url_, path_);
  if (IsSkipped() || HasFatalFailure()) return;
  store_ = Open();
}

std::unique_ptr<Store> StoreTest::Open() const {
  auto store = OpenStore(url_, path_);
  EXPECT_TRUE(store.has_value()) << store.error().message();
  return store.has_value() ? std::move(*store) : nullptr;
}

}  // namespace neurolake::metastore
