#include "tables/delta/tests/simulated_store.h"

#include <algorithm>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace neurolake::tables::delta {
namespace {

constexpr size_t kStackBytes = 512 * 1024;

// AddressSanitizer has to be told which stack is used: it takes what lies on another one for dead.

/// `own` keeps what the sanitizer needs of the stack that is left; null where it is left for good.
void LeaveStack([[maybe_unused]] void** own, [[maybe_unused]] const void* next, [[maybe_unused]] size_t next_bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(own, next, next_bytes);
#endif
}

/// Tells what was left, where anybody asks.
void ArriveOnStack([[maybe_unused]] void* own, [[maybe_unused]] const void** left,
                   [[maybe_unused]] size_t* left_bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own, left, left_bytes);
#endif
}

}  // namespace

Scheduler::~Scheduler() {
  for (const auto& fiber : fibers_) NL_CHECK(fiber->done);
}

void Scheduler::AddWriter(std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->scheduler = this;
  fiber->body = std::move(body);
  fiber->stack = std::make_unique_for_overwrite<char[]>(kStackBytes);
  ::getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack.get();
  fiber->context.uc_stack.ss_size = kStackBytes;
  fiber->context.uc_link = &main_;
  // makecontext passes ints alone, so the pointer goes in two halves.
  const auto self = reinterpret_cast<uintptr_t>(fiber.get());
  ::makecontext(&fiber->context, reinterpret_cast<void (*)()>(&Scheduler::Enter), 2, static_cast<uint32_t>(self >> 32),
                static_cast<uint32_t>(self));
  fibers_.push_back(std::move(fiber));
}

void Scheduler::Enter(uint32_t high, uint32_t low) {
  auto* fiber = reinterpret_cast<Fiber*>((static_cast<uintptr_t>(high) << 32) | low);
  Scheduler& scheduler = *fiber->scheduler;
  ArriveOnStack(nullptr, &scheduler.main_stack_, &scheduler.main_stack_bytes_);
  fiber->body();
  fiber->done = true;
  LeaveStack(nullptr, scheduler.main_stack_, scheduler.main_stack_bytes_);
}

void Scheduler::Run(const std::function<void()>& between) {
  while (true) {
    std::vector<int> ready;
    for (size_t i = 0; i < fibers_.size(); ++i) {
      if (!fibers_[i]->done) ready.push_back(static_cast<int>(i));
    }
    if (ready.empty()) return;
    ++steps_;
    between();
    current_ = ready[Pick(ready.size())];
    Fiber& fiber = *fibers_[current_];
    LeaveStack(&main_sanitizers_stack_, fiber.stack.get(), kStackBytes);
    ::swapcontext(&main_, &fiber.context);
    ArriveOnStack(main_sanitizers_stack_, nullptr, nullptr);
    current_ = -1;
  }
}

void Scheduler::Yield() {
  if (current_ < 0) return;
  Fiber& fiber = *fibers_[current_];
  LeaveStack(&fiber.sanitizers_stack, main_stack_, main_stack_bytes_);
  ::swapcontext(&fiber.context, &main_);
  ArriveOnStack(fiber.sanitizers_stack, nullptr, nullptr);
}

WallTime SimulatedClock::Now() const {
  const int64_t skew = (scheduler_.current() + 1) * 3600 - static_cast<int64_t>(scheduler_.Pick(30));
  return WallTime(std::chrono::seconds(1'700'000'000 + seconds_ + skew));
}

SteadyTime SimulatedClock::SteadyNow() const {
  ++seconds_;
  return SteadyTime(std::chrono::seconds(seconds_));
}

void SimulatedStore::CarryOutLateEffects(bool all) {
  std::erase_if(late_, [&](LateEffect& late) {
    if (!all && late.step > scheduler_.steps()) return false;
    objects_.try_emplace(late.path, std::move(late.bytes));
    return true;
  });
}

Result<void> SimulatedStore::BeforeRead() {
  scheduler_.Yield();
  MayCrash(weather_.crash_before);
  if (!scheduler_.Chance(weather_.error)) return {};
  ++mishaps_;
  return MakeError(ErrorCode::kIoError, "simulated");
}

void SimulatedStore::MayCrash(double probability) {
  if (scheduler_.current() < 0 || !scheduler_.Chance(probability)) return;
  ++mishaps_;
  throw Scheduler::Crash();
}

storage::ObjectInfo SimulatedStore::Info(const std::string& path, const std::string& bytes) {
  return {.path = path,
          .size_bytes = static_cast<int64_t>(bytes.size()),
          .modified = WallTime(std::chrono::seconds(1'600'000'000))};
}

Result<std::string> SimulatedStore::Read(const std::string& path) {
  NL_RETURN_IF_ERROR(BeforeRead());
  const auto found = objects_.find(path);
  if (found == objects_.end()) return MakeError(ErrorCode::kNotFound, "no such object: {}", path);
  return found->second;
}

Result<std::string> SimulatedStore::ReadRange(const std::string& path, int64_t offset, int64_t length) {
  NL_ASSIGN_OR_RETURN(auto bytes, Read(path));
  if (offset >= static_cast<int64_t>(bytes.size())) return std::string();
  return bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
}

Result<storage::ObjectInfo> SimulatedStore::Head(const std::string& path) {
  NL_RETURN_IF_ERROR(BeforeRead());
  const auto found = objects_.find(path);
  if (found == objects_.end()) return MakeError(ErrorCode::kNotFound, "no such object: {}", path);
  return Info(found->first, found->second);
}

Result<void> SimulatedStore::PutIfAbsent(const std::string& path, std::string_view bytes) {
  scheduler_.Yield();
  MayCrash(weather_.crash_before);
  if (scheduler_.Chance(weather_.error)) {
    ++mishaps_;
    return MakeError(ErrorCode::kIoError, "simulated");
  }
  if (scheduler_.Chance(weather_.late_effect)) {
    ++mishaps_;
    late_.push_back({scheduler_.steps() + static_cast<int64_t>(scheduler_.Pick(60)), path, std::string(bytes)});
    return MakeError(ErrorCode::kCommitUnknown, "simulated");
  }
  const bool created = objects_.try_emplace(path, bytes).second;
  MayCrash(weather_.crash_after);
  scheduler_.Yield();
  if (scheduler_.Chance(weather_.lost_answer)) {
    ++mishaps_;
    return MakeError(scheduler_.Chance(0.5) ? ErrorCode::kCommitUnknown : ErrorCode::kIoError, "simulated");
  }
  const bool twice = scheduler_.Chance(weather_.duplicate);
  if (twice) ++mishaps_;
  if (created && !twice) return {};
  return MakeError(ErrorCode::kAlreadyExists, "object exists: {}", path);
}

Result<void> SimulatedStore::Put(const std::string& path, std::string_view bytes) {
  NL_RETURN_IF_ERROR(BeforeRead());
  objects_[path] = bytes;
  return {};
}

Result<std::vector<storage::ObjectInfo>> SimulatedStore::List(const std::string& directory, const std::string& after) {
  NL_RETURN_IF_ERROR(BeforeRead());
  std::vector<storage::ObjectInfo> infos;
  std::string next = directory + "/" + after;
  // In pages: what happens between two of them is seen if its name comes later.
  for (bool more = true; more;) {
    more = false;
    size_t count = 0;
    for (auto entry = objects_.upper_bound(next); entry != objects_.end(); ++entry) {
      if (!entry->first.starts_with(directory + "/")) break;
      if (count++ == 3) {
        more = true;
        break;
      }
      next = entry->first;
      infos.push_back(Info(entry->first, entry->second));
    }
    if (more) scheduler_.Yield();
  }
  return infos;
}

Result<void> SimulatedStore::Delete(const std::string& path) {
  NL_RETURN_IF_ERROR(BeforeRead());
  objects_.erase(path);
  return {};
}

}  // namespace neurolake::tables::delta
