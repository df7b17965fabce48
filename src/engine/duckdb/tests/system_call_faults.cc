#include "engine/duckdb/tests/system_call_faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <mutex>
#include <set>
#include <thread>

namespace neurolake::engine::duckdb {
namespace {

using Kind = SystemCallFault::Kind;

std::mutex fault_mutex;
SystemCallFault armed;
bool is_armed = false;
bool struck = false;
int64_t matched = 0;

enum class Verdict : uint8_t { kPass, kHalf, kFail };

/// Decides over one call and sets errno for a failure.
Verdict Judge(const std::string& path, bool reads, bool has_bytes) {
  std::lock_guard lock(fault_mutex);
  if (!is_armed || !path.starts_with(armed.directory)) return Verdict::kPass;
  if (reads && !armed.reads) return Verdict::kPass;
  if (struck) {
    if (armed.kind == Kind::kError || reads) return Verdict::kPass;
    errno = ENOSPC;
    return Verdict::kFail;
  }
  if (++matched < armed.nth) return Verdict::kPass;
  struck = true;
  if (armed.kind == Kind::kShortWrite && has_bytes) return Verdict::kHalf;
  errno = armed.kind == Kind::kError ? EIO : ENOSPC;
  return Verdict::kFail;
}

std::string PathOf(int descriptor) {
  char target[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), target, sizeof(target));
  return size < 0 ? std::string() : std::string(target, static_cast<size_t>(size));
}

struct Meeting {
  std::mutex mutex;
  std::condition_variable changed;
  std::string directory;  ///< Empty: there is none.
  size_t wanted = 0;
  std::set<std::thread::id> threads;
};
Meeting meeting;

[[maybe_unused]] void Meet(int descriptor) {
  std::unique_lock lock(meeting.mutex);
  if (meeting.directory.empty()) return;
  const std::string path = PathOf(descriptor);
  const bool is_data = path.contains(".parquet") && !path.contains("_delta_log");
  if (!path.starts_with(meeting.directory) || !is_data) return;
  meeting.threads.insert(std::this_thread::get_id());
  meeting.changed.notify_all();
  const bool met = meeting.changed.wait_for(lock, std::chrono::seconds(30), [] {
    return meeting.directory.empty() || meeting.threads.size() >= meeting.wanted;
  });
  if (!met) meeting.wanted = 0;  // Waiting once tells it.
}

bool Armed() {
  std::lock_guard lock(fault_mutex);
  return is_armed;
}

// Sanitizers bring their own system calls, so that nothing calls it there.
[[maybe_unused]] Verdict JudgeDescriptor(int descriptor, bool reads, bool has_bytes) {
  if (!Armed()) return Verdict::kPass;
  const int before = errno;
  const std::string path = PathOf(descriptor);
  errno = before;
  return Judge(path, reads, has_bytes);
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

void ArmSystemCallFault(const SystemCallFault& fault) {
  std::lock_guard lock(fault_mutex);
  armed = fault;
  is_armed = true;
  struck = false;
  matched = 0;
}

bool DisarmSystemCallFault() {
  std::lock_guard lock(fault_mutex);
  is_armed = false;
  return struck;
}

void MeetInWrites(const std::string& directory, size_t threads) {
  std::lock_guard lock(meeting.mutex);
  meeting.directory = directory;
  meeting.wanted = threads;
  meeting.threads.clear();
}

bool WaitForWriter() {
  std::unique_lock lock(meeting.mutex);
  return meeting.changed.wait_for(lock, std::chrono::seconds(30), [] { return !meeting.threads.empty(); });
}

size_t EndMeeting() {
  std::lock_guard lock(meeting.mutex);
  meeting.directory.clear();
  meeting.changed.notify_all();
  return meeting.threads.size();
}

}  // namespace neurolake::engine::duckdb

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
using neurolake::engine::duckdb::Judge;
using neurolake::engine::duckdb::JudgeDescriptor;
using neurolake::engine::duckdb::Meet;
using neurolake::engine::duckdb::Real;
using neurolake::engine::duckdb::Verdict;

extern "C" {  // NOLINT: the names are the system's.

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  static auto* real = Real<int(const char*, int, ...)>("open");
  const bool writes = (flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0;
  return Judge(path, !writes, false) == Verdict::kPass ? real(path, flags, mode) : -1;
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static auto* real = Real<ssize_t(int, const void*, size_t)>("write");
  Meet(descriptor);
  const Verdict verdict = JudgeDescriptor(descriptor, false, size > 1);
  if (verdict == Verdict::kFail) return -1;
  return real(descriptor, bytes, verdict == Verdict::kHalf ? size / 2 : size);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  static auto* real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  Meet(descriptor);
  const Verdict verdict = JudgeDescriptor(descriptor, false, size > 1);
  if (verdict == Verdict::kFail) return -1;
  return real(descriptor, bytes, verdict == Verdict::kHalf ? size / 2 : size, offset);
}

ssize_t read(int descriptor, void* bytes, size_t size) {
  static auto* real = Real<ssize_t(int, void*, size_t)>("read");
  return JudgeDescriptor(descriptor, true, false) == Verdict::kPass ? real(descriptor, bytes, size) : -1;
}

ssize_t pread(int descriptor, void* bytes, size_t size, off_t offset) {
  static auto* real = Real<ssize_t(int, void*, size_t, off_t)>("pread");
  return JudgeDescriptor(descriptor, true, false) == Verdict::kPass ? real(descriptor, bytes, size, offset) : -1;
}

int fsync(int descriptor) {
  static auto* real = Real<int(int)>("fsync");
  return JudgeDescriptor(descriptor, false, false) == Verdict::kPass ? real(descriptor) : -1;
}

int ftruncate(int descriptor, off_t size) noexcept {
  static auto* real = Real<int(int, off_t)>("ftruncate");
  return JudgeDescriptor(descriptor, false, false) == Verdict::kPass ? real(descriptor, size) : -1;
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* real = Real<int(const char*, mode_t)>("mkdir");
  return Judge(path, false, false) == Verdict::kPass ? real(path, mode) : -1;
}

int rename(const char* from, const char* to) noexcept {
  static auto* real = Real<int(const char*, const char*)>("rename");
  return Judge(to, false, false) == Verdict::kPass ? real(from, to) : -1;
}

int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) noexcept {
  static auto* real = Real<int(int, const char*, int, const char*, int)>("linkat");
  return Judge(to, false, false) == Verdict::kPass ? real(from_directory, from, to_directory, to, flags) : -1;
}

}  // extern "C"
#endif
