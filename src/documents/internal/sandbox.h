#pragma once
#include <cstddef>

#include "common/result.h"

namespace neurolake::documents {

struct SandboxLimits {
  size_t memory_bytes = size_t{1} << 30;
  unsigned cpu_seconds = 20;
};

/// Takes everything from this process that reading one document does not need, for good: no new files, programs,
/// sockets, processes or privileges; bounded memory and CPU time; death with the parent. What is open stays open.
/// Errors: kNotSupported when the kernel does not let it: then nothing may be read.
/// Source: Linux's Documentation/userspace-api/seccomp_filter.rst; prctl(2), setrlimit(2).
Result<void> EnterSandbox(const SandboxLimits& limits);

}  // namespace neurolake::documents
