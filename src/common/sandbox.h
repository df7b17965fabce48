#pragma once
#include <cstddef>

#include "common/result.h"

namespace neurolake {

struct SandboxLimits {
  size_t memory_bytes = size_t{1} << 30;
  unsigned cpu_seconds = 20;     ///< 0: any.
  bool has_threads = false;      ///< It may start threads.
  bool dies_with_parent = true;  ///< With the thread that started it, in fact: for what ends before that does.
};

/// Takes everything from this process that working on what it has does not need, for good: no new files, programs,
/// sockets, processes or privileges; bounded memory and CPU time. What is open stays open. For programs of ours that
/// read what strangers made. Errors: kNotSupported when the kernel does not let it: then nothing may be read.
/// Source: Linux's Documentation/userspace-api/seccomp_filter.rst; prctl(2), setrlimit(2).
Result<void> EnterSandbox(const SandboxLimits& limits);

}  // namespace neurolake
