// How long one policy decision takes, in microseconds of processor time: built-in policies without any cache where a
// lake has 10,000 rules, as many of them on a table as it may have, and where one table had them all; decisions of Rego
// from the cache and without it. Build and run: make bench-decisions.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "common/clock.h"
#include "governance/effective_policy.h"
#include "governance/rego/bundle.h"
#include "governance/rego/decider.h"
#include "governance/tests/bundle_files.h"

namespace {

using namespace neurolake;
using namespace neurolake::governance;

constexpr int kRules = 10'000;
constexpr int kRulesOfATableMax = 100;  // catalog::Catalog::kPoliciesMax.
constexpr int kRounds = 5'000;

/// Of this thread: a decision waits for nothing, and what else runs on the machine is not its cost.
double CpuMicros() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

void Measure(const char* what, const std::function<void(int)>& decide) {
  std::vector<double> micros;
  for (int i = 0; i < kRounds; ++i) {
    const double begin = CpuMicros();
    decide(i);
    micros.push_back(CpuMicros() - begin);
  }
  std::ranges::sort(micros);
  fmt::print("{:<44} p50 {:>8.1f}  p99 {:>8.1f}\n", what, micros[kRounds / 2], micros[kRounds * 99 / 100]);
}

std::string Id(int i) { return fmt::format("0193f0c2-0000-7000-8000-{:012x}", i); }

/// Each for a group of its own, one in ten restrictive.
std::vector<PolicyRule> Rules() {
  std::vector<PolicyRule> rules;
  for (int i = 0; i < kRules; ++i) {
    PolicyRule rule;
    rule.kind = i % 10 == 0 ? PolicyRule::Kind::kRestrictive : PolicyRule::Kind::kPermissive;
    rule.to = {{Grantee::Kind::kGroup, Id(i)}};
    rule.value = {
        .policy = fmt::format("p{}", i), .sql = fmt::format("region = '{}'", i), .columns = {{"region", "c1"}}};
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

int main() {
  const auto rules = Rules();
  PolicySubject anna{.id = "anna", .name = "anna", .role = "reader", .groups = {}};
  for (int i = 0; i < 10; ++i) anna.groups.emplace_back(Id(i * 997), fmt::format("g{}", i));
  std::vector<std::vector<PolicyRule>> tables;
  for (int i = 0; i < kRules; i += kRulesOfATableMax) {
    tables.emplace_back(rules.begin() + i, rules.begin() + i + kRulesOfATableMax);
  }
  // One after the other, so that no table's rules are in the processor's caches from the decision before.
  Measure("built-in, 10,000 rules in a lake, 100 a table",
          [&](int i) { EffectivePolicy(anna, tables[i % tables.size()]); });
  Measure("built-in, the same table again and again", [&](int) { EffectivePolicy(anna, tables[0]); });
  Measure("built-in, were 10,000 rules one table's", [&](int) { EffectivePolicy(anna, rules); });

  const auto bundle = RegoBundle::Load(FilesBelow(std::string(NL_SOURCE_DIR) + "/tests/rego/example"));
  if (!bundle) return 1;
  const SystemClock clock;
  const RequestContext ctx({PrincipalId("anna"), "anna", "reader", *RightsOfRole("reader")}, "r", "http", clock,
                           clock.SteadyNow() + std::chrono::hours(1));
  const auto evaluator = std::make_shared<BundleEvaluator>(std::chrono::seconds(5));
  evaluator->Activate(bundle->policy(), "1");
  const auto request = [](int i) {
    return DecisionRequest{.principal_name = "anna",
                           .role = "reader",
                           .groups = {"eu_analysts"},
                           .purpose = "billing",
                           .door = "http",
                           .action = "select",
                           .object_kind = "table",
                           .schema = "shop",
                           .name = i < 0 ? "customers" : fmt::format("customers{}", i)};
  };
  PolicyDecider decider(evaluator, 100'000);
  Measure("Rego, decided", [&](int i) { (void)decider.Decide(ctx, request(i)); });
  Measure("Rego, from 5,000 decisions kept", [&](int i) { (void)decider.Decide(ctx, request(i)); });
  return 0;
}
