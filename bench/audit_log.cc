// How many records a second the audit log takes, each durable before its thread goes on:
//   ninja -C build/release audit_bench && build/release/bench/audit_bench DIRECTORY [SECONDS] [THREADS…]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "audit/audit_log.h"

namespace {

using namespace neurolake;

/// As a statement on a protected table has it: about 700 bytes.
audit::Record TypicalRecord(const Clock& clock) {
  return {
      .type = audit::RecordType::kAttempt,
      .time = clock.Now(),
      .principal = "analyst@example.org",
      .principal_id = "01a20053-b09b-7eaf-bc22-6098a64184fb",
      .role = "reader",
      .authentication = "token",
      .credential = "01a20053-b09b-7eaf-bc22-6098a64184fc",
      .door = "http",
      .request_id = "01a20053-b09b-7eaf-bc22-6098a64184fd",
      .statement = "01a20053-b09b-7eaf-bc22-6098a64184fe",
      .text = "SELECT region, count(*), avg(amount) FROM shop.orders WHERE customer = ? AND day >= ? GROUP BY region",
      .fingerprint = std::string(64, 'f'),
      .constants = std::string(120, 'c')};
}

struct Measured {
  double records_per_second = 0;
  double records_per_sync = 0;
};

Measured Run(const std::string& directory, int threads, std::chrono::duration<double> duration) {
  std::filesystem::remove_all(directory);
  const SystemClock clock;
  auto opened = audit::AuditLog::Open({.directory = directory}, clock);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message().c_str());
    std::exit(1);
  }
  audit::AuditLog& log = *opened->log;
  std::atomic<bool> stop = false;
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&] {
        while (!stop) {
          if (!log.Append(TypicalRecord(clock))) std::exit(1);
        }
      });
    }
    std::this_thread::sleep_for(duration);
    stop = true;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto counters = log.counters();
  opened->log.reset();
  std::filesystem::remove_all(directory);
  return {static_cast<double>(counters.written) / took.count(),
          static_cast<double>(counters.written) / static_cast<double>(counters.syncs)};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: audit_bench DIRECTORY [SECONDS] [THREADS...]\n");
    return 64;
  }
  const double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  std::vector<int> threads;
  for (int i = 3; i < argc; ++i) threads.push_back(std::atoi(argv[i]));
  if (threads.empty()) threads = {1, 8, 64, 256};
  std::printf("threads  durable records/s  records/sync\n");
  for (const int count : threads) {
    const Measured measured = Run(std::string(argv[1]) + "/audit_bench", count, std::chrono::duration<double>(seconds));
    std::printf("%7d  %17.0f  %12.1f\n", count, measured.records_per_second, measured.records_per_sync);
  }
  return 0;
}
