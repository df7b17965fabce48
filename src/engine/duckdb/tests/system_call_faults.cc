#include "engine/duckdb/tests/system_call_faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

namespace neurolake::engine::duckdb {
namespace {

using Kind = SystemCallFault::Kind;

/// The fault that is armed, and what became of it. A server and its workers share one in a file that the test writes
/// to: tests/support/faults.py has the same layout.
struct Board {
  std::atomic<int32_t> kind{0};  ///< 0: nothing is armed. Written last.
  int32_t reads = 0;
  int64_t nth = 0;
  std::atomic<int64_t> seen{0};
  std::atomic<int64_t> struck{0};
  char call[16] = {};
  char path[512] = {};
  char directories[2][512] = {};
};
static_assert(sizeof(Board) == 32 + 16 + 3 * 512);

constinit Board own_board;
constinit std::atomic<Board*> board{&own_board};

/// What a call does to the disk.
enum class Effect : uint8_t { kNone, kChanges, kTakesRoom };
enum class Verdict : uint8_t { kPass, kHalf, kFail };

struct Call {
  const char* name;
  Effect effect = Effect::kNone;
  size_t size = 0;  ///< Bytes to read or to write.
};

bool Is(const Board& now, Kind kind) { return now.kind == static_cast<int32_t>(kind); }

bool Concerns(const Board& now, const Call& call) {
  if (Is(now, Kind::kError)) return call.effect != Effect::kNone || now.reads != 0;
  if (Is(now, Kind::kDiskFull)) return call.effect == Effect::kTakesRoom;
  // Of one byte there is no half.
  return call.size > 1 && (call.effect == Effect::kTakesRoom) == Is(now, Kind::kShortWrite);
}

bool IsBelow(const Board& now, std::string_view path) {
  return std::ranges::any_of(now.directories, [&](const char* directory) {
    const std::string_view top(directory);
    return !top.empty() && path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
  });
}

/// Decides over one call and sets errno for a failure.
Verdict Judge(std::string_view path, const Call& call) {
  Board& now = *board;
  if (now.kind == 0 || !IsBelow(now, path)) return Verdict::kPass;
  if (now.struck != 0) {
    const bool is_full = Is(now, Kind::kDiskFull) || Is(now, Kind::kShortWrite);
    if (!is_full || call.effect != Effect::kTakesRoom) return Verdict::kPass;
    errno = ENOSPC;
    return Verdict::kFail;
  }
  if (!Concerns(now, call) || now.seen.fetch_add(1) + 1 != now.nth) return Verdict::kPass;
  std::strncpy(now.call, call.name, sizeof(now.call) - 1);
  const size_t shown = std::min(path.size(), sizeof(now.path) - 1);
  path.copy(now.path, shown);
  now.path[shown] = '\0';
  now.struck = 1;
  if (Is(now, Kind::kShortWrite) || Is(now, Kind::kShortRead)) return Verdict::kHalf;
  errno = Is(now, Kind::kError) ? EIO : ENOSPC;
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

// Sanitizers bring their own system calls, so that nothing calls these there.
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

[[maybe_unused]] Verdict JudgeDescriptor(int descriptor, const Call& call) {
  if (board.load()->kind == 0) return Verdict::kPass;
  const int before = errno;
  const std::string path = PathOf(descriptor);
  errno = before;
  return Judge(path, call);
}

[[maybe_unused]] Verdict JudgePath(const char* path, const Call& call) {
  return board.load()->kind == 0 ? Verdict::kPass : Judge(path, call);
}

/// Of a name in an open directory.
[[maybe_unused]] Verdict JudgeAt(int directory, const char* name, const Call& call) {
  if (board.load()->kind == 0) return Verdict::kPass;
  if (name[0] == '/' || directory == AT_FDCWD) return Judge(name, call);
  const int before = errno;
  const std::string path = PathOf(directory) + "/" + name;
  errno = before;
  return Judge(path, call);
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// The board of a test that started this program.
[[gnu::constructor]] void ShareBoard() {
  const char* file = std::getenv("SYSTEM_CALL_FAULTS");
  if (file == nullptr) return;
  const int descriptor = ::open(file, O_RDWR | O_CLOEXEC);
  void* shared =
      descriptor < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (shared == MAP_FAILED) std::abort();  // A test that injects nothing would pass.
  ::close(descriptor);
  board = static_cast<Board*>(shared);
}

}  // namespace

void ArmSystemCallFault(const SystemCallFault& fault) {
  Board& now = *board;
  now.kind = 0;
  now.reads = fault.reads ? 1 : 0;
  now.nth = fault.nth;
  now.seen = 0;
  now.struck = 0;
  const size_t size = std::min(fault.directory.size(), sizeof(now.directories[0]) - 1);
  fault.directory.copy(now.directories[0], size);
  now.directories[0][size] = '\0';
  now.kind = static_cast<int32_t>(fault.kind);
}

bool DisarmSystemCallFault() {
  board.load()->kind = 0;
  return board.load()->struck != 0;
}

std::string StruckSystemCall() {
  const Board& now = *board;
  return now.struck == 0 ? "none" : std::string(now.call) + " " + now.path;
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
using neurolake::engine::duckdb::Effect;
using neurolake::engine::duckdb::JudgeAt;
using neurolake::engine::duckdb::JudgeDescriptor;
using neurolake::engine::duckdb::JudgePath;
using neurolake::engine::duckdb::Meet;
using neurolake::engine::duckdb::Real;
using neurolake::engine::duckdb::Verdict;

namespace {

constexpr auto kPass = Verdict::kPass;
constexpr auto kFail = Verdict::kFail;

bool TakesMode(int flags) { return (flags & (O_CREAT | O_TMPFILE)) != 0; }

Effect EffectOfOpening(int flags) {
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) return Effect::kTakesRoom;
  return (flags & (O_WRONLY | O_RDWR)) != 0 ? Effect::kChanges : Effect::kNone;
}

size_t Bytes(Verdict verdict, size_t size) { return verdict == Verdict::kHalf ? size / 2 : size; }

}  // namespace

extern "C" {  // NOLINT: the names are the system's.

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if (TakesMode(flags)) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  static auto* real = Real<int(const char*, int, ...)>("open");
  return JudgePath(path, {"open", EffectOfOpening(flags)}) == kPass ? real(path, flags, mode) : -1;
}

int openat(int directory, const char* path, int flags, ...) {
  mode_t mode = 0;
  if (TakesMode(flags)) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  static auto* real = Real<int(int, const char*, int, ...)>("openat");
  return JudgeAt(directory, path, {"openat", EffectOfOpening(flags)}) == kPass ? real(directory, path, flags, mode)
                                                                               : -1;
}

int close(int descriptor) {
  static auto* real = Real<int(int)>("close");
  const int flags = ::fcntl(descriptor, F_GETFL);
  const bool writes = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0;
  const Verdict verdict = JudgeDescriptor(descriptor, {"close", writes ? Effect::kChanges : Effect::kNone});
  const int reason = errno;
  const int closed = real(descriptor);
  if (verdict == kPass) return closed;
  errno = reason;
  return -1;
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static auto* real = Real<ssize_t(int, const void*, size_t)>("write");
  Meet(descriptor);
  const Verdict verdict = JudgeDescriptor(descriptor, {"write", Effect::kTakesRoom, size});
  return verdict == kFail ? -1 : real(descriptor, bytes, Bytes(verdict, size));
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  static auto* real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  Meet(descriptor);
  const Verdict verdict = JudgeDescriptor(descriptor, {"pwrite", Effect::kTakesRoom, size});
  return verdict == kFail ? -1 : real(descriptor, bytes, Bytes(verdict, size), offset);
}

ssize_t read(int descriptor, void* bytes, size_t size) {
  static auto* real = Real<ssize_t(int, void*, size_t)>("read");
  const Verdict verdict = JudgeDescriptor(descriptor, {"read", Effect::kNone, size});
  return verdict == kFail ? -1 : real(descriptor, bytes, Bytes(verdict, size));
}

ssize_t pread(int descriptor, void* bytes, size_t size, off_t offset) {
  static auto* real = Real<ssize_t(int, void*, size_t, off_t)>("pread");
  const Verdict verdict = JudgeDescriptor(descriptor, {"pread", Effect::kNone, size});
  return verdict == kFail ? -1 : real(descriptor, bytes, Bytes(verdict, size), offset);
}

int fsync(int descriptor) {
  static auto* real = Real<int(int)>("fsync");
  return JudgeDescriptor(descriptor, {"fsync", Effect::kTakesRoom}) == kPass ? real(descriptor) : -1;
}

int fdatasync(int descriptor) {
  static auto* real = Real<int(int)>("fdatasync");
  return JudgeDescriptor(descriptor, {"fdatasync", Effect::kTakesRoom}) == kPass ? real(descriptor) : -1;
}

int ftruncate(int descriptor, off_t size) noexcept {
  static auto* real = Real<int(int, off_t)>("ftruncate");
  return JudgeDescriptor(descriptor, {"ftruncate", Effect::kTakesRoom}) == kPass ? real(descriptor, size) : -1;
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* real = Real<int(const char*, mode_t)>("mkdir");
  return JudgePath(path, {"mkdir", Effect::kTakesRoom}) == kPass ? real(path, mode) : -1;
}

int rename(const char* from, const char* to) noexcept {
  static auto* real = Real<int(const char*, const char*)>("rename");
  return JudgePath(to, {"rename", Effect::kTakesRoom}) == kPass ? real(from, to) : -1;
}

int link(const char* from, const char* to) noexcept {
  static auto* real = Real<int(const char*, const char*)>("link");
  return JudgePath(to, {"link", Effect::kTakesRoom}) == kPass ? real(from, to) : -1;
}

int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) noexcept {
  static auto* real = Real<int(int, const char*, int, const char*, int)>("linkat");
  return JudgeAt(to_directory, to, {"linkat", Effect::kTakesRoom}) == kPass
             ? real(from_directory, from, to_directory, to, flags)
             : -1;
}

int unlink(const char* path) noexcept {
  static auto* real = Real<int(const char*)>("unlink");
  return JudgePath(path, {"unlink", Effect::kChanges}) == kPass ? real(path) : -1;
}

int unlinkat(int directory, const char* path, int flags) noexcept {
  static auto* real = Real<int(int, const char*, int)>("unlinkat");
  return JudgeAt(directory, path, {"unlinkat", Effect::kChanges}) == kPass ? real(directory, path, flags) : -1;
}

int remove(const char* path) noexcept {
  static auto* real = Real<int(const char*)>("remove");
  return JudgePath(path, {"remove", Effect::kChanges}) == kPass ? real(path) : -1;
}

int rmdir(const char* path) noexcept {
  static auto* real = Real<int(const char*)>("rmdir");
  return JudgePath(path, {"rmdir", Effect::kChanges}) == kPass ? real(path) : -1;
}

int stat(const char* path, struct stat* status) noexcept {
  static auto* real = Real<int(const char*, struct stat*)>("stat");
  return JudgePath(path, {"stat"}) == kPass ? real(path, status) : -1;
}

int lstat(const char* path, struct stat* status) noexcept {
  static auto* real = Real<int(const char*, struct stat*)>("lstat");
  return JudgePath(path, {"lstat"}) == kPass ? real(path, status) : -1;
}

int fstatat(int directory, const char* path, struct stat* status, int flags) noexcept {
  static auto* real = Real<int(int, const char*, struct stat*, int)>("fstatat");
  return JudgeAt(directory, path, {"fstatat"}) == kPass ? real(directory, path, status, flags) : -1;
}

DIR* opendir(const char* path) {
  static auto* real = Real<DIR*(const char*)>("opendir");
  return JudgePath(path, {"opendir"}) == kPass ? real(path) : nullptr;
}

dirent* readdir(DIR* stream) {
  static auto* real = Real<dirent*(DIR*)>("readdir");
  return JudgeDescriptor(::dirfd(stream), {"readdir"}) == kPass ? real(stream) : nullptr;
}

}  // extern "C"
#endif
