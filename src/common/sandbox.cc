#include "common/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace neurolake {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

/// What allocating, reading the pipe, writing the answer and ending take. Everything else fails with EPERM, which
/// libraries that look for fonts or time zones survive.
constexpr long kAllowed[] = {
    SYS_read,        SYS_write,  SYS_readv,        SYS_writev,        SYS_close,           SYS_fstat,
    SYS_newfstatat,  SYS_lseek,  SYS_mmap,         SYS_munmap,        SYS_mremap,          SYS_mprotect,
    SYS_madvise,     SYS_brk,    SYS_futex,        SYS_clock_gettime, SYS_gettimeofday,    SYS_getrandom,
    SYS_getpid,      SYS_gettid, SYS_rt_sigreturn, SYS_rt_sigaction,  SYS_rt_sigprocmask,  SYS_sigaltstack,
    SYS_sched_yield, SYS_exit,   SYS_exit_group,   SYS_tgkill,        SYS_restart_syscall,
};

/// And what a thread takes, besides being started.
constexpr long kAllowedWithThreads[] = {SYS_set_robust_list, SYS_rseq, SYS_sched_getaffinity};

Result<void> Limit(int resource, size_t value) {
  const rlimit limit{value, value};
  if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0) return {};
  return MakeError(ErrorCode::kNotSupported, "sandbox cannot be set up: setrlimit, {}", std::strerror(errno));
}

std::vector<sock_filter> Filter(bool has_threads) {
  std::vector<sock_filter> filter;
  const auto add = [&](uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    filter.push_back({code, if_true, if_false, value});
  };
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch), 0, 0);
  add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr), 0, 0);
  const auto allow = [&](long call) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  };
  for (const long call : kAllowed) allow(call);
  if (has_threads) {
    for (const long call : kAllowedWithThreads) allow(call);
    // What clone3 is asked for cannot be looked at here; without it the C library takes clone, which starts threads
    // alone.
    add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0]), 0, 0);
    add(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
  return filter;
}

}  // namespace

Result<void> EnterSandbox(const SandboxLimits& limits) {
  if (limits.dies_with_parent) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  NL_RETURN_IF_ERROR(Limit(RLIMIT_CORE, 0));
  NL_RETURN_IF_ERROR(Limit(RLIMIT_FSIZE, 0));
  if (limits.cpu_seconds > 0) NL_RETURN_IF_ERROR(Limit(RLIMIT_CPU, limits.cpu_seconds));
#if !defined(__SANITIZE_ADDRESS__)
  // AddressSanitizer reserves terabytes of addresses.
  NL_RETURN_IF_ERROR(Limit(RLIMIT_AS, limits.memory_bytes));
#endif
  std::vector<sock_filter> filter = Filter(limits.has_threads);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    return MakeError(ErrorCode::kNotSupported, "sandbox cannot be set up: seccomp, {}", std::strerror(errno));
  }
  return {};
}

}  // namespace neurolake
