#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "catalog/catalog.h"
#include "common/clock.h"
#include "metastore/database.h"

namespace neurolake::query {

/// A catalogue with the table main.t, which is "owner"'s, in a folder of its own.
class TableFixture : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = testing::TempDir() + "/" + test->test_suite_name() + "_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/tables/t");
    database_ = metastore::OpenStore("", root_ + "/metadata.db").value();
    catalog_ = catalog::NewCatalog(*database_, clock_, root_);
    ASSERT_TRUE(catalog_
                    ->AddTable({.id = TableId("t"),
                                .schema_name = "main",
                                .name = "t",
                                .location = root_ + "/tables/t",
                                .owner = PrincipalId("owner")})
                    .has_value());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string root_;
  SystemClock clock_;
  std::unique_ptr<metastore::Store> database_;
  std::unique_ptr<catalog::Catalog> catalog_;
};

}  // namespace neurolake::query
