#include "tables/delta/checksum.h"
#include "tables/delta/reconciler.h"
#include "tables/delta/tests/simulated_store.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

constexpr int kStatementsEach = 5;
constexpr std::string_view kPartitions[] = {"red", "blue"};

/// What one commit was said to have done.
struct Attempt {
  enum class Told : uint8_t { kDone, kDenied, kUnknown };
  Told told = Told::kUnknown;  // A crash leaves it so.
  int64_t version = -1;
};

int64_t ValueOf(const AddFile& file) { return std::stoll(file.tags.at("value")); }

/// Several writers on one table. Every file carries a number; an update adds one to the sum of its partition, an
/// optimisation keeps it, an append brings nought. So no update may be lost or done twice.
class Simulation {
 public:
  Simulation(uint64_t seed, Weather weather)
      : scheduler_(seed), clock_(scheduler_), store_(scheduler_, weather), seed_(seed) {}

  void Run() {
    CommitRequest create = CreatePartitioned();
    const Weather calm;
    {
      SimulatedStore still(scheduler_, calm);
      NL_CHECK(Commit(Context(1'000'000), still, create).has_value());
      for (const auto& [path, bytes] : still.objects()) NL_CHECK(store_.Seed(path, bytes));
    }
    const int writers = 2 + static_cast<int>(scheduler_.Pick(3));
    for (int writer = 0; writer < writers; ++writer) scheduler_.AddWriter([this, writer] { Write(writer); });
    scheduler_.Run([this] { store_.CarryOutLateEffects(false); });
    store_.CarryOutLateEffects(true);
    Check();
  }

  int64_t commits() const { return commits_; }
  int64_t rebased() const { return rebased_; }
  int64_t conflicts() const { return conflicts_; }
  int64_t unknown() const { return unknown_; }
  int64_t crashes() const { return crashes_; }

 private:
  static CommitRequest CreatePartitioned() {
    NewTable made = MakeNewTable(TwoColumns(), {"name"}, {}, "", 1).value();
    CommitRequest create{.table_path = "/t", .read_version = -1, .operation = "CREATE TABLE"};
    create.protocol = made.protocol;
    create.metadata = made.metadata;
    return create;
  }

  RequestContext Context(int64_t seconds) const {
    return RequestContext(Principal{}, "r", "test", clock_, clock_.SteadyNow() + std::chrono::seconds(seconds));
  }

  void Write(int writer) {
    std::shared_ptr<const Snapshot> snapshot;
    int64_t transaction = 1;
    for (int statement = 0; statement < kStatementsEach; ++statement) {
      try {
        Statement(writer, fmt::format("{}-{}", writer, statement), snapshot, transaction);
      } catch (const Scheduler::Crash&) {
        ++crashes_;
        snapshot = nullptr;  // Somebody starts it again, with nothing in memory.
      }
    }
  }

  void Statement(int writer, const std::string& name, std::shared_ptr<const Snapshot>& snapshot, int64_t& transaction) {
    const RequestContext ctx = Context(scheduler_.Chance(0.1) ? 20 : 100'000);
    auto reader = NewSimpleLogReader(store_);
    auto loaded = LoadSnapshot(ctx, store_, *reader, "/t", std::nullopt, snapshot);
    if (!loaded.has_value()) {
      EXPECT_NE(loaded.error().code(), ErrorCode::kCorruption) << Seed() << loaded.error().message();
      return;
    }
    EXPECT_GE((*loaded)->version(), snapshot == nullptr ? 0 : snapshot->version()) << Seed();
    snapshot = *loaded;
    CommitRequest request = MakeRequest(*snapshot, name);
    if (scheduler_.Chance(0.3)) {
      // An idempotent writer: what it finds in the log it does not do again.
      const std::string app = fmt::format("app-{}", writer);
      const auto& known = snapshot->log().transactions;
      transaction = known.contains(app) ? known.at(app).version + 1 : 1;
      request.transactions = {{.app_id = app, .version = transaction}};
    }
    if (request.adds.empty()) return;
    Attempt& attempt = attempts_[request.adds[0].path];
    auto outcome = Commit(ctx, store_, request);
    if (outcome.has_value()) {
      attempt = {Attempt::Told::kDone, outcome->version};
      rebased_ += outcome->rebases > 0 ? 1 : 0;
    } else if (outcome.error().code() != ErrorCode::kCommitUnknown) {
      EXPECT_NE(outcome.error().code(), ErrorCode::kCorruption) << Seed() << outcome.error().message();
      conflicts_ += outcome.error().code() == ErrorCode::kConflict ? 1 : 0;
      attempt.told = Attempt::Told::kDenied;
    } else {
      ++unknown_;
    }
  }

  CommitRequest MakeRequest(const Snapshot& snapshot, const std::string& name) {
    CommitRequest request{.table_path = "/t", .read_version = snapshot.version()};
    if (scheduler_.Chance(0.8)) {
      request.snapshot_protocol = snapshot.protocol();
      request.snapshot_metadata = snapshot.metadata();
    }
    const std::string partition(kPartitions[scheduler_.Pick(2)]);
    AddFile add = TestAdd(fmt::format("f-{}-{}", name, ++files_));
    add.partition_values["name"] = partition;
    add.tags["value"] = "0";
    const uint64_t kind = scheduler_.Pick(3);
    if (kind == 0) {
      request.operation = "WRITE";
      request.blind_append = true;
      request.adds = {std::move(add)};
      return request;
    }
    const bool optimize = kind == 1;
    request.operation = optimize ? "OPTIMIZE" : "UPDATE";
    request.read_scope = {
        .whole_table = false, .files = {}, .predicates = {{{.column = "name", .ranges = {{partition, partition}}}}}};
    int64_t sum = optimize ? 0 : 1;
    for (const AddFile& file : snapshot.files()) {
      if (file.partition_values.at("name") != partition) continue;
      sum += ValueOf(file);
      request.read_scope.files.push_back(file.path);
      request.removes.push_back(MakeRemove(file, 1, !optimize));
    }
    if (optimize && request.removes.empty()) return request;
    add.tags["value"] = fmt::format("{}", sum);
    add.data_change = !optimize;
    request.adds = {std::move(add)};
    return request;
  }

  std::string Seed() const { return fmt::format("seed {}: ", seed_); }

  /// The log as it is, without the store's moods.
  void Check() {
    std::map<std::string, AddFile> live;
    std::map<std::string, int64_t> updates, applied, last_transaction;
    std::map<std::string, int64_t> version_of;
    int64_t previous_time = 0;
    int64_t version = 0;
    for (;; ++version) {
      const auto found = store_.objects().find(CommitName(version));
      if (found == store_.objects().end()) break;
      const auto actions = ParseCommit(found->second, found->first);
      ASSERT_TRUE(actions.has_value()) << Seed() << actions.error().message();
      ASSERT_TRUE(actions->in_commit_timestamp_ms.has_value()) << Seed();
      EXPECT_GT(*actions->in_commit_timestamp_ms, previous_time) << Seed() << "version " << version;
      previous_time = *actions->in_commit_timestamp_ms;
      for (const SetTransaction& done : actions->transactions) {
        EXPECT_EQ(done.version, last_transaction[done.app_id] + 1) << Seed() << done.app_id;
        last_transaction[done.app_id] = done.version;
      }
      for (const RemoveFile& remove : actions->removes) {
        EXPECT_EQ(live.erase(remove.path), 1u) << Seed() << "version " << version << " removes what is not there";
      }
      for (const AddFile& add : actions->adds) {
        live[add.path] = add;
        EXPECT_TRUE(version_of.emplace(add.path, version).second) << Seed() << "twice: " << add.path;
        const bool update = actions->commit_info.contains("\"operation\":\"UPDATE\"");
        if (update) ++updates[*add.partition_values.at("name")];
      }
    }
    const auto commits =
        std::ranges::count_if(store_.objects(), [](const auto& object) { return object.first.ends_with(".json"); });
    EXPECT_EQ(commits, version) << Seed() << "a gap";
    CheckChecksums(live);
    for (const auto& [path, file] : live) applied[*file.partition_values.at("name")] += ValueOf(file);
    for (const std::string_view partition : kPartitions) {
      EXPECT_EQ(applied[std::string(partition)], updates[std::string(partition)]) << Seed() << "a lost update";
    }
    CheckAnswers(version_of);
    commits_ += version;
  }

  /// Checksum files may be missing; what is there is right.
  void CheckChecksums(const std::map<std::string, AddFile>& live) {
    const auto newest = std::ranges::find_if(store_.objects().rbegin(), store_.objects().rend(),
                                             [](const auto& object) { return object.first.ends_with(".crc"); });
    if (newest == store_.objects().rend()) return;
    const auto checksum = ParseChecksum(newest->second, newest->first);
    ASSERT_TRUE(checksum.has_value()) << Seed();
    const std::string commit = newest->first.substr(0, newest->first.size() - 3) + "json";
    ASSERT_TRUE(store_.objects().contains(commit)) << Seed();
    if (commit != std::prev(store_.objects().end())->first) return;
    EXPECT_EQ(checksum->file_count, static_cast<int64_t>(live.size())) << Seed();
  }

  void CheckAnswers(const std::map<std::string, int64_t>& version_of) {
    for (const auto& [path, attempt] : attempts_) {
      const auto found = version_of.find(path);
      switch (attempt.told) {
        case Attempt::Told::kDone:
          ASSERT_TRUE(found != version_of.end()) << Seed() << "acknowledged and lost: " << path;
          EXPECT_EQ(found->second, attempt.version) << Seed() << path;
          break;
        case Attempt::Told::kDenied:
          EXPECT_TRUE(found == version_of.end()) << Seed() << "denied and done: " << path;
          break;
        case Attempt::Told::kUnknown: break;
      }
    }
    for (const auto& [path, version] : version_of) EXPECT_TRUE(attempts_.contains(path)) << Seed() << path;
  }

  Scheduler scheduler_;
  SimulatedClock clock_;
  SimulatedStore store_;
  uint64_t seed_;
  std::map<std::string, Attempt> attempts_;  ///< By the path of the file that the commit adds.
  int files_ = 0;
  int64_t commits_ = 0, rebased_ = 0, conflicts_ = 0, unknown_ = 0, crashes_ = 0;
};

/// Another first seed by NL_SIMULATION_SEED, more of them by NL_SIMULATION_RUNS.
uint64_t FromEnvironment(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::stoull(text);
}

void RunSeeds(const Weather& weather, uint64_t runs, bool expect_mishaps) {
  const uint64_t first = FromEnvironment("NL_SIMULATION_SEED", 1);
  runs = FromEnvironment("NL_SIMULATION_RUNS", runs);
  int64_t commits = 0, rebased = 0, conflicts = 0, unknown = 0, crashes = 0;
  for (uint64_t seed = first; seed < first + runs; ++seed) {
    Simulation simulation(seed, weather);
    simulation.Run();
    commits += simulation.commits();
    rebased += simulation.rebased();
    conflicts += simulation.conflicts();
    unknown += simulation.unknown();
    crashes += simulation.crashes();
    ASSERT_FALSE(::testing::Test::HasFailure())
        << "run again with NL_SIMULATION_SEED=" << seed << " NL_SIMULATION_RUNS=1";
  }
  // A simulation in which nothing happens proves nothing.
  if (runs < 100) return;
  EXPECT_GT(commits, static_cast<int64_t>(runs) * 5);
  EXPECT_GT(rebased, static_cast<int64_t>(runs) / 10);
  EXPECT_GT(conflicts, static_cast<int64_t>(runs) / 10);
  EXPECT_EQ(crashes > 0, weather.crash_after > 0);
  EXPECT_GE(unknown, expect_mishaps ? 1 : 0);
}

TEST(CommitSimulatorTest, InGoodWeatherOnlyTheOrderVaries) { RunSeeds({}, 1000, false); }

TEST(CommitSimulatorTest, AnswersGetLostOrComeTwice) {
  RunSeeds({.error = 0.02, .lost_answer = 0.2, .duplicate = 0.2}, 1000, false);
}

TEST(CommitSimulatorTest, EffectsComeLate) {
  RunSeeds({.error = 0.05, .lost_answer = 0.1, .late_effect = 0.3, .duplicate = 0.1}, 1000, true);
}

TEST(CommitSimulatorTest, WritersDieBetweenAnyTwoSteps) {
  RunSeeds({.error = 0.02,
            .lost_answer = 0.1,
            .late_effect = 0.1,
            .duplicate = 0.05,
            .crash_before = 0.02,
            .crash_after = 0.1},
           1000, true);
}

}  // namespace
}  // namespace neurolake::tables::delta
