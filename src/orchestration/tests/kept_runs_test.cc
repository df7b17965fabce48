#include <mutex>
#include <set>

#include "orchestration/runner.h"
#include "orchestration/tests/runner_fixture.h"

namespace neurolake::orchestration {
namespace {

class AlternativesTest : public RunnerTest {};

/// Adds one to each of several numbers, beside each other, and asks somebody for another where there is none.
class Adder final : public Agent<Numbers> {
 public:
  std::string name() const override { return "adder"; }
  std::vector<Look> Perceive() override {
    return {{"look", Gives([](const Numbers& state) { return state; })}};
  }
  std::vector<Look> Reason() override {
    return {{"double", [](const RequestContext&, const Numbers& state) -> Result<Outcome> {
               // What is negative is left alone.
               if (state.values[0] < 0) return Outcome{state, Go::kLearn};
               return Outcome{Numbers{{state.values[0] * 2}}};
             }}};
  }
  std::vector<Deed> Act() override {
    return {{.name = "add",
             .does = [this](const RequestContext&, const std::string& key, const Numbers& state) -> Result<Outcome> {
               const std::lock_guard lock(mutex_);
               keys.insert(key);
               return Outcome{Numbers{{state.values[0] + 1}}};
             }}};
  }
  std::vector<Deed> Learn() override {
    return {{.name = "done",
             .does = [](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
               return Outcome{state, state.values.empty() ? Go::kWait : Go::kDone};
             },
             .resumes = Resumes::kEarlier}};
  }
  std::optional<Alternatives> Beside() override {
    return Alternatives{.name = "alternatives",
                        .split =
                            [](const Numbers& before) {
                              std::vector<Numbers> each;
                              for (const int64_t value : before.values) each.push_back({{value}});
                              return each;
                            },
                        .merge = [](const Numbers&, const std::vector<Numbers>& after) -> Result<Numbers> {
                          Numbers all;
                          for (const Numbers& one : after) all.values.push_back(one.values[0]);
                          return all;
                        }};
  }

  std::set<std::string> keys;

 private:
  static std::function<Result<Outcome>(const RequestContext&, const Numbers&)> Gives(
      std::function<Numbers(const Numbers&)> change) {
    return [change](const RequestContext&, const Numbers& state) -> Result<Outcome> { return Outcome{change(state)}; };
  }
  std::mutex mutex_;
};

std::vector<std::string> NodesOf(const std::vector<StepTrace>& trace) {
  std::vector<std::string> nodes;
  for (const StepTrace& step : trace) nodes.push_back(step.node);
  return nodes;
}

TEST_P(AlternativesTest, AnAgentsAlternativesGoThroughItsStepsBesideEachOther) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  const auto ended = graph.Start(runner, Context(), "r", {{1, -5, 3}});
  ASSERT_TRUE(ended.has_value()) << ended.error().message();
  EXPECT_EQ(ended->state.values, (Values{3, -5, 7}));
  EXPECT_EQ(adder.keys.size(), 2U);
  EXPECT_EQ(NodesOf(ended->trace), (std::vector<std::string>{"look", "alternatives", "done"}));
  ASSERT_EQ(ended->trace[1].branches.size(), 3U);
  EXPECT_EQ(NodesOf(ended->trace[1].branches[0]), (std::vector<std::string>{"double", "add"}));
  EXPECT_EQ(NodesOf(ended->trace[1].branches[1]), (std::vector<std::string>{"double"}));
}

// ---- runs of which only what pays is kept ----

class KeptWherePaysTest : public RunnerTest {
 protected:
  KeptWherePaysTest() {
    options_.keeping = Keeping::kWhenItPays;
    options_.forget_ended = true;
    options_.keep_for = std::chrono::minutes(10);
  }
  /// Adds what was said to it.
  static StateGraph<Numbers>::TypedReply Says(int64_t value) {
    return [value](const Numbers& state) -> Result<Numbers> { return state.With(value); };
  }
  /// The caller goes away.
  Error Cancelled(const RequestContext& ctx) {
    stop_->request_stop();
    return ctx.CheckAlive().error();
  }
  std::stop_source* stop_ = nullptr;
  bool IsKept(const std::string& id) { return RunStore(*store_).Find(id, "anna").has_value(); }
};

TEST_P(KeptWherePaysTest, WhatIsSoonOverIsNotWrittenDown) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    clock_.Advance(options_.keep_after - std::chrono::milliseconds(1));
    return Outcome{state.With(1), "two"};
  });
  graph.Add("two", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    EXPECT_FALSE(IsKept("r"));
    return Outcome{state.With(2), ""};
  });
  EXPECT_EQ(graph.Start(runner, Context(), "r", {})->state.values, (Values{1, 2}));
  EXPECT_FALSE(IsKept("r"));
}

TEST_P(KeptWherePaysTest, ALongRunIsKeptWhereItCanBeGoneOnWith) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  const auto make = [&](bool fails) {
    StateGraph<Numbers> graph("g", 1, "one");
    graph.Add("one", [&](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
      clock_.Advance(options_.keep_after);
      return Outcome{state.With(1), "two"};
    });
    graph.Add("two", Adds(2, "three"));
    graph.Add(
        "three",
        [&, fails](const RequestContext& ctx, const std::string&, const Numbers& state) -> Result<Outcome> {
          EXPECT_TRUE(IsKept("r"));
          if (fails) return std::unexpected(Cancelled(ctx));
          return Outcome{state.With(3), ""};
        },
        Resumes::kEarlier);
    return graph;
  };
  // The caller goes away in the third step, which needs what the second makes.
  std::stop_source stop;
  stop_ = &stop;
  EXPECT_EQ(make(true).Start(runner, Context("anna", stop.get_token()), "r", {}).error().code(), ErrorCode::kCancelled);
  ASSERT_TRUE(IsKept("r"));
  EXPECT_EQ(runs.Last("r")->next, "two");
  Runner other(&runs, clock_, options_);
  const auto ended = make(false).Resume(other, Context(), "r");
  ASSERT_TRUE(ended.has_value()) << ended.error().message();
  EXPECT_EQ(ended->state.values, (Values{1, 2, 3}));
  EXPECT_EQ(NodesOf(ended->trace), (std::vector<std::string>{"two", "three"}));
  EXPECT_FALSE(IsKept("r"));
}

TEST_P(KeptWherePaysTest, WhatWaitsForSomebodyOutlivesItsProcess) {
  RunStore runs(*store_);
  Adder adder;
  {
    Runner runner(&runs, clock_, options_);
    const auto waits = adder.MakeGraph().Start(runner, Context(), "r", {});
    ASSERT_TRUE(waits.has_value()) << waits.error().message();
    EXPECT_TRUE(waits->waits);
  }
  EXPECT_TRUE(runs.Abandoned(clock_.Now(), 10)->empty()) << "it waits for somebody, and nobody left it";
  Runner runner(&runs, clock_, options_);
  const auto graph = adder.MakeGraph();
  EXPECT_EQ(graph.Resume(runner, Context(), "r").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(graph.Resume(runner, Context("bob"), "r", Says(4)).error().code(), ErrorCode::kNotFound);
  const auto refuses = [](const Numbers&) -> Result<Numbers> { return MakeError(ErrorCode::kInvalidArgument, "no"); };
  EXPECT_EQ(graph.Resume(runner, Context(), "r", refuses).error().message(), "no");
  EXPECT_EQ(graph.Resume(runner, Context(), "r", Says(4))->state.values, (Values{9}));
  EXPECT_EQ(graph.Resume(runner, Context(), "r", Says(4)).error().code(), ErrorCode::kNotFound) << "it is over";
}

TEST_P(KeptWherePaysTest, WhatWaitsTooLongIsGone) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  ASSERT_TRUE(graph.Start(runner, Context(), "r", {})->waits);
  clock_.Advance(options_.keep_for);
  EXPECT_EQ(graph.Resume(runner, Context(), "r", Says(4)).error().code(), ErrorCode::kNotFound);
  clock_.Advance(std::chrono::milliseconds(1));
  ASSERT_TRUE(graph.Start(runner, Context(), "next", {})->waits);
  EXPECT_FALSE(IsKept("r"));
  EXPECT_TRUE(IsKept("next"));
}

TEST_P(KeptWherePaysTest, ARefusedReplyIsNoReasonToWaitForLonger) {
  RunStore runs(*store_);
  options_.of_owner_max = 2;
  Runner runner(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  const auto refuses = [](const Numbers&) -> Result<Numbers> { return MakeError(ErrorCode::kInvalidArgument, "no"); };
  ASSERT_TRUE(graph.Start(runner, Context(), "r", {})->waits);
  clock_.Advance(options_.keep_for / 2);
  ASSERT_TRUE(graph.Start(runner, Context(), "young", {})->waits);
  EXPECT_EQ(graph.Resume(runner, Context(), "r", refuses).error().message(), "no");
  EXPECT_EQ(graph.Resume(runner, Context(), "r").error().code(), ErrorCode::kInvalidArgument);
  clock_.Advance(options_.keep_for / 2 - std::chrono::milliseconds(1));
  EXPECT_EQ(graph.Resume(runner, Context(), "r", refuses).error().message(), "no") << "its time is not over";
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(graph.Resume(runner, Context(), "r", Says(4)).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(graph.Resume(runner, Context(), "young", Says(4))->state.values, (Values{9}));
}

TEST_P(KeptWherePaysTest, TheOldestMakesRoomWhateverWasSaidToIt) {
  RunStore runs(*store_);
  options_.of_owner_max = 2;
  Runner runner(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  const auto refuses = [](const Numbers&) -> Result<Numbers> { return MakeError(ErrorCode::kInvalidArgument, "no"); };
  for (const std::string id : {"one", "two"}) {
    clock_.Advance(std::chrono::milliseconds(1));
    ASSERT_TRUE(graph.Start(runner, Context(), id, {})->waits);
  }
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(graph.Resume(runner, Context(), "one", refuses).has_value());
  ASSERT_TRUE(graph.Start(runner, Context(), "three", {})->waits);
  EXPECT_FALSE(IsKept("one"));
  EXPECT_TRUE(IsKept("two"));
}

TEST_P(KeptWherePaysTest, WhatWaitsTooLongGoesAlsoWhereNoOtherBegins) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  for (int i = 0; i < 101; ++i) {
    ASSERT_TRUE(graph.Start(runner, Context(), fmt::format("old {}", i), {})->waits);
  }
  ASSERT_TRUE(graph.Start(runner, Context(), "busy", {})->waits);
  const auto until = clock_.Now() + 2 * options_.keep_for;
  ASSERT_TRUE(runs.Take("busy", "anna", {.holder = "somebody", .until = until}, clock_.Now()));
  clock_.Advance(std::chrono::milliseconds(1));
  ASSERT_TRUE(graph.Start(runner, Context(), "young", {})->waits);
  clock_.Advance(options_.keep_for);
  EXPECT_EQ(runner.DeleteExpired(graph.graph().name()), 101);
  EXPECT_FALSE(IsKept("old 100"));
  EXPECT_TRUE(IsKept("busy"));
  EXPECT_TRUE(IsKept("young"));
}

TEST_P(KeptWherePaysTest, NobodyElseGoesOnWithItWhileAReplyIsRead) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  Runner other(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  ASSERT_TRUE(graph.Start(runner, Context(), "r", {})->waits);
  const auto says = [&](const Numbers& state) -> Result<Numbers> {
    EXPECT_EQ(graph.Resume(other, Context(), "r", Says(7)).error().code(), ErrorCode::kConflict);
    return state.With(4);
  };
  EXPECT_EQ(graph.Resume(runner, Context(), "r", says)->state.values, (Values{9}));
}

TEST_P(KeptWherePaysTest, OneOwnerHasNoMoreThanAreAllowed) {
  RunStore runs(*store_);
  options_.of_owner_max = 2;
  Runner runner(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  ASSERT_TRUE(graph.Start(runner, Context("bob"), "bobs", {})->waits);
  for (const std::string id : {"one", "two", "three"}) {
    clock_.Advance(std::chrono::milliseconds(1));
    ASSERT_TRUE(graph.Start(runner, Context(), id, {})->waits);
  }
  EXPECT_FALSE(IsKept("one"));
  EXPECT_TRUE(IsKept("two"));
  EXPECT_TRUE(IsKept("three"));
  EXPECT_TRUE(runs.Find("bobs", "bob").has_value());
}

TEST_P(KeptWherePaysTest, WhatIsWorkedOnIsNotForgottenMeanwhile) {
  RunStore runs(*store_);
  options_.of_owner_max = 1;
  Runner runner(&runs, clock_, options_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  ASSERT_TRUE(graph.Start(runner, Context(), "r", {})->waits);
  const auto until = clock_.Now() + 2 * options_.keep_for;
  ASSERT_TRUE(runs.Take("r", "anna", {.holder = "busy", .until = until}, clock_.Now()));
  clock_.Advance(options_.keep_for + std::chrono::milliseconds(1));
  ASSERT_TRUE(graph.Start(runner, Context(), "next", {})->waits);
  EXPECT_TRUE(IsKept("r"));
  clock_.Advance(options_.keep_for);
  ASSERT_TRUE(graph.Start(runner, Context(), "last", {})->waits);
  EXPECT_FALSE(IsKept("r"));
}

TEST_P(KeptWherePaysTest, WhoeverDiedWhileItWentOnLeavesItAsItWaited) {
  RunStore runs(*store_);
  Adder adder;
  const auto graph = adder.MakeGraph();
  Runner first(&runs, clock_, options_);
  ASSERT_TRUE(graph.Start(first, Context(), "r", {})->waits);
  // As a process leaves it that is killed in the next step.
  ASSERT_TRUE(runs.Take("r", "anna", {.holder = "gone", .until = clock_.Now() + options_.hold}, clock_.Now()));
  Runner runner(&runs, clock_, options_);
  EXPECT_EQ(graph.Resume(runner, Context(), "r", Says(4)).error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(runner.LetGoOfOthers(graph.graph().name()));
  EXPECT_EQ(graph.Resume(runner, Context(), "r", Says(4))->state.values, (Values{9}));
}

TEST_P(KeptWherePaysTest, CancellingStopsTheStepThatRunsAndEndsWhatWaits) {
  RunStore runs(*store_);
  Runner runner(&runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [&](const RequestContext& ctx, const std::string&, const Numbers&) -> Result<Outcome> {
    EXPECT_EQ(runner.Cancel(Context("bob"), "r").error().code(), ErrorCode::kNotFound);
    EXPECT_TRUE(ctx.CheckAlive().has_value());
    EXPECT_TRUE(runner.Cancel(Context(), "r").has_value());
    return std::unexpected(ctx.CheckAlive().error());
  });
  EXPECT_EQ(graph.Start(runner, Context(), "r", {}).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(runner.Cancel(Context(), "r").error().code(), ErrorCode::kNotFound);
  Adder adder;
  const auto asks = adder.MakeGraph();
  ASSERT_TRUE(asks.Start(runner, Context(), "w", {})->waits);
  EXPECT_EQ(runner.Cancel(Context("bob"), "w").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(runner.Cancel(Context(), "w").has_value());
  EXPECT_EQ(asks.Resume(runner, Context(), "w", Says(4)).error().code(), ErrorCode::kNotFound);
}

TEST_P(KeptWherePaysTest, WhatIsSealedIsNotReadableInTheStore) {
  const Sealing sealing{.seal = [](const std::string& text, const std::string& about) -> Result<std::string> {
                          return about + "|" + std::string(text.rbegin(), text.rend());
                        },
                        .open = [](const std::string& sealed, const std::string& about) -> Result<std::string> {
                          if (!sealed.starts_with(about + "|")) return MakeError(ErrorCode::kCorruption, "elsewhere");
                          const std::string text = sealed.substr(about.size() + 1);
                          return std::string(text.rbegin(), text.rend());
                        }};
  RunStore runs(*store_, sealing);
  Runner runner(&runs, clock_, options_);
  StateGraph<Numbers> graph("g", 1, "one");
  graph.Add("one", [](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    return Outcome{.state = state, .next = "two", .waits = true};
  });
  graph.Add("two", Adds(2, ""));
  ASSERT_TRUE(graph.Start(runner, Context(), "r", {{12345}})->waits);
  EXPECT_EQ(RunStore(*store_).Last("r")->value, "run r/1|]54321[");
  EXPECT_EQ(graph.Resume(runner, Context(), "r", Says(4))->state.values, (Values{12345, 4, 2}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, KeptWherePaysTest, testing::Values("sqlite", "postgresql"));
INSTANTIATE_TEST_SUITE_P(Kinds, AlternativesTest, testing::Values("sqlite", "postgresql"));

}  // namespace
}  // namespace neurolake::orchestration
