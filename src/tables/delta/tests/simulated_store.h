#pragma once
#include <ucontext.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "storage/object_store.h"

namespace neurolake::tables::delta {

/// Runs writers as one thread, each up to its next call of the store or of the clock, and lets chance, which is the
/// seed, say who goes on. The same seed is the same run.
class Scheduler {
 public:
  /// Thrown out of a store's call into a writer: its process is dead. Nothing of the product catches it.
  struct Crash {};

  explicit Scheduler(uint64_t seed) : random_(seed) {}
  ~Scheduler();
  void AddWriter(std::function<void()> body);
  /// Until all writers have ended. `between` runs before each step.
  void Run(const std::function<void()>& between);

  /// Called by a writer: others may go on first.
  void Yield();
  /// Index of the running writer, -1 outside of all.
  int current() const { return current_; }
  /// A number below `limit`.
  uint64_t Pick(uint64_t limit) { return random_() % limit; }
  bool Chance(double probability) { return static_cast<double>(random_() % 1'000'000) < probability * 1'000'000; }
  int64_t steps() const { return steps_; }

 private:
  struct Fiber {
    Scheduler* scheduler = nullptr;
    std::function<void()> body;
    std::unique_ptr<char[]> stack;
    ucontext_t context{};
    void* sanitizers_stack = nullptr;
    bool done = false;
  };
  static void Enter(uint32_t high, uint32_t low);

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  ucontext_t main_{};
  void* main_sanitizers_stack_ = nullptr;
  const void* main_stack_ = nullptr;  ///< As the sanitizer sees it, once a fiber has run.
  size_t main_stack_bytes_ = 0;
  int current_ = -1;
  int64_t steps_ = 0;
};

/// Each look at it is a second later than the one before, so nobody ever really sleeps; every writer's wall clock goes
/// wrong by an amount of its own, and now and then backwards.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(Scheduler& scheduler) : scheduler_(scheduler) {}
  WallTime Now() const override;
  SteadyTime SteadyNow() const override;

 private:
  Scheduler& scheduler_;
  mutable int64_t seconds_ = 0;
};

/// How often what goes wrong, of one call.
struct Weather {
  double error = 0;         ///< No effect, and the caller is told so.
  double lost_answer = 0;   ///< The effect, and an answer that says nothing.
  double late_effect = 0;   ///< An answer that says nothing, and the effect some steps later.
  double duplicate = 0;     ///< The effect twice: the answer is the second one's.
  double crash_before = 0;  ///< The writer dies before the effect …
  double crash_after = 0;   ///< … or after it.
};

/// Objects in memory with the answers of a bad network. Every call is a step of the scheduler.
class SimulatedStore final : public storage::ObjectStore {
 public:
  SimulatedStore(Scheduler& scheduler, Weather weather) : scheduler_(scheduler), weather_(weather) {}
  /// Puts an object there, in no time and without fail; false if there is one.
  bool Seed(const std::string& path, const std::string& bytes) { return objects_.emplace(path, bytes).second; }
  /// Late effects whose time has come.
  void CarryOutLateEffects(bool all);
  const std::map<std::string, std::string>& objects() const { return objects_; }
  int64_t mishaps() const { return mishaps_; }

  Result<std::string> Read(const std::string& path) override;
  Result<std::string> ReadRange(const std::string& path, int64_t offset, int64_t length) override;
  Result<storage::ObjectInfo> Head(const std::string& path) override;
  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override;
  Result<void> Put(const std::string& path, std::string_view bytes) override;
  Result<std::vector<storage::ObjectInfo>> List(const std::string& directory, const std::string& after) override;
  Result<void> Delete(const std::string& path) override;
  Result<void> MakeDirectory(const std::string&) override { return {}; }

 private:
  struct LateEffect {
    int64_t step;
    std::string path;
    std::string bytes;
  };
  Result<void> BeforeRead();
  void MayCrash(double probability);
  static storage::ObjectInfo Info(const std::string& path, const std::string& bytes);

  Scheduler& scheduler_;
  Weather weather_;
  std::map<std::string, std::string> objects_;
  std::vector<LateEffect> late_;
  int64_t mishaps_ = 0;
};

}  // namespace neurolake::tables::delta
