#include "orchestration/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <fstream>
#include <latch>

#include "metastore/tests/store_fixture.h"
#include "orchestration/agent.h"
#include "orchestration/state_graph.h"

namespace neurolake::orchestration {
namespace {

using testing::HasSubstr;

/// Numbers that nodes add to.
struct Numbers {
  std::vector<int64_t> values;

  std::string ToJson() const { return fmt::format("[{}]", fmt::join(values, ",")); }
  static Result<Numbers> FromJson(const std::string& json) {
    Numbers numbers;
    const boost::json::value parsed = boost::json::parse(json);
    for (const auto& value : parsed.as_array()) numbers.values.push_back(value.as_int64());
    return numbers;
  }
  Numbers With(int64_t value) const {
    Numbers more = *this;
    more.values.push_back(value);
    return more;
  }
};

using Outcome = StateGraph<Numbers>::Outcome;
using Values = std::vector<int64_t>;

/// A node that adds `value` and goes on to `next`.
StateGraph<Numbers>::TypedNode Adds(int64_t value, std::string next) {
  return [=](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    return Outcome{state.With(value), next};
  };
}

class RunnerTest : public metastore::StoreTest {
 protected:
  RequestContext Context(const std::string& who = "anna", std::stop_token stop = {}) {
    return {Principal{PrincipalId(who), who, "reader", {Right::kRead}},
            "request-7",
            "test",
            clock_,
            clock_.SteadyNow() + std::chrono::hours(1000),
            std::move(stop)};
  }
  RunState StateOf(const std::string& id) { return RunStore(*store_).Find(id, PrincipalId("anna"))->state; }

  FakeClock clock_;
  RunnerOptions options_{.hold = std::chrono::minutes(15)};
};

TEST_P(RunnerTest, KeepsAStateAfterEachStep) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", Adds(1, "two"));
  graph.Add("two", Adds(2, ""));
  EXPECT_EQ(graph.Start(runner, Context(), "r", {})->values, (Values{1, 2}));
  const auto kept = runs.Checkpoints("r").value();
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].value, "[]");
  EXPECT_EQ(kept[1].value, "[1]");
  EXPECT_EQ(kept[1].next, "two");
  EXPECT_EQ(kept[2].value, "[1,2]");
  EXPECT_THAT(kept[2].trace, HasSubstr(R"("node":"two","request_id":"request-7")"));
  EXPECT_EQ(StateOf("r"), RunState::kSucceeded);
  EXPECT_EQ(graph.Start(runner, Context(), "r", {}).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(graph.Resume(runner, Context(), "r").error().code(), ErrorCode::kInvalidArgument);
}

TEST_P(RunnerTest, AFailureEndsARunAndIsKept) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [](const RequestContext&, const std::string&, const Numbers&) -> Result<Outcome> {
    return MakeError(ErrorCode::kPermissionDenied, "no");
  });
  EXPECT_EQ(graph.Start(runner, Context(), "r", {}).error().code(), ErrorCode::kPermissionDenied);
  const auto run = runs.Find("r", PrincipalId("anna")).value();
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.error_code, "PermissionDenied");
  StateGraph<Numbers> circle("c", 1, "one");
  circle.Add("one", Adds(1, "one"));
  Runner short_runner(runs, clock_, {.steps_max = 5});
  EXPECT_EQ(circle.Start(short_runner, Context(), "c", {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(runs.Checkpoints("c")->size(), 6U);
}

TEST_P(RunnerTest, BranchesRunBesideEachOtherOnOneState) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "begin");
  std::latch both(2);
  const auto waits = [&](int64_t value) {
    return [&both, value](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
      both.arrive_and_wait();  // Neither ends before the other has begun.
      return Outcome{state.With(value), ""};
    };
  };
  graph.Add("begin", Adds(1, "fork"));
  graph.Add("left", waits(2));
  graph.Add("right", waits(3));
  graph.AddBranches(
      "fork", {"left", "right"},
      [](const Numbers& before, const std::vector<Numbers>& branches) -> Result<Numbers> {
        Numbers merged = before;
        for (const auto& branch : branches) merged.values.push_back(branch.values.back());
        return merged;
      },
      "end");
  graph.Add("end", Adds(4, ""));
  EXPECT_EQ(graph.Start(runner, Context(), "r", {})->values, (Values{1, 2, 3, 4}));
}

TEST_P(RunnerTest, ABranchThatFailsStopsTheOthers) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "fork");
  graph.Add("fails", [](const RequestContext&, const std::string&, const Numbers&) -> Result<Outcome> {
    return MakeError(ErrorCode::kConflict, "lost");
  });
  graph.Add("waits", [](const RequestContext& ctx, const std::string&, const Numbers&) -> Result<Outcome> {
    while (ctx.CheckAlive()) std::this_thread::yield();
    return std::unexpected(ctx.CheckAlive().error());
  });
  graph.Add("throws", [](const RequestContext& ctx, const std::string&, const Numbers&) -> Result<Outcome> {
    while (ctx.CheckAlive()) std::this_thread::yield();
    throw std::runtime_error("bug");
  });
  graph.AddBranches(
      "fork", {"waits", "fails", "throws"},
      [](const Numbers& before, const std::vector<Numbers>&) -> Result<Numbers> { return before; }, "");
  EXPECT_EQ(graph.Start(runner, Context(), "r", {}).error().code(), ErrorCode::kConflict);
}

TEST_P(RunnerTest, GoesOnInAnotherProcessWhereOneWasKilled) {
  // The child is killed inside its second node; its first node's work is not done again.
  const std::string log = directory_.File("log");
  const auto make = [&](bool dies) {
    StateGraph<Numbers> graph("g", 1, "one");
    const auto note = [log](const std::string& what) { std::ofstream(log, std::ios::app) << what << "\n"; };
    graph.Add("one", [=](const RequestContext&, const std::string& key, const Numbers& state) -> Result<Outcome> {
      note(key);
      return Outcome{state.With(1), "two"};
    });
    graph.Add("two", [=](const RequestContext&, const std::string& key, const Numbers& state) -> Result<Outcome> {
      note(key);
      if (dies) _exit(9);
      return Outcome{state.With(2), ""};
    });
    return graph;
  };
  store_.reset();  // No handle may cross the fork.
  const pid_t child = fork();
  if (child == 0) {
    const auto store = Open();
    RunStore runs(*store);
    Runner runner(runs, clock_, options_);
    (void)make(true).Start(runner, Context(), "r", {});
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  store_ = Open();
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  const auto graph = make(false);
  EXPECT_EQ(graph.Resume(runner, Context(), "r").error().code(), ErrorCode::kConflict);  // It is held for a while.
  EXPECT_TRUE(runs.Abandoned(clock_.Now(), 10)->empty());
  clock_.Advance(options_.hold);
  ASSERT_EQ(runs.Abandoned(clock_.Now(), 10)->size(), 1U);
  EXPECT_EQ(graph.Resume(runner, Context("bob"), "r").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(graph.Resume(runner, Context(), "r")->values, (Values{1, 2}));
  std::ifstream file(log);
  std::string all((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(all, "r/1\nr/2\nr/2\n");
  StateGraph<Numbers> newer("g", 2, "one");
  newer.Add("one", Adds(1, ""));
  EXPECT_EQ(newer.Resume(runner, Context(), "r").error().code(), ErrorCode::kInvalidArgument);
}

TEST_P(RunnerTest, WhoWasTakenOverFromPublishesNothing) {
  RunStore runs(*store_);
  Runner slow(runs, clock_, options_);
  Runner quick(runs, clock_, options_);
  StateGraph<Numbers> other("g", 1, "one");
  other.Add("one", Adds(5, ""));
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    clock_.Advance(options_.hold);
    EXPECT_EQ(other.Resume(quick, Context(), "r")->values, (Values{5}));
    return Outcome{state.With(1), ""};
  });
  EXPECT_EQ(graph.Start(slow, Context(), "r", {}).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(runs.Last("r")->value, "[5]");
  EXPECT_EQ(StateOf("r"), RunState::kSucceeded);
}

TEST_P(RunnerTest, ARunThatIsCancelledGoesNoFurther) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    EXPECT_EQ(runs.Cancel("r", PrincipalId("bob"), clock_.Now()).error().code(), ErrorCode::kNotFound);
    EXPECT_TRUE(runs.Cancel("r", PrincipalId("anna"), clock_.Now()).has_value());
    return Outcome{state.With(1), "two"};
  });
  graph.Add("two", [](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    ADD_FAILURE() << "a step after it was cancelled";
    return Outcome{state, ""};
  });
  EXPECT_EQ(graph.Start(runner, Context(), "r", {}).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(StateOf("r"), RunState::kCancelled);
}

TEST_P(RunnerTest, ACallerThatStopsLeavesARunToGoOnWith) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  std::stop_source stop;
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    stop.request_stop();
    return Outcome{state.With(1), "two"};
  });
  graph.Add("two", Adds(2, ""));
  EXPECT_EQ(graph.Start(runner, Context("anna", stop.get_token()), "r", {}).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(StateOf("r"), RunState::kRunning);
  clock_.Advance(options_.hold);
  EXPECT_EQ(graph.Resume(runner, Context(), "r")->values, (Values{1, 2}));
}

TEST_P(RunnerTest, WrongGraphsAreRefusedBeforeTheyBegin) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  Graph graph("g", 1, "one");
  EXPECT_THAT(runner.Start(Context(), graph, "r", "[]").error().message(), HasSubstr("no node one"));
  graph.AddBranches("one", {.nodes = {"nobody"}, .merge = nullptr, .next = ""});
  EXPECT_THAT(runner.Start(Context(), graph, "r", "[]").error().message(), HasSubstr("no node nobody"));
  EXPECT_EQ(runs.Find("r", PrincipalId("anna")).error().code(), ErrorCode::kNotFound);
}

/// Counts down from what it perceives.
class Counter final : public Agent<Numbers> {
 public:
  std::string name() const override { return "counter"; }
  Result<Numbers> Perceive(const RequestContext&, const Numbers& state) override {
    steps.push_back("perceive");
    return state;
  }
  Result<Numbers> Reason(const RequestContext&, const Numbers& state) override {
    steps.push_back("reason");
    return state;
  }
  Result<Numbers> Act(const RequestContext& ctx, const std::string& key, const Numbers& state) override {
    EXPECT_EQ(ctx.principal().name, "anna");
    EXPECT_THAT(key, HasSubstr("r/"));
    steps.push_back("act");
    Numbers after = state;
    --after.values[0];
    return after;
  }
  Result<Numbers> Learn(const RequestContext&, const std::string&, const Numbers& state) override {
    steps.push_back("learn");
    return state;
  }
  bool IsDone(const Numbers& state) const override { return state.values[0] == 0; }

  std::vector<std::string> steps;
};

TEST_P(RunnerTest, AnAgentWorksInRoundsUntilItIsDone) {
  RunStore runs(*store_);
  Runner runner(runs, clock_, options_);
  Counter counter;
  const auto graph = counter.MakeGraph();
  EXPECT_EQ(graph.Start(runner, Context(), "r", {{2}})->values, (Values{0}));
  EXPECT_EQ(counter.steps,
            (std::vector<std::string>{"perceive", "reason", "act", "learn", "perceive", "reason", "act", "learn"}));
  counter.steps.clear();
  EXPECT_TRUE(graph.Start(runner, Context(), "r/nothing", {{0}}).has_value());
  EXPECT_EQ(counter.steps, (std::vector<std::string>{"perceive", "reason"}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RunnerTest, testing::Values("sqlite", "postgresql"));

}  // namespace
}  // namespace neurolake::orchestration
