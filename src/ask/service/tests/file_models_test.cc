#include "ask/service/file_models.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace neurolake::ask {
namespace {

class FileModelsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/file_models_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "shop.yaml") << "semantic_model: shop\n"
                                            "entities:\n"
                                            "  - {name: orders, table: shop.orders, dimensions: [{name: status}]}\n";
    models_ = FileModels::Open(folder_).value();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  RequestContext With(std::vector<Right> rights) const {
    return {{PrincipalId("p"), "p", "some", std::move(rights)}, "r", "test", clock_, SteadyTime::max()};
  }

  std::filesystem::path folder_;
  SystemClock clock_;
  std::unique_ptr<FileModels> models_;
};

TEST_F(FileModelsTest, AreForWhoMayReadOrAsk) {
  for (const Right right : {Right::kRead, Right::kAsk}) {
    EXPECT_TRUE(models_->Find(With({right}), "Shop").value().has_value());
    EXPECT_EQ(models_->List(With({right})).value().size(), 1U);
  }
  for (const auto& rights : {std::vector<Right>(), std::vector<Right>{Right::kAudit, Right::kWrite}}) {
    EXPECT_FALSE(models_->Find(With(rights), "shop").value().has_value());
    EXPECT_TRUE(models_->List(With(rights)).value().empty());
  }
  EXPECT_FALSE(models_->Find(With({Right::kRead}), "none").value().has_value());
}

TEST_F(FileModelsTest, WhatQuestionsMeanIsSaidByWhoManages) {
  EXPECT_TRUE(models_->CheckReview(With({Right::kManage}), "shop").has_value());
  const auto refused = models_->CheckReview(With({Right::kRead, Right::kWrite, Right::kAsk}), "shop");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace neurolake::ask
