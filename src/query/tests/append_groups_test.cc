// Who goes into which group, who may leave, and who learns what.
#include "query/append_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace neurolake::query {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

const TableId kTable("t");

/// A writer that notes its groups and does what the test says with each.
class FakeWriter {
 public:
  using Script =
      std::function<Result<void>(const AppendGroups::Group&, const std::function<void(AppendGroups::Outcome)>&)>;

  Result<void> Write(const AppendGroups::Group& group, bool, const std::function<void(AppendGroups::Outcome)>& tell) {
    {
      std::lock_guard lock(mutex_);
      auto& names = groups_.emplace_back();
      for (const auto& member : group) names.push_back(member->statement_id);
      ++begun_;
      changed_.notify_all();
    }
    return script(group, tell);
  }
  void AwaitGroups(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ >= count; });
  }
  std::vector<std::vector<std::string>> groups() {
    std::lock_guard lock(mutex_);
    return groups_;
  }

  Script script = [](const AppendGroups::Group&,
                     const std::function<void(AppendGroups::Outcome)>& tell) -> Result<void> {
    tell(7);
    return {};
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<std::string>> groups_;
  size_t begun_ = 0;
};

class AppendGroupsTest : public testing::Test {
 protected:
  AppendGroupsTest() {
    groups_.emplace(
        AppendGroupsOptions{.statements_max = 3, .wait_max = std::chrono::hours(1)},
        [this](const auto& group, bool compact, const auto& tell) { return writer_.Write(group, compact, tell); },
        metrics_);
  }

  RequestContext Context(std::stop_token stop = {}, std::chrono::milliseconds left = std::chrono::hours(1)) {
    return {Principal{PrincipalId("p"), "p", "writer", {Right::kWrite}},
            "r",
            "http",
            clock_,
            clock_.SteadyNow() + left,
            stop};
  }
  static AppendedRows Rows(const std::string& name, const std::string& definition = "d") {
    return {.table = kTable,
            .definition = definition,
            .schema = "s",
            .batches = {"b"},
            .statement_id = name,
            .principal_name = "p",
            .row_count = 1};
  }
  std::future<Result<int64_t>> Append(const std::string& name, const std::string& definition = "d",
                                      std::stop_token stop = {}) {
    auto future =
        std::async(std::launch::async, [=, this] { return groups_->Append(Context(stop), Rows(name, definition)); });
    return future;
  }
  /// Until `count` wait in the lane, which is held.
  void AwaitQueue(size_t count) {
    while (groups_->waiting(kTable) < count) std::this_thread::yield();
  }

  SystemClock clock_;
  Metrics metrics_;
  FakeWriter writer_;
  std::optional<AppendGroups> groups_;
};

TEST_F(AppendGroupsTest, WhoIsAloneWritesForItself) {
  EXPECT_FALSE(groups_->MayAppend(kTable, "first"));
  EXPECT_TRUE(groups_->MayAppend(kTable, "second"));
  EXPECT_FALSE(groups_->MayAppend(TableId("another"), "third"));
  groups_->Release(kTable, "not the holder");
  EXPECT_TRUE(groups_->MayAppend(kTable, "second"));
  groups_->Release(kTable, "first");
  EXPECT_FALSE(groups_->MayAppend(kTable, "second"));
}

TEST_F(AppendGroupsTest, WhatWaitsBehindTheHolderBecomesOneGroupAndNoLargerThanAllowed) {
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  std::vector<std::future<Result<int64_t>>> statements;
  for (const char* name : {"a", "b", "c", "d"}) {
    statements.push_back(Append(name));
    AwaitQueue(statements.size());
  }
  EXPECT_TRUE(writer_.groups().empty());
  groups_->Release(kTable, "holder");
  for (auto& statement : statements) EXPECT_EQ(statement.get().value_or(-1), 7);
  EXPECT_THAT(writer_.groups(), ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("d")));
}

TEST_F(AppendGroupsTest, RowsCheckedAgainstDifferentDefinitionsAreNotMixed) {
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  std::vector<std::future<Result<int64_t>>> statements;
  for (const char* definition : {"old", "old", "new"}) {
    statements.push_back(Append(definition, definition));
    AwaitQueue(statements.size());
  }
  groups_->Release(kTable, "holder");
  for (auto& statement : statements) EXPECT_TRUE(statement.get().has_value());
  EXPECT_THAT(writer_.groups(), ElementsAre(ElementsAre("old", "old"), ElementsAre("new")));
}

TEST_F(AppendGroupsTest, RowsJudgedByDifferentExpectationsAreNotMixed) {
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  std::vector<std::future<Result<int64_t>>> statements;
  for (const char* judges : {"one", "one", "one,two"}) {
    statements.push_back(std::async(std::launch::async, [this, judges] {
      AppendedRows rows = Rows(judges);
      rows.judged_by = judges;
      return groups_->Append(Context(std::stop_token()), std::move(rows));
    }));
    AwaitQueue(statements.size());
  }
  groups_->Release(kTable, "holder");
  for (auto& statement : statements) EXPECT_TRUE(statement.get().has_value());
  EXPECT_THAT(writer_.groups(), ElementsAre(ElementsAre("one", "one"), ElementsAre("one,two")));
}

TEST_F(AppendGroupsTest, WhoIsCancelledBeforeTheGroupIsSealedLeavesIt) {
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  std::stop_source stop;
  auto stays = Append("stays");
  AwaitQueue(1);
  auto leaves = Append("leaves", "d", stop.get_token());
  AwaitQueue(2);
  stop.request_stop();
  EXPECT_EQ(leaves.get().error().code(), ErrorCode::kCancelled);
  groups_->Release(kTable, "holder");
  EXPECT_TRUE(stays.get().has_value());
  EXPECT_THAT(writer_.groups(), ElementsAre(ElementsAre("stays")));
}

TEST_F(AppendGroupsTest, WhoseDeadlinePassesBeforeTheGroupIsSealedLeavesIt) {
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  const auto late = groups_->Append(Context({}, std::chrono::milliseconds(1)), Rows("late"));
  EXPECT_EQ(late.error().code(), ErrorCode::kDeadlineExceeded);
  groups_->Release(kTable, "holder");
  EXPECT_TRUE(writer_.groups().empty());
}

TEST_F(AppendGroupsTest, WhoIsCancelledLaterLearnsWhatBecameOfTheRows) {
  std::promise<void> go;
  auto wait = go.get_future().share();
  writer_.script = [wait](const auto&, const auto& tell) -> Result<void> {
    wait.wait();
    tell(9);
    return {};
  };
  std::stop_source stop;
  auto statement = Append("a", "d", stop.get_token());
  writer_.AwaitGroups(1);
  stop.request_stop();
  go.set_value();
  EXPECT_EQ(statement.get().value_or(-1), 9);
}

TEST_F(AppendGroupsTest, TheNextGroupBeginsWhenTheVersionIsKnown) {
  std::promise<void> go;
  auto upkeep = go.get_future().share();
  writer_.script = [upkeep](const AppendGroups::Group& group, const auto& tell) -> Result<void> {
    tell(1);
    if (group.front()->statement_id == "a") upkeep.wait();
    return {};
  };
  EXPECT_TRUE(Append("a").get().has_value());
  EXPECT_TRUE(Append("b").get().has_value());
  go.set_value();
}

TEST_F(AppendGroupsTest, AMemberThatCannotBeWrittenFailsAlone) {
  writer_.script = [](const AppendGroups::Group& group, const auto& tell) -> Result<void> {
    for (const auto& member : group) {
      if (member->statement_id == "bad") return MakeError(ErrorCode::kCorruption, "bad rows");
    }
    tell(3);
    return {};
  };
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  std::vector<std::future<Result<int64_t>>> statements;
  for (const char* name : {"a", "bad", "b"}) {
    statements.push_back(Append(name));
    AwaitQueue(statements.size());
  }
  groups_->Release(kTable, "holder");
  EXPECT_EQ(statements[0].get().value_or(-1), 3);
  EXPECT_EQ(statements[1].get().error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(statements[2].get().value_or(-1), 3);
  EXPECT_THAT(writer_.groups(), ElementsAre(ElementsAre("a", "bad", "b"), ElementsAre("a"), ElementsAre("bad", "b"),
                                            ElementsAre("bad"), ElementsAre("b")));
}

TEST_F(AppendGroupsTest, WhoCannotBeTriedInTimeIsRefused) {
  writer_.script = [](const auto&, const auto&) -> Result<void> { return MakeError(ErrorCode::kCorruption, "bad"); };
  AppendGroups hasty(
      {.wait_max = std::chrono::hours(1), .retry_max = std::chrono::milliseconds(0)},
      [this](const auto& group, bool compact, const auto& tell) { return writer_.Write(group, compact, tell); },
      metrics_);
  ASSERT_FALSE(hasty.MayAppend(kTable, "holder"));
  std::vector<std::future<Result<int64_t>>> statements;
  for (const char* name : {"a", "b"}) {
    statements.push_back(
        std::async(std::launch::async, [&hasty, name, this] { return hasty.Append(Context(), Rows(name)); }));
    while (hasty.waiting(kTable) < statements.size()) std::this_thread::yield();
  }
  hasty.Release(kTable, "holder");
  for (auto& statement : statements) EXPECT_EQ(statement.get().error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(writer_.groups().size(), 1u);
}

TEST_F(AppendGroupsTest, WithoutAThreadTheRowsAreRefusedAndTheLaneIsFree) {
  bool none = true;
  AppendGroups groups(
      {.start_thread =
           [&](std::function<void()> drive) {
             if (none) throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
             std::thread(std::move(drive)).detach();
           }},
      [this](const auto& group, bool compact, const auto& tell) { return writer_.Write(group, compact, tell); },
      metrics_);
  EXPECT_EQ(groups.Append(Context(), Rows("a")).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(groups.waiting(kTable), 0u);
  none = false;
  EXPECT_EQ(groups.Append(Context(), Rows("b")).value_or(-1), 7);
  EXPECT_THAT(writer_.groups(), ElementsAre(ElementsAre("b")));
}

TEST_F(AppendGroupsTest, AfterShutdownNoGroupBegins) {
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  auto waits = Append("waits");
  AwaitQueue(1);
  groups_->Shutdown();
  EXPECT_EQ(waits.get().error().code(), ErrorCode::kUnavailable);
  groups_->Release(kTable, "holder");
  EXPECT_EQ(groups_->Append(Context(), Rows("late")).error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(writer_.groups().empty());
}

TEST_F(AppendGroupsTest, NobodyTriesAgainWhenItMayHaveHappened) {
  writer_.script = [](const auto&, const auto& tell) -> Result<void> {
    tell(MakeError(ErrorCode::kCommitUnknown, "no answer"));
    return MakeError(ErrorCode::kWorkerLost, "gone");
  };
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  auto a = Append("a");
  AwaitQueue(1);
  auto b = Append("b");
  AwaitQueue(2);
  groups_->Release(kTable, "holder");
  EXPECT_EQ(a.get().error().code(), ErrorCode::kCommitUnknown);
  EXPECT_EQ(b.get().error().code(), ErrorCode::kCommitUnknown);
  EXPECT_EQ(writer_.groups().size(), 1u);
}

TEST_F(AppendGroupsTest, AConflictIsEveryMembers) {
  writer_.script = [](const auto&, const auto&) -> Result<void> { return MakeError(ErrorCode::kConflict, "dropped"); };
  ASSERT_FALSE(groups_->MayAppend(kTable, "holder"));
  auto a = Append("a");
  AwaitQueue(1);
  auto b = Append("b");
  AwaitQueue(2);
  groups_->Release(kTable, "holder");
  EXPECT_EQ(a.get().error().code(), ErrorCode::kConflict);
  EXPECT_EQ(b.get().error().code(), ErrorCode::kConflict);
  EXPECT_EQ(writer_.groups().size(), 1u);
}

TEST_F(AppendGroupsTest, AHolderIsNotWaitedForForEver) {
  AppendGroups hasty(
      {.wait_max = std::chrono::milliseconds(1)},
      [this](const auto& group, bool compact, const auto& tell) { return writer_.Write(group, compact, tell); },
      metrics_);
  ASSERT_FALSE(hasty.MayAppend(kTable, "stuck"));
  EXPECT_EQ(hasty.Append(Context(), Rows("a")).value_or(-1), 7);
}

TEST_F(AppendGroupsTest, AWriterThatThrowsFailsItsGroupAlone) {
  bool first = true;
  writer_.script = [&](const auto&, const auto& tell) -> Result<void> {
    if (std::exchange(first, false)) throw std::runtime_error("a bug");
    tell(2);
    return {};
  };
  EXPECT_EQ(groups_->Append(Context(), Rows("a")).error().code(), ErrorCode::kInternal);
  EXPECT_EQ(groups_->Append(Context(), Rows("b")).value_or(-1), 2);
}

}  // namespace
}  // namespace neurolake::query
