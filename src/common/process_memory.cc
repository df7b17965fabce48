#include "common/process_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "common/descriptor.h"

namespace neurolake {

ProcessMemory ReadProcessMemory(pid_t pid) {
  static const int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
  char text[128] = {};
  const Descriptor file(::open(fmt::format("/proc/{}/statm", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return {};
  const ssize_t got = ::read(file.get(), text, sizeof(text) - 1);
  long long total = 0, resident = 0, shared = 0, code = 0, library = 0, data = 0;
  if (got <= 0 ||
      std::sscanf(text, "%lld %lld %lld %lld %lld %lld", &total, &resident, &shared, &code, &library, &data) != 6) {
    return {};
  }
  return {.data_bytes = data * page_bytes, .resident_bytes = (resident - shared) * page_bytes};
}

}  // namespace neurolake
