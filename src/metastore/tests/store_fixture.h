#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "metastore/database.h"

namespace neurolake::metastore {

/// A directory that goes when the test ends.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Runs a test on every kind of store; PostgreSQL's part is skipped where it is not installed.
/// INSTANTIATE_TEST_SUITE_P(Kinds, MyTest, testing::Values("sqlite", "postgresql"));
class StoreTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  /// Another handle on the same store, as another process would have.
  std::unique_ptr<Store> Open() const;
  /// Of a second, separate, empty store of `kind`.
  void MakeAddress(const std::string& kind, std::string& url, std::string& path);

  TemporaryDirectory directory_;
  std::string url_;
  std::string path_;
  std::unique_ptr<Store> store_;

 private:
  int stores_ = 0;
};

}  // namespace neurolake::metastore
