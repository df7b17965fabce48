#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "arrow/text_format.h"
#include "engine/duckdb/engine.h"
#include "engine/duckdb/tests/fake_lake_provider.h"

// The two stages above this room, reduced to "yes": only classes of these names can make the stages' types.
namespace neurolake::governance {
class Governor {
 public:
  static plan::GovernedQuery Decide(plan::BoundQuery query, std::map<uint64_t, plan::ScanDecision> decisions) {
    return plan::GovernedQuery(std::move(query.plan_), std::move(decisions));
  }
};
}  // namespace neurolake::governance
namespace neurolake::optimizer {
class Predictor {
 public:
  static plan::CostedQuery Predict(plan::GovernedQuery query) {
    auto decisions = query.decisions();
    return plan::CostedQuery(std::move(query.plan_), std::move(decisions), {});
  }
};
}  // namespace neurolake::optimizer

namespace neurolake::engine::duckdb {

/// Lets everything through but what a test names; remembers what it was asked.
class RecordingGate final : public plan::LookupGate {
 public:
  Result<void> Check(const plan::Lookup& lookup) const override {
    asked.push_back(lookup.kind + " " + lookup.name);
    if (denied.contains(lookup.name)) return MakeError(ErrorCode::kPermissionDenied, "not allowed: {}", lookup.name);
    return {};
  }
  std::set<std::string> denied;
  mutable std::vector<std::string> asked;
};

/// An engine over a lake in a temporary directory. `Run` takes a statement through all stages.
class EngineTest : public ::testing::Test {
 protected:
  using Rows = std::vector<std::string>;  // JSON arrays.

  void SetUp() override {
    root_ = (std::filesystem::temp_directory_path() / ("nl_engine_" + NewUuid())).string();
    std::filesystem::create_directories(root_ + "/tables");
    store_ = storage::NewLocalStore();
    context_ = std::make_unique<RequestContext>(Principal{PrincipalId("p"), "tester", "admin", {}}, "request", "test",
                                                clock_, clock_.SteadyNow() + std::chrono::minutes(5));
    provider_ = std::make_unique<FakeLakeProvider>(*context_, *store_, root_ + "/tables");
    Reopen();
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(root_);
  }
  void Reopen() {
    engine_.reset();
    auto engine =
        OpenEngine({.memory_limit_bytes = 1'000'000'000, .threads = 2, .spill_directory = root_ + "/spill"}, *store_);
    ASSERT_TRUE(engine.has_value()) << engine.error().message();
    engine_ = *std::move(engine);
  }

  Result<plan::BoundQuery> Bind(const std::string& sql, const std::vector<ParameterValue>& parameters = {}) {
    auto parsed = engine_->Parse(sql);
    if (!parsed.has_value()) return std::unexpected(std::move(parsed).error());
    EXPECT_EQ(parsed->size(), 1U);
    return engine_->Bind(std::move(parsed->front()), parameters);
  }

  plan::CostedQuery Cost(plan::BoundQuery query, const plan::ScanDecision& decision = {}) {
    digest_ = query.digest();
    std::map<uint64_t, plan::ScanDecision> decisions;
    for (const auto& scan : digest_.scans) decisions[scan.scan_id] = decision;
    return optimizer::Predictor::Predict(governance::Governor::Decide(std::move(query), std::move(decisions)));
  }

  /// Between Begin and End. All rows of the result.
  Result<Rows> Execute(plan::CostedQuery query) {
    NL_ASSIGN_OR_RETURN(auto running, engine_->Execute(std::move(query)));
    NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(running->schema()));
    names_ = formatter.column_names();
    types_ = formatter.column_types();
    Rows rows;
    while (true) {
      NL_ASSIGN_OR_RETURN(auto batch, running->Next());
      if (!batch.has_value()) break;
      NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
      for (int64_t row = 0; row < batch->row_count(); ++row) {
        std::string text;
        formatter.AppendJsonArray(row, text);
        rows.push_back(std::move(text));
      }
    }
    statistics_ = running->statistics();
    return rows;
  }

  Result<void> Begin() { return engine_->BeginStatement(*context_, *provider_, gate_, 0, grants_); }

  Result<Rows> Run(const std::string& sql, const std::vector<ParameterValue>& parameters = {},
                   const plan::ScanDecision& decision = {}) {
    NL_RETURN_IF_ERROR(Begin());
    auto rows = [&]() -> Result<Rows> {
      NL_ASSIGN_OR_RETURN(auto bound, Bind(sql, parameters));
      return Execute(Cost(std::move(bound), decision));
    }();
    engine_->EndStatement();
    return rows;
  }

  /// Rows, or the error's name and message as the only one: for whole-value comparisons.
  Rows Answer(const std::string& sql, const std::vector<ParameterValue>& parameters = {}) {
    auto rows = Run(sql, parameters);
    if (rows.has_value()) return *rows;
    return {std::string(ErrorName(rows.error().code())) + ": " + rows.error().message()};
  }

  SystemClock clock_;
  std::string root_;
  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<RequestContext> context_;
  std::unique_ptr<FakeLakeProvider> provider_;
  RecordingGate gate_;
  StatementGrants grants_;
  std::unique_ptr<Engine> engine_;
  plan::PlanDigest digest_;                 ///< Of the last statement bound.
  ExecutionStatistics statistics_;          ///< Of the last statement run.
  std::vector<std::string> names_, types_;  ///< Of the last result.
};

}  // namespace neurolake::engine::duckdb
