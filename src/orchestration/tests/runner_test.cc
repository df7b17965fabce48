#include "orchestration/runner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <thread>

#include "orchestration/tests/runner_fixture.h"

namespace neurolake::orchestration {
namespace {

using testing::HasSubstr;

TEST_P(RunnerTest, KeepsAStateAfterEachStep) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", Adds(1, "two"));
  graph.Add("two", Adds(2, ""));
  EXPECT_EQ(graph.Start(runner, Context(), "r", {})->state.values, (Values{1, 2}));
  const auto kept = runs.Checkpoints("r").value();
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].value, "[]");
  EXPECT_EQ(kept[1].value, "[1]");
  EXPECT_EQ(kept[1].next, "two");
  EXPECT_EQ(kept[2].value, "[1,2]");
  EXPECT_THAT(kept[2].trace, HasSubstr(R"("request_id":"request-7","steps":[{"node":"two")"));
  EXPECT_EQ(StateOf("r"), RunState::kSucceeded);
  EXPECT_EQ(graph.Start(runner, Context(), "r", {}).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(graph.Resume(runner, Context(), "r").error().code(), ErrorCode::kInvalidArgument);
}

TEST_P(RunnerTest, AFailureEndsARunAndIsKept) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [](const RequestContext&, const std::string&, const Numbers&) -> Result<Outcome> {
    return MakeError(ErrorCode::kPermissionDenied, "no");
  });
  EXPECT_EQ(graph.Start(runner, Context(), "r", {}).error().code(), ErrorCode::kPermissionDenied);
  const auto run = runs.Find("r", "anna").value();
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.error_code, "PermissionDenied");
  StateGraph<Numbers> circle("c", 1, "one");
  circle.Add("one", Adds(1, "one"));
  Runner short_runner(&runs, clock_, {.steps_max = 5});
  EXPECT_EQ(circle.Start(short_runner, Context(), "c", {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(runs.Checkpoints("c")->size(), 6U);
}

TEST_P(RunnerTest, BranchesRunBesideEachOtherOnOneState) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
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
  EXPECT_EQ(graph.Start(runner, Context(), "r", {})->state.values, (Values{1, 2, 3, 4}));
}

TEST_P(RunnerTest, ABranchThatFailsStopsTheOthers) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
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
    Runner runner(&runs, clock_, options_);
    (void)make(true).Start(runner, Context(), "r", {});
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  store_ = Open();
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  const auto graph = make(false);
  EXPECT_EQ(graph.Resume(runner, Context(), "r").error().code(), ErrorCode::kConflict);  // It is held for a while.
  EXPECT_TRUE(runs.Abandoned(clock_.Now(), 10)->empty());
  clock_.Advance(options_.hold);
  ASSERT_EQ(runs.Abandoned(clock_.Now(), 10)->size(), 1U);
  EXPECT_EQ(graph.Resume(runner, Context("bob"), "r").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(graph.Resume(runner, Context(), "r")->state.values, (Values{1, 2}));
  std::ifstream file(log);
  std::string all((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(all, "r/1\nr/2\nr/2\n");
  StateGraph<Numbers> newer("g", 2, "one");
  newer.Add("one", Adds(1, ""));
  EXPECT_EQ(newer.Resume(runner, Context(), "r").error().code(), ErrorCode::kInvalidArgument);
}

TEST_P(RunnerTest, WhoWasTakenOverFromPublishesNothing) {
  RunStore runs(*store_);
  Runner slow(&runs, clock_, options_);
  Runner quick(&runs, clock_, options_);
  StateGraph<Numbers> other("g", 1, "one");
  other.Add("one", Adds(5, ""));
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    clock_.Advance(options_.hold);
    EXPECT_EQ(other.Resume(quick, Context(), "r")->state.values, (Values{5}));
    return Outcome{state.With(1), ""};
  });
  EXPECT_EQ(graph.Start(slow, Context(), "r", {}).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(runs.Last("r")->value, "[5]");
  EXPECT_EQ(StateOf("r"), RunState::kSucceeded);
}

TEST_P(RunnerTest, ARunThatIsCancelledGoesNoFurther) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    EXPECT_EQ(runs.Cancel("r", "bob", clock_.Now()).error().code(), ErrorCode::kNotFound);
    EXPECT_TRUE(runs.Cancel("r", "anna", clock_.Now()).has_value());
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
  Runner runner(&runs, clock_, options_);
  std::stop_source stop;
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    stop.request_stop();
    return Outcome{state.With(1), "two"};
  });
  graph.Add("two", Adds(2, ""));
  EXPECT_EQ(graph.Start(runner, Context("anna", stop.get_token()), "r", {}).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(StateOf("r"), RunState::kRunning);
  EXPECT_EQ(graph.Resume(runner, Context(), "r")->state.values, (Values{1, 2}));  // Nobody holds it any more.
}

TEST_P(RunnerTest, WrongGraphsAreRefusedBeforeTheyBegin) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  EXPECT_THAT(graph.Start(runner, Context(), "r", {}).error().message(), HasSubstr("no node one"));
  graph.AddBranches(
      "one", {"nobody"}, [](const Numbers& before, const std::vector<Numbers>&) -> Result<Numbers> { return before; },
      "");
  EXPECT_THAT(graph.Start(runner, Context(), "r", {}).error().message(), HasSubstr("no node nobody"));
  EXPECT_EQ(runs.Find("r", "anna").error().code(), ErrorCode::kNotFound);
}

/// Counts down from what it perceives.
class Counter final : public Agent<Numbers> {
 public:
  std::string name() const override { return "counter"; }
  std::vector<Look> Perceive() override { return {{"perceive", Notes("perceive", Go::kOn)}}; }
  std::vector<Look> Reason() override {
    return {{"reason", [this](const RequestContext&, const Numbers& state) -> Result<Outcome> {
               steps.push_back("reason");
               return Outcome{state, state.values[0] == 0 ? Go::kDone : Go::kOn};
             }}};
  }
  std::vector<Deed> Act() override {
    return {
        {.name = "act",
         .does = [this](const RequestContext& ctx, const std::string& key, const Numbers& state) -> Result<Outcome> {
           EXPECT_EQ(ctx.principal().name, "anna");
           EXPECT_THAT(key, HasSubstr("r/"));
           steps.push_back("act");
           Numbers after = state;
           --after.values[0];
           return Outcome{after};
         }}};
  }
  std::vector<Deed> Learn() override {
    return {{.name = "learn",
             .does = [this](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
               steps.push_back("learn");
               return Outcome{state, state.values[0] == 0 ? Go::kDone : Go::kPerceive};
             }}};
  }

  std::vector<std::string> steps;

 private:
  std::function<Result<Outcome>(const RequestContext&, const Numbers&)> Notes(const std::string& what, Go go) {
    return [this, what, go](const RequestContext&, const Numbers& state) -> Result<Outcome> {
      steps.push_back(what);
      return Outcome{state, go};
    };
  }
};

TEST_P(RunnerTest, AnAgentWorksInRoundsUntilItIsDone) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  Counter counter;
  const auto graph = counter.MakeGraph();
  EXPECT_EQ(graph.Start(runner, Context(), "r", {{2}})->state.values, (Values{0}));
  EXPECT_EQ(counter.steps,
            (std::vector<std::string>{"perceive", "reason", "act", "learn", "perceive", "reason", "act", "learn"}));
  counter.steps.clear();
  EXPECT_TRUE(graph.Start(runner, Context(), "r/nothing", {{0}}).has_value());
  EXPECT_EQ(counter.steps, (std::vector<std::string>{"perceive", "reason"}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RunnerTest, testing::Values("sqlite", "postgresql"));

}  // namespace
}  // namespace neurolake::orchestration
