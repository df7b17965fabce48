#include "optimizer/predictor.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/clock.h"
#include "optimizer/memory_model.h"
#include "plan/stages.h"

namespace neurolake::governance {
// Only a class of this name can make a governed query; the room itself is not among this one's dependencies.
class Governor {
 public:
  static plan::GovernedQuery Make(std::unique_ptr<plan::EnginePlan> plan) {
    return plan::GovernedQuery(std::move(plan), {});
  }
};
}  // namespace neurolake::governance

namespace neurolake::optimizer {
namespace {

struct FixedPlan final : plan::EnginePlan {
  explicit FixedPlan(plan::PlanDigest with) : digest_(std::move(with)) {}
  const plan::PlanDigest& digest() const override { return digest_; }
  plan::PlanDigest digest_;
};

plan::ScanDigest Scan(int64_t files, int64_t rows, int64_t bytes) {
  plan::ScanDigest scan;
  scan.files_kept = files;
  scan.rows_kept = rows;
  scan.bytes_kept = bytes;
  return scan;
}

plan::Prediction PredictionOf(std::vector<plan::ScanDigest> scans, std::vector<std::string> operators) {
  plan::PlanDigest digest;
  digest.statement_kind = "SELECT";
  digest.scans = std::move(scans);
  digest.operators = std::move(operators);
  const FakeClock clock;
  const RequestContext ctx({}, "r", "test", clock, clock.SteadyNow() + std::chrono::minutes(1));
  auto governed = governance::Governor::Make(std::make_unique<FixedPlan>(std::move(digest)));
  auto costed = Predictor().Predict(ctx, std::move(governed));
  EXPECT_TRUE(costed.has_value());
  return costed->prediction();
}

TEST(PredictorTest, SumsWhatTheScansKeep) {
  const auto prediction = PredictionOf({Scan(2, 10, 1000), Scan(3, 5, 500)}, {"PROJECTION", "GET", "GET"});
  EXPECT_EQ(prediction.method, "analytic");
  EXPECT_EQ(prediction.files, 5);
  EXPECT_EQ(prediction.rows, 15);
  EXPECT_EQ(prediction.bytes, 1500);
  EXPECT_EQ(prediction.memory_bytes, kMemoryFloorBytes);
}

TEST(PredictorTest, UnknownStaysUnknown) {
  const auto prediction = PredictionOf({Scan(2, 10, 1000), Scan(3, -1, 500)}, {"GET", "GET"});
  EXPECT_EQ(prediction.rows, -1);
  EXPECT_EQ(prediction.bytes, 1500);
  EXPECT_EQ(PredictionOf({}, {"DUMMY_SCAN"}).rows, 0);
}

TEST(PredictorTest, HugeTablesDoNotOverflow) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto prediction = PredictionOf({Scan(1, kMost, kMost), Scan(1, 1, 1)}, {"ORDER_BY", "GET", "GET"});
  EXPECT_EQ(prediction.rows, kMost);
  EXPECT_GT(prediction.memory_bytes, 0);
}

TEST(PredictorTest, JsonShowsUnknownAsNull) {
  plan::Prediction prediction;
  prediction.files = 1;
  prediction.rows = -1;
  prediction.bytes = 7;
  prediction.memory_bytes = 8;
  EXPECT_EQ(PredictionJson(prediction), R"({"method":"analytic","files":1,"rows":null,"bytes":7,"memory_bytes":8})");
  prediction.memory_bytes = -1;
  EXPECT_TRUE(PredictionJson(prediction).ends_with(R"("memory_bytes":null})"));
}

}  // namespace
}  // namespace neurolake::optimizer
