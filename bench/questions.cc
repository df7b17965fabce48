// How long it takes to read a question: p50 and p95 over the paraphrases of the tests. ninja questions_bench &&
// src/questions_bench
#include <chrono>
#include <cstdio>

#include "ask/grammar/tests/domains.h"
#include "ask/grammar/tests/paraphrases.h"

int main() {
  namespace asked = neurolake::ask::testing;  // GoogleTest has a namespace of the same name.
  std::vector<double> times_ms;
  for (int round = 0; round < 5; ++round) {
    for (const asked::Paraphrases& row : asked::AllParaphrases()) {
      const asked::Domain& domain = row.flights ? asked::Flights() : asked::Retail();
      for (const std::string_view question : row.questions) {
        const auto start = std::chrono::steady_clock::now();
        domain.Ask(question);
        times_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
      }
    }
  }
  std::sort(times_ms.begin(), times_ms.end());
  const auto at = [&](double share) {
    return times_ms[static_cast<size_t>(share * static_cast<double>(times_ms.size() - 1))];
  };
  std::printf("questions %zu, p50 %.3f ms, p95 %.3f ms, max %.3f ms (gate: p95 50 ms)\n", times_ms.size(), at(0.5),
              at(0.95), at(1));
  return at(0.95) <= 50 ? 0 : 1;
}
